"""Which bots a person has opened, and which of them they have blocked."""

from collections import defaultdict
from collections.abc import Sequence

from core.domain.ids import BotId, PersonId
from core.state.postgres.pool import Database


class Reach:
    """The table `reach`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def opened(self, person: PersonId, bot: BotId) -> None:
        """The person has opened (or opened again) the bot."""
        await self._database.execute(
            """INSERT INTO reach (person, bot) VALUES ($1, $2)
               ON CONFLICT (person, bot) DO UPDATE
               SET blocked_at = NULL, away = tstzrange(reach.blocked_at, now())
               WHERE reach.blocked_at IS NOT NULL""",
            *(person, bot),
        )

    async def blocked(self, person: PersonId, bot: BotId) -> None:
        """The person has blocked the bot, or is gone."""
        await self._database.execute(
            "UPDATE reach SET blocked_at = now() WHERE person = $1 AND bot = $2 AND blocked_at IS NULL",
            person,
            bot,
        )

    async def of_many(self, people: Sequence[PersonId]) -> dict[PersonId, set[BotId]]:
        """The bots that may write to each of these people. Raises DatabaseAway."""
        rows = await self._database.fetch(
            """SELECT person, bot FROM reach
               WHERE person = ANY(string_to_array($1, ',')::bigint[]) AND blocked_at IS NULL""",
            ",".join(map(str, people)),
        )
        found: dict[PersonId, set[BotId]] = defaultdict(set)
        for row in rows:
            found[PersonId(row["person"])].add(BotId(row["bot"]))
        return found

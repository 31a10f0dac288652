"""Which bots a person has opened, and which of them they have blocked."""

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
               ON CONFLICT (person, bot) DO UPDATE SET blocked_at = NULL""",
            *(person, bot),
        )

    async def blocked(self, person: PersonId, bot: BotId) -> None:
        """The person has blocked the bot, or is gone."""
        await self._database.execute(
            "UPDATE reach SET blocked_at = now() WHERE person = $1 AND bot = $2 AND blocked_at IS NULL",
            person,
            bot,
        )

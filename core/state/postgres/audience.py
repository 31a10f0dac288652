"""Who is to get a broadcast, bot by bot, a page at a time; and how far it has come, as of a moment ago.

The audience is who could be reached when it began, and had agreed to the rules. Everybody belongs to one
bot of it: their home, else the first of those that they had opened. Both follow from what does not change
any more, so a page reads the same whenever it is read, and nobody stands on two.
"""

from collections.abc import Sequence
from typing import NamedTuple

from core.domain.ids import BotId, BroadcastId, PersonId
from core.state.postgres.pool import Database


class Member(NamedTuple):
    """Somebody who has opened a bot.

    `belongs`: to the part of the audience that gets it from this bot; `open`: has not blocked it since.
    """

    person: PersonId
    belongs: bool
    open: bool

    @property
    def fed(self) -> bool:
        """Whether they get it."""
        return self.belongs and self.open


class Portion(NamedTuple):
    """How far a broadcast has come at one bot, in the order of the table's columns."""

    bot: BotId
    cursor: PersonId
    fed: int
    sent: int
    blocked: int
    gone: int
    refused: int
    skipped: int
    paid: int


class Audience:
    """The tables `broadcast_bots` and `reach`, for the leading coordinator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def portions(self, broadcast: BroadcastId) -> list[Portion]:
        """The bots of a broadcast that has begun. Raises DatabaseAway."""
        rows = await self._database.fetch(
            """SELECT bot, cursor, fed, sent, blocked, gone, refused, skipped, paid
               FROM broadcast_bots WHERE broadcast = $1 ORDER BY bot""",
            broadcast,
        )
        return [Portion(*row) for row in rows]

    async def page(self, broadcast: BroadcastId, bot: BotId, after: PersonId, count: int) -> list[Member]:
        """The next people who have ever opened this bot, by their ids. Raises DatabaseAway."""
        # So many rows and no more are looked at, however few of them belong to it.
        rows = await self._database.fetch(
            """WITH page AS MATERIALIZED (
                   SELECT person, opened_at, blocked_at, away FROM reach
                   WHERE bot = $2 AND person > $3 ORDER BY person LIMIT $4
               )
               SELECT r.person, r.blocked_at IS NULL AS open,
                      p.consented_at IS NOT NULL AND p.consented_at <= b.started_at
                      AND coalesce(p.banned_until <= now(), true)
                      AND r.opened_at <= b.started_at AND coalesce(r.blocked_at > b.started_at, true)
                      AND coalesce(NOT r.away @> b.started_at, true)
                      AND NOT EXISTS (
                          SELECT FROM reach o JOIN broadcast_bots k ON k.broadcast = b.id AND k.bot = o.bot
                          WHERE o.person = r.person AND p.home_bot IS DISTINCT FROM $2
                            AND (o.bot = p.home_bot OR o.bot < $2)
                            AND o.opened_at <= b.started_at AND coalesce(o.blocked_at > b.started_at, true)
                            AND coalesce(NOT o.away @> b.started_at, true)
                      ) AS belongs
               FROM page r JOIN broadcasts b ON b.id = $1 LEFT JOIN people p ON p.id = r.person
               ORDER BY r.person""",
            *(broadcast, bot, after, count),
        )
        return [Member(PersonId(row["person"]), row["belongs"], row["open"]) for row in rows]

    async def note(self, broadcast: BroadcastId, portions: Sequence[Portion]) -> None:
        """How far it has come; what is older than is known changes nothing. Raises DatabaseAway."""
        columns = list(zip(*portions, strict=True)) or [()] * len(Portion._fields)
        await self._database.execute(
            """UPDATE broadcast_bots b
               SET cursor = greatest(b.cursor, n.cursor), fed = greatest(b.fed, n.fed),
                   sent = greatest(b.sent, n.sent), blocked = greatest(b.blocked, n.blocked),
                   gone = greatest(b.gone, n.gone), refused = greatest(b.refused, n.refused),
                   skipped = greatest(b.skipped, n.skipped), paid = greatest(b.paid, n.paid)
               FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                           $8::bigint[], $9::bigint[], $10::bigint[])
                    AS n (bot, cursor, fed, sent, blocked, gone, refused, skipped, paid)
               WHERE b.broadcast = $1 AND b.bot = n.bot""",
            *(broadcast, *map(list, columns)),
        )

    async def grant(self, broadcast: BroadcastId, bot: BotId, wanted: int, most: int) -> int:
        """Let a bot pay for so many more messages, of `most` for all bots; how many it is.

        What is granted here and does not reach the bot is lost: so never more than `most` are paid for.
        """
        async with self._database.transaction() as transaction:
            await transaction.execute("SELECT FROM broadcasts WHERE id = $1 FOR UPDATE", broadcast)
            left = most - await transaction.fetchval(
                "SELECT coalesce(sum(granted), 0)::bigint FROM broadcast_bots WHERE broadcast = $1", broadcast
            )
            granted: int = max(0, min(wanted, left))
            await transaction.execute(
                "UPDATE broadcast_bots SET granted = granted + $3 WHERE broadcast = $1 AND bot = $2",
                *(broadcast, bot, granted),
            )
        return granted

    async def unreachable(self, bot: BotId, blocked: Sequence[PersonId], gone: Sequence[PersonId]) -> None:
        """These have blocked the bot; those are gone, for every bot. Raises DatabaseAway."""
        await self._database.execute(
            """UPDATE reach SET blocked_at = now()
               WHERE blocked_at IS NULL
                 AND (person = ANY($2::bigint[]) AND bot = $1 OR person = ANY($3::bigint[]))""",
            *(bot, list(blocked), list(gone)),
        )

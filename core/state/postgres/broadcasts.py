"""Broadcasts as operators and admins see and steer them. What the leader does stands in `audience`."""

import asyncpg

from core.domain.broadcast import (
    Broadcast,
    BroadcastState,
    Counts,
    decode_content,
    encode_content,
)
from core.domain.content import Content
from core.domain.errors import DuologueError
from core.domain.ids import BotId, BroadcastId, PersonId, UpdateId
from core.state.postgres.pool import Database

_SERVE = "SELECT id FROM bots WHERE state NOT IN ('retired', 'quarantined')"
_COUNT_SECONDS = 120.0
"""How long counting everybody may take: a million people take about two seconds."""


class BroadcastUnderWay(DuologueError):
    """Another broadcast runs or is paused."""

    def __init__(self) -> None:
        super().__init__(
            "a broadcast is under way (`duologue broadcast status`): stop it or wait until it is done"
        )


class NoSuchBroadcast(DuologueError):
    """There is none of that number, or none under way."""


class Broadcasts:
    """The table `broadcasts`. Every method is one statement that may be run again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def draft(self, admin: PersonId, bot: BotId, asked: UpdateId, content: Content) -> None:
        """An admin wants to see a broadcast before it runs. The same update asks once."""
        await self._database.execute(
            """INSERT INTO broadcasts (admin, bot, asked, content) VALUES ($1, $2, $3, $4)
               ON CONFLICT (bot, asked) DO NOTHING""",
            *(admin, bot, asked, encode_content(content)),
        )

    async def start(self, content: Content, stars: int = 0) -> BroadcastId:
        """A broadcast from the command line, running, that may cost so many Stars.

        Raises BroadcastUnderWay, DatabaseAway.
        """
        try:
            row = await self._database.one(
                """INSERT INTO broadcasts (admin, bot, content, stars, state)
                   VALUES (0, 0, $1, $2, 'running') RETURNING id""",
                *(encode_content(content), stars),
            )
        except asyncpg.UniqueViolationError:
            raise BroadcastUnderWay from None
        return BroadcastId(row["id"])

    async def decide(self, broadcast: BroadcastId, admin: PersonId, *, send: bool, stars: int = 0) -> bool:
        """Its admin has seen it today and lets it run, or not; False where that was decided before.

        Raises BroadcastUnderWay, DatabaseAway.
        """
        state = BroadcastState.RUNNING if send else BroadcastState.CANCELLED
        try:
            changed = await self._database.execute(
                """UPDATE broadcasts SET state = $3, stars = $4
                   WHERE id = $1 AND admin = $2 AND state = 'ready'
                     AND created_at > now() - interval '1 day'""",
                *(broadcast, admin, state.value, stars),
            )
        except asyncpg.UniqueViolationError:
            raise BroadcastUnderWay from None
        return changed > 0

    async def steer(self, broadcast: BroadcastId, state: BroadcastState) -> bool:
        """Pause, resume or stop one that is under way; False where it is not. Raises DatabaseAway."""
        changed = await self._database.execute(
            "UPDATE broadcasts SET state = $2 WHERE id = $1 AND state IN ('running', 'paused')",
            *(broadcast, state.value),
        )
        return changed > 0

    async def get(self, broadcast: BroadcastId) -> Broadcast:
        """One broadcast. Raises NoSuchBroadcast, DatabaseAway."""
        rows = await self._select("WHERE b.id = $1", broadcast)
        if not rows:
            raise NoSuchBroadcast(f"there is no broadcast {broadcast}: `duologue broadcast list`")
        return rows[0]

    async def under_way(self) -> Broadcast | None:
        """The one that runs or is paused."""
        rows = await self._select("WHERE b.state IN ('running', 'paused')")
        return rows[0] if rows else None

    async def newest(self, count: int) -> list[Broadcast]:
        """The newest ones first, those aside that were never let run."""
        return await self._select(
            "WHERE b.state NOT IN ('draft', 'ready', 'cancelled') ORDER BY b.id DESC LIMIT $1", count
        )

    async def drafts(self) -> list[Broadcast]:
        """Those whose admins are to be shown what they look like, oldest first."""
        return await self._select("WHERE b.state = 'draft' ORDER BY b.id LIMIT 10")

    async def unfinished(self) -> list[Broadcast]:
        """Those of which something may still be to be sent or counted."""
        return await self._select(
            "WHERE b.finished_at IS NULL AND b.state IN ('running', 'paused', 'stopped') ORDER BY b.id"
        )

    async def reachable(self) -> int:
        """How many people a broadcast would be for just now. Raises DatabaseAway."""
        async with self._database.transaction() as transaction:
            count = await transaction.fetchval(f"SELECT ({_REACHABLE})", timeout=_COUNT_SECONDS)
        return int(count)

    async def seen(self, broadcast: BroadcastId, audience: int) -> None:
        """The draft was shown to its admin, with that many people. Raises DatabaseAway."""
        await self._database.execute(
            "UPDATE broadcasts SET state = 'ready', audience = $2 WHERE id = $1 AND state = 'draft'",
            *(broadcast, audience),
        )

    async def begin(self, broadcast: BroadcastId) -> None:
        """From now on its audience, and the bots it goes through, are what they are now; said twice, once."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                f"""WITH begun AS (
                        UPDATE broadcasts SET started_at = now(), audience = ({_REACHABLE})
                        WHERE id = $1 AND started_at IS NULL RETURNING id
                    )
                    INSERT INTO broadcast_bots (broadcast, bot)
                    SELECT begun.id, serving.id FROM begun, ({_SERVE}) AS serving""",  # noqa: S608
                broadcast,
                timeout=_COUNT_SECONDS,
            )

    async def finish(self, broadcast: BroadcastId) -> None:
        """Nothing of it is to be sent or counted any more. Raises DatabaseAway."""
        await self._database.execute(
            """UPDATE broadcasts SET finished_at = now(),
                      state = CASE WHEN state = 'stopped' THEN state ELSE 'done' END
               WHERE id = $1 AND finished_at IS NULL""",
            broadcast,
        )

    async def _select(self, tail: str, *args: object) -> list[Broadcast]:
        rows = await self._database.fetch(
            f"""SELECT b.*, c.* FROM broadcasts b, LATERAL (
                    SELECT coalesce(sum(sent), 0)::bigint AS sent,
                           coalesce(sum(blocked), 0)::bigint AS blocked,
                           coalesce(sum(gone), 0)::bigint AS gone,
                           coalesce(sum(refused), 0)::bigint AS refused,
                           coalesce(sum(skipped), 0)::bigint AS skipped,
                           coalesce(sum(paid), 0)::bigint AS paid
                    FROM broadcast_bots WHERE broadcast = b.id
                ) AS c {tail}""",  # noqa: S608 only ever pieces of this file
            *args,
        )
        return [_broadcast(row) for row in rows]


_REACHABLE = f"""
    SELECT count(*) FROM people p
    WHERE p.consented_at IS NOT NULL AND coalesce(p.banned_until <= now(), true)
      AND EXISTS (SELECT FROM reach r WHERE r.person = p.id AND r.blocked_at IS NULL AND r.bot IN ({_SERVE}))
"""  # noqa: S608


def _broadcast(row: asyncpg.Record) -> Broadcast:
    return Broadcast(
        id=BroadcastId(row["id"]),
        admin=PersonId(row["admin"]),
        bot=BotId(row["bot"]),
        state=BroadcastState(row["state"]),
        content=decode_content(row["content"]),
        audience=row["audience"],
        counts=Counts(**{name: row[name] for name in Counts.__struct_fields__}),
        stars=row["stars"],
        paid=row["paid"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )

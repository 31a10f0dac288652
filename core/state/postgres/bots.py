"""The network's bots: wanted state and sealed token."""

import datetime as dt
from typing import NamedTuple

import asyncpg

from core.domain.errors import DuologueError
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.state.postgres.crypt import TokenCipher, WrongKey
from core.state.postgres.pool import Database


class BotKnown(DuologueError):
    """The bot is in the network already."""


class BotUnknown(DuologueError):
    """No such bot in the network."""

    def __init__(self, bot: BotId) -> None:
        super().__init__(f"bot {bot} is not in the network: `duologue bots list` shows those that are")


class BotRow(NamedTuple):
    """One bot; its token is asked for separately."""

    id: BotId
    username: str
    state: BotState
    reason: str
    added_at: dt.datetime


class Bots:
    """The table `bots`."""

    def __init__(self, database: Database, cipher: TokenCipher | None) -> None:
        """`cipher` None: for those who never touch a token (the coordinator)."""
        self._database = database
        self._cipher = cipher

    async def add(self, bot: BotId, username: str, token: str) -> None:
        """Take a bot in, pending. A retired or quarantined one comes back. Raises BotKnown, DatabaseAway."""
        cipher = self._sealer()
        added = await self._database.execute(
            """INSERT INTO bots (id, username, token, key_version) VALUES ($1, $2, $3, $4)
               ON CONFLICT (id) DO UPDATE
               SET username = excluded.username, token = excluded.token, key_version = excluded.key_version,
                   state = 'pending', reason = '', changed_at = now()
               WHERE bots.state IN ('retired', 'quarantined')""",
            *(bot, username, cipher.seal(bot, token), cipher.key_version),
        )
        if not added:
            raise BotKnown(f"@{username} (bot {bot}) is in the network already")

    async def list(self) -> list[BotRow]:
        """All bots, oldest first. Raises DatabaseAway."""
        rows = await self._database.fetch(
            "SELECT id, username, state, reason, added_at FROM bots ORDER BY added_at, id"
        )
        return [_bot(row) for row in rows]

    async def get(self, bot: BotId) -> BotRow:
        """One bot. Raises BotUnknown, DatabaseAway."""
        row = await self._database.fetchrow(
            "SELECT id, username, state, reason, added_at FROM bots WHERE id = $1", bot
        )
        if row is None:
            raise BotUnknown(bot)
        return _bot(row)

    async def token(self, bot: BotId) -> str:
        """The token, opened. Raises BotUnknown, WrongKey, DatabaseAway."""
        row = await self._database.fetchrow("SELECT token, key_version FROM bots WHERE id = $1", bot)
        if row is None:
            raise BotUnknown(bot)
        return self._sealer().open(bot, row["token"], row["key_version"])

    async def rotate(self, bot: BotId, token: str) -> None:
        """A new token for a known bot; one that was quarantined starts anew. Raises BotUnknown."""
        cipher = self._sealer()
        changed = await self._database.execute(
            """UPDATE bots SET token = $2, key_version = $3, changed_at = now(), reason = '',
                      state = CASE WHEN state = 'quarantined' THEN 'pending' ELSE state END
               WHERE id = $1""",
            *(bot, cipher.seal(bot, token), cipher.key_version),
        )
        if not changed:
            raise BotUnknown(bot)

    async def rekey(self) -> int:
        """Encrypt with our newest key every token that an older one sealed; how many there were.

        All or none; may be run again. Raises WrongKey where no key opens one, DatabaseAway.
        """
        cipher = self._sealer()
        rekeyed = 0
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch("SELECT id, token, key_version FROM bots ORDER BY id FOR UPDATE")
            for row in rows:
                bot = BotId(row["id"])
                token = cipher.opened_anew(bot, row["token"], row["key_version"])
                if token is None:
                    continue
                await transaction.execute(
                    "UPDATE bots SET token = $2, key_version = $3, changed_at = now() WHERE id = $1",
                    *(bot, cipher.seal(bot, token), cipher.key_version),
                )
                rekeyed += 1
        return rekeyed

    async def set_state(
        self, bot: BotId, state: BotState, *, reason: str = "", expected: BotState | None = None
    ) -> bool:
        """Move a bot to a state, if it still is in the `expected` one; whether it was moved."""
        changed = await self._database.execute(
            """UPDATE bots SET state = $2, reason = $3, changed_at = now()
               WHERE id = $1 AND ($4::text IS NULL OR state = $4)""",
            *(bot, state.value, reason, expected.value if expected else None),
        )
        return changed > 0

    async def quarantine(self, bot: BotId, token: str, reason: str) -> bool:
        """Nobody is to serve a bot with this token; False, with nothing changed, where it has another by now.

        Raises BotUnknown, DatabaseAway.
        """
        row = await self._database.fetchrow("SELECT token, key_version FROM bots WHERE id = $1", bot)
        if row is None:
            raise BotUnknown(bot)
        try:
            if self._sealer().open(bot, row["token"], row["key_version"]) != token:
                return False
        except WrongKey:
            # Sealed with a key that came after this process.
            return False
        changed = await self._database.execute(
            """UPDATE bots SET state = 'quarantined', reason = $3, changed_at = now()
               WHERE id = $1 AND token = $2""",
            *(bot, row["token"], reason),
        )
        return changed > 0

    async def remark(self, bot: BotId, reason: str, *, instead_of: str) -> None:
        """Say something of a bot that stays in its state, where nothing else is said. Raises DatabaseAway."""
        await self._database.execute(
            "UPDATE bots SET reason = $2 WHERE id = $1 AND reason = $3", bot, reason, instead_of
        )

    async def note_heard(self, bot: BotId) -> None:
        """Telegram has just told us all that this bot was to hear. Raises DatabaseAway."""
        await self._database.execute("UPDATE bots SET heard_at = now() WHERE id = $1", bot)

    async def unheard_seconds(self, bot: BotId) -> float | None:
        """How long ago that was last noted; None for never. Raises DatabaseAway."""
        row = await self._database.fetchrow(
            "SELECT extract(epoch FROM now() - heard_at)::float8 AS seconds FROM bots WHERE id = $1", bot
        )
        return row["seconds"] if row is not None else None

    async def remove(self, bot: BotId) -> None:
        """Forget a bot and its token; who opened it stays known. Raises BotUnknown."""
        if not await self._database.execute("DELETE FROM bots WHERE id = $1", bot):
            raise BotUnknown(bot)

    def _sealer(self) -> TokenCipher:
        if self._cipher is None:
            raise DuologueError("this needs DUOLOGUE_SECRET_KEY, with which tokens are encrypted")
        return self._cipher


def _bot(row: asyncpg.Record) -> BotRow:
    return BotRow(BotId(row["id"]), row["username"], BotState(row["state"]), row["reason"], row["added_at"])

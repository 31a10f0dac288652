"""The network's bots: wanted state and sealed token."""

import datetime
from typing import NamedTuple

from core.domain.errors import DuologueError
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.state.postgres.crypt import KEY_VERSION, TokenCipher
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
    added_at: datetime.datetime


class Bots:
    """The table `bots`."""

    def __init__(self, database: Database, cipher: TokenCipher | None) -> None:
        """`cipher` None: for those who never touch a token (the coordinator)."""
        self._database = database
        self._cipher = cipher

    async def add(self, bot: BotId, username: str, token: str) -> None:
        """Take a bot in, pending. A retired one comes back. Raises BotKnown, DatabaseAway."""
        added = await self._database.execute(
            """INSERT INTO bots (id, username, token, key_version) VALUES ($1, $2, $3, $4)
               ON CONFLICT (id) DO UPDATE
               SET username = excluded.username, token = excluded.token, key_version = excluded.key_version,
                   state = 'pending', reason = '', changed_at = now()
               WHERE bots.state IN ('retired', 'quarantined')""",
            *(bot, username, self._sealer().seal(bot, token), KEY_VERSION),
        )
        if not added:
            raise BotKnown(f"@{username} (bot {bot}) is in the network already")

    async def list(self) -> list[BotRow]:
        """All bots, oldest first."""
        rows = await self._database.fetch(
            "SELECT id, username, state, reason, added_at FROM bots ORDER BY added_at, id"
        )
        return [
            BotRow(BotId(r["id"]), r["username"], BotState(r["state"]), r["reason"], r["added_at"])
            for r in rows
        ]

    async def get(self, bot: BotId) -> BotRow:
        """One bot. Raises BotUnknown."""
        row = next((row for row in await self.list() if row.id == bot), None)
        if row is None:
            raise BotUnknown(bot)
        return row

    async def token(self, bot: BotId) -> str:
        """The token, opened. Raises BotUnknown, WrongKey, DatabaseAway."""
        row = await self._database.fetchrow("SELECT token, key_version FROM bots WHERE id = $1", bot)
        if row is None:
            raise BotUnknown(bot)
        return self._sealer().open(bot, row["token"], row["key_version"])

    async def rotate(self, bot: BotId, token: str) -> None:
        """A new token for a known bot. Raises BotUnknown."""
        changed = await self._database.execute(
            """UPDATE bots SET token = $2, key_version = $3, changed_at = now(), reason = '',
                      state = CASE WHEN state = 'quarantined' THEN 'pending' ELSE state END
               WHERE id = $1""",
            *(bot, self._sealer().seal(bot, token), KEY_VERSION),
        )
        if not changed:
            raise BotUnknown(bot)

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

    async def remove(self, bot: BotId) -> None:
        """Forget a bot and its token. Raises BotUnknown."""
        if not await self._database.execute("DELETE FROM bots WHERE id = $1", bot):
            raise BotUnknown(bot)

    def _sealer(self) -> TokenCipher:
        assert self._cipher is not None, "this process was given no cipher"
        return self._cipher

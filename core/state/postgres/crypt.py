"""Tokens at rest (core.state.sealing), with the bot and the key's version bound into each.

A ciphertext copied to another bot's row, or under another version, does not open. The version is
a mark of the key itself, so nobody has to number keys: it says which key a row wants. Older keys
open only, so that a key can be changed while the network runs (`Bots.rekey`).
"""

from core.domain.errors import DuologueError
from core.domain.ids import BotId
from core.state.sealing import Opened, Safe, derived


class WrongKey(DuologueError):
    """What is kept was encrypted with another secret key."""


class TokenCipher:
    """Seals and opens tokens with a key derived from the network's secret."""

    def __init__(self, secret: str, *older: str) -> None:
        """`older` secrets open only."""
        self._safe = Safe("duologue bot tokens", secret, *older)
        self.key_version = int.from_bytes(derived(secret, "duologue key version", 2)) >> 1
        """0 to 32767, most likely another one for another key."""

    def seal(self, bot: BotId, token: str) -> bytes:
        """For the table, under `key_version`."""
        return self._safe.seal(token.encode(), _place(bot, self.key_version))

    def open(self, bot: BotId, sealed: bytes, key_version: int) -> str:
        """The token. Raises WrongKey."""
        return self._opened(bot, sealed, key_version).content.decode()

    def opened_anew(self, bot: BotId, sealed: bytes, key_version: int) -> str | None:
        """The token where an older key sealed it; None: the newest did. Raises WrongKey."""
        opened = self._opened(bot, sealed, key_version)
        return opened.content.decode() if opened.age else None

    def _opened(self, bot: BotId, sealed: bytes, key_version: int) -> Opened:
        opened = self._safe.open(sealed, _place(bot, key_version))
        if opened is None:
            raise WrongKey(
                f"the token of bot {bot} was kept with another DUOLOGUE_SECRET_KEY: set that one, or name it "
                "in DUOLOGUE_OLDER_SECRET_KEYS, or remove the bot and add it again"
            )
        return opened


def _place(bot: BotId, key_version: int) -> str:
    return f"{bot}:{key_version}"

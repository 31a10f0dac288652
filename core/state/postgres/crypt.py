"""Tokens at rest: AES-256-GCM, with the bot and the key's version bound into each.

A ciphertext copied to another bot's row, or under another version, does not open. The version is
a mark of the key itself, so nobody has to number keys: it says which key a row wants. Older keys
open only, so that a key can be changed while the network runs (`Bots.rekey`).
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.domain.errors import DuologueError
from core.domain.ids import BotId

_NONCE = 12


class WrongKey(DuologueError):
    """What is kept was encrypted with another secret key."""


class TokenCipher:
    """Seals and opens tokens with a key derived from the network's secret."""

    def __init__(self, secret: str, *older: str) -> None:
        """`older` secrets open only."""
        self._aeads = [AESGCM(_derived(one, b"duologue bot tokens", 32)) for one in (secret, *older)]
        self.key_version = int.from_bytes(_derived(secret, b"duologue key version", 2)) >> 1
        """0 to 32767, most likely another one for another key."""

    def seal(self, bot: BotId, token: str) -> bytes:
        """Nonce and ciphertext, under `key_version`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aeads[0].encrypt(nonce, token.encode(), _bound(bot, self.key_version))

    def open(self, bot: BotId, sealed: bytes, key_version: int) -> str:
        """The token. Raises WrongKey."""
        return self._opened(bot, sealed, key_version)[0]

    def opened_anew(self, bot: BotId, sealed: bytes, key_version: int) -> str | None:
        """The token where an older key sealed it; None: the newest did. Raises WrongKey."""
        token, age = self._opened(bot, sealed, key_version)
        return token if age else None

    def _opened(self, bot: BotId, sealed: bytes, key_version: int) -> tuple[str, int]:
        """The token, and how many keys are newer than the one that opened it."""
        for age, aead in enumerate(self._aeads):
            try:
                token = aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(bot, key_version))
            except (InvalidTag, ValueError):
                continue
            return token.decode(), age
        raise WrongKey(
            f"the token of bot {bot} was kept with another DUOLOGUE_SECRET_KEY: set that one, or name it in "
            "DUOLOGUE_OLDER_SECRET_KEYS, or remove the bot and add it again"
        )


def _derived(secret: str, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(secret.encode())


def _bound(bot: BotId, key_version: int) -> bytes:
    return f"{bot}:{key_version}".encode()

"""Tokens at rest: AES-256-GCM, with the bot and the key's version bound into each.

A ciphertext copied to another bot's row, or under another version, does not open.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.domain.errors import DuologueError
from core.domain.ids import BotId

KEY_VERSION = 1
_NONCE = 12


class WrongKey(DuologueError):
    """What is kept was encrypted with another secret key."""


class TokenCipher:
    """Seals and opens tokens with a key derived from the network's secret."""

    def __init__(self, secret: str) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"duologue bot tokens").derive(secret.encode())
        self._aead = AESGCM(key)

    def seal(self, bot: BotId, token: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, token.encode(), _bound(bot, KEY_VERSION))

    def open(self, bot: BotId, sealed: bytes, key_version: int) -> str:
        """The token. Raises WrongKey."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(bot, key_version)).decode()
        except InvalidTag:
            raise WrongKey(
                f"the token of bot {bot} was kept with another DUOLOGUE_SECRET_KEY: set that one, "
                "or remove the bot and add it again"
            ) from None


def _bound(bot: BotId, key_version: int) -> bytes:
    return f"{bot}:{key_version}".encode()

"""Secrets at rest: AES-256-GCM with a key derived from the network's secret, one for each purpose.

What is sealed is bound to a place (a bot, a report): copied to another place it does not open. Older
secrets open only, so that the secret can be changed while the network runs.
"""

import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Opened(NamedTuple):
    """What was sealed; `age` counts the secrets that are newer than the one that sealed it."""

    content: bytes
    age: int


class Safe:
    """Seals and opens for one purpose."""

    def __init__(self, purpose: str, secret: str, *older: str) -> None:
        """`older` secrets open only."""
        self._keys = [AESGCM(derived(one, purpose, 32)) for one in (secret, *older)]

    def seal(self, content: bytes, place: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE)
        return nonce + self._keys[0].encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, place: str) -> Opened | None:
        """None: it was sealed under none of our secrets, for another place, or it was damaged."""
        for age, key in enumerate(self._keys):
            try:
                return Opened(key.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()), age)
            except (InvalidTag, ValueError):
                continue
        return None


def derived(secret: str, purpose: str, length: int) -> bytes:
    """Bytes that tell nothing of the secret, others for each purpose."""
    return HKDF(SHA256(), length, salt=None, info=purpose.encode()).derive(secret.encode())

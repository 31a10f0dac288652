"""Buttons and links come back as they were given, from the person they were given to. Pure.

What a client sends as a button's data or after `/start` may be anything that somebody typed into it. So
each payload carries a seal: a version and 96 bits of an HMAC over what it is, the bot that takes it, the
person who was given it, and the payload. Its key is derived from the network's secret, so all processes
agree; seals made with an older secret hold as long as that one is named too, so a secret can be changed
while buttons made before stay good.

A seal says who, not when: whoever opens one still asks whether what it wants is still to be had.
"""

import base64
import hmac
import re

from core.domain.ids import BotId, PersonId

VERSION = "1"
LENGTH = 64
"""Bytes that Telegram takes as a button's data, and as a deep link's payload."""

_MARK = "-"
_TAG_BYTES = 12
_SEAL_LENGTH = len(_MARK) + len(VERSION) + _TAG_BYTES * 4 // 3
_LINK = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Seal:
    """What one bot's buttons and the network's links are sealed and opened with."""

    def __init__(self, bot: BotId, secret: str, *older: str) -> None:
        """`older` secrets open only."""
        self._bot = bot
        self._keys = tuple(_derived(one) for one in (secret, *older))

    def button(self, person: PersonId, payload: str) -> str:
        """The data of a button of this bot that is shown to that person."""
        return _sealed(self._keys[0], "button", self._bot, person, payload)

    def pressed(self, person: PersonId, data: str) -> str | None:
        """The payload of a button that this bot gave that person; None: it did not."""
        return self._opened("button", person, data)

    def link(self, to: BotId, person: PersonId, payload: str) -> str:
        """The payload of a deep link to a bot, for that person to follow."""
        assert _LINK.fullmatch(payload), "Telegram takes nothing else in a link"
        return _sealed(self._keys[0], "link", to, person, payload)

    def followed(self, person: PersonId, text: str) -> str | None:
        """The payload of a link to this bot that the network gave that person; None: it did not."""
        return self._opened("link", person, text)

    def _opened(self, what: str, person: PersonId, text: str) -> str | None:
        payload = text[:-_SEAL_LENGTH]
        given = text.encode(errors="surrogatepass")
        made = (_sealed(key, what, self._bot, person, payload) for key in self._keys)
        # All keys are tried, whichever fits, so that the time tells nothing.
        fits = [hmac.compare_digest(one.encode(errors="surrogatepass"), given) for one in made]
        return payload if any(fits) else None


def unsealed(data: str) -> str:
    """The payload of sealed data, whether the seal holds or not: for looking only."""
    return data[:-_SEAL_LENGTH]


def _sealed(key: bytes, what: str, bot: BotId, person: PersonId, payload: str) -> str:
    said = f"{VERSION}:{what}:{bot}:{person}:{payload}".encode(errors="surrogatepass")
    tag = base64.urlsafe_b64encode(hmac.digest(key, said, "sha256")[:_TAG_BYTES]).decode()
    return f"{payload}{_MARK}{VERSION}{tag}"


def _derived(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"duologue buttons and links", "sha256")

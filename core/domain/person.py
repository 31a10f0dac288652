"""A person, as far as a shard has to know them."""

import datetime as dt

import msgspec

from core.domain.ids import BotId, PersonId


class Person(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`banned_until` in seconds since 1970, 0 = not banned, infinity = for good. `home` 0 = none.

    `version` rises with every change, so that the newer of two is kept.
    """

    id: PersonId
    language: str = "en"
    consented: bool = False
    home: BotId = BotId(0)
    banned_until: float = 0.0
    ban_reason: str = ""
    version: int = 0

    def banned(self, now: float) -> bool:
        """Whether the ban holds at that wall time."""
        return self.banned_until > now

    @property
    def ban_ends(self) -> str:
        """When a ban ends, for words: in brackets, with a space before them; empty where it is for good."""
        if self.banned_until == float("inf"):
            return ""
        return f" ({dt.datetime.fromtimestamp(self.banned_until, dt.UTC):%Y-%m-%d %H:%M} UTC)"

"""What a load is to be, and the plans that follow from it. Pure."""

import random
from typing import Final

import msgspec

from simulator.errors import ControlError

KINDS: Final = ("text", "formatted", "photo", "document", "voice", "video")
_FILLERS: Final = (
    "hello there",
    "how is your evening?",
    "I was just thinking about the sea and how quiet it must be there in winter",
    "ha, true 😄",
    "tell me more about it, I have never heard of such a thing before",
    "Здравствуйте, как дела?",
    "no idea, to be honest",
    "once upon a time there was a fox whose shop sold nothing but left shoes, and everybody came to look",
)


class LoadSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`people` pair up over `bots` (ids or usernames; all bots when empty); each sends `messages`.

    - `rate`: messages a second of each person; `total_rate`: of all together, instead.
    - `cross`: the share of pairs to be on two different bots. With it, people search in small waves
      that can only come out so; without it all search at once and the network decides.
    - `together`: nobody writes before everybody has found a partner.
    - `ramp`: how many people a second start at each bot.
    - `mix`: kinds of messages by weight, such as {"text": 9, "photo": 1}; `file_size` in bytes.
    - `settle`: the load is done when all is shown, or when nothing was shown for so many seconds.
    """

    people: int
    bots: list[int | str] = []
    messages: int = 20
    rate: float = 0.5
    total_rate: float | None = None
    cross: float | None = None
    together: bool = False
    ramp: float = 7.0
    mix: dict[str, float] = {}
    file_size: int = 20_000
    settle: float = 15.0
    seed: int = 1

    def checked(self) -> "LoadSpec":
        """Itself; ControlError names what is wrong."""
        if self.people < 2 or self.people % 2:
            raise ControlError(f"people should be an even number of at least 2, not {self.people}")
        if self.messages < 0:
            raise ControlError(f"messages should not be negative, as {self.messages} is")
        if min(self.rate, self.ramp, self.settle) <= 0 or (self.total_rate or 1) <= 0:
            raise ControlError("rate, total_rate, ramp and settle should be more than 0")
        if self.cross is not None and not 0 <= self.cross <= 1:
            raise ControlError(f"cross should be from 0 to 1, not {self.cross}")
        if unknown := set(self.mix) - set(KINDS):
            raise ControlError(f"mix knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}")
        if self.mix and sum(self.mix.values()) <= 0:
            raise ControlError("mix needs a weight above 0")
        return self

    @property
    def pace(self) -> float:
        """Seconds between two messages of one person."""
        return self.people / self.total_rate if self.total_rate else 1 / self.rate


def homes(people: int, bots: int, cross: float | None) -> list[int]:
    """The bot (0 to `bots` - 1) of each person.

    With a `cross` share, persons 2i and 2i + 1 are meant for each other: the first pairs on two
    different bots, the others on one. Bots get about the same number of people each.
    """
    if cross is None or bots < 2:
        return [person % bots for person in range(people)]
    pairs = people // 2
    across = round(pairs * cross)
    found: list[int] = []
    for pair in range(pairs):
        first = (2 * pair) % bots if pair < across else pair % bots
        found += [first, (first + 1) % bots if pair < across else first]
    return found


def waves(home: list[int]) -> list[list[int]]:
    """Groups of people who search at the same time, whole pairs each.

    Pairs that are to cross go together as long as no bot appears twice among them, so that nobody can
    meet on the same bot. A pair that is to stay goes alone.
    """
    groups: list[list[int]] = []
    taken: set[int] = set()
    for first in range(0, len(home), 2):
        pair = {home[first], home[first + 1]}
        crossing = len(pair) == 2
        if not groups or not crossing or taken & pair:
            groups.append([])
            taken = set()
        groups[-1] += [first, first + 1]
        taken = taken | pair if crossing else set(home)
    return groups


class Texts:
    """Makes the numbered texts and reads them again."""

    def __init__(self, run: int, seed: int) -> None:
        self._head = f"#{run}."
        self._rng = random.Random(seed)
        self._length = len(self._head)

    def make(self, sender: int, number: int) -> str:
        return f"{self._head}{sender}.{number} {self._rng.choice(_FILLERS)}"

    def read(self, text: str) -> tuple[int, int] | None:
        """Sender and number; None when the text is none of this run."""
        if not text.startswith(self._head):
            return None
        sender, dot, rest = text[self._length : self._length + 24].partition(".")
        number = rest.partition(" ")[0]
        if not dot or not sender.isdigit() or not number.isdigit():
            return None
        return int(sender), int(number)

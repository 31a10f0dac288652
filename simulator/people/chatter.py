"""One chatter: decides what to do when it is shown something. Pure but for its seeded dice."""

import random
from dataclasses import dataclass
from typing import Final

from simulator.people.buttons import Offer, Standing, standing
from simulator.people.talk import Heard, Leave, Like, SayPhoto, SaySticker, SayText, Talk, Turn, likings

_NUDGE_AFTER: Final = 40.0
_GIVE_UP_AFTER: Final = 150.0


@dataclass(frozen=True, slots=True)
class Open:
    """Press START at a bot: its own, or the one it was sent on to."""

    username: str = ""
    payload: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """Press a button of a message."""

    message: int
    data: str


@dataclass(frozen=True, slots=True)
class Say:
    """One turn of the talk; `about` is the message that was answered."""

    turn: Turn
    about: int


@dataclass(frozen=True, slots=True)
class Greet:
    """Speak first, if nobody has spoken yet."""


Act = Open | Press | Say | Greet


@dataclass(frozen=True, slots=True)
class Plan:
    """To be done `after` seconds, unless the chatter's `scene` has changed by then."""

    after: float
    act: Act
    scene: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as the chatter sees it."""

    id: int
    heard: Heard
    text: str
    offers: dict[Offer, str]
    elsewhere: tuple[str, str] | None = None


class Chatter:
    """Someone with likings and a pace. All times in seconds of one clock."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._facts = likings(rng)
        self._talk: Talk | None = None
        self._spoken = False
        self._nudged = False
        self._find_button: Press | None = None
        #: None until the first notice was seen.
        self.standing: Standing | None = None
        self.since = 0.0
        self.heard_at = 0.0
        self.scene = 0

    def open(self) -> list[Plan]:
        """Opens the bot."""
        return [self._plan(self._rng.uniform(0.1, 1.5), Open())]

    def search(self, now: float) -> list[Plan]:
        """Asks for a partner."""
        self._enter(Standing.WAITING, now)
        if self._find_button is not None and self._rng.random() < 0.5:
            return [self._plan(0.2, self._find_button)]
        return [self._plan(0.2, Say(SayText("/find"), 0))]

    def leave(self, now: float) -> list[Plan]:
        """Ends the chat or the search."""
        self._enter(Standing.IDLE, now)
        return [self._plan(0.1, Say(Leave(), 0))]

    def seen(self, seen: Seen, now: float) -> list[Plan]:
        """What to do about a message that was just shown."""
        if seen.elsewhere is not None:
            self.scene += 1
            return [self._plan(1.0, Open(*seen.elsewhere))]
        notice = standing(seen.offers)
        if notice is None:
            return self._answer(seen, now) if self.standing is Standing.CHATTING else []
        return self._take_notice(notice, seen, now)

    def greet(self) -> list[Plan]:
        """The first words, if they are still to be said."""
        if self._talk is None or self._spoken:
            return []
        self._spoken = True
        return [self._plan(0.0, Say(turn, 0)) for turn in self._talk.open()]

    def tick(self, now: float) -> list[Plan]:
        """From time to time: a partner who is silent for long is asked, and then left."""
        if self.standing is not Standing.CHATTING:
            return []
        silent = now - max(self.heard_at, self.since)
        if silent > _GIVE_UP_AFTER:
            return self.leave(now)
        if silent > _NUDGE_AFTER and not self._nudged:
            self._nudged = True
            return [self._plan(0.0, Say(SayText("Are you still there? 🙂"), 0))]
        return []

    def _take_notice(self, notice: Standing, seen: Seen, now: float) -> list[Plan]:
        if notice is Standing.CHATTING and self.standing is Standing.CHATTING:
            return []
        self._enter(notice, now)
        match notice:
            case Standing.ASKED:
                press = Press(seen.id, seen.offers[Offer.CONSENT])
                return [self._plan(self._rng.uniform(0.5, 2.5), press)]
            case Standing.IDLE:
                self._find_button = Press(seen.id, seen.offers[Offer.FIND])
                return []
            case Standing.WAITING:
                return []
            case Standing.CHATTING:
                self._talk = Talk(self._rng, self._facts)
                self._spoken = self._nudged = False
                eager = self._rng.random() < 0.6
                return [self._plan(self._rng.uniform(1, 3) if eager else self._rng.uniform(6, 9), Greet())]

    def _answer(self, seen: Seen, now: float) -> list[Plan]:
        assert self._talk is not None
        self.scene += 1
        self.heard_at = now
        self._spoken, self._nudged = True, False
        plans, after = [], self._rng.uniform(0.8, 2.0)
        for turn in self._talk.answer(seen.heard, seen.text):
            after += _effort(turn, self._rng)
            plans.append(self._plan(after, Say(turn, seen.id)))
        return plans

    def _enter(self, wanted: Standing, now: float) -> None:
        if wanted is not self.standing:
            self.since = now
        self.standing = wanted
        self.scene += 1

    def _plan(self, after: float, act: Act) -> Plan:
        return Plan(after, act, self.scene)


def _effort(turn: Turn, rng: random.Random) -> float:
    """How long it takes to do it, seconds."""
    match turn:
        case SayText():
            return 0.8 + 0.055 * len(turn.text) * rng.uniform(0.7, 1.3)
        case SayPhoto() | SaySticker():
            return rng.uniform(1.5, 3.0)
        case Like():
            return 0.3
        case Leave():
            return rng.uniform(1.0, 2.5)

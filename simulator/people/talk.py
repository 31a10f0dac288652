"""Small talk: what a virtual person says next, given what the partner just said. Pure, and seeded."""

import random
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.people import topics
from simulator.people.pictures import PHOTOS, STICKERS
from simulator.people.topics import Topic

_WORDS: Final = re.compile(r"[a-z']+")
_HELLO: Final = frozenset({"hi", "hello", "hey", "hiya", "hola", "yo", "morning", "evening"})
_GOODBYE: Final = frozenset({"bye", "goodbye", "goodnight", "cya"})
_YOU: Final = ("and you", "what about you", "how about you", "and yours", "you")
_SHOWN: Final = frozenset({"travel", "weather", "hobby"})
_MOOD: Final = ("how are you", "how's it going", "how is it going", "how are things", "what's up", "whats up")


@dataclass(frozen=True, slots=True)
class SayText:
    """Write this text."""

    text: str


@dataclass(frozen=True, slots=True)
class SayPhoto:
    """Send the photo of this name, with a caption."""

    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class SaySticker:
    """Send the sticker of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Like:
    """React to the message that was just read."""

    emoji: str


@dataclass(frozen=True, slots=True)
class Leave:
    """End the conversation, after what was said before it."""


Turn = SayText | SayPhoto | SaySticker | Like | Leave


class Heard(Enum):
    """What kind of message the partner sent."""

    TEXT = "text"
    PHOTO = "photo"
    STICKER = "sticker"
    OTHER = "other"


class Talk:
    """One conversation from one side.

    The same seed and the same partner give the same words. `facts` are what this person likes, by topic.
    """

    def __init__(self, rng: random.Random, facts: dict[str, str]) -> None:
        self._rng = rng
        self._facts = facts
        self._unused = rng.sample(topics.TOPICS, len(topics.TOPICS))
        self._topic: Topic | None = None
        self._told: set[str] = set()
        self._greeted = False
        self._showed = False
        self._turns = 0
        self._patience = rng.randint(12, 30)

    def open(self) -> list[Turn]:
        """What to say first to somebody new."""
        self._greeted = True
        return [SayText(self._rng.choice(topics.GREETINGS))]

    def answer(self, heard: Heard, text: str) -> list[Turn]:
        """What to say now: one to three short turns; Leave is the last once this person has talked enough."""
        self._turns += 1
        low = text.lower()
        words = frozenset(_WORDS.findall(low))
        if words & _GOODBYE:
            return [SayText("Bye! Take care 👋"), Leave()]
        if self._turns > self._patience:
            return [SayText(self._rng.choice(topics.FAREWELLS)), Leave()]
        reply = self._reply(heard, low, words) or [SayText(self._rng.choice(topics.REMARKS))]
        return self._react(heard) + reply

    def _react(self, heard: Heard) -> list[Turn]:
        chance = 0.35 if heard is Heard.PHOTO else 0.07
        return [Like(self._rng.choice(("❤", "👍", "😁", "🔥")))] if self._rng.random() < chance else []

    def _reply(self, heard: Heard, low: str, words: frozenset[str]) -> list[Turn]:
        if heard is Heard.PHOTO:
            return [SayText(self._rng.choice(topics.ABOUT_PHOTO))]
        if heard is Heard.STICKER:
            if self._rng.random() < 0.5:
                return [SaySticker(self._rng.choice(STICKERS))]
            return [SayText(self._rng.choice(topics.ABOUT_STICKER)), *self._ask()]
        if heard is Heard.OTHER:
            return [SayText(self._rng.choice(topics.ABOUT_MEDIA)), *self._ask()]
        if any(phrase in low for phrase in _MOOD):
            self._greeted = True
            return [SayText(f"{self._rng.choice(topics.MOODS)} {self._rng.choice(topics.BACK)}")]
        if words & _HELLO and len(words) <= 5:
            return self._greet_back()
        if "?" in low:
            return self._answer_question(low, words)
        return self._remark(words)

    def _greet_back(self) -> list[Turn]:
        if self._greeted:
            return self._ask()
        self._greeted = True
        return [SayText(self._rng.choice(topics.GREETINGS)), *self._ask()]

    def _answer_question(self, low: str, words: frozenset[str]) -> list[Turn]:
        back = low.rstrip().removesuffix("?").endswith(_YOU)
        topic = self._topic if back and self._topic is not None else _topic_of(words)
        if topic is None:
            return [SayText(self._rng.choice(topics.MOODS if back else topics.PUZZLED)), *self._ask()]
        self._take(topic)
        words_back = self._rng.choice(topic.answers).format(fact=self._facts[topic.name])
        answer = words_back[0].upper() + words_back[1:]
        known = topic.name in self._told
        self._told.add(topic.name)
        if known:
            return [SayText(self._rng.choice(topics.REMARKS)), *self._ask()]
        if topic.name in _SHOWN and self._rng.random() < 0.3:
            return [SayText(answer), self._show()]
        if self._rng.random() < 0.5:
            return [SayText(f"{answer} {self._rng.choice(topics.BACK)}")]
        return [SayText(answer)] + (self._ask() if self._rng.random() < 0.5 else [])

    def _show(self) -> Turn:
        self._showed = True
        return SayPhoto(self._rng.choice(PHOTOS), self._rng.choice(topics.PHOTO_WORDS))

    def _remark(self, words: frozenset[str]) -> list[Turn]:
        if self._showed:
            self._showed = False
            return [SayText(self._rng.choice(topics.THANKS)), *self._ask()]
        topic = _topic_of(words) or self._topic
        if topic is not None:
            self._take(topic)
        remark = self._rng.choice(topic.remarks if topic is not None else topics.REMARKS)
        chance = self._rng.random()
        if chance < 0.12:
            return [SaySticker(self._rng.choice(STICKERS))]
        if chance < 0.17:
            return [SayText(remark), self._show()]
        return [SayText(remark), *self._ask()]

    def _ask(self) -> list[Turn]:
        if not self._unused:
            return []
        topic = self._unused[0]
        self._take(topic)
        return [SayText(self._rng.choice(topic.questions))]

    def _take(self, topic: Topic) -> None:
        self._topic = topic
        if topic in self._unused:
            self._unused.remove(topic)


def likings(rng: random.Random) -> dict[str, str]:
    """What one person likes: a fact for every topic."""
    return {topic.name: rng.choice(topic.facts) for topic in topics.TOPICS}


def _topic_of(words: frozenset[str]) -> Topic | None:
    best = max(topics.TOPICS, key=lambda topic: len(topic.words & words))
    return best if best.words & words else None

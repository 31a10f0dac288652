"""People who come and go: they look for partners, write numbered texts, leave, and look again.

A text is `#<writer> <number> <conversation>`: the conversation that the writer was last told of, by
the buttons under "you are connected". So the ledger knows for each text whose it was to be, whatever
became of the processes meanwhile: shown to that partner, or its writer told why not.
"""

import asyncio
import random
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from simulator.app import Simulator
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from tests.harness.pairs import buttons_of, offers_of

LEAVES = 0.05
"""How often somebody leaves instead of writing the next text."""

IMPATIENT_SECONDS = 20.0
"""Who asked and heard nothing for so long asks again. Asking twice is not harmless: the second may be
worked through when the conversation that the first led to is over, and then it is a wish of its own."""

_OF_BEFORE = ("Your partner has left", "can no longer be reached")
"""Said of the conversation before, when something else has been asked for since."""


class Doing(StrEnum):
    """What a person believes to be doing, from what the bot has shown."""

    ALONE = "alone"
    SEARCHING = "searching"
    TALKING = "talking"
    ASKED = "asked"


@dataclass(slots=True, eq=False)
class Text:
    """One text: when it was written, to whom it was shown and when, when its writer was told of it."""

    writer: int
    number: int
    conversation: int
    at: float
    shown: list[tuple[int, float]] = field(default_factory=list)
    told: float | None = None


@dataclass(slots=True, eq=False)
class Citizen:
    """One person on one bot."""

    number: int
    person: Person
    bot: Bot
    doing: Doing = Doing.ALONE
    agreed: bool = False
    conversation: int = 0
    left: int = 0
    since: float = 0.0
    texts: list[Text] = field(default_factory=list)
    by_message: dict[int, Text] = field(default_factory=dict)
    last: Message | None = None
    diary: deque[str] = field(default_factory=lambda: deque(maxlen=400))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all texts. `lost`: neither shown to anybody nor answered to the writer."""

    written: int
    shown: int
    told: int
    lost: int
    misdelivered: int
    inversions: int
    repeats: int
    conversations: int


class Society:
    """All people of one run, seeded: the same seed makes the same choices."""

    def __init__(self, simulator: Simulator, seed: int) -> None:
        self._world = simulator.world
        self._chance = random.Random(seed)
        self.citizens: list[Citizen] = []
        self._by_person: dict[int, Citizen] = {}
        self.members: dict[int, set[int]] = defaultdict(set)
        self.shows: dict[int, list[float]] = defaultdict(list)
        self.meetings: list[float] = []
        self._quiet = False
        self._world.hooks.on_shown.append(self._shown)

    def settle_in(self, per_bot: int) -> None:
        """So many new people on every bot; they open it."""
        for bot in self._world.bots.values():
            for _ in range(per_bot):
                citizen = Citizen(len(self.citizens), self._world.people.create(), bot)
                self.citizens.append(citizen)
                self._by_person[citizen.person.id] = citizen
                self._world.people.open(citizen.person, bot)

    async def live(self, rate: float) -> None:
        """Everybody does something about `rate` times a second, until cancelled."""
        await asyncio.gather(*(self._one(citizen, rate) for citizen in self.citizens))

    def hush(self) -> None:
        """Nobody does anything any more."""
        self._quiet = True

    def open_texts(self, before: float = float("inf")) -> int:
        """How many texts, written before that moment, were neither shown nor answered so far."""
        return sum(t.at < before and not t.shown and t.told is None for t in self._texts())

    def evaluate(self) -> Verdict:
        """The verdict over all texts so far."""
        texts = list(self._texts())
        inversions = 0
        for citizen in self.citizens:
            first: dict[int, list[int]] = defaultdict(list)
            for text in sorted((t for t in citizen.texts if t.shown), key=lambda t: t.shown[0][1]):
                first[text.conversation].append(text.number)
            inversions += sum(b < a for numbers in first.values() for a, b in pairwise(numbers))
        return Verdict(
            written=len(texts),
            shown=sum(bool(text.shown) for text in texts),
            told=sum(text.told is not None for text in texts),
            lost=self.open_texts(),
            misdelivered=len(self.strayed()),
            inversions=inversions,
            repeats=sum(len(text.shown) - 1 for text in texts if text.shown),
            conversations=len(self.members),
        )

    def lost(self) -> list[str]:
        """The texts that are lost, for a look at them."""
        return [
            f"{t.writer}'s {t.number} in {t.conversation} was read by nobody"
            for t in self._texts()
            if not t.shown and t.told is None
        ]

    def strayed(self) -> list[str]:
        """The texts that somebody was shown who had no part in their conversation."""
        return [
            f"{t.writer}'s {t.number} in {t.conversation} {self.members[t.conversation]} was read by {reader}"
            for t in self._texts()
            for reader, _ in t.shown
            if reader == t.writer or reader not in self.members[t.conversation]
        ]

    def diary_of(self, line: str) -> list[str]:
        """What the writer that a line of `lost` or `strayed` begins with did and was told at that time."""
        number = int(line.partition("'")[0])
        text = next(t for t in self.citizens[number].texts if f"'s {t.number} " in line)
        diary = list(self.citizens[number].diary)
        return [entry for entry in diary if abs(float(entry.split(" ")[0]) - text.at) < 15]

    def learn(self, conversations: Mapping[int, set[int]]) -> None:
        """Who, by their Telegram ids, had a part in which conversation, as somebody else knows."""
        for conversation, people in conversations.items():
            self.members[conversation] |= {c.number for c in self.citizens if c.person.id in people}

    def unexplained(self, deaths: Iterable[tuple[float, int]], slack: float = 1.9) -> list[str]:
        """Repeats that no call under way at a death explains: (when, bot) of every kill or freeze of a shard.

        At a death a chat has at most one call under way, so each death explains one repeat a chat. What was
        under way may be shown up to `slack` seconds later: no lease has less left, so nobody else sends.
        """
        by_bot: dict[int, list[float]] = defaultdict(list)
        for at, bot in deaths:
            by_bot[bot].append(at)
        used: set[tuple[int, float]] = set()
        left = []
        for text in self._texts():
            first = text.shown[0][1] if text.shown else 0.0
            for reader, at in text.shown[1:]:
                known = by_bot[self.citizens[reader].bot.id]
                why = [d for d in known if first - slack <= d < at and (reader, d) not in used]
                if why:
                    used.add((reader, why[0]))
                else:
                    near = [f"{d - first:+.1f}" for d in known if abs(d - first) < 20]
                    left.append(
                        f"{text.writer}'s {text.number} was read after {at - first:.1f} s again; {near}"
                    )
        return left

    def _texts(self) -> Iterable[Text]:
        return (text for citizen in self.citizens for text in citizen.texts)

    async def _one(self, citizen: Citizen, rate: float) -> None:
        while not self._quiet:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) / rate)
            if not self._quiet:
                self._act(citizen)

    def _act(self, citizen: Citizen) -> None:
        now = time.monotonic()
        if not citizen.agreed:
            self._agree(citizen, now)
        elif citizen.doing is Doing.TALKING:
            if self._chance.random() >= LEAVES:
                self._write(citizen, now)
                return
            # Whatever is still shown of that conversation: nothing more is written to it.
            citizen.left = citizen.conversation
            self._ask(citizen, "/next" if self._chance.random() < 0.6 else "/stop", now)
        elif citizen.doing is Doing.ALONE or now - citizen.since > IMPATIENT_SECONDS:
            self._ask(citizen, "/find", now)

    def _agree(self, citizen: Citizen, now: float) -> None:
        asked = citizen.last
        yes = [data for data in buttons_of(asked) if data.startswith("consent:yes")] if asked else []
        if asked is not None and yes:
            self._world.deeds.press(citizen.person, citizen.bot, asked.id, yes[0])
        elif now - citizen.since > IMPATIENT_SECONDS:
            citizen.since = now
            self._world.people.open(citizen.person, citizen.bot)

    def _ask(self, citizen: Citizen, command: str, now: float) -> None:
        citizen.doing, citizen.since = Doing.ASKED, now
        citizen.diary.append(f"{now:.2f} asks {command}")
        self._world.deeds.say(citizen.person, citizen.bot, command)

    def _write(self, citizen: Citizen, now: float) -> None:
        text = Text(citizen.number, len(citizen.texts), citizen.conversation, now)
        citizen.texts.append(text)
        citizen.diary.append(f"{now:.2f} writes {text.number} in {text.conversation}")
        words = f"#{text.writer} {text.number} {text.conversation}"
        message = self._world.deeds.say(citizen.person, citizen.bot, words)
        citizen.by_message[message.id] = text

    def _shown(self, person: Person, bot: Bot, message: Message) -> None:
        citizen = self._by_person.get(person.id)
        if citizen is None or bot is not citizen.bot:
            return
        now = time.monotonic()
        self.shows[bot.id].append(now)
        words = message.body.get("text", "")
        if words.startswith("#"):
            writer, number, _ = words[1:].split(" ")
            self.citizens[int(writer)].texts[int(number)].shown.append((citizen.number, now))
            return
        answered = citizen.by_message.get(message.reply_to.id) if message.reply_to is not None else None
        if answered is not None and answered.told is None:
            answered.told = now
        about = "" if answered is None else f" about {answered.number}"
        citizen.diary.append(f"{now:.2f} is told{about} {words[:28]!r} {offers_of(message)[:1]}")
        if answered is None or citizen.doing is Doing.TALKING:
            self._understand(citizen, message, now)

    def _understand(self, citizen: Citizen, message: Message, now: float) -> None:
        words = message.body.get("text", "")
        if "try again in a minute" in words:
            citizen.doing = Doing.ALONE
        if citizen.doing is Doing.ASKED and any(late in words for late in _OF_BEFORE):
            return
        for data in offers_of(message):
            citizen.last = message
            if data == "menu:find":
                citizen.agreed, citizen.doing = True, Doing.ALONE
            elif data == "menu:stop:0":
                citizen.doing, citizen.since = Doing.SEARCHING, now
            elif data.startswith("menu:next:"):
                conversation = int(data.rpartition(":")[2])
                self.members[conversation].add(citizen.number)
                self.meetings.append(now)
                if conversation > citizen.left:
                    citizen.doing, citizen.conversation = Doing.TALKING, conversation

"""Pairs of virtual people who write numbered texts to each other, and the ledger of it.

A text is `#<person> <number>`. The ledger knows what Telegram took from people and what people
were shown, when, and by whom it was written; `evaluate` says what was lost, repeated, out of
order, or shown to somebody else.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from core.domain.seal import unsealed
from simulator.app import Simulator
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from tests.harness.waiting import until

MOVED = "your chat goes on here"
"""Whoever is told so goes on at that bot."""


@dataclass(slots=True)
class Member:
    """One virtual person on one bot, the one where the chat goes on. Times are the monotonic clock's."""

    person: Person
    bot: Bot
    number: int
    partner: "Member | None" = None
    last: Message | None = None
    conversation: str = ""
    sent: list[float] = field(default_factory=list)
    seen: list[tuple[int, int, float]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def last_offers(self, data: str) -> bool:
        """Whether the newest message with buttons has one whose data begins so."""
        return _offers(self, data)

    def offers_link(self, part: str) -> bool:
        """Whether the newest message with buttons has a link with this in it."""
        rows = (self.last.markup or {}).get("inline_keyboard", []) if self.last is not None else []
        return any(part in button.get("url", "") for row in rows for button in row)

    def told(self, words: str) -> bool:
        """Whether the network has said something with these words in it."""
        return any(words in text for text in self.words)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all texts. Latencies in milliseconds, from Telegram having it to its being shown."""

    sent: int
    shown: int
    lost: int
    repeats: int
    inversions: int
    misdelivered: int
    across: int
    pairs: int
    median_ms: float
    p99_ms: float


class Pairs:
    """The people of one scenario."""

    def __init__(self, simulator: Simulator, seed: int = 1) -> None:
        self._world = simulator.world
        self._chance = random.Random(seed)
        self.members: list[Member] = []
        self._by_person: dict[int, Member] = {}
        self._world.hooks.on_shown.append(self._shown)

    def add(self, bot: Bot) -> Member:
        """Somebody new on that bot."""
        return self.attend(self._world.people.create(), bot)

    def attend(self, person: Person, bot: Bot) -> Member:
        """Somebody whom Telegram knows, on that bot; from now on they are heard of there alone."""
        member = Member(person, bot, len(self.members))
        self.members.append(member)
        self._by_person[person.id] = member
        return member

    async def join(self, members: list[Member], seconds: float = 60) -> None:
        """They open their bots and agree to the rules."""
        for member in members:
            self._world.people.open(member.person, member.bot)
        await until(
            lambda: all(_offers(m, "consent:yes") for m in members), seconds, "the question of consent"
        )
        for member in members:
            self.press(member, "consent:yes")
        await until(lambda: all(_offers(m, "menu:find") for m in members), seconds, "the welcome")

    async def meet(self, a: Member, b: Member, seconds: float = 20) -> None:
        """Both look for a partner, at the same time and when nobody else does, and find each other."""
        self.say(a, "/find")
        self.say(b, "/find")
        await until(
            lambda: _offers(a, "menu:next") and _offers(b, "menu:next"), seconds, "two people to meet"
        )
        a.partner, b.partner = b, a

    async def talk(self, messages: int, rate: float) -> None:
        """Everybody who has a partner writes so many texts, `rate` a second each, the starts spread."""
        talking = [member for member in self.members if member.partner is not None]

        async def one(member: Member) -> None:
            await asyncio.sleep(self._chance.random() / rate)
            for _ in range(messages):
                self.write(member)
                await asyncio.sleep(1 / rate)

        await asyncio.gather(*(one(member) for member in talking))

    def write(self, member: Member) -> None:
        """One numbered text."""
        number = len(member.sent)
        member.sent.append(time.monotonic())
        self.say(member, f"#{member.number} {number}")

    def say(self, member: Member, text: str) -> None:
        """Any text."""
        self._world.deeds.say(member.person, member.bot, text)

    def press(self, member: Member, data: str) -> None:
        """A button of the newest message that has it."""
        assert member.last is not None, "a message with buttons was shown"
        wanted = next(d for d in buttons_of(member.last) if d.startswith(data))
        self._world.deeds.press(member.person, member.bot, member.last.id, wanted)

    def missing(self) -> int:
        """How many texts have not been shown to the partner yet."""
        return sum(
            len(m.sent) - len({n for who, n, _ in m.partner.seen if who == m.number})
            for m in self.members
            if m.partner is not None
        )

    def shown(self) -> int:
        """How many texts were shown so far, repeats counted."""
        return sum(len(member.seen) for member in self.members)

    def repeats_by_member(self) -> list[int]:
        """How many texts each person was shown more than once, each time counted."""
        return [len(m.seen) - len({(who, n) for who, n, _ in m.seen}) for m in self.members]

    async def settled(self, seconds: float) -> None:
        """Wait until every text was shown, or nothing more comes for a long time; never fails."""
        end = time.monotonic() + seconds
        while self.missing() and time.monotonic() < end:
            await asyncio.sleep(0.05)

    def evaluate(self) -> Verdict:
        """The verdict over all texts so far."""
        lost = repeats = inversions = misdelivered = across = 0
        waits: list[float] = []
        for member in self.members:
            for who, number, at in member.seen:
                writer = self.members[who]
                if writer.partner is not member:
                    misdelivered += 1
                elif number < len(writer.sent):
                    waits.append((at - writer.sent[number]) * 1000)
        for member in self.members:
            if member.partner is None:
                continue
            across += member.bot is not member.partner.bot
            got = [n for who, n, _ in member.partner.seen if who == member.number]
            counts = Counter(got)
            lost += sum(1 for n in range(len(member.sent)) if n not in counts)
            repeats += sum(times - 1 for times in counts.values())
            first = list(dict.fromkeys(got))
            inversions += sum(after < one for one, after in pairwise(first))
        waits.sort()
        return Verdict(
            sent=sum(len(member.sent) for member in self.members),
            shown=len(waits),
            lost=lost,
            repeats=repeats,
            inversions=inversions,
            misdelivered=misdelivered,
            across=across // 2,
            pairs=sum(1 for member in self.members if member.partner is not None) // 2,
            median_ms=median(waits) if waits else 0.0,
            p99_ms=waits[int(len(waits) * 0.99)] if waits else 0.0,
        )

    def _shown(self, person: Person, bot: Bot, message: Message) -> None:
        member = self._by_person.get(person.id)
        if member is None:
            return
        text = message.body.get("text", "")
        if MOVED in text:
            member.bot = bot
        if bot is not member.bot:
            return
        if text.startswith("#"):
            who, _, number = text[1:].partition(" ")
            member.seen.append((int(who), int(number), time.monotonic()))
            return
        member.words.append(text)
        if buttons_of(message):
            member.last = message


def buttons_of(message: Message) -> list[str]:
    """The data of all inline buttons under a message."""
    rows = (message.markup or {}).get("inline_keyboard", [])
    return [button.get("callback_data", "") for row in rows for button in row]


def offers_of(message: Message) -> list[str]:
    """What these buttons offer: their data without the seal."""
    return [unsealed(data) for data in buttons_of(message)]


def _offers(member: Member, data: str) -> bool:
    return member.last is not None and any(d.startswith(data) for d in buttons_of(member.last))

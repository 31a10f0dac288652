"""A crowd for benchmarks: thousands of people already in conversation, and a ledger of what they write.

They are not led through the chat: their rows, standings and opened chats are written at once, as
the network would have written them. Load is open: what is due is written whether or not the
network keeps up. A text is `#<writer> <number>`; times are the monotonic clock's.
"""

import asyncio
import gc
import heapq
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

from config.settings import Settings
from core.domain.errors import StoreAway
from core.domain.ids import BotId, ConversationId, PersonId
from core.state.postgres.pool import Database
from core.state.redis.client import Command, RedisClient
from core.state.redis.keys import Keys
from simulator.app import Options, Simulator
from simulator.limits.judge import Caps
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from tests.harness.network import Network, running
from tests.harness.waiting import until

UNLIMITED = Caps(bot=1_000_000, chat_rate=1_000_000.0, chat_burst=1_000_000.0)
"""For saturated runs: Telegram does not limit, so that the programs do."""

NEVER = 1_000_000_000
_AT_ONCE = 1_000
_CONVERSATIONS = itertools.count(1 << 44)
"""Numbers of conversations: no two crowds of a network have one in common."""


@dataclass(slots=True)
class Talker:
    """One person in a conversation; `sent` are the times of writing, `seen` what came from the partner."""

    number: int
    person: Person
    bot: Bot
    partner: "Talker" = field(init=False)
    conversation: ConversationId = field(init=False)
    sent: list[float] = field(default_factory=list)
    seen: list[tuple[int, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of all that was written."""

    sent: int
    lost: int
    repeats: int
    inversions: int
    strangers: int


class Crowd:
    """People of a simulator who talk in pairs."""

    def __init__(self, simulator: Simulator, seed: int = 1) -> None:
        self._world = simulator.world
        self._chance = random.Random(seed)
        self._by_person: dict[int, Talker] = {}
        self._by_bot: dict[int, list[Talker]] = {}
        self._turn: Counter[int] = Counter()
        self._strangers = 0
        self.talkers: list[Talker] = []
        self.shown = 0
        self._world.hooks.on_shown.append(self._on_shown)

    def couples(self, homes: Sequence[tuple[Bot, Bot]]) -> list[tuple[Talker, Talker]]:
        """A pair on each of these couples of bots, in the simulator only."""
        made = []
        for one, other in homes:
            a, b = self._create(one), self._create(other)
            a.partner, b.partner = b, a
            a.conversation = b.conversation = ConversationId(next(_CONVERSATIONS))
            made.append((a, b))
        return made

    def alone(self, bot: Bot) -> Talker:
        """Somebody whom the bot answers itself."""
        talker = self._create(bot)
        talker.partner = talker
        return talker

    def ring(self, per_bot: int, bots: Sequence[Bot] | None = None) -> list[tuple[Talker, Talker]]:
        """So many people on every bot, half of them with partners on the next bot, half on the one before.

        By turns, so that those who write in turn give both of these bots the same at any time.
        """
        bots = list(self._world.bots.values()) if bots is None else bots
        once = list(zip(bots, [*bots[1:], bots[0]], strict=True))
        return self.couples(once * (per_bot // 2))

    def leave_out(self, couples: Sequence[tuple[Talker, Talker]]) -> None:
        """`write` passes these over: they write only when they are told to."""
        for talker in (talker for couple in couples for talker in couple):
            self._by_bot[talker.bot.id].remove(talker)

    async def seat(self, settings: Settings, couples: Sequence[tuple[Talker, Talker]]) -> None:
        """Write these pairs' rows and standings, as if they had agreed, looked and met."""
        talkers = [talker for couple in couples for talker in couple]
        async with Database(settings.database_url or "") as database:
            for some in _chunks(talkers):
                await until(partial(_written, database, some), 60, "PostgreSQL to take people in")
        keys = Keys(settings.key_prefix)
        async with RedisClient(settings.redis_url or "") as client:
            commands: list[Command] = []
            for at, (a, b) in enumerate(couples):
                commands += [_standing(keys, a, 0), _standing(keys, b, 1)]
                if len(commands) >= _AT_ONCE or at == len(couples) - 1:
                    await client.pipeline(commands)
                    commands = []
            counts = Counter(talker.bot.id for talker in talkers)
            await client.pipeline([("HINCRBY", keys.chatting, bot, n) for bot, n in counts.items()])
        stays()

    async def write(self, rates: Mapping[int, float], seconds: float, *, even: bool = False) -> None:
        """People of each bot write, together at that bot's rate a second, in turn.

        Gaps are exponential, as of people who know nothing of each other, or `even`.
        """
        begin = time.monotonic()
        due = [(begin + self._chance.random() / rate, bot) for bot, rate in rates.items() if rate > 0]
        heapq.heapify(due)
        end = begin + seconds
        while due and due[0][0] < end:
            now = time.monotonic()
            if due[0][0] > now:
                await asyncio.sleep(due[0][0] - now)
                continue
            at, bot = due[0]
            self.one(bot)
            gap = 1 / rates[bot] if even else self._chance.expovariate(rates[bot])
            heapq.heapreplace(due, (at + gap, bot))

    def one(self, bot: int) -> Talker:
        """The next person of the bot writes one text."""
        talkers = self._by_bot[bot]
        talker = talkers[self._turn[bot] % len(talkers)]
        self._turn[bot] += 1
        self.say(talker)
        return talker

    def say(self, talker: Talker) -> None:
        """This one writes one text."""
        number = len(talker.sent)
        talker.sent.append(time.monotonic())
        self._world.deeds.say(talker.person, talker.bot, f"#{talker.number} {number}")

    @property
    def sent(self) -> int:
        """How many texts were written."""
        return sum(len(talker.sent) for talker in self.talkers)

    async def settled(self, seconds: float, *, quiet: float = 5.0) -> None:
        """Wait until all texts were shown, or none for `quiet` seconds, or the time is over."""
        end = time.monotonic() + seconds
        before, since = self.shown, time.monotonic()
        while self.shown < self.sent and (now := time.monotonic()) < min(end, since + quiet):
            if self.shown != before:
                before, since = self.shown, now
            await asyncio.sleep(0.005)

    def waits_ms(self, begin: float, end: float, talkers: Sequence[Talker] | None = None) -> list[float]:
        """Of each text written in that time: milliseconds from Telegram having it to its being shown."""
        waits = []
        for reader in self.talkers if talkers is None else talkers:
            sent = reader.partner.sent
            for number, at in reader.seen:
                if begin <= sent[number] < end:
                    waits.append((at - sent[number]) * 1000)
        return waits

    def shown_by_bot(self, begin: float, end: float) -> dict[int, Counter[int]]:
        """For each bot, how many texts each of its people was shown in that time."""
        counts: dict[int, Counter[int]] = {bot: Counter() for bot in self._by_bot}
        for talker in self.talkers:
            counts[talker.bot.id][talker.number] = sum(begin <= at < end for _, at in talker.seen)
        return counts

    def ledger(self) -> Ledger:
        """The verdict over all texts so far."""
        lost = repeats = inversions = 0
        for reader in self.talkers:
            got = [number for number, _ in reader.seen]
            first = list(dict.fromkeys(got))
            lost += len(reader.partner.sent) - len(first)
            repeats += len(got) - len(first)
            inversions += sum(after < before for before, after in pairwise(first))
        return Ledger(self.sent, lost, repeats, inversions, self._strangers)

    def _create(self, bot: Bot) -> Talker:
        person = self._world.people.create()
        self._world.private(bot, person).started = True
        talker = Talker(len(self.talkers), person, bot)
        self.talkers.append(talker)
        self._by_person[person.id] = talker
        self._by_bot.setdefault(bot.id, []).append(talker)
        return talker

    def _on_shown(self, person: Person, bot: Bot, message: Message) -> None:
        talker = self._by_person.get(person.id)
        text = message.body.get("text", "")
        if talker is None or not text.startswith("#"):
            return
        writer, _, number = text[1:].partition(" ")
        if talker.partner.number != int(writer) or talker.bot is not bot:
            self._strangers += 1
            return
        talker.seen.append((int(number), time.monotonic()))
        self.shown += 1


@asynccontextmanager
async def staged(
    bots: int, per_bot: int, *, caps: Caps | None = None, history: int = 300_000, **settings: Any
) -> AsyncIterator[tuple[Network, Crowd]]:
    """A network of so many bots, with so many people on each, in pairs across neighbouring bots."""
    options = Options(port=0, bots=bots, history=history, caps=caps or Caps())
    async with running(bots, options=options, log_level="warning", **settings) as network:
        crowd = Crowd(network.simulator)
        await crowd.seat(network.settings, crowd.ring(per_bot))
        yield network, crowd
        for name, code in network.ended().items():
            raise RuntimeError(f"what was measured is worth nothing: {network.last_words(name, code)}")


def stays() -> None:
    """What was made so far stays to the end.

    The garbage collector would look at it, and at all that is said from now on, again and again, and Telegram
    halt for 0.1 to 0.4 s meanwhile. What is thrown away young is still collected.
    """
    gc.collect()
    gc.freeze()
    young, middle_aged, _ = gc.get_threshold()
    gc.set_threshold(young, middle_aged, NEVER)


def refused(simulator: Simulator) -> int:
    """How many calls Telegram refused so far because of its limits."""
    return sum(record.refused for record in simulator.judge.records.values())


def breaches(simulator: Simulator) -> int:
    """How many arrivals were above a bot's or a chat's limit so far."""
    return sum(r.bot_breaches + r.chat_breaches for r in simulator.judge.records.values())


def rates(network: Network, rate: float) -> dict[int, float]:
    """The same rate for every bot."""
    return {int(bot): rate for bot in network.bots}


def _standing(keys: Keys, talker: Talker, side: int) -> Command:
    return (
        *("HSET", keys.person(PersonId(talker.person.id)), "seq", 1, "phase", "chatting"),
        *("bot", talker.bot.id, "ticket", "", "conv", talker.conversation, "side", side),
        *("partner", talker.partner.person.id, "pbot", BotId(talker.partner.bot.id)),
    )


async def _written(database: Database, some: Sequence[Talker]) -> bool:
    """Whether PostgreSQL has them; a busy machine may need several tries."""
    try:
        await database.execute(
            """INSERT INTO people (id, language, consented_at, home_bot)
               SELECT id, 'en', now(), bot FROM unnest($1::bigint[], $2::bigint[]) AS new (id, bot)
               ON CONFLICT DO NOTHING""",
            [talker.person.id for talker in some],
            [talker.bot.id for talker in some],
        )
    except StoreAway:
        return False
    return True


def _chunks(talkers: Sequence[Talker]) -> list[Sequence[Talker]]:
    return [talkers[at : at + _AT_ONCE] for at in range(0, len(talkers), _AT_ONCE)]

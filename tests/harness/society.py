"""People who come and go: they look for partners, write numbered texts, leave, and look again.

A text is `#<writer> <number> <conversation>` and a word that is searched for afterwards: the conversation
that the writer was last told of, by the buttons under "you are connected". So the ledger knows for each
text whose it was to be, whatever became of the processes meanwhile: shown to that partner, or its writer
told why not.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.app import Simulator
from simulator.server.arrival import arrival
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from tests.harness.ledger import Ledger, Show, Text
from tests.harness.pairs import buttons_of, offers_of

PLANTED_WORD, PLANTED_NAME = "Saidplanted78", "Nameplanted78"
"""In every text, and in the name of everybody: neither may be found where it does not belong."""

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
    by_message: dict[int, Text] = field(default_factory=dict)
    last: Message | None = None
    diary: deque[str] = field(default_factory=lambda: deque(maxlen=400))


class Society:
    """All people of one run, seeded: the same seed makes the same choices.

    `first_shown`: when each process showed something first; `last_shown`: when each bot did last.
    """

    def __init__(self, simulator: Simulator, seed: int) -> None:
        self._world = simulator.world
        self._chance = random.Random(seed)
        self.ledger = Ledger()
        self.citizens: list[Citizen] = []
        self._by_person: dict[int, Citizen] = {}
        self.first_shown: dict[str, float] = {}
        self.last_shown: dict[int, float] = {}
        self.meetings: list[float] = []
        self._quiet = False
        self._world.hooks.on_shown.append(self._shown)

    def settle_in(self, per_bot: int) -> None:
        """So many new people on every bot; they open it."""
        for bot in self._world.bots.values():
            for _ in range(per_bot):
                citizen = Citizen(len(self.citizens), self._world.people.create(PLANTED_NAME), bot)
                self.citizens.append(citizen)
                self._by_person[citizen.person.id] = citizen
                self._world.people.open(citizen.person, bot)

    async def live(self, rate: float) -> None:
        """Everybody does something about `rate` times a second, until cancelled."""
        await asyncio.gather(*(self._one(citizen, rate) for citizen in self.citizens))

    def hush(self) -> None:
        """Nobody does anything any more."""
        self._quiet = True

    def diary_of(self, text: Text, around: float = 15.0) -> list[str]:
        """What its writer did and was told at that time."""
        diary = self.citizens[text.writer].diary
        return [entry for entry in diary if abs(float(entry.split(" ")[0]) - text.at) < around]

    def learn(self, conversations: Mapping[int, set[int]]) -> None:
        """Who, by their Telegram ids, had a part in which conversation, as somebody else knows."""
        for conversation, people in conversations.items():
            self.ledger.members[conversation] |= {c.number for c in self.citizens if c.person.id in people}

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
        text = self.ledger.write(citizen.number, citizen.conversation, now)
        citizen.diary.append(f"{now:.2f} writes {text.number} in {text.conversation}")
        words = f"#{text.writer} {text.number} {text.conversation} {PLANTED_WORD}"
        message = self._world.deeds.say(citizen.person, citizen.bot, words)
        citizen.by_message[message.id] = text

    def _shown(self, person: Person, bot: Bot, message: Message) -> None:
        citizen = self._by_person.get(person.id)
        if citizen is None or bot is not citizen.bot:
            return
        now = time.monotonic()
        call = arrival.get()
        assert call is not None, "bots write by calls"
        self.first_shown.setdefault(call.way, now)
        self.last_shown[bot.id] = now
        words = message.body.get("text", "")
        if words.startswith("#"):
            writer, number, *_ = words[1:].split(" ")
            show = Show(citizen.number, now, call.way, call.answer_lost)
            self.ledger.text(int(writer), int(number)).shown.append(show)
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
        if "try again in a minute" in words or "You cannot use this network" in words:
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
                self.ledger.members[conversation].add(citizen.number)
                self.meetings.append(now)
                if conversation > citizen.left:
                    citizen.doing, citizen.conversation = Doing.TALKING, conversation

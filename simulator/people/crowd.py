"""The company of a demo: chatters who talk with each other and come when somebody waits alone."""

import heapq
import itertools
import logging
import random
from dataclasses import dataclass
from typing import Final

from simulator.clock import sleep
from simulator.errors import ControlError
from simulator.people.buttons import Standing, offers, other_bot, standing
from simulator.people.chatter import Act, Chatter, Greet, Open, Plan, Press, Say, Seen
from simulator.people.gallery import Gallery
from simulator.people.talk import Heard, Leave, Like, SayPhoto, SaySticker, SayText
from simulator.world.actors import Bot, Json, Person
from simulator.world.messages import Message
from simulator.world.world import World

_log = logging.getLogger("simulator.people")
_LOOK_EVERY: Final = 0.25
#: A visitor waits this long before a chatter searches too; longer while another visitor is about,
#: so that the two can meet.
_ALONE: Final = 4.0
_IN_COMPANY: Final = 10.0
_ABOUT_FOR: Final = 120.0
_PAIR_EVERY: Final = 5.0
_STOP_SEARCH_AFTER: Final = 6.0
_OPEN_AGAIN_AFTER: Final = 20.0


@dataclass(slots=True)
class _Member:
    person: Person
    bot: Bot
    chatter: Chatter
    opened_at: float
    #: Whether the partner is a member too, as far as can be told from what the partner says.
    among_us: bool = False


@dataclass(slots=True)
class _Visitor:
    """Anybody else: a person at the page, or one whom a test plays."""

    standing: Standing
    since: float
    seen_at: float


class Crowd:
    """`count` chatters, spread over the bots. They stay away from the people of `loaded`."""

    def __init__(
        self, world: World, gallery: Gallery, count: int, loaded: set[int], seed: str = "crowd"
    ) -> None:
        self._world = world
        self._gallery = gallery
        self._count = count
        self._loaded = loaded
        self._rng = random.Random(seed)
        self._members: dict[int, _Member] = {}
        self._visitors: dict[int, _Visitor] = {}
        self._due: list[tuple[float, int, _Member, Plan]] = []
        self._order = itertools.count()
        self._inbox: list[tuple[_Member, Message]] = []
        self._said: dict[str, float] = {}
        self._paired_at = 0.0
        if count:
            world.hooks.on_shown.append(self._shown)

    async def run(self) -> None:
        """Lives until cancelled."""
        clock = self._world.clock
        while True:
            now = clock.monotonic()
            self._settle_in(now)
            self._read(now)
            self._do_due(now)
            self._keep_company(now)
            upcoming = self._due[0][0] - now if self._due else _LOOK_EVERY
            await sleep(clock, min(_LOOK_EVERY, max(0.01, upcoming)))

    def _settle_in(self, now: float) -> None:
        """New members open a bot; who hears nothing from its bot tries one again."""
        bots = list(self._world.bots.values())
        while bots and len(self._members) < self._count:
            bot = bots[len(self._members) % len(bots)]
            person = self._world.people.create()
            chatter = Chatter(random.Random(self._rng.random()))
            self._members[person.id] = member = _Member(person, bot, chatter, now)
            self._plan(member, chatter.open(), now)
        for member in self._members.values():
            if member.chatter.standing is None and now - member.opened_at > _OPEN_AGAIN_AFTER:
                member.opened_at, member.bot = now, self._rng.choice(bots)
                self._plan(member, member.chatter.open(), now)

    def _shown(self, person: Person, _: Bot, message: Message) -> None:
        member = self._members.get(person.id)
        if member is not None:
            self._inbox.append((member, message))
        elif message.markup is not None and person.id not in self._loaded:
            self._note_visitor(person, message)

    def _note_visitor(self, person: Person, message: Message) -> None:
        stands = standing(offers(message))
        if stands is None:
            return
        now = self._world.clock.monotonic()
        known = self._visitors.get(person.id)
        since = known.since if known is not None and known.standing is stands else now
        self._visitors[person.id] = _Visitor(stands, since, now)

    def _read(self, now: float) -> None:
        inbox, self._inbox = self._inbox, []
        for member, message in inbox:
            if message.author is not member.bot:
                continue
            seen = _seen(message)
            if seen.text in self._said:
                member.among_us = True
            elif seen.offers:
                member.among_us = False
            self._plan(member, member.chatter.seen(seen, now), now)

    def _plan(self, member: _Member, plans: list[Plan], now: float) -> None:
        for plan in plans:
            heapq.heappush(self._due, (now + plan.after, next(self._order), member, plan))

    def _do_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, _, member, plan = heapq.heappop(self._due)
            if plan.scene != member.chatter.scene:
                continue
            try:
                self._do(member, plan.act, now)
            except ControlError as error:
                _log.info("a chatter could not do it: %s", error)

    def _do(self, member: _Member, act: Act, now: float) -> None:
        person, deeds = member.person, self._world.deeds
        match act:
            case Open():
                if act.username:
                    member.bot = self._world.bot(act.username)
                self._world.people.open(person, member.bot, act.payload)
            case Press():
                deeds.press(person, member.bot, act.message, act.data)
            case Greet():
                self._plan(member, member.chatter.greet(), now)
            case Say():
                self._say(member, act, now)

    def _say(self, member: _Member, act: Say, now: float) -> None:
        person, bot, deeds = member.person, member.bot, self._world.deeds
        match act.turn:
            case SayText():
                self._remember(act.turn.text, now)
                deeds.say(person, bot, act.turn.text)
            case SayPhoto():
                self._remember(act.turn.caption, now)
                deeds.attach(person, bot, self._gallery.photo(act.turn.name), act.turn.caption)
            case SaySticker():
                deeds.attach(person, bot, self._gallery.sticker(act.turn.name))
            case Like():
                reaction: list[Json] = [{"type": "emoji", "emoji": act.turn.emoji}]
                deeds.react(person, bot, act.about, reaction)
            case Leave():
                deeds.say(person, bot, "/stop")

    def _remember(self, text: str, now: float) -> None:
        self._said.pop(text, None)
        self._said[text] = now
        if len(self._said) > 200:
            del self._said[next(iter(self._said))]

    def _keep_company(self, now: float) -> None:
        """Sends a chatter to whoever waits alone, lets others pair up, calls searches off."""
        for member in self._members.values():
            self._plan(member, member.chatter.tick(now), now)
        if self._loaded:
            return
        waiting = self._visitors_waiting(now)
        searching = self._standing(Standing.WAITING)
        for _ in range(waiting - len(searching)):
            self._send_one(now)
        for member in searching:
            if now - member.chatter.since > _STOP_SEARCH_AFTER:
                self._plan(member, member.chatter.leave(now), now)
        quiet = not self._visitors_of(Standing.WAITING, now)
        if quiet and not searching and now - self._paired_at > _PAIR_EVERY:
            self._paired_at = now
            self._pair_up(now)

    def _visitors_waiting(self, now: float) -> int:
        """How many visitors have waited long enough."""
        waiting = self._visitors_of(Standing.WAITING, now)
        about = len(waiting) > 1 or any(
            self._visitors_of(stands, now) for stands in (Standing.ASKED, Standing.IDLE)
        )
        patience = _IN_COMPANY if about else _ALONE
        return sum(now - visitor.since > patience for visitor in waiting)

    def _visitors_of(self, stands: Standing, now: float) -> list[_Visitor]:
        return [
            visitor
            for visitor in self._visitors.values()
            if visitor.standing is stands and now - visitor.seen_at < _ABOUT_FOR
        ]

    def _standing(self, stands: Standing) -> list[_Member]:
        return [member for member in self._members.values() if member.chatter.standing is stands]

    def _send_one(self, now: float) -> None:
        idle = self._standing(Standing.IDLE)
        if idle:
            free = min(idle, key=lambda member: member.chatter.since)
            self._plan(free, free.chatter.search(now), now)
            return
        among_us = [member for member in self._standing(Standing.CHATTING) if member.among_us]
        if among_us:
            leaving = min(among_us, key=lambda member: member.chatter.since)
            self._plan(leaving, leaving.chatter.leave(now), now)

    def _pair_up(self, now: float) -> None:
        """Two search at once, while no more than two thirds talk: the others are there for visitors."""
        idle = self._standing(Standing.IDLE)
        talking = len(self._standing(Standing.CHATTING))
        if len(idle) < 3 or talking + 2 > len(self._members) * 2 // 3:
            return
        for member in self._rng.sample(idle, 2):
            self._plan(member, member.chatter.search(now), now)


def _seen(message: Message) -> Seen:
    body = message.body
    if "text" in body:
        heard = Heard.TEXT
    elif message.attachment is not None and message.attachment.kind == "photo":
        heard = Heard.PHOTO
    elif message.attachment is not None and message.attachment.kind == "sticker":
        heard = Heard.STICKER
    else:
        heard = Heard.OTHER
    text = str(body.get("text") or body.get("caption") or "")
    return Seen(message.id, heard, text, offers(message), other_bot(message))

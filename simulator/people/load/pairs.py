"""Plays the people of a load: start, consent, search, and as soon as two have met, the numbered texts."""

import heapq
import logging
import random
from collections import deque
from enum import IntEnum

from simulator.clock import sleep
from simulator.errors import ApiError, ControlError
from simulator.people.buttons import Offer, Standing, offers, other_bot, standing
from simulator.people.load.ledger import Ledger
from simulator.people.load.spec import LoadSpec, Texts, homes, waves
from simulator.people.pictures import PHOTOS, photo
from simulator.world.actors import Bot, Json, Person
from simulator.world.media import Source
from simulator.world.messages import Attachment, Message
from simulator.world.samples import HEADS
from simulator.world.world import World

_log = logging.getLogger("simulator.people")
_TICK = 0.005
_WAVE_PATIENCE = 8.0
_BATCH = 200


class Stage(IntEnum):
    """How far a person has come."""

    NEW = 0
    OPENED = 1
    READY = 2
    SEARCHING = 3
    MATCHED = 4


class _Player:
    """One person of the load."""

    __slots__ = ("bot", "find", "index", "person", "sent", "stage")

    def __init__(self, index: int, person: Person, bot: Bot) -> None:
        self.index = index
        self.person = person
        self.bot = bot
        self.stage = Stage.NEW
        self.find: tuple[int, str] | None = None
        self.sent = 0


class Pairs:
    """One load from its start to its end. `run` returns when it is done."""

    def __init__(self, world: World, spec: LoadSpec, run: int = 1) -> None:
        self.spec = spec.checked()
        self._world = world
        self._rng = random.Random(spec.seed)
        self._texts = Texts(run, spec.seed)
        bots = [world.bot(one) for one in spec.bots] or list(world.bots.values())
        if not bots:
            raise ControlError("there is no bot to load: POST /control/bots makes some")
        home = homes(spec.people, len(bots), spec.cross)
        self._waves = deque(waves(home) if spec.cross is not None else [])
        self._wave: list[_Player] = []
        self._wave_at = 0.0
        self._players = [
            _Player(index, world.people.create(f"Load {index}"), bots[home[index]])
            for index in range(spec.people)
        ]
        self._by_person = {player.person.id: player for player in self._players}
        self.ledger = Ledger(spec.people, spec.messages, [player.bot.id for player in self._players])
        self._kinds, self._weights = (
            list(spec.mix or {"text": 1.0}),
            list((spec.mix or {"text": 1.0}).values()),
        )
        self._ramp = spec.ramp * len({player.bot.id for player in self._players})
        self._inbox: deque[tuple[_Player, Message]] = deque()
        self._ready: deque[_Player] = deque()
        self._due: list[tuple[float, int]] = []
        self._started = self._written = 0
        self._began = self._last_sent = 0.0
        self._counts = [spec.people, 0, 0, 0, 0]
        self.finished = False

    @property
    def people(self) -> set[int]:
        """The ids of everybody who takes part."""
        return set(self._by_person)

    @property
    def stages(self) -> dict[str, int]:
        """How many people are at each stage."""
        return {stage.name.lower(): self._counts[stage] for stage in Stage}

    async def run(self) -> None:
        """Plays until every message is shown, or nothing was for `settle` seconds; or until cancelled."""
        clock = self._world.clock
        self._began = clock.monotonic()
        self._world.hooks.on_shown.append(self._shown)
        try:
            while not self._over(clock.monotonic()):
                now = clock.monotonic()
                self._start_some(now)
                self._read(now)
                self._search(now)
                self._send_due(now)
                await sleep(clock, _TICK)
        finally:
            self.finished = True

    def close(self) -> None:
        """Stops listening. Until then the ledger goes on counting, so that late repeats are seen too."""
        if self._shown in self._world.hooks.on_shown:
            self._world.hooks.on_shown.remove(self._shown)

    def leave(self) -> None:
        """Everybody leaves the conversation."""
        for player in self._players:
            if player.stage >= Stage.SEARCHING:
                self._world.deeds.put(player.person, player.bot, {"text": "/stop"})

    def _shown(self, person: Person, _: Bot, message: Message) -> None:
        text = message.body.get("text") or message.body.get("caption")
        player = self._by_person.get(person.id)
        if text and text[0] == "#" and (read := self._texts.read(text)) is not None:
            now = self._world.clock.monotonic()
            self.ledger.showed(-1 if player is None else player.index, *read, now)
            if player is not None and player.stage is not Stage.MATCHED:
                self._inbox.append((player, message))
        elif player is not None and message.markup is not None:
            self._inbox.append((player, message))

    def _over(self, now: float) -> bool:
        ledger, spec = self.ledger, self.spec
        if not spec.messages:
            return self._counts[Stage.MATCHED] == spec.people
        if self._written < spec.people * spec.messages:
            return False
        return ledger.shown == ledger.sent or now - max(ledger.last_at, self._last_sent) > spec.settle

    def _to(self, player: _Player, stage: Stage) -> None:
        self._counts[player.stage] -= 1
        player.stage = stage
        self._counts[stage] += 1

    def _start_some(self, now: float) -> None:
        allowed = min(self.spec.people, 1 + int((now - self._began) * self._ramp))
        while self._started < allowed:
            player = self._players[self._started]
            self._started += 1
            self._open(player)

    def _open(self, player: _Player, payload: str = "") -> None:
        self._world.people.open(player.person, player.bot, payload)
        self._to(player, Stage.OPENED)

    def _read(self, now: float) -> None:
        while self._inbox:
            player, message = self._inbox.popleft()
            if message.author is not player.bot:
                continue
            if (elsewhere := other_bot(message)) is not None:
                player.bot = self._world.bot(elsewhere[0])
                self.ledger.move(player.index, player.bot.id)
                self._open(player, elsewhere[1])
                continue
            offered = offers(message)
            match standing(offered):
                case Standing.ASKED:
                    self._press(player, message.id, offered[Offer.CONSENT])
                case Standing.IDLE:
                    player.find = (message.id, offered[Offer.FIND])
                    if player.stage in (Stage.OPENED, Stage.SEARCHING):
                        self._to(player, Stage.READY)
                        self._ready.append(player)
                case Standing.CHATTING:
                    self._matched(player, now)
                case Standing.WAITING:
                    pass
                case None:
                    self._matched(player, now)

    def _matched(self, player: _Player, now: float) -> None:
        if player.stage is Stage.MATCHED:
            return
        self._to(player, Stage.MATCHED)
        if not self.spec.together:
            self._begin_writing(player, now)
        elif self._counts[Stage.MATCHED] == self.spec.people:
            for one in self._players:
                self._begin_writing(one, now)

    def _begin_writing(self, player: _Player, now: float) -> None:
        if player.sent < self.spec.messages:
            heapq.heappush(self._due, (now + self._rng.random() * self.spec.pace, player.index))

    def _search(self, now: float) -> None:
        """In waves, the next group searches when the one before has met or has taken too long."""
        if not self._waves:
            while self._ready:
                self._find(self._ready.popleft())
            return
        met = all(player.stage is Stage.MATCHED for player in self._wave)
        if not met and now - self._wave_at < _WAVE_PATIENCE:
            return
        group = [self._players[index] for index in self._waves[0]]
        if all(player.stage >= Stage.READY for player in group):
            self._waves.popleft()
            self._wave, self._wave_at = group, now
            for player in group:
                self._find(player)

    def _find(self, player: _Player) -> None:
        if player.stage is not Stage.READY:
            return
        self._to(player, Stage.SEARCHING)
        if player.find is not None and player.index % 2:
            self._press(player, *player.find)
        else:
            self._world.deeds.put(player.person, player.bot, {"text": "/find"})

    def _press(self, player: _Player, message: int, data: str) -> None:
        try:
            self._world.deeds.press(player.person, player.bot, message, data)
        except ControlError as error:
            _log.info("a person of the load could not press: %s", error)

    def _send_due(self, now: float) -> None:
        due, messages, pace = self._due, self.spec.messages, self.spec.pace
        for _ in range(_BATCH):
            if not due or due[0][0] > now:
                return
            at, index = due[0]
            player = self._players[index]
            number = player.sent
            player.sent += 1
            self._written += 1
            self._send(player, number)
            if player.sent < messages:
                heapq.heapreplace(due, (at + pace * self._rng.uniform(0.7, 1.3), index))
            else:
                heapq.heappop(due)

    def _send(self, player: _Player, number: int) -> None:
        try:
            body, attachment = self._message(self._texts.make(player.index, number))
            self._world.deeds.put(player.person, player.bot, body, attachment)
        except (ControlError, ApiError) as error:
            _log.warning("a person of the load could not write: %s", error)
            return
        self._last_sent = self._world.clock.monotonic()
        self.ledger.accepted(player.index, number, self._last_sent)

    def _message(self, text: str) -> tuple[Json, Attachment | None]:
        kind = self._kinds[0] if len(self._kinds) == 1 else self._rng.choices(self._kinds, self._weights)[0]
        match kind:
            case "text":
                return {"text": text}, None
            case "formatted":
                entities: list[Json] = [{"type": "bold", "offset": 0, "length": text.index(" ")}]
                return {"text": text, "entities": entities}, None
            case "photo":
                return {"caption": text}, self._world.media.make(
                    "photo", Source(photo(self._rng.choice(PHOTOS)))
                )
            case _:
                source = Source(
                    HEADS.get(kind, b"") + self._rng.randbytes(self.spec.file_size), f"{kind}.bin"
                )
                return {"caption": text}, self._world.media.make(kind, source)

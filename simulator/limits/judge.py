"""Decides about each arrival and keeps the record."""

import math
from collections import Counter, deque
from dataclasses import dataclass, field

from simulator.limits.windows import Bucket, Window

_SWEEP = 4096
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Caps:
    """The limits. Rates a second, waits in seconds; `enforced` off counts breaches but lets all go.

    `lengthen`: how much longer a rest gets by each call that comes while it lasts.
    `new_tokens`: how many bots an address may begin to serve in a minute, and 30 times that in an hour;
    0 for any number (Telegram: 20 and 600). `paid`: the cap of calls with allow_paid_broadcast.
    """

    bot: int = 30
    bot_period: float = 1.0
    chat_rate: float = 1.0
    chat_burst: float = 4.0
    channel: int = 20
    channel_period: float = 60.0
    hold: float = 8.0
    hold_action: float = 2.0
    lengthen: float = 1.0
    new_tokens: int = 0
    paid: int = 1000
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Weight:
    """What an arrival weighs: for the bot, for the chat it writes to, for a channel it reads.

    `paid`: the bot's free window does not hold it up; beyond the free amount it costs Stars.
    """

    bot: int = 0
    chat: int = 0
    is_action: bool = False
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Go:
    """To be done after `wait` seconds. `again`: it has then still to `proceed` through the bot's window."""

    wait: float = 0.0
    again: bool = False


GO = Go()


@dataclass(frozen=True, slots=True)
class Refuse:
    """429 with this many seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Breach:
    """`at` by the wall clock; `chat` is None when it was the bot's own window."""

    at: float
    bot: int
    chat: int | None


@dataclass(slots=True)
class Record:
    """What one bot has done so far."""

    calls: int = 0
    weighed: int = 0
    held: int = 0
    held_seconds: float = 0.0
    refused: int = 0
    bot_breaches: int = 0
    chat_breaches: int = 0
    peak: int = 0
    #: Stars spent for what went beyond the free window.
    stars: float = 0.0
    breaches: deque[Breach] = field(default_factory=lambda: deque(maxlen=_KEPT))
    breached_chats: Counter[int] = field(default_factory=Counter)


_Limit = Window | Bucket
#: In place of a chat: the bot's free window, and the one for which it pays.
_FREE, _PAID = 0, 1
_STARS_EACH = 0.1
_HOURLY = 30


class Judge:
    """All windows of all bots. Every arrival is told to it once, at the moment it arrives."""

    def __init__(self, caps: Caps | None = None) -> None:
        self.caps = caps or Caps()
        self.records: dict[int, Record] = {}
        self._special: dict[int, int] = {}
        self._arrivals: dict[tuple[int, int], _Limit] = {}
        self._granted: dict[tuple[int, int], _Limit] = {}
        self._rests: dict[tuple[int, int], float] = {}
        self._since_sweep = 0
        self._greeted: set[tuple[str, int]] = set()
        self._doorsteps: dict[str, tuple[Window, Window]] = {}

    def set_caps(self, caps: Caps) -> None:
        """New limits for everybody; what was counted so far stays counted, windows begin anew."""
        self.caps = caps
        self._arrivals.clear()
        self._granted.clear()
        self._rests.clear()
        self._doorsteps.clear()

    def set_bot_cap(self, bot: int, cap: int) -> None:
        """A cap of its own for one bot."""
        self._special[bot] = cap
        self._arrivals.pop((bot, _FREE), None)
        self._granted.pop((bot, _FREE), None)

    def greet(self, now: float, address: str, bot: int) -> int:
        """Notes that an address serves a bot; the seconds to wait if it began with too many of late."""
        key = (address, bot)
        if key in self._greeted or not self.caps.new_tokens:
            self._greeted.add(key)
            return 0
        few = self.caps.new_tokens
        windows = self._doorsteps.setdefault(address, (Window(few, 60.0), Window(few * _HOURLY, 3600.0)))
        at = max(window.earliest(now, 1) for window in windows)
        if at > now:
            return math.ceil(at - now)
        for window in windows:
            window.take(now, 1)
        self._greeted.add(key)
        return 0

    def record(self, bot: int) -> Record:
        made = self.records.get(bot)
        if made is None:
            made = self.records[bot] = Record()
        return made

    def arrive(
        self, now: float, wall: float, bot: int, chats: tuple[int, ...], weight: Weight
    ) -> Go | Refuse:
        """Counts one arrival and decides. `chats`: the ids whose limits it falls under."""
        record = self.record(bot)
        record.calls += 1
        if weight.bot == 0:
            return GO
        record.weighed += weight.bot
        self._since_sweep += 1
        if self._since_sweep >= _SWEEP:
            self._sweep(now)
        own = self._own(bot, weight)
        if own[1] == _PAID and self._costs(now, bot, weight):
            record.stars += _STARS_EACH * weight.bot
        keys = [(bot, chat) for chat in chats] if weight.chat else []
        self._count(record, now, wall, own, weight.bot)
        for key in keys:
            self._count(record, now, wall, key, weight.chat)
        if not self.caps.enforced:
            return GO
        resting = self._resting(now, [own, *keys])
        if resting:
            record.refused += 1
            return Refuse(resting)
        if not keys:
            return self._through(record, now, own, weight, 0.0)
        return self._into_chats(record, now, own, keys, weight)

    def _own(self, bot: int, weight: Weight) -> tuple[int, int]:
        """The bot's window that a call falls under. What may be paid takes no room from what may not."""
        return bot, _PAID if weight.paid and self.caps.paid else _FREE

    def _costs(self, now: float, bot: int, weight: Weight) -> bool:
        """Whether the bot has had its free amount, of both kinds together, in the last second."""
        limits = [self._limit(self._arrivals, (bot, which)) for which in (_FREE, _PAID)]
        held = sum(limit.held(now) for limit in limits if isinstance(limit, Window))
        return held + weight.bot > self._special.get(bot, self.caps.bot)

    def _into_chats(
        self, record: Record, now: float, own: tuple[int, int], keys: list[tuple[int, int]], weight: Weight
    ) -> Go | Refuse:
        limits = [self._limit(self._granted, key) for key in keys]
        at, latest = now, keys[0]
        for key, limit in zip(keys, limits, strict=True):
            moment = limit.earliest(at, weight.chat)
            if moment > at:
                at, latest = moment, key
        wait = at - now
        if wait > self._longest(weight):
            return self._refuse(record, now, latest, wait)
        for limit in limits:
            limit.take(at, weight.chat)
        if wait > 0:
            self._hold(record, wait, first=True)
            return Go(wait, again=True)
        return self._through(record, now, own, weight, 0.0)

    def proceed(self, now: float, bot: int, weight: Weight, waited: float) -> Go | Refuse:
        """The second half, for a call that had to wait for its chat: the bot's own window."""
        return self._through(self.record(bot), now, self._own(bot, weight), weight, waited)

    def _through(
        self, record: Record, now: float, own: tuple[int, int], weight: Weight, waited: float
    ) -> Go | Refuse:
        limit = self._limit(self._granted, own)
        at = limit.earliest(now, weight.bot)
        wait = at - now
        if waited + wait > self._longest(weight):
            return self._refuse(record, now, own, wait)
        limit.take(at, weight.bot)
        if wait > 0:
            self._hold(record, wait, first=waited == 0)
            return Go(wait)
        return GO

    def _longest(self, weight: Weight) -> float:
        return self.caps.hold_action if weight.is_action else self.caps.hold

    def _refuse(self, record: Record, now: float, key: tuple[int, int], wait: float) -> Refuse:
        record.refused += 1
        seconds = max(1, math.ceil(wait))
        self._rests[key] = now + seconds
        return Refuse(seconds)

    @staticmethod
    def _hold(record: Record, wait: float, *, first: bool) -> None:
        record.held += first
        record.held_seconds += wait

    def rest(self, now: float, bot: int, chat: int | None, seconds: float) -> None:
        """A rest that was told to a bot by other means: a call inside it is refused and lengthens it."""
        self._rests[(bot, chat or _FREE)] = now + seconds

    def _resting(self, now: float, keys: list[tuple[int, int]]) -> int:
        if not self._rests:
            return 0
        for key in keys:
            until = self._rests.get(key)
            if until is None:
                continue
            if until <= now:
                del self._rests[key]
                continue
            until += self.caps.lengthen
            self._rests[key] = until
            return math.ceil(until - now)
        return 0

    def _count(self, record: Record, now: float, wall: float, key: tuple[int, int], weight: int) -> None:
        limit = self._limit(self._arrivals, key)
        over = limit.earliest(now, weight) > now
        bot, chat = key
        in_chat = chat not in (_FREE, _PAID)
        if over:
            record.breaches.append(Breach(wall, bot, chat if in_chat else None))
            if in_chat:
                record.chat_breaches += 1
                record.breached_chats[chat] += 1
            else:
                record.bot_breaches += 1
        if isinstance(limit, Window) or not over:
            limit.take(now, weight)
        if isinstance(limit, Window) and chat == _FREE:
            record.peak = max(record.peak, limit.held(now))

    def _limit(self, limits: dict[tuple[int, int], _Limit], key: tuple[int, int]) -> _Limit:
        made = limits.get(key)
        if made is None:
            bot, chat = key
            caps = self.caps
            if chat == _FREE:
                made = Window(self._special.get(bot, caps.bot), caps.bot_period)
            elif chat == _PAID:
                made = Window(caps.paid, caps.bot_period)
            elif chat < 0:
                made = Window(caps.channel, caps.channel_period)
            else:
                made = Bucket(caps.chat_rate, caps.chat_burst)
            limits[key] = made
        return made

    def _sweep(self, now: float) -> None:
        self._since_sweep = 0
        for limits in (self._arrivals, self._granted):
            for key in [key for key, limit in limits.items() if key[1] and limit.idle(now)]:
                del limits[key]
        for key in [key for key, until in self._rests.items() if until <= now]:
            del self._rests[key]

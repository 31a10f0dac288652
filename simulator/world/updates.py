"""What a bot has still to hear, in order, until it says that it has."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from simulator.clock import Clock

DAY = 24 * 3600.0
_LIFETIMES = {
    "callback_query": 150.0,
    "pre_checkout_query": 150.0,
    "shipping_query": 150.0,
    "inline_query": 30.0,
}
_SILENCE = 7 * DAY
CAPACITY = 100_000
#: Sent only to a bot that asked for them by name.
ON_REQUEST = frozenset(("message_reaction", "message_reaction_count", "chat_member"))


class Update(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One update, already written as JSON. `born` by the wall clock; `chat` is what it belongs to."""

    id: int
    kind: str
    body: bytes
    born: float
    chat: int

    @property
    def line(self) -> tuple[int, str]:
        """What a webhook is brought in order: a chat's messages and edits; presses, reactions beside them."""
        return self.chat, "" if "message" in self.kind and self.kind not in ON_REQUEST else self.kind


class UpdateQueue:
    """The queue of one bot. Unconfirmed updates die of age, each kind at its own."""

    def __init__(self, clock: Clock, first_id: Callable[[], int]) -> None:
        self._clock = clock
        self._first_id = first_id
        self._next_id = first_id()
        self._last_push = clock.wall()
        self._pending: deque[Update] = deque()
        self._confirmed: deque[Update] = deque(maxlen=100)
        self._listeners: list[Callable[[], None]] = []
        self.allowed: frozenset[str] | None = None
        self.lost = 0
        self.expired = 0
        self.taken = 0

    def __len__(self) -> int:
        return len(self._pending)

    def wants(self, kind: str) -> bool:
        """Whether the bot is to hear of such things at all."""
        if self.allowed is None:
            return kind not in ON_REQUEST
        return kind in self.allowed

    def allow(self, kinds: Iterable[str]) -> None:
        """Sets what the bot wants to hear; nothing means the default."""
        wanted = frozenset(kinds)
        self.allowed = wanted or None

    def push(self, kind: str, payload: Any, chat: int) -> None:
        """Adds an update, unless the bot does not want it or its queue is full."""
        if not self.wants(kind):
            return
        if len(self._pending) >= CAPACITY:
            self.lost += 1
            return
        now = self._clock.wall()
        if now - self._last_push > _SILENCE:
            self._next_id = self._first_id()
        self._last_push = now
        number = self._next_id
        self._next_id += 1
        body = msgspec.json.encode({"update_id": number, kind: payload})
        self._pending.append(Update(number, kind, body, now, chat))
        for listener in self._listeners:
            listener()

    def peek(self, limit: int, max_bytes: int) -> list[Update]:
        """The oldest updates that still live: at most `limit`, and no more bytes than allowed (but one)."""
        now = self._clock.wall()
        taken: list[Update] = []
        size = 0
        dead = False
        for update in self._pending:
            if now - update.born > _LIFETIMES.get(update.kind, DAY):
                dead = True
                continue
            size += len(update.body)
            if len(taken) == limit or (taken and size > max_bytes):
                break
            taken.append(update)
        if dead:
            self._bury(now)
        return taken

    def _bury(self, now: float) -> None:
        alive = deque(u for u in self._pending if now - u.born <= _LIFETIMES.get(u.kind, DAY))
        self.expired += len(self._pending) - len(alive)
        self._pending = alive

    def confirm_below(self, offset: int) -> None:
        """Forgets every update with a smaller id. A negative offset keeps only that many of the last."""
        if offset < 0:
            while len(self._pending) > -offset:
                self._confirmed.append(self._pending.popleft())
            return
        while self._pending and self._pending[0].id < offset:
            self._confirmed.append(self._pending.popleft())
            self.taken += 1

    def holds(self, update: Update) -> bool:
        """Whether the update is still to be delivered: neither confirmed nor too old."""
        if self._clock.wall() - update.born > _LIFETIMES.get(update.kind, DAY):
            return False
        return update in self._pending

    def remove(self, update: Update) -> None:
        """Forgets one update, wherever it stands."""
        try:
            self._pending.remove(update)
        except ValueError:
            return
        self._confirmed.append(update)
        self.taken += 1

    def live(self) -> list[Update]:
        """All that is pending and alive, oldest first."""
        return self.peek(CAPACITY, 1 << 62)

    def again(self, count: int) -> list[Update]:
        """Up to `count` of the last updates that were confirmed already: Telegram repeating itself."""
        return list(self._confirmed)[-count:]

    def clear(self) -> None:
        self._pending.clear()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after each push, until the returned function is called."""
        self._listeners.append(listener)

        def forget() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return forget

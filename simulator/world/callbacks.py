"""Taps on inline buttons, until they are answered or too old."""

from collections import OrderedDict
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.errors import bad_request
from simulator.world.identity import BotId, Identity, MessageId, PersonId

LIFETIME = 150.0
_KEPT = 50_000


@dataclass(slots=True)
class Tap:
    """One tap; `answer` is what the bot showed for it, None until it answered."""

    id: str
    bot: BotId
    person: PersonId
    message: MessageId
    data: str
    at: float
    answer: str | None = None
    alert: bool = False


class Callbacks:
    """All taps of late."""

    def __init__(self, clock: Clock, identity: Identity) -> None:
        self._clock = clock
        self._identity = identity
        self._taps: OrderedDict[str, Tap] = OrderedDict()
        self._made = 0

    def tapped(self, bot: BotId, person: PersonId, message: MessageId, data: str) -> Tap:
        self._made += 1
        tap = Tap(self._identity.callback_id(self._made), bot, person, message, data, self._clock.wall())
        self._taps[tap.id] = tap
        if len(self._taps) > _KEPT:
            self._taps.popitem(last=False)
        return tap

    def answer(self, bot: BotId, query_id: str, text: str, *, alert: bool) -> Tap:
        """Notes what the person is shown; ApiError (400) when it is too late or was not this bot's."""
        tap = self._taps.get(query_id)
        if tap is None or tap.bot != bot or self._clock.wall() - tap.at > LIFETIME:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        tap.answer, tap.alert = text, alert
        return tap

    def get(self, query_id: str) -> Tap | None:
        return self._taps.get(query_id)

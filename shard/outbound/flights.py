"""Texts on their way, without a task each: whoever gives the slot or brings the answer takes the next step.

Most entries are texts of which all is known; a task for each costs more than all that is decided about
them. Whatever does not go plainly (no connection, a refusal, something that breaks us) is the sender's,
who has a task for it. Each flight comes to one end: one of the four of `Tower`.
"""

import asyncio
from functools import partial
from typing import Protocol

from core.domain.envelope import Lane
from core.service.failpoints import passing
from core.state.redis.leases import Lease
from shard.outbound.acknowledger import Acknowledger
from shard.outbound.compose import Call
from shard.outbound.crossing import Crossing
from shard.outbound.endings import Endings
from shard.outbound.lanes import Item
from shard.outbound.pacing import Budget, Slot
from shard.telegram import Telegram, TelegramError, result_of
from shard.wire import Outcome


class Tower(Protocol):
    """Who hears how a flight ended."""

    def leave_room(self, item: Item) -> None: ...

    def missed(self, item: Item, call: Call, slot: Slot) -> None: ...

    def failed(self, item: Item, call: Call, error: TelegramError) -> None: ...

    def broke(self, item: Item, error: Exception) -> None: ...


class Flights:
    """Whatever breaks us here is handed on, and stops nobody else."""

    def __init__(
        self,
        telegram: Telegram,
        budget: Budget,
        lease: Lease,
        acknowledger: Acknowledger,
        endings: Endings,
        crossing: Crossing,
        tower: Tower,
    ) -> None:
        self._telegram = telegram
        self._budget = budget
        self._lease = lease
        self._acknowledger = acknowledger
        self._endings = endings
        self._crossing = crossing
        self._tower = tower

    def begin(self, item: Item) -> bool:
        """Send it as soon as there is a slot; False, and nothing is done, where it is no plain text.

        The lease is valid just now: whoever calls has looked.
        """
        try:
            call = self._crossing.text(item)
        except Exception as error:  # noqa: BLE001 see the class
            self._tower.broke(item, error)
            return True
        if call is None:
            return False
        if item.envelope.lane is Lane.BROADCAST:
            self._acknowledger.announced((item.id,), partial(self._announced, item, call))
        else:
            self._find_slot(item, call)
        return True

    def _announced(self, item: Item, call: Call) -> None:
        """A broadcast has time: Redis knows already that it goes."""
        if self._lease.valid():
            self._find_slot(item, call)
        else:
            self._not_now(item)

    def _find_slot(self, item: Item, call: Call) -> None:
        slot = self._budget.at_once()
        if slot is not None:
            self._go(item, call, slot)
        else:
            waiting = self._budget.later(item.envelope.lane)
            waiting.add_done_callback(partial(self._given, item, call))

    def _given(self, item: Item, call: Call, slot: asyncio.Future[Slot]) -> None:
        if self._lease.valid():
            self._go(item, call, slot.result())
        else:
            self._budget.answered(slot.result())
            self._not_now(item)

    def _not_now(self, item: Item) -> None:
        """The lease is over: the call is not made."""
        self._acknowledger.answered((item.id,))
        self._endings.again(item, 0)
        self._tower.leave_room(item)

    def _go(self, item: Item, call: Call, slot: Slot) -> None:
        try:
            gone = self._telegram.call_now(
                call.method, call.params, partial(self._answered, item, call, slot)
            )
        except Exception as error:  # noqa: BLE001 see the class
            self._budget.answered(slot)
            self._tower.broke(item, error)
            return
        if not gone:
            self._tower.missed(item, call, slot)
        elif item.envelope.lane is not Lane.BROADCAST:
            self._acknowledger.started((item.id,))

    def _answered(self, item: Item, call: Call, slot: Slot, outcome: Outcome) -> None:
        self._budget.answered(slot)
        self._acknowledger.answered((item.id,))
        try:
            result = result_of(call.method, outcome)
            if isinstance(result, TelegramError):
                self._tower.failed(item, call, result)
                return
            passing("after_send")
            self._endings.shown(item, [item], self._crossing.delivered((item,), result), result)
        except Exception as error:  # noqa: BLE001 see the class
            self._tower.broke(item, error)
            return
        self._tower.leave_room(item)

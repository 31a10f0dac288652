"""How long-lived parts live through a store that is away: wait, say it once, go on."""

from collections.abc import Awaitable, Callable

import structlog

from core.domain.errors import StoreAway
from core.service.clock import Clock

SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""Seconds between two tries while a store is away."""

log = structlog.get_logger(__name__)


class Outages:
    """What is away just now; shared by all parts of a process, so that each outage is said once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[type[StoreAway], float] = {}

    def away(self, error: StoreAway) -> None:
        """A call found its store away."""
        if type(error) not in self._since:
            self._since[type(error)] = self._clock.monotonic()
            log.warning("waiting for a store that is away", why=str(error))

    def back(self, *stores: type[StoreAway]) -> None:
        """Calls to these stores were answered."""
        for store in stores:
            since = self._since.pop(store, None)
            if since is not None:
                log.info(
                    "the store is back",
                    store=store.__name__,
                    seconds=round(self._clock.monotonic() - since, 1),
                )

    def is_away(self, store: type[StoreAway]) -> bool:
        """Whether that store did not answer the last time."""
        return store in self._since

    def known(self) -> tuple[type[StoreAway], ...]:
        """All stores that are away."""
        return tuple(self._since)

    async def live_through(self, step: Callable[[], Awaitable[float]], *stores: type[StoreAway]) -> None:
        """Take the step again and again, for ever; it returns how many seconds to rest.

        A step that finds a store away is taken again; any other error, StaleEpoch too, ends it.
        `stores` are those that a step needs.
        """
        pause = SHORTEST_PAUSE
        while True:
            try:
                rest = await step()
            except StoreAway as error:
                self.away(error)
                rest = pause
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self.back(*stores)
                pause = SHORTEST_PAUSE
            await self._clock.sleep(rest)

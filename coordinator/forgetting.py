"""Deletes what was kept long enough: messages that were reported, and that nobody has decided about.

A step of one statement, once an hour; who dies in between, or is no leader any more, does no harm.
"""

import structlog

from core.service.outages import Outages
from core.state.postgres.pool import DatabaseAway
from core.state.postgres.reports import Reports

EVERY_SECONDS = 3600.0

log = structlog.get_logger(__name__)


class Forgetter:
    """One leadership's."""

    def __init__(self, reports: Reports, outages: Outages) -> None:
        self._reports = reports
        self._outages = outages

    async def run(self) -> None:
        """Forget for ever."""
        await self._outages.live_through(self._step, DatabaseAway)

    async def _step(self) -> float:
        if forgotten := await self._reports.forget():
            log.info("reported messages were deleted after their time", messages=forgotten)
        return EVERY_SECONDS

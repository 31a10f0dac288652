"""Epochs: numbers for leases that only ever rise, whatever Redis forgets.

A number is on disk before it is handed out, whatever the server's own default says: so neither a
crash nor a power cut hands one out twice.
"""

from core.domain.ids import Epoch
from core.state.postgres.pool import Database

_NONE = Epoch(0)


class Epochs:
    """One counter a name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next(self, name: str, *, above: Epoch = _NONE) -> Epoch:
        """A number higher than every one before under this name, and than `above`. Raises DatabaseAway.

        `above` is for a PostgreSQL that was set back (restored, or failed over to a standby that
        lagged): Redis still knows how far the numbers went.
        """
        async with self._database.transaction() as transaction:
            await transaction.execute("SET LOCAL synchronous_commit = on")
            value = await transaction.fetchval(
                """INSERT INTO epochs (name, value) VALUES ($1, $2::bigint + 1)
                   ON CONFLICT (name) DO UPDATE SET value = greatest(epochs.value, $2::bigint) + 1
                   RETURNING value""",
                *(name, above),
            )
        return Epoch(value)

"""Epochs: numbers for leases that only ever rise, whatever Redis forgets."""

from core.domain.ids import Epoch
from core.state.postgres.pool import Database


class Epochs:
    """One counter a name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next(self, name: str) -> Epoch:
        """A number higher than every one before under this name. Raises DatabaseAway."""
        row = await self._database.fetchrow(
            """INSERT INTO epochs (name, value) VALUES ($1, 1)
               ON CONFLICT (name) DO UPDATE SET value = epochs.value + 1 RETURNING value""",
            name,
        )
        assert row is not None, "RETURNING gives a row"
        return Epoch(row["value"])

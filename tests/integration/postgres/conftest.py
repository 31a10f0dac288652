"""A pool on the test's own database."""

from collections.abc import AsyncIterator

import pytest

from core.state.postgres.pool import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database

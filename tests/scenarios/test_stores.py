"""What may happen to the stores, as far as it is short; the rest: `python -m tests.scenarios.stores`."""

import pytest

from tests.scenarios.stores import FAULTS
from tests.scenarios.stores.play import Unable

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120)]

SHORT = (
    "redis-forgets",
    "redis-failover",
    "redis-cluster",
    "postgres-failover",
)


@pytest.mark.parametrize("name", SHORT)
async def test_nothing_is_lost(name: str) -> None:
    try:
        seen = await FAULTS[name]()
    except Unable as why:
        pytest.skip(str(why))
    assert seen.holds, str(seen)

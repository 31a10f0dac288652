"""A token is revoked in mid-talk: who has another bot goes on there, partners of the others hear of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.harness.network import Network, running
from tests.scenarios.moves import revoked

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(3) as network:
        yield network


@pytest.mark.parametrize("death", [0, 2, 5], ids=["nobody dies", "after the plan", "later"])
async def test_people_of_a_revoked_token_go_on_elsewhere(network: Network, death: int) -> None:
    await revoked(network, seed=death, deaths=[death] if death else [])

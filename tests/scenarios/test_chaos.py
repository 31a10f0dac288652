"""The chaos bench in short: whatever is killed, nothing is lost, out of order, or shown to anybody else."""

import pytest

from tests.bench import chaos

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(200)]

SEED = 20


async def test_a_short_chaos_breaks_no_promise() -> None:
    said: list[str] = []
    report = await chaos.run(quick=True, progress=said.append, seed=SEED)
    assert report.get("chaos.kills").value >= 5
    broken = [figure for figure in report.figures if figure.goal == "= 0" and not figure.holds]
    assert broken == [], "\n".join(said)

"""When another poller of our token is taken in earnest."""

import pytest

from shard.inbound.rivalry import CALM_SECONDS, QUARANTINE_SECONDS, TELL_SECONDS, Rivalry, Stage


def after(seconds: float, every: float) -> tuple[Rivalry, float]:
    """Conflicts one after the other for so long; the moment of the last."""
    rivalry, now = Rivalry(), 1000.0
    rivalry.met(now)
    while now < 1000.0 + seconds:
        now = min(now + every, 1000.0 + seconds)
        rivalry.met(now)
    return rivalry, now


@pytest.mark.parametrize("every", [1.0, 26.0, CALM_SECONDS])
@pytest.mark.parametrize(
    ("seconds", "stage"),
    [
        (0.0, Stage.MET),
        (TELL_SECONDS - 0.5, Stage.MET),
        (TELL_SECONDS, Stage.STEADY),
        (QUARANTINE_SECONDS - 0.5, Stage.STEADY),
        (QUARANTINE_SECONDS, Stage.LOST),
    ],
)
def test_it_counts_for_how_long_it_goes_on(seconds: float, every: float, stage: Stage) -> None:
    rivalry, now = after(seconds, every)
    assert rivalry.stage(now) is stage
    assert rivalry.stage(now + CALM_SECONDS) is stage, "time without a conflict adds nothing"
    assert rivalry.stage(now + CALM_SECONDS + 0.1) is Stage.NONE


def test_nobody_was_met_yet() -> None:
    assert Rivalry().stage(0.0) is Stage.NONE


def test_one_that_comes_back_is_counted_anew() -> None:
    rivalry, now = after(QUARANTINE_SECONDS - 1, 10.0)
    later = now + CALM_SECONDS + 1
    rivalry.met(later)
    assert rivalry.stage(later) is Stage.MET
    rivalry.met(later + TELL_SECONDS)
    assert rivalry.stage(later + TELL_SECONDS) is Stage.MET, "a pause is no steady company"

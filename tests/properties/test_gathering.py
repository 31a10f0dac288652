"""Updates gather only when they come nearly as fast as the token may send."""

import random

from hypothesis import given
from hypothesis import strategies as st

from shard.inbound.gathering import FROM, SECONDS, Gathering


def _steady(rate: float, seconds: float, cap: float) -> list[float]:
    """The pauses when updates come evenly and each poll fetches what came in 0.05 s."""
    gathering, count = Gathering(cap), rate * 0.05
    whole, taken, pauses = 0.0, 0, []
    for step in range(int(seconds / 0.05)):
        whole += count
        fetched = int(whole) - taken
        taken += fetched
        pauses.append(gathering.pause(fetched, 100 + step * 0.05))
    return pauses


@given(st.floats(1, 1000), st.floats(0, FROM * 0.9))
def test_below_the_pressure_nothing_waits_for_long(cap: float, share: float) -> None:
    # One update more or less in a poll may seem like pressure for a moment where the cap is a few a second.
    pauses = _steady(cap * share, 20, cap)
    assert cap < 20 or not any(pauses)


@given(st.floats(1, 1000), st.floats(FROM * 1.2, 3))
def test_under_pressure_updates_gather(cap: float, share: float) -> None:
    pauses = _steady(cap * share, 20, cap)
    assert cap < 20 or all(pause == SECONDS for pause in pauses[-100:])


def test_after_the_pressure_the_first_update_is_fetched_at_once() -> None:
    gathering = Gathering(30)
    for step in range(200):
        gathering.pause(3, step * 0.1)
    assert gathering.pause(1, 20.0) == SECONDS
    assert gathering.pause(1, 24.0) == 0


def test_bursts_below_the_cap_seldom_gather() -> None:
    chance, gathering = random.Random(1), Gathering(30)
    now, waited = 0.0, 0
    for _ in range(20_000):
        now += chance.expovariate(0.7 * 30)
        waited += gathering.pause(1, now) > 0
    assert waited < 20_000 * 0.005


def test_at_the_cap_they_gather_within_seconds() -> None:
    chance, gathering = random.Random(1), Gathering(30)
    now = 0.0
    while not gathering.pause(1, now):
        now += chance.expovariate(30)
    assert now < 8

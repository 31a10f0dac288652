"""The life of a bot, as a table of what may follow from what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.membership.life import QUIET_SECONDS, WARM_SECONDS, Sight, Since, next_state
from core.domain.fleet import BotState
from core.domain.ids import BotId

A, B = BotId(1), BotId(2)

ALLOWED = {
    BotState.PENDING: {BotState.WARMING},
    BotState.WARMING: {BotState.PENDING, BotState.ACTIVE},
    BotState.ACTIVE: set(),
    BotState.DRAINING: {BotState.RETIRED},
    BotState.RETIRED: set(),
    BotState.QUARANTINED: set(),
}

spans = st.none() | st.floats(0, 100)
sights = st.builds(Sight, spans, spans)


@given(st.sampled_from(list(BotState)), sights)
def test_only_these_moves_exist(state: BotState, sight: Sight) -> None:
    assert next_state(state, sight) in {state} | ALLOWED[state]


@given(st.lists(sights, max_size=30))
def test_nobody_is_active_who_was_not_served_for_a_while(seen: list[Sight]) -> None:
    state = BotState.PENDING
    for sight in seen:
        before, state = state, next_state(state, sight)
        if state is BotState.ACTIVE and before is not BotState.ACTIVE:
            assert sight.served is not None
            assert sight.served >= WARM_SECONDS


@given(sights)
def test_nobody_retires_who_is_needed(sight: Sight) -> None:
    if next_state(BotState.DRAINING, sight) is BotState.RETIRED:
        assert sight.quiet is not None
        assert sight.quiet >= QUIET_SECONDS


@pytest.mark.parametrize(
    ("state", "sight", "follows"),
    [
        (BotState.PENDING, Sight(None, 9.0), BotState.PENDING),
        (BotState.PENDING, Sight(0.0, None), BotState.WARMING),
        (BotState.WARMING, Sight(1.0, None), BotState.WARMING),
        (BotState.WARMING, Sight(None, None), BotState.PENDING),
        (BotState.WARMING, Sight(WARM_SECONDS, None), BotState.ACTIVE),
        (BotState.ACTIVE, Sight(None, None), BotState.ACTIVE),
        (BotState.DRAINING, Sight(9.0, None), BotState.DRAINING),
        (BotState.DRAINING, Sight(None, QUIET_SECONDS), BotState.RETIRED),
    ],
)
def test_what_follows(state: BotState, sight: Sight, follows: BotState) -> None:
    assert next_state(state, sight) is follows


def test_a_break_starts_the_count_anew() -> None:
    since = Since()
    since.note([A, B], 10.0)
    since.note([A], 12.0)
    since.note([A, B], 15.0)
    assert since.seconds(A, 16.0) == 6.0
    assert since.seconds(B, 16.0) == 1.0
    assert since.seconds(BotId(3), 16.0) is None

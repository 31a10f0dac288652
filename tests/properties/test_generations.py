"""A memory that forgets keeps its promises: the newest value, for between half of the time and all of it."""

from hypothesis import given
from hypothesis import strategies as st

from core.service.generations import Generations

MOST, SECONDS = 8, 10.0

_steps = st.lists(st.tuples(st.integers(0, 12), st.floats(0, 4), st.booleans()), max_size=60)


@given(_steps)
def test_nothing_is_too_old_nothing_young_is_lost_and_there_are_never_too_many(
    steps: list[tuple[int, float, bool]],
) -> None:
    memory: Generations[int, float] = Generations(MOST, SECONDS)
    learned: dict[int, float] = {}
    since: dict[int, set[int]] = {}
    now = 100.0
    for key, passed, puts in steps:
        now += passed
        if puts:
            memory.put(key, now, now)
            learned[key] = now
            since[key] = set()
            for keys in since.values():
                keys.add(key)
        assert len(memory) <= MOST + 1
        for other, at in learned.items():
            found = memory.get(other, now)
            assert found in (None, at)
            if now - at >= SECONDS:
                assert found is None
            if now - at < SECONDS / 2 and len(since[other]) <= MOST // 2:
                assert found == at
    assert set(memory.values()) <= set(learned.values())


def test_what_is_forgotten_is_gone_at_once() -> None:
    memory: Generations[str, int] = Generations(4)
    for key in "abc":
        memory.put(key, 1, 0.0)
    for key in "abc":
        memory.forget(key)
        assert memory.get(key, 0.0) is None
    assert not memory.values()

"""What a load is to be."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ControlError
from simulator.people.load.spec import LoadSpec, Texts, homes, waves


@given(st.integers(1, 200), st.integers(2, 9), st.floats(0, 1))
def test_homes_have_the_share_of_crossing_pairs(pairs: int, bots: int, cross: float) -> None:
    home = homes(2 * pairs, bots, cross)
    crossing = sum(home[at] != home[at + 1] for at in range(0, len(home), 2))
    assert crossing == round(pairs * cross)
    assert set(home) <= set(range(bots))


def test_homes_are_spread_evenly() -> None:
    for cross in (None, 0.0, 0.5, 1.0):
        counts = Counter(homes(400, 4, cross))
        assert max(counts.values()) - min(counts.values()) <= 4


@given(st.integers(1, 60), st.integers(2, 7), st.floats(0, 1))
def test_a_wave_can_only_come_out_as_meant(pairs: int, bots: int, cross: float) -> None:
    home = homes(2 * pairs, bots, cross)
    groups = waves(home)
    assert [person for group in groups for person in group] == list(range(2 * pairs))
    for group in groups:
        kinds = {home[group[at]] != home[group[at + 1]] for at in range(0, len(group), 2)}
        assert len(kinds) == 1
        most = max(Counter(home[person] for person in group).values())
        assert most == 1 if kinds == {True} else len(group) == 2


@given(st.integers(1, 99), st.integers(0, 99_999), st.integers(0, 99_999))
def test_a_text_is_read_as_it_was_made(run: int, sender: int, number: int) -> None:
    texts = Texts(run, seed=1)
    assert texts.read(texts.make(sender, number)) == (sender, number)
    assert Texts(run + 1, seed=1).read(texts.make(sender, number)) is None


@given(st.text())
def test_other_texts_are_nobodys(text: str) -> None:
    assert Texts(1, seed=1).read(text) is None or text.startswith("#1.")
    assert Texts(1, seed=1).read("#1." + text) is None or text[:1].isdigit()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"people": 3}, "people"),
        ({"people": 2, "messages": -1}, "messages"),
        ({"people": 2, "rate": 0}, "rate"),
        ({"people": 2, "cross": 2}, "cross"),
        ({"people": 2, "mix": {"song": 1}}, "song"),
        ({"people": 2, "mix": {"text": 0}}, "weight"),
    ],
)
def test_a_wrong_value_is_named(fields: dict[str, object], named: str) -> None:
    with pytest.raises(ControlError, match=named):
        LoadSpec(**fields).checked()  # type: ignore[arg-type]


def test_pace() -> None:
    assert LoadSpec(people=100, rate=0.5).pace == 2.0
    assert LoadSpec(people=100, total_rate=50).pace == 2.0

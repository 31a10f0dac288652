"""The record that scripts read."""

import io
import json

import pytest
from rich.console import Console

from tests.bench.report import (
    Report,
    at_least,
    at_most,
    none_of,
    plain,
    quantile,
    show,
    to_json,
)

REPORT = Report(
    "demo",
    {"tokens": 3},
    (
        at_least("demo.share", 0.981234, "of 30/s", 0.98),
        at_most("demo.ratio", 2.5, "x", 2.0),
        none_of("demo.lost", 0, "messages"),
        plain("demo.ms", 12.3456, "ms"),
    ),
)


def test_one_object_with_the_agreed_fields() -> None:
    read = json.loads(to_json(REPORT))
    assert list(read) == ["bench", "conditions", "figures"]
    assert read["figures"][0] == {
        "name": "demo.share",
        "value": 0.9812,
        "unit": "of 30/s",
        "goal": ">= 0.98",
        "holds": True,
    }
    assert [figure["holds"] for figure in read["figures"]] == [True, False, True, None]
    assert read["figures"][3]["goal"] is None


def test_a_goal_is_judged_by_the_value_that_is_shown() -> None:
    assert at_most("x", 2.00004, "", 2.0).holds
    assert not at_most("x", 2.001, "", 2.0).holds
    assert not at_least("x", 0.9799, "", 0.98).holds


def test_what_was_not_measured_holds_nothing() -> None:
    assert not at_least("x", float("nan"), "", 0.5).holds
    assert not at_most("x", float("nan"), "", 0.5).holds
    assert not at_most("x", float("inf"), "", 0.5).holds
    json.loads(to_json(Report("x", {}, (at_most("x", float("nan"), "", 1.0),))))


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (1.0, 100)])
def test_quantiles(share: float, value: float) -> None:
    assert quantile(list(range(100, 0, -1)), share) == value


def test_a_table_for_people() -> None:
    out = io.StringIO()
    show(REPORT, Console(file=out, width=100))
    assert "tokens 3" in out.getvalue()
    assert "demo.ratio" in out.getvalue()
    assert "no" in out.getvalue()

"""What is told of a broadcast's numbers."""

import datetime as dt

import msgspec

from core.domain.broadcast import Broadcast, BroadcastState, Counts
from core.domain.content import Text
from core.domain.ids import BotId, BroadcastId, PersonId

COUNTS = Counts(sent=1_000, blocked=200, gone=30, refused=4, skipped=50)
CAST = Broadcast(
    id=BroadcastId(7),
    admin=PersonId(1),
    bot=BotId(11),
    state=BroadcastState.RUNNING,
    content=Text("to all"),
    audience=9_000_000,
    counts=COUNTS,
    stars=0,
    paid=125,
    created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    started_at=None,
    finished_at=None,
)


def test_its_numbers_add_up_and_are_said_in_thousands() -> None:
    assert CAST.figures() == {
        "id": "7",
        "cost": "",
        "sent": "1,000",
        "blocked": "250",
        "gone": "30",
        "refused": "4",
        "left": "8,998,716",
        "audience": "9,000,000",
    }


def test_what_it_cost_is_said_where_it_may_cost_something() -> None:
    assert msgspec.structs.replace(CAST, stars=50).figures()["cost"] == "\n⭐ 12.5"


def test_nobody_is_left_when_more_were_reached_than_there_were() -> None:
    assert msgspec.structs.replace(CAST, audience=1_200).left == 0

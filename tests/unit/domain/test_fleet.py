"""The figures of the network, from what each shard says of itself."""

import pytest

from core.domain.fleet import (
    Backlog,
    BotState,
    BotStats,
    Directory,
    DirectoryEntry,
    ShardReport,
    Sighting,
    Totals,
    network_stats,
)
from core.domain.ids import BotId, Epoch

ONE, TWO, THREE = BotId(1), BotId(2), BotId(3)
ENTRIES = (
    DirectoryEntry(ONE, "one_bot", BotState.ACTIVE, 7.5, open=True, waiting=3),
    DirectoryEntry(TWO, "two_bot", BotState.DRAINING, -2.0, open=True, waiting=1),
    DirectoryEntry(THREE, "three_bot", BotState.ACTIVE, 11.0, open=True, waiting=2),
)
DIRECTORY = Directory(at=99, waiting=6, bots=ENTRIES)


def report(bot: BotId, factor: int, cap: float = 30.0) -> ShardReport:
    return ShardReport(
        bot=bot,
        epoch=Epoch(1),
        at=90,
        people=10 * factor,
        conversations=77,
        rate_in=2.0 * factor,
        rate_out=3.0 * factor,
        cap=cap,
        backlog=55,
        backlog_age_s=66.0,
        too_many=4 * factor,
        memory_mib=20.0 * factor,
    )


def test_an_entry_is_found_by_its_bot() -> None:
    assert DIRECTORY.find(TWO) is ENTRIES[1]
    assert DIRECTORY.find(BotId(4)) is None


@pytest.mark.parametrize(
    ("state", "serves"),
    [(state, state not in (BotState.RETIRED, BotState.QUARANTINED)) for state in BotState],
)
def test_a_bot_serves_until_it_is_retired_or_quarantined(state: BotState, serves: bool) -> None:
    assert state.serves is serves


def test_each_bot_has_a_row_and_all_are_added_up() -> None:
    stats = network_stats(
        DIRECTORY,
        {
            ONE: Sighting(True, report(ONE, 1), 4, Backlog(5, 1.5)),
            TWO: Sighting(True, report(TWO, 2), 3, Backlog(6, 2.5)),
            # Its report outlived its process: what it says is of the past.
            THREE: Sighting(False, report(THREE, 4), 2, Backlog(7, 9.5)),
        },
        waiting=8,
        now_ms=123,
    )
    assert (stats.at, stats.directory_at) == (123, 99)
    assert stats.bots == (
        BotStats(
            bot=ONE,
            username="one_bot",
            state=BotState.ACTIVE,
            alive=True,
            open=True,
            people=10,
            conversations=4,
            waiting=3,
            rate_in=2.0,
            rate_out=3.0,
            cap=30.0,
            share=0.1,
            headroom=7.5,
            backlog=5,
            backlog_age_s=1.5,
            too_many=4,
            memory_mib=20.0,
        ),
        BotStats(
            bot=TWO,
            username="two_bot",
            state=BotState.DRAINING,
            alive=True,
            open=True,
            people=20,
            conversations=3,
            waiting=1,
            rate_in=4.0,
            rate_out=6.0,
            cap=30.0,
            share=0.2,
            headroom=-2.0,
            backlog=6,
            backlog_age_s=2.5,
            too_many=8,
            memory_mib=40.0,
        ),
        BotStats(
            bot=THREE,
            username="three_bot",
            state=BotState.ACTIVE,
            alive=False,
            conversations=2,
            waiting=2,
            headroom=11.0,
            backlog=7,
            backlog_age_s=9.5,
        ),
    )
    assert stats.total == Totals(
        bots=3,
        alive=2,
        people=30,
        conversations=4,
        waiting=8,
        rate_in=6.0,
        rate_out=9.0,
        cap=60.0,
        share=0.15,
        headroom=7.5,
        backlog=18,
        backlog_age_s=9.5,
        too_many=12,
        memory_mib=60.0,
    )


def test_closed_bots_have_no_headroom_for_anybody() -> None:
    closed = DirectoryEntry(ONE, "one_bot", BotState.ACTIVE, 7.5, open=False)
    seen = {ONE: Sighting(True, report(ONE, 1), 0, Backlog(0, 0.0))}
    stats = network_stats(Directory(1, 0, (closed,)), seen, 0, 1)
    assert stats.total.headroom == 0
    assert not stats.bots[0].open


def test_a_bot_that_is_about_to_report_has_no_figures_yet() -> None:
    seen = {ONE: Sighting(True, None, 1, Backlog(0, 0.0))}
    stats = network_stats(Directory(1, 0, ENTRIES[:1]), seen, 0, 1)
    assert stats.bots[0].alive
    assert (stats.bots[0].cap, stats.total.share) == (0.0, 0.0)


@pytest.mark.parametrize(("cap", "share"), [(0.0, 0.0), (0.5, 6.0), (30.0, 0.1)])
def test_a_share_is_of_a_cap_above_nothing(cap: float, share: float) -> None:
    seen = {ONE: Sighting(True, report(ONE, 1, cap), 0, Backlog(0, 0.0))}
    stats = network_stats(Directory(1, 0, ENTRIES[:1]), seen, 0, 1)
    assert (stats.bots[0].share, stats.total.share) == (share, share)


def test_no_bot_is_no_figure() -> None:
    assert network_stats(Directory(1, 0), {}, 0, 1).total == Totals()


def test_what_has_retired_and_still_runs_is_no_part_of_what_can_be_sent() -> None:
    retired = DirectoryEntry(TWO, "two_bot", BotState.RETIRED, 0.0, open=False)
    seen = {bot: Sighting(True, report(bot, 3), 0, Backlog(0, 0.0)) for bot in (ONE, TWO)}
    directory = Directory(at=99, waiting=0, bots=(ENTRIES[0], retired))
    total = network_stats(directory, seen, waiting=0, now_ms=123).total
    assert (total.alive, total.rate_out, total.cap, total.share) == (2, 18.0, 30.0, 0.3)

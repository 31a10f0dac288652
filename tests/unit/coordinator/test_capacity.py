"""The network's figures."""

import pytest

from coordinator.capacity.measure import measure
from core.domain.fleet import BotState, Directory, DirectoryEntry, ShardReport
from core.domain.ids import BotId, Epoch


def report(bot: int, rate: float) -> ShardReport:
    return ShardReport(bot=BotId(bot), epoch=Epoch(1), at=0, rate_out=rate, cap=30.0)


def test_only_living_bots_count_and_only_open_ones_have_room() -> None:
    directory = Directory(
        at=0,
        waiting=0,
        bots=(
            DirectoryEntry(BotId(1), "a", BotState.ACTIVE, 10.0, open=True),
            DirectoryEntry(BotId(2), "b", BotState.DRAINING, 20.0, open=False),
            DirectoryEntry(BotId(3), "c", BotState.ACTIVE, -5.0, open=True),
            DirectoryEntry(BotId(4), "dead", BotState.ACTIVE, 25.0, open=True),
            DirectoryEntry(BotId(5), "retired", BotState.RETIRED, 25.0, open=False),
        ),
    )
    capacity = measure(directory, {BotId(n): report(n, 15.0) for n in (1, 2, 3, 5)})
    assert capacity.cap == 90.0
    assert capacity.headroom == 10.0
    assert capacity.share == pytest.approx(0.5)


def test_a_network_without_bots_is_not_in_use() -> None:
    assert measure(Directory(at=0, waiting=0), {}).share == 0.0

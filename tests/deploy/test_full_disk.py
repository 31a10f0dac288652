"""A `duologue up` whose data folder has no room left goes on."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tests.deploy.up import Up, duologue, up, wait_for
from tests.scenarios.stores.play import Unable, fill, small_disk

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]

RUNS = "Ctrl-C stops all of it"
FULL = Path("/dev/full")
"""Refuses every write as a full disk does."""


def serves_three(network: Up) -> bool:
    return "3 of 3 served" in duologue("stats", **network.settings).stdout


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_note_that_cannot_be_written_is_told_of_once_and_written_later(short_folder: Path) -> None:
    (short_folder / "demo").mkdir()
    links = [short_folder / "run.new", short_folder / "demo" / "acquainted.new"]
    for link in links:
        link.symlink_to(FULL)
    with up(short_folder) as network:
        network.says(RUNS)
        for what in ("what runs (for other commands)", "which bots are served"):
            said = f"{what} cannot be noted: no space left on device; the network goes on without that"
            assert network.output.count(said) == 1, network.output
        for link in links:
            link.unlink()
        wait_for((short_folder / "run.json").exists)
        wait_for(lambda: serves_three(network))
        wait_for((short_folder / "demo" / "acquainted.json").exists)
        assert network.output.count("cannot be noted") == 2
        assert network.end() == 0


@pytest.fixture
def disk(short_folder: Path) -> Iterator[Path]:
    try:
        with small_disk(short_folder / "disk", megabytes=160, files=4_000) as disk:
            yield disk
    except Unable as why:
        pytest.skip(str(why))


def test_a_full_disk_ends_redis_alone_and_it_comes_again(disk: Path) -> None:
    with up(disk / "data") as network:
        network.says(RUNS)
        wait_for(lambda: serves_three(network))
        fillers = []
        # The others write meanwhile, so the end may come a little earlier than reckoned.
        with suppress(OSError):
            fill(disk)
        with suppress(OSError):
            for number in count():
                fillers.append(disk / f"filler-{number}")
                fillers[-1].touch()
        network.says("what runs (for other commands) cannot be noted: no space left on device")
        network.says(f"{disk}/data/demo/redis cannot be written to: no space left on device")
        for filler in (disk / "filler", *fillers):
            filler.unlink(missing_ok=True)
        wait_for(lambda: serves_three(network))
        assert network.end() == 0

"""What all faults share: people who talk, the blow, and what came of it."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.network import Network
from tests.harness.pairs import Pairs
from tests.harness.stage import breaches, met
from tests.harness.waiting import until

RATE = 1.0
WARM = 12
"""Texts that are shown before the blow."""


class Unable(Exception):
    """This machine cannot do that: why, in words."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a fault. `again_s`: from its end until every bot shows texts again."""

    sent: int
    lost: int
    misdelivered: int
    inversions: int
    repeats: int
    again_s: float
    breaches: int
    ended: dict[str, int]
    notes: str = ""

    @property
    def holds(self) -> bool:
        """Nothing lost, swapped, shown to others; nobody ended; it serves again within ten seconds."""
        wrong = self.lost + self.misdelivered + self.inversions + self.breaches + len(self.ended)
        return self.sent > 0 and wrong == 0 and self.again_s <= 10

    def __str__(self) -> str:
        ended = f"; ended {self.ended}" if self.ended else ""
        return (
            f"sent {self.sent}, lost {self.lost}, misdelivered {self.misdelivered}, "
            f"inversions {self.inversions}, repeats {self.repeats}, breaches {self.breaches}, "
            f"serves again after {self.again_s:.1f} s{ended}{self.notes}"
        )


async def through(
    network: Network,
    blow: Callable[[Pairs], Awaitable[float | None]],
    *,
    pairs: int = 6,
    seconds: float = 8.0,
) -> Seen:
    """Pairs talk for so long. The blow falls in the midst; it returns when, or at what time, it is over."""
    people = await met(network, pairs)
    talking = asyncio.ensure_future(people.talk(messages=round(seconds * RATE), rate=RATE))
    await until(lambda: people.shown() >= WARM, 30, "the talk to be under way")
    healed = await blow(people)
    return await seen(network, people, talking, healed or time.monotonic())


async def seen(network: Network, people: Pairs, talking: Awaitable[None], healed: float) -> Seen:
    """The verdict when everything has been said."""
    bots = {member.bot.id for member in people.members}
    firsts: dict[int, float] = {}

    def all_show() -> bool:
        for member in people.members:
            at = next((at for _, _, at in member.seen if at > healed), None)
            if at is not None:
                firsts[member.bot.id] = min(at, firsts.get(member.bot.id, at))
        return set(firsts) == bots

    await until(all_show, 60, "every bot to show something again")
    await talking
    await people.settled(60)
    verdict = people.evaluate()
    return Seen(
        *(verdict.sent, verdict.lost, verdict.misdelivered, verdict.inversions, verdict.repeats),
        max(firsts.values()) - healed,
        breaches(network),
        network.ended(),
    )


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder with a short path, so that sockets fit into it."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def small_disk(folder: Path, megabytes: int, files: int = 10_000) -> Iterator[Path]:
    """A disk of that size at `folder`. Raises Unable where it may not be mounted."""
    folder.mkdir()
    size = f"size={megabytes}m,nr_inodes={files},mode=0711"
    command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        raise Unable("only root may mount a small disk, and not in every container")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Take all room on the disk of `folder` but so many bytes, with a file that is returned."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        left = shutil.disk_usage(folder).free - leave
        while left > 0:
            left -= file.write(b"\0" * min(left, 65_536))
    return filler

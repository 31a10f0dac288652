"""How much of its memory a process has for itself, and how that stays little.

All processes of a network are forked from one that has imported everything: they share its pages until one
of them writes there. So before it forks, that one takes up every gap that is left between its objects: what
a process makes later lies on pages of its own, side by side, instead of one here and one there on pages that
must be copied for it.

And what was needed in a busy moment goes back to the system: the C library keeps it otherwise.
"""

import ctypes
import gc
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

_ROLLUP = Path("/proc/self/smaps_rollup")

_POOL_BYTES = 16_384
"""Python keeps small objects by size, in pools; so do all versions since 3.10."""
_SIZES = range(48, 513, 16)
_GAPS_MOST = 20_000
"""Of one size: a process that has more is none that others are forked from."""

_kept: list[Sequence[bytes]] = []


def private_mib() -> float:
    """Memory of this process alone, as the kernel counts it. Costs a millisecond or more."""
    try:
        with _ROLLUP.open() as lines:
            return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
    except OSError:  # not Linux
        return float(psutil.Process().memory_full_info().uss) / 1_048_576


def share() -> None:
    """The last thing that is done before others are forked: what is here stays here."""
    gc.collect()
    _kept.extend(_fill(size) for size in _SIZES)
    # The collector need never touch, and so never copy, these pages.
    gc.freeze()


def _fill(size: int) -> list[bytes]:
    """Objects of that size in all gaps: until they begin to lie side by side in a whole new pool."""
    empty = bytes(0).__sizeof__()
    made: list[bytes] = []
    last = side_by_side = 0
    while side_by_side < _POOL_BYTES // size - 2 and len(made) < _GAPS_MOST:
        made.append(bytes(size - empty))
        place = id(made[-1])
        side_by_side = side_by_side + 1 if place == last + size else 0
        last = place
    return made


def _trimmer() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return None


_trim = _trimmer()


def give_back() -> None:
    """Memory that nothing uses goes back to the system. Costs about a millisecond."""
    if _trim is not None:
        _trim(0)

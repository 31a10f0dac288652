"""Named places in the code where a process can be made to die, to show that nothing depends on its living.

Off unless DUOLOGUE_FAILPOINTS names one: `after_send:3` ends the process with SIGKILL, as a power
cut would, when it comes by that place the third time. No handler runs, nothing is flushed.
"""

import os
import signal
from typing import Final

from core.domain.errors import DuologueError

NAMES: Final = (
    "after_poll",
    "after_append",
    "before_confirm",
    "after_read",
    "after_send",
    "before_acknowledge",
    "mid_match",
    "mid_end",
    "mid_carry",
    "mid_move",
    "mid_ban",
)

_left: dict[str, int] = {}


def arm(wanted: tuple[tuple[str, int], ...]) -> None:
    """Set the names and how often each may be passed, the last time included. Raises DuologueError."""
    for name, _ in wanted:
        if name not in NAMES:
            raise DuologueError(f"there is no failpoint {name!r}: there are {', '.join(NAMES)}")
    _left.clear()
    _left.update(wanted)


def passing(name: str) -> None:
    """The process comes by this place; it may be its end."""
    if not _left or name not in _left:
        return
    _left[name] -= 1
    if _left[name] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)

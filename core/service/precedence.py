"""Who goes first where a machine is full.

Every message passes the stores several times, and each time it would wait behind a slice of every shard that
has something to do. So shards step back: the stores, the coordinator and the supervisor go before them. That
takes little from the shards, because those before them only do what shards ask for; but a program that has
nothing to do with Duologue goes first, too.

Linux weighs sessions before it weighs the processes in them (autogroups): a process with a session of its
own, as the supervisor gives it, tells its session, too. In containers and under systemd what they weigh
counts (`cpu_shares`, `CPUWeight`).
"""

import asyncio
import os
from pathlib import Path

NICE = 10
"""A tenth of the weight of an ordinary process."""

_SESSION = Path("/proc/self/autogroup")
_AGAIN_SECONDS = 0.15
"""The kernel takes ten such changes a second from all who are not root."""


async def step_back() -> None:
    """Let others go first from now on. Where the system does not know the like, nothing changes."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    if os.getsid(0) != os.getpid():
        return
    while True:
        if _told():
            return
        await asyncio.sleep(_AGAIN_SECONDS)


def _told() -> bool:
    """Whether the session knows now, or there is nothing to know."""
    try:
        _SESSION.write_text(str(NICE), encoding="ascii")
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True

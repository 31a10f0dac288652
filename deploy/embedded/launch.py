"""Becomes a server's program, tied to the life of the process that started it.

Run as a script, by path, with nothing but the standard library:
`launch.py PARENT SIGNAL keep|unroot|nobody PROGRAM ARGUMENT...`

- Linux sends this process SIGNAL when PARENT (a process id) ends; elsewhere nobody does.
- PostgreSQL refuses to run as root. `unroot`: root becomes user 65534 in a user namespace of its
  own; to the file system it is still root, so private folders stay private. `nobody`: root becomes
  user 65534 outright, where the machine forbids namespaces.
"""

import ctypes
import os
import sys
from pathlib import Path

NOBODY = 65534
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def unroot() -> None:
    """Look like an ordinary user to oneself. Raises OSError where the machine forbids it."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        Path("/proc/self", file).write_text(text, encoding="ascii")


def become_nobody() -> None:
    """Give root up for good."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def end_with(parent: int, signal: int) -> None:
    """Be sent `signal` when `parent`, which must be this process' parent, ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal)
    if os.getppid() != parent:
        raise SystemExit("the process that started this one is gone")


def main() -> None:
    parent, signal, identity, *command = sys.argv[1:]
    if identity == "unroot":
        unroot()
    elif identity == "nobody":
        become_nobody()
    # After the change of identity, which would undo it.
    end_with(int(parent), int(signal))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()

"""Folders that are ours alone: made, checked, locked; and short ones for sockets."""

import asyncio
import fcntl
import hashlib
import os
import tempfile
import time
from pathlib import Path

from core.domain.errors import DuologueError

SOCKET_FOLDER_LIMIT = 90
"""Bytes of a folder's path that leave room for a socket's name (a socket path has about 107)."""


class FolderUnusable(DuologueError):
    """A folder that we cannot make or write to."""


class FolderTaken(DuologueError):
    """Another process works in this folder."""


def make_private(folder: Path) -> Path:
    """The folder, made where it was not, readable by nobody else. Raises FolderUnusable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise FolderUnusable(
            f"{folder} cannot be written to: {(error.strerror or 'unknown reason').lower()}"
        ) from None
    return folder


def socket_folder(folder: Path) -> Path:
    """Where the sockets of a server with this folder stand: always the same. Raises FolderUnusable."""
    inside = make_private(folder) / "run"
    if len(os.fsencode(inside)) <= SOCKET_FOLDER_LIMIT:
        return make_private(inside)
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base)) > SOCKET_FOLDER_LIMIT - 40:
        base = Path("/tmp")  # nosec B108  # noqa: S108 - the folder in it is checked to be ours
    ours = make_private(base / f"duologue-{os.geteuid()}")
    status = ours.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077 or ours.is_symlink():
        raise FolderUnusable(f"{ours} is not private to this user: remove it")
    return make_private(ours / name)


class FolderLock:
    """A lock on a folder, held by whoever has its file open: also by processes that inherited it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: int | None = None

    def fileno(self) -> int:
        """The open file, to be inherited. Only while the lock is held."""
        if self._file is None:
            raise RuntimeError("the lock is not held")
        return self._file

    def take(self) -> bool:
        """Try once; whether the lock is held now."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    async def take_within(self, seconds: float) -> None:
        """Wait for whoever is about to end. Raises FolderTaken."""
        end = time.monotonic() + seconds
        while not self.take():
            if time.monotonic() > end:
                raise FolderTaken(f"{self._path.parent} is in use by another process")
            await asyncio.sleep(0.02)

    def drop(self) -> None:
        """Close our hold on it; others that inherited it keep theirs."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

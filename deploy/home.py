"""The data folder: who works in it, its secret key, its logs, and a note of what runs.

`run.json` tells the other commands where the servers of a running `up` are; it counts only while
that `up` holds the folder's lock, so a note left by a killed one misleads nobody.
"""

import os
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from pydantic import SecretStr

from config.settings import Settings
from core.domain.errors import DuologueError
from core.domain.ids import BotId
from deploy.embedded.folders import FolderLock, FolderTaken, FolderUnusable, make_private

ACQUAINTED_S = 600.0
"""How long Telegram's server is taken to know a token that it has seen."""

_ACQUAINTED = "acquainted.json"


class NoSecretKey(DuologueError):
    """Tokens cannot be kept without a key that comes again."""


class Process(msgspec.Struct, frozen=True):
    """A process of the network; `port` serves its metrics."""

    name: str
    pid: int
    port: int | None = None


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What a running `up` tells. URLs only of servers of its own: others may hold a password."""

    pid: int
    demo: bool
    telegram_api_url: str
    database_url: str | None = None
    redis_url: str | None = None
    processes: tuple[Process, ...] = ()


class Home:
    """The data folder. The demo has a folder of its own in it, so that it never meets real bots."""

    def __init__(self, root: Path, *, demo: bool) -> None:
        self.root = root
        self.work = root / "demo" if demo else root

    @property
    def logs(self) -> Path:
        return self.work / "logs"

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Have the folder to ourselves. Raises FolderUnusable, FolderTaken."""
        make_private(self.root)
        lock = FolderLock(self.root)
        try:
            # Not at the first refusal: another command may be looking whether we run.
            await lock.take_within(0.5)
        except OSError as error:
            raise FolderUnusable(f"{self.root} cannot be used: {(error.strerror or '').lower()}") from None
        except FolderTaken:
            other = _read_note(self.root)
            who = f" (process {other.pid})" if other else ""
            raise FolderTaken(
                f"another `duologue up`{who} works in {self.root}: "
                "stop that one, or set DUOLOGUE_DATA_DIR to another folder"
            ) from None
        try:
            make_private(self.work)
            make_private(self.logs)
            yield
        finally:
            _note(self.root).unlink(missing_ok=True)
            lock.drop()

    def note(self, running: Running) -> None:
        """Tell the other commands what runs now. Raises OSError."""
        new = _note(self.root).with_suffix(".new")
        new.write_bytes(msgspec.json.encode(running))
        new.chmod(0o600)
        new.replace(_note(self.root))

    def note_acquainted(self, bots: Iterable[BotId]) -> None:
        """Telegram sees these bots now. Raises OSError."""
        new = self._acquaintances.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(sorted(bots)))
        new.replace(self._acquaintances)

    def acquainted(self) -> tuple[BotId, ...]:
        """Bots that Telegram has seen so lately that it still knows them."""
        try:
            if time.time() - self._acquaintances.stat().st_mtime > ACQUAINTED_S:
                return ()
            return msgspec.json.decode(self._acquaintances.read_bytes(), type=tuple[BotId, ...])
        except (OSError, msgspec.MsgspecError):
            return ()

    @property
    def leaves_bots_out(self) -> bool:
        """Whether this is the demo, where bots of Telegram have been served before."""
        return self.work != self.root and (self.root / _ACQUAINTED).exists()

    @property
    def _acquaintances(self) -> Path:
        return self.work / _ACQUAINTED

    def secret_key(self, settings: Settings) -> SecretStr:
        """The key that seals tokens: as set, or one made and kept here where the database is ours too.

        Raises NoSecretKey.
        """
        if settings.secret_key is not None:
            return settings.secret_key
        if settings.database_url is not None:
            raise NoSecretKey(
                "with DUOLOGUE_DATABASE_URL, DUOLOGUE_SECRET_KEY must be set too: 32 or more random "
                "characters (`openssl rand -base64 32` makes some); keep it, the bots' tokens cannot be "
                "read without it"
            )
        file = self.work / "secret.key"
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_urlsafe(32))
        return SecretStr(file.read_text().strip())


def running(root: Path) -> Running | None:
    """The `up` that works in this data folder; None where there is none. Raises FolderUnusable."""
    try:
        if not _note(root).exists():
            return None
        lock = FolderLock(root)
        if lock.take():
            lock.drop()
            return None
    except OSError as error:
        raise FolderUnusable(
            f"{root} cannot be looked into: {(error.strerror or '').lower()}; do this as the user whose "
            "`duologue up` works there, or set DUOLOGUE_DATA_DIR to another folder"
        ) from None
    return _read_note(root)


def _note(root: Path) -> Path:
    return root / "run.json"


def _read_note(root: Path) -> Running | None:
    try:
        return msgspec.json.decode(_note(root).read_bytes(), type=Running)
    except (OSError, msgspec.MsgspecError):
        return None

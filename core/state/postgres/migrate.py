"""Brings the schema up to date. Safe to run from several processes at once, and again.

Each file is one transaction under an advisory lock that ends with it (so it works behind
PgBouncer too). A database that knows more files than we do is a newer version's, which the older
one can live with: see migrations/README.md.
"""

import hashlib
from importlib import resources
from typing import NamedTuple

import asyncpg

from core.domain.errors import DuologueError
from core.state.postgres.pool import connect

_FOLDER = resources.files("core.state.postgres") / "migrations"
_GRANTS = resources.files("core.state.postgres") / "grants.sql"
_LOCK = 4_851_234_177
"""The advisory lock's number; any number that nobody else takes."""
_LOCK_TIMEOUT = "10s"
"""How long a migration waits for a table, so that it never queues everybody behind itself for long."""


class SchemaMismatch(DuologueError):
    """The database was made by other migrations than these."""


class Migration(NamedTuple):
    """One file."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Of the text; the same for ever once the file was applied anywhere."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All files, in the order in which they are applied."""
    files = [file for file in _FOLDER.iterdir() if file.name.endswith(".sql")]
    return [Migration(file.name, file.read_text()) for file in sorted(files, key=lambda file: file.name)]


async def migrate(url: str) -> list[str]:
    """Apply what is missing; the names of what was applied. Raises DatabaseAway, SchemaMismatch."""
    connection = await connect(url)
    try:
        applied = [file.name for file in migrations() if await _apply(connection, file)]
        await _grant(connection)
        return applied
    finally:
        await connection.close()


async def _grant(connection: asyncpg.Connection) -> None:
    """Give the accounts of shards and coordinators what they need, where the server has them."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        await connection.execute(_GRANTS.read_text())


async def _apply(connection: asyncpg.Connection, file: Migration) -> bool:
    """Apply one file unless it was applied before."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(
            """CREATE TABLE IF NOT EXISTS migrations (
                   name text PRIMARY KEY,
                   checksum text NOT NULL,
                   applied_at timestamptz NOT NULL DEFAULT now()
               )"""
        )
        known = await connection.fetchval("SELECT checksum FROM migrations WHERE name = $1", file.name)
        if known is not None and known != file.checksum:
            raise SchemaMismatch(
                f"migration {file.name} is not the one that this database was made with: "
                "run the version that made it, or start with an empty database"
            )
        if known is not None:
            return False
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        try:
            await connection.execute(file.text)
        except asyncpg.LockNotAvailableError:
            raise DuologueError(
                f"migration {file.name} found a table in use for {_LOCK_TIMEOUT} and changed nothing: "
                "run `duologue migrate` again"
            ) from None
        await connection.execute(
            "INSERT INTO migrations (name, checksum) VALUES ($1, $2)", file.name, file.checksum
        )
        return True

"""Brings the schema up to date. Safe to run from several processes at once, and again."""

import hashlib
from importlib import resources

import asyncpg

from core.domain.errors import DuologueError
from core.state.postgres.pool import connect

_FOLDER = resources.files("core.state.postgres") / "migrations"
_LOCK = 4_851_234_177
"""The advisory lock's number; any number that nobody else takes."""


class SchemaMismatch(DuologueError):
    """The database was made by other migrations than these."""


async def migrate(url: str) -> list[str]:
    """Apply what is missing; the names of what was applied. Raises DatabaseAway, SchemaMismatch."""
    connection = await connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        return await _apply(connection)
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection) -> list[str]:
    await connection.execute(
        """CREATE TABLE IF NOT EXISTS migrations (
               name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"""
    )
    known = {
        row["name"]: row["checksum"]
        for row in await connection.fetch("SELECT name, checksum FROM migrations")
    }
    files = sorted((f for f in _FOLDER.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    applied = []
    for file in files:
        text = file.read_text()
        checksum = hashlib.sha256(text.encode()).hexdigest()
        if known.get(file.name, checksum) != checksum:
            raise SchemaMismatch(
                f"migration {file.name} differs from the one this database was made with: run the matching version"
            )
        if file.name not in known:
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(
                    "INSERT INTO migrations (name, checksum) VALUES ($1, $2)", file.name, checksum
                )
            applied.append(file.name)
    return applied

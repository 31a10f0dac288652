"""The schema, from nothing to what this version expects."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from core.domain.errors import DuologueError
from core.state.postgres import migrate as migrating
from core.state.postgres.migrate import Migration, SchemaMismatch, migrate, migrations
from core.state.postgres.pool import DatabaseAway
from deploy.embedded import EmbeddedPostgres

SCHEMA = Path(__file__).with_name("schema.txt")
COLUMNS = """
    SELECT format('%s.%s %s%s%s', table_name, column_name, data_type,
                  CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END,
                  coalesce(' DEFAULT ' || column_default, ''))
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
CHECKS = """
    SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype NOT IN ('p', 'u', 'n') AND connamespace = 'public'::regnamespace
    ORDER BY conname
"""


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database without a schema."""
    name = f"empty_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(postgres.url)
    await connection.execute(f"CREATE DATABASE {name}")
    yield postgres.url_of(name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def described(url: str) -> str:
    connection = await asyncpg.connect(url)
    lines = [row[0] for query in (COLUMNS, INDEXES, CHECKS) for row in await connection.fetch(query)]
    await connection.close()
    return "\n".join(lines) + "\n"


async def test_from_nothing_to_the_expected_schema_and_no_further(empty: str) -> None:
    names = [migration.name for migration in migrations()]
    assert await migrate(empty) == names
    assert await described(empty) == SCHEMA.read_text()
    assert await migrate(empty) == []
    assert await described(empty) == SCHEMA.read_text()


async def test_several_at_once_apply_each_file_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate(empty) for _ in range(5)))
    assert sorted(name for names in applied for name in names) == [m.name for m in migrations()]
    assert await described(empty) == SCHEMA.read_text()


def test_names_are_numbered_without_a_gap() -> None:
    numbers = [int(migration.name.partition("_")[0]) for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_an_edited_file_is_refused(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate(empty)
    first, *rest = migrations()
    edited = Migration(first.name, first.text + "-- edited\n")
    monkeypatch.setattr(migrating, "migrations", lambda: [edited, *rest])
    with pytest.raises(SchemaMismatch, match=first.name):
        await migrate(empty)


async def test_a_file_that_fails_changes_nothing(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = migrations()
    broken = Migration("9999_broken.sql", "CREATE TABLE half (x int); SELECT nonsense;")
    monkeypatch.setattr(migrating, "migrations", lambda: [*before, broken])
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(empty)
    assert await described(empty) == SCHEMA.read_text()
    monkeypatch.setattr(migrating, "migrations", lambda: before)
    assert await migrate(empty) == []


async def test_a_table_in_use_is_told_and_nothing_changed(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty)
    user = await asyncpg.connect(empty)
    waiting = Migration("9999_waits.sql", "ALTER TABLE people ADD COLUMN x int;")
    monkeypatch.setattr(migrating, "migrations", lambda: [waiting])
    monkeypatch.setattr(migrating, "_LOCK_TIMEOUT", "50ms")
    async with user.transaction():
        await user.execute("LOCK TABLE people IN ACCESS SHARE MODE")
        with pytest.raises(DuologueError, match="in use for 50ms and changed nothing"):
            await migrate(empty)
    await user.close()
    assert await migrate(empty) == ["9999_waits.sql"]


async def test_an_older_version_lives_with_a_newer_schema(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = [*migrations(), Migration("9999_newer.sql", "ALTER TABLE people ADD COLUMN later int;")]
    monkeypatch.setattr(migrating, "migrations", lambda: newer)
    await migrate(empty)
    monkeypatch.undo()
    assert await migrate(empty) == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:secret-word@127.0.0.1:1/x", "at 127.0.0.1:1 cannot be used"),
        ("postgresql://me:secret-word@host.invalid/x", "at host.invalid cannot be used"),
        ("postgresql://me:secret-word@h/x?sslmode=nonsense", "sslmode"),
    ],
)
async def test_an_unreachable_server_is_one_clear_line(url: str, reason: str) -> None:
    with pytest.raises(DatabaseAway, match=reason) as caught:
        await migrate(url)
    assert len(str(caught.value).splitlines()) == 1
    assert "DUOLOGUE_DATABASE_URL" in str(caught.value)
    assert "secret-word" not in str(caught.value)


async def test_a_database_that_is_not_there_is_one_clear_line(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(DatabaseAway, match='database "nowhere" does not exist'):
        await migrate(postgres.url_of("nowhere"))

"""PostgreSQL's accounts: every table is thought of, and nobody owns, drops or reads more than it needs."""

import re
from importlib import resources

import asyncpg
import pytest

from core.domain.ids import BotId
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.migrate import migrate
from core.state.postgres.pool import Database, SchemaMissing
from deploy.accounts import COORDINATOR, SHARD, make_roles
from deploy.embedded.postgres import USER

FOR_NOBODY = {"migrations"}


@pytest.fixture
async def guarded_url(database_url: str) -> str:
    """A database whose accounts have been made, and given their rights."""
    await make_roles(database_url)
    await make_roles(database_url)
    await migrate(database_url)
    return database_url


def _as(url: str, account: str) -> str:
    return url.replace(f"//{USER}@", f"//{account}@", 1)


@pytest.mark.parametrize("account", [SHARD, COORDINATOR])
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE people",
        "TRUNCATE reach",
        "DELETE FROM bots",
        "CREATE TABLE mine (id int)",
        "SELECT * FROM migrations",
        "UPDATE bots SET token = 'x'",
        "INSERT INTO bots (id, username, token, key_version) VALUES (1, 'x', 'x', 1)",
        "CREATE ROLE another SUPERUSER",
        "COPY people TO PROGRAM 'true'",
    ],
)
async def test_what_neither_may(guarded_url: str, account: str, statement: str) -> None:
    connection = await asyncpg.connect(_as(guarded_url, account))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_shard_opens_tokens_and_a_coordinator_cannot_even_see_them(guarded_url: str) -> None:
    cipher = TokenCipher("k" * 32)
    async with Database(guarded_url) as database:
        await Bots(database, cipher).add(BotId(7), "seven_bot", "7:token")
    async with Database(_as(guarded_url, SHARD)) as database:
        assert await Bots(database, cipher).token(BotId(7)) == "7:token"
    async with Database(_as(guarded_url, COORDINATOR)) as database:
        assert [row.id for row in await Bots(database, None).list()] == [7]
        with pytest.raises(SchemaMissing, match="permission denied for table bots"):
            await Bots(database, cipher).token(BotId(7))


async def test_every_table_is_thought_of(guarded_url: str) -> None:
    text = resources.files("core.state.postgres").joinpath("grants.sql").read_text()
    named = {"bots", *re.findall(r"\['\w+', '[A-Z, (a-z)]+', '(\w+)'\]", text)}
    connection = await asyncpg.connect(guarded_url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    assert {row["tablename"] for row in rows} <= named | FOR_NOBODY, "say in grants.sql who may use it"

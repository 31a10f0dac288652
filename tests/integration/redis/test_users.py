"""The users of deploy/redis/users.acl: what shards and coordinators need goes, nothing else does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.exceptions import NoPermissionError, ResponseError

from core.state.redis.client import Argument, RedisClient
from core.state.redis.keys import Keys
from deploy.accounts import COORDINATOR, SHARD, acl, write_acl
from deploy.embedded import EmbeddedRedis

pytestmark = pytest.mark.asyncio(loop_scope="module")
PREFIX = "n1:"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(server_folder: Path) -> AsyncIterator[EmbeddedRedis]:
    users = write_acl(server_folder / "guarded" / "users.acl", PREFIX)
    async with EmbeddedRedis(server_folder / "guarded", {"aclfile": str(users)}) as server:
        yield server


@pytest.mark.parametrize("user", [SHARD, COORDINATOR])
@pytest.mark.parametrize(
    "command",
    [
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "SET", "appendonly", "no"),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("MONITOR",),
        ("GET", "n2:{match}:directory"),
        ("SET", "else", "1"),
        ("PUBLISH", "n2:people-changed", "1 1"),
        ("EVAL", "return redis.call('GET', 'else')", 0),
        ("EVAL", "return redis.call('FLUSHALL')", 0),
    ],
    ids=lambda command: " ".join(map(str, command[:2])),
)
async def test_nobody_looks_around_or_breaks_the_server(
    server: EmbeddedRedis, user: str, command: tuple[Argument, ...]
) -> None:
    async with RedisClient(server.url_as(user)) as client:
        await client.open()
        with pytest.raises(ResponseError, match=r"(?i)no permissions|can't access|ACL failure"):
            await client.command(*command)


async def test_a_shard_reads_the_directory_and_never_writes_it(server: EmbeddedRedis) -> None:
    keys = Keys(PREFIX)
    async with RedisClient(server.url_as(SHARD)) as client:
        await client.open()
        assert await client.command("GET", keys.directory) is None
        for key in (keys.directory, keys.match_epoch, keys.match_lease):
            with pytest.raises(NoPermissionError):
                await client.command("SET", key, "1")


async def test_a_coordinator_cannot_tell_which_message_is_which(server: EmbeddedRedis) -> None:
    async with RedisClient(server.url_as(COORDINATOR)) as client:
        await client.open()
        with pytest.raises(NoPermissionError):
            await client.command("GET", f"{PREFIX}{{conv:7}}")


async def test_passwords_and_prefix_are_filled_in() -> None:
    text = acl(PREFIX)
    assert "duo:" not in text
    assert "PASSWORD" not in text
    assert [line.split()[1] for line in text.splitlines()] == [SHARD, COORDINATOR, "default"]

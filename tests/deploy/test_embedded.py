"""The servers of our own: same data after every kind of end, nothing left running, no two on one folder."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from core.state.redis.client import RedisClient
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis, FolderTaken, FolderUnusable, ServerFailed
from deploy.embedded import postgres as postgres_module
from deploy.embedded import server as server_module
from deploy.embedded.folders import SOCKET_FOLDER_LIMIT, socket_folder
from tests.deploy.processes import running_in, until


async def query(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture
async def own_redis(short_folder: Path) -> AsyncIterator[EmbeddedRedis]:
    async with EmbeddedRedis(short_folder / "redis") as server:
        yield server


async def test_redis_keeps_every_acknowledged_write_over_a_kill(own_redis: EmbeddedRedis) -> None:
    async with RedisClient(own_redis.url) as client:
        await client.command("SET", "a", "1")
    own_redis.kill()
    assert not own_redis.running
    await own_redis.start()
    async with RedisClient(own_redis.url) as client:
        assert await client.command("GET", "a") == b"1"
        assert await client.command("CONFIG", "GET", "appendfsync") == [b"appendfsync", b"always"]


async def test_redis_takes_other_settings_at_a_restart(own_redis: EmbeddedRedis) -> None:
    await own_redis.stop()
    own_redis.settings["appendfsync"] = "everysec"
    await own_redis.start()
    async with RedisClient(own_redis.url) as client:
        assert await client.command("CONFIG", "GET", "appendfsync") == [b"appendfsync", b"everysec"]


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator is put in by Linux' loader")
async def test_redis_allocates_by_a_library_that_is_made_for_it(own_redis: EmbeddedRedis) -> None:
    assert "libmimalloc" in Path(f"/proc/{own_redis.pid}/maps").read_text()


async def test_postgres_keeps_every_commit_over_a_kill_and_a_restart(short_folder: Path) -> None:
    server = EmbeddedPostgres(short_folder / "postgres", {"max_connections": "20"})
    async with server:
        await query(server, "CREATE TABLE kept AS SELECT 7 AS x")
        server.kill()
        await server.start()
        assert await query(server, "SELECT x FROM kept") == 7
        assert await query(server, "SHOW max_connections") == "20"
    async with server:
        assert await query(server, "SELECT x FROM kept") == 7
    assert not running_in(short_folder)


async def test_a_start_that_was_broken_off_leaves_no_half_made_data(short_folder: Path) -> None:
    server = EmbeddedPostgres(short_folder / "postgres")
    (server.folder / "data.new").mkdir(parents=True)
    (server.folder / "data.new" / "PG_VERSION").write_text("18\n")
    async with server:
        assert await query(server, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
async def test_postgres_runs_as_nobody_where_root_may_not_make_a_namespace(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EmbeddedPostgres(short_folder / "postgres") as server:
        await query(server, "CREATE TABLE kept AS SELECT 7 AS x")
    monkeypatch.setattr(postgres_module, "can_unroot", lambda: False)
    short_folder.chmod(0o755)
    if not postgres_module.open_to_others(postgres_module.programs()):
        pytest.skip("the programs stand in a folder that is closed to others")
    async with server:
        assert psutil.Process(server.pid).uids().real == 65534
        assert await query(server, "SELECT x FROM kept") == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
async def test_a_folder_that_nobody_may_enter_is_named(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "can_unroot", lambda: False)
    short_folder.chmod(0o700)
    with pytest.raises(ServerFailed, match=f"{short_folder} is closed to others: run as an ordinary user"):
        await EmbeddedPostgres(short_folder / "postgres").start()


async def test_a_second_server_on_one_folder_is_refused(
    own_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_PREDECESSOR_S", 0.05)
    with pytest.raises(FolderTaken, match="is in use by another process"):
        await EmbeddedRedis(own_redis.folder).start()
    assert own_redis.running


async def test_a_server_waits_for_its_predecessor_to_end(own_redis: EmbeddedRedis) -> None:
    second = EmbeddedRedis(own_redis.folder)
    starting = asyncio.create_task(second.start())
    await own_redis.stop()
    await starting
    assert second.running
    await second.stop()


async def test_a_server_that_cannot_start_says_why(short_folder: Path) -> None:
    server = EmbeddedRedis(short_folder / "redis", {"appendfsync": "sometimes"})
    with pytest.raises(ServerFailed, match=r"Redis did not start: .*everysec, always, no; see .*server\.log"):
        await server.start()
    assert not server.running


async def test_data_of_another_version_is_refused(short_folder: Path) -> None:
    server = EmbeddedPostgres(short_folder / "postgres")
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerFailed, match="was made by PostgreSQL 17, this one is 18"):
        await server.start()


async def test_a_folder_that_cannot_be_made_is_named(short_folder: Path) -> None:
    (short_folder / "file").write_text("")
    with pytest.raises(FolderUnusable, match=r"file/redis cannot be written to: not a directory"):
        await EmbeddedRedis(short_folder / "file" / "redis").start()


def test_a_deep_folder_has_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    found = socket_folder(deep)
    assert len(os.fsencode(found)) <= SOCKET_FOLDER_LIMIT
    assert found == socket_folder(deep)
    assert found != socket_folder(tmp_path / ("deep" * 31))
    found.rmdir()


_STARTER = """
import asyncio, sys
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis

async def main():
    async with EmbeddedRedis(sys.argv[1] + "/redis"), EmbeddedPostgres(sys.argv[1] + "/postgres"):
        print("started", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_servers_end_with_a_killed_starter(short_folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(short_folder)], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "started\n"
        assert len(running_in(short_folder)) >= 3
        starter.send_signal(signal.SIGKILL)
    until(lambda: not running_in(short_folder))

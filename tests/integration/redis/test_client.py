"""What the client makes of a server that is busy, restarted or away."""

import asyncio

import pytest

from core.domain.errors import RedisAway, RedisFull
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import LEASE_RELEASE


async def test_more_callers_than_connections_wait_for_each_other(redis_url: str, keys: Keys) -> None:
    async with RedisClient(redis_url, "fast", connections=2) as client:
        pings = [client.command("BLPOP", f"{keys.prefix}nothing", "0.01") for _ in range(20)]
        assert await asyncio.gather(*pings) == [None] * 20


async def test_who_gives_up_takes_no_connection_from_those_who_wait(redis_url: str, keys: Keys) -> None:
    async with RedisClient(redis_url, "fast", connections=1) as client:
        waiting: list[asyncio.Task[object]] = []

        async def first() -> None:
            await client.command("BLPOP", f"{keys.prefix}nothing", "0.05")
            # It is left the connection just now, and has not heard of it yet.
            waiting[1].cancel()

        waiting = [asyncio.create_task(one) for one in (first(), *(client.command("PING") for _ in range(3)))]
        await asyncio.sleep(0)
        waiting[2].cancel()
        _, left, queued, last = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(left, asyncio.CancelledError)
        assert isinstance(queued, asyncio.CancelledError)
        assert last == b"PONG"
        assert await client.command("PING") == b"PONG"


async def test_a_server_that_lost_its_scripts_gets_them_again(client: RedisClient, keys: Keys) -> None:
    call = (LEASE_RELEASE, (keys.match_lease, keys.match_epoch), (1,))
    assert await client.run_many([call, call]) == [0, 0]
    await client.command("SCRIPT", "FLUSH")
    assert await client.run_many([call, call], safe=True) == [0, 0]


async def test_a_server_that_is_not_there_is_away(tmp_path: object) -> None:
    async with RedisClient(f"unix://{tmp_path}/nothing.sock", "fast") as client:
        with pytest.raises(RedisAway):
            await client.open()
        with pytest.raises(RedisAway):
            await client.pipeline([("PING",)])


async def test_a_command_in_error_is_no_absence(client: RedisClient, keys: Keys) -> None:
    await client.command("SET", f"{keys.prefix}text", "a")
    with pytest.raises(Exception, match="WRONGTYPE") as caught:
        await client.command("XLEN", f"{keys.prefix}text")
    assert not isinstance(caught.value, RedisAway)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("OOM command not allowed when used memory > 'maxmemory'.", RedisFull),
        ("READONLY You can't write against a read only replica.", RedisAway),
        ("NOREPLICAS Not enough good replicas to write.", RedisAway),
    ],
)
async def test_a_refusal_inside_a_script_is_one_on_servers_of_version_6_too(
    words: str, kind: type[RedisAway]
) -> None:
    """As Redis 6.2.14 says it, on a connection."""

    served: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        while head := await reader.readline():
            parts = [await reader.readline() for _ in range(2 * int(head[1:]))]
            text = f"ERR Error running script (call to f_50cb): @user_script:46: @user_script: 46: -{words}"
            writer.write(f"-{text}\r\n".encode() if parts[1].strip() == b"EVALSHA" else b"+OK\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        async with RedisClient(url, "fast", connections=1) as client:
            with pytest.raises(RedisAway) as caught:
                await client.run(LEASE_RELEASE, ("lease", "epoch"), (1,))
            assert type(caught.value) is kind
        await asyncio.gather(*filter(None, served))


async def test_a_safe_write_needs_the_append_only_file(redis_url: str, client: RedisClient) -> None:
    """`always` alone says nothing when the file is off: opening must ask for proof."""
    await client.command("CONFIG", "SET", "appendonly", "no")
    try:
        async with RedisClient(redis_url, "fsync") as other:
            with pytest.raises(RedisAway, match="safe"):
                await other.open()
    finally:
        await client.command("CONFIG", "SET", "appendonly", "yes")


async def test_a_write_without_a_replica_is_not_safe_in_replica_mode(redis_url: str) -> None:
    async with RedisClient(redis_url, "replica") as client:
        with pytest.raises(RedisAway, match="0 disks or replicas"):
            await client.open()


async def test_a_cancelled_caller_ends_wherever_it_just_was(client: RedisClient) -> None:
    """On Python 3.11 asyncio.wait_for loses a cancellation that comes when its future is just done."""
    lost: list[int] = []

    async def call_until_cancelled() -> None:
        while not lost:
            await client.command("PING")
            await client.pipeline([("PING",)], safe=True)

    for steps in range(60):
        caller = asyncio.create_task(call_until_cancelled())
        for _ in range(steps):
            await asyncio.sleep(0)
        caller.cancel()
        done, _ = await asyncio.wait({caller}, timeout=3)
        if not done:
            lost.append(steps)
            await caller
    assert lost == []


async def test_a_server_that_does_not_answer_is_away(
    redis_url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RedisClient(redis_url, "fast", connections=1) as client:
        monkeypatch.setattr("core.state.redis.server.ANSWER_SECONDS", 0.05)
        with pytest.raises(RedisAway):
            await client.command("BLPOP", f"{keys.prefix}nothing", 1)
        monkeypatch.undo()
        assert await client.command("PING") == b"PONG", "the late answer is nobody else's"


async def test_after_silence_nobody_waits_on_what_leads_there(
    redis_url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RedisClient(redis_url, "fast", connections=3) as client:

        async def connections() -> set[int]:
            return set(await asyncio.gather(*(client.command("CLIENT", "ID") for _ in range(3))))

        before = await connections()
        assert len(before) == 3
        monkeypatch.setattr("core.state.redis.server.ANSWER_SECONDS", 0.05)
        with pytest.raises(RedisAway):
            await client.command("BLPOP", f"{keys.prefix}nothing", 1)
        monkeypatch.undo()
        assert before.isdisjoint(await connections())

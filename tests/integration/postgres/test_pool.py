"""The pool: every statement counted, every failure typed, an answer within its limit, recovery by itself."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from core.domain.errors import DuologueError, StoreAway
from core.service import metrics
from core.state.postgres.pool import CALL_SECONDS, Database, DatabaseAway, SchemaMissing
from deploy.embedded import EmbeddedPostgres
from tests.harness.waiting import until

NUMBER = "SELECT $1::int AS number"


@asynccontextmanager
async def counted() -> AsyncIterator[list[float]]:
    """How many statements the block sent."""
    result: list[float] = []
    before = metrics.value(metrics.SQL_STATEMENTS)
    yield result
    result.append(metrics.value(metrics.SQL_STATEMENTS) - before)


@contextmanager
def frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """The whole server stands still: it takes connections and answers nothing."""
    assert server.pid is not None
    stopped = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            process.send_signal(signal.SIGCONT)


async def number(database: Database, value: int) -> int:
    result: int = (await database.one(NUMBER, value))["number"]
    return result


async def test_every_way_to_ask(database: Database) -> None:
    await database.execute("CREATE TABLE things (x int)")
    assert await database.execute("INSERT INTO things SELECT generate_series(1, $1)", 5) == 5
    assert await database.execute("UPDATE things SET x = 0 WHERE x > 3") == 2
    assert [row["x"] for row in await database.fetch("SELECT x FROM things ORDER BY x")] == [0, 0, 1, 2, 3]
    assert await database.fetchrow("SELECT x FROM things WHERE x = 9") is None
    with pytest.raises(LookupError):
        await database.one("SELECT x FROM things WHERE x = 9")


async def test_every_statement_is_counted(database: Database) -> None:
    async with counted() as statements:
        await database.fetch(NUMBER, 1)
        await database.fetchrow(NUMBER, 1)
        await database.execute(NUMBER, 1)
    assert statements == [3]
    async with counted() as statements, database.transaction() as transaction:
        await transaction.execute(NUMBER, 1)
        await transaction.fetch(NUMBER, 1)
    assert statements == [4]  # with BEGIN and COMMIT
    async with counted() as statements:
        pass
    assert statements == [0]


async def test_a_transaction_happens_in_whole_or_not_at_all(database: Database) -> None:
    await database.execute("CREATE TABLE things (x int)")

    async def give_up_halfway() -> None:
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO things VALUES (1)")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        await give_up_halfway()
    assert await database.fetch("SELECT * FROM things") == []
    async with database.transaction() as transaction:
        await transaction.execute("INSERT INTO things VALUES (2)")
    assert len(await database.fetch("SELECT * FROM things")) == 1


async def test_a_cancelled_call_leaves_a_connection_that_works(database_url: str) -> None:
    async with Database(database_url, size=1) as database:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await database.fetch("SELECT pg_sleep(1)")
            assert await number(database, 7) == 7
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), database.transaction() as transaction:
                await transaction.fetch("SELECT pg_sleep(1)")
        assert await database.fetch("SELECT 1 WHERE pg_current_xact_id_if_assigned() IS NOT NULL") == []


async def test_a_mistake_of_ours_is_not_called_away(database: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError):
        await database.fetch(NUMBER)
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await database.fetch("SELEKT 1")
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.execute("INSERT INTO epochs VALUES ('a', 1), ('a', 1)")
    assert await number(database, 7) == 7


async def test_a_database_without_the_tables_says_what_to_do(postgres: EmbeddedPostgres) -> None:
    async with Database(postgres.url) as database:
        with pytest.raises(SchemaMissing, match="run `duologue migrate`"):
            await database.fetch("SELECT * FROM bots")


async def test_a_slow_statement_ends_in_time(database: Database) -> None:
    with pytest.raises(DatabaseAway, match="did not answer in time"):
        await database.fetch("SELECT pg_sleep($1)", CALL_SECONDS * 10)
    assert await number(database, 7) == 7


async def answers(database: Database) -> bool:
    """Whether the server answers by now; just after its start, on a busy machine, it may be slow to."""
    try:
        return await number(database, 0) == 0
    except DatabaseAway:
        return False


async def silent(database: Database) -> bool:
    return not await answers(database)


async def test_away_while_the_server_is_killed_and_back_when_it_is(own: EmbeddedPostgres) -> None:
    async with Database(own.url) as database:
        assert await number(database, 1) == 1
        own.kill()
        # The process that serves our connection ends a moment after the server that it belongs to.
        await until(lambda: silent(database), 20, "the last process of the server to end")
        for _ in range(5):
            with pytest.raises(DatabaseAway) as caught:
                await number(database, 2)
            assert len(str(caught.value).splitlines()) == 1
        await own.start()
        await until(lambda: answers(database), 20, "the pool to find the server again")
        assert await number(database, 3) == 3


async def test_a_replica_answers_while_the_server_is_away(own: EmbeddedPostgres, database_url: str) -> None:
    async with Database(own.url, replicas=["postgresql://127.0.0.1:1/nowhere", database_url]) as database:
        name = "SELECT current_database() AS name"
        assert [row["name"] for row in await database.fetch_even_old(name)] == ["duologue"]
        await own.stop()
        await until(lambda: silent(database), 20, "the server to end")
        (row,) = await database.fetch_even_old(name)
        assert database_url.split("?", maxsplit=1)[0].endswith(row["name"])
        with pytest.raises(DatabaseAway):
            await database.fetch(name)


async def test_a_process_may_begin_while_the_server_is_away(own: EmbeddedPostgres) -> None:
    await own.stop()
    async with Database(own.url) as database:
        with pytest.raises(DatabaseAway):
            await number(database, 1)
        await own.start()
        await until(lambda: answers(database), 20, "the pool to find the server")
        assert await number(database, 2) == 2


async def test_a_server_that_stands_still_holds_nobody_up(own: EmbeddedPostgres) -> None:
    async with Database(own.url, size=2) as database:
        assert await number(database, 1) == 1
        with frozen(own):
            # All at once: one after the other, on two connections, would take 20 times the limit.
            async with asyncio.timeout(10 * CALL_SECONDS):
                calls = [number(database, value) for value in range(40)]
                given = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(answer) for answer in given} == {DatabaseAway}
        await until(lambda: answers(database), 20, "the server to go on")
        assert await number(database, 2) == 2


async def test_a_refused_login_is_away_and_shows_no_password(own: EmbeddedPostgres) -> None:
    url = own.url.replace("duologue@", "nobody:secret-word@")
    async with Database(url) as database:
        with pytest.raises(StoreAway, match='role "nobody" does not exist') as caught:
            await number(database, 1)
    assert "secret-word" not in str(caught.value)


async def test_too_many_clients_is_away(own: EmbeddedPostgres) -> None:
    others = [await asyncpg.connect(own.url) for _ in range(20)]
    async with Database(own.url) as database:
        with pytest.raises(DatabaseAway, match=r"too many clients|connection slots"):
            await number(database, 1)
        await others.pop().close()
        assert await number(database, 2) == 2
    for other in others:
        await other.close()


async def test_room_for_all_connections_is_checked(own: EmbeddedPostgres) -> None:
    async with Database(own.url) as database:
        await database.check_room([2] * 8 + [1])
        with pytest.raises(DuologueError, match=r"need 18 connections, PostgreSQL allows 17: raise max_conn"):
            await database.check_room([2] * 9)
    async with Database(own.url + "&pgbouncer=1") as database:
        await database.check_room([1000])


PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")
async def test_behind_pgbouncer(own: EmbeddedPostgres, folder: Path) -> None:
    sockets = folder / "bouncer"
    sockets.mkdir()
    (folder / "bouncer.ini").write_text(f"""
        [databases]
        * = host={own.sockets} user=duologue
        [pgbouncer]
        listen_addr =
        unix_socket_dir = {sockets}
        auth_type = any
        pool_mode = transaction
        default_pool_size = 3
        max_client_conn = 500
    """)
    command = [str(PGBOUNCER), "-q", str(folder / "bouncer.ini")]
    if os.getuid() == 0:
        command = ["unshare", "--user", "--map-user=65534", "--map-group=65534", *command]
    url = f"postgresql://duologue@/duologue?host={sockets}&port=6432"
    bouncer = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    try:
        while not list(sockets.iterdir()):
            assert bouncer.returncode is None, "pgbouncer did not start"
            await asyncio.sleep(0.01)
        assert await _asked_at_once(f"{url}&pgbouncer=1") == []
        errors = await _asked_at_once(url)
        assert errors
        assert all("add ?pgbouncer=1" in str(error) for error in errors)
    finally:
        bouncer.terminate()
        await bouncer.wait()


async def _asked_at_once(url: str) -> list[BaseException]:
    """What went wrong with 20 pools that each ask 20 times."""

    async def ask(client: int) -> None:
        async with Database(url) as database:
            for value in range(20):
                assert await number(database, client * 100 + value) == client * 100 + value

    answers = await asyncio.gather(*(ask(client) for client in range(20)), return_exceptions=True)
    return [answer for answer in answers if answer is not None]

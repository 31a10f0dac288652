"""The door of the webhook: who may come in, and what they are answered."""

import asyncio
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from core.domain.errors import DuologueError
from core.service import metrics
from shard.inbound import door as doors
from shard.inbound.door import Door, port_at, socket_at
from tests.harness.nginx import needs_nginx, nginx

SECRET = "s" * 64
HEADER = doors.SECRET_HEADER.decode()


class House:
    """A door on a socket. `got` are the bodies that were let in; `answers` the statuses they are given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.got: list[bytes] = []
        self.open: list[asyncio.Future[int]] = []
        self.status: int | None = 200
        self.door = Door("/hook/77", SECRET, self.receive)

    def receive(self, body: bytes) -> "asyncio.Future[int]":
        self.got.append(body)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self.status is not None:
            answer.set_result(self.status)
        else:
            self.open.append(answer)
        return answer

    async def post(self, path: str = "/hook/77", secret: str | None = SECRET, **more: object) -> int:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.path))) as session:
            headers = {} if secret is None else {HEADER: secret}
            body = more.get("body", b"{}")
            async with session.post(f"http://bot{path}", data=body, headers=headers) as answer:
                assert answer.headers.get("Retry-After") == ("1" if answer.status == 503 else None)
                return answer.status

    async def raw(self, words: bytes) -> bytes:
        """What comes back until the connection is closed."""
        reader, writer = await asyncio.open_unix_connection(str(self.path))
        writer.write(words)
        answer = await reader.read()
        writer.close()
        return answer


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "77.sock")
    with socket_at(house.path) as listener:
        server = await asyncio.get_running_loop().create_unix_server(house.door.visit, sock=listener)
        yield house
        house.door.close()
        server.close()
        await asyncio.sleep(0)


async def test_who_knows_the_secret_is_let_in(house: House) -> None:
    assert await house.post(body=b'{"update_id": 1}') == 200
    assert house.got == [b'{"update_id": 1}']
    # A front door may put something before the path and after it.
    assert await house.post("/some/where/hook/77?x=1") == 200


@pytest.mark.parametrize("secret", [None, "", "s" * 63, "s" * 65, "S" * 64, "\u00e9"])
async def test_who_does_not_is_refused(house: House, secret: str | None) -> None:
    before = metrics.value(metrics.WEBHOOK_REFUSED)
    assert await house.post(secret=secret) == 403
    assert house.got == []
    assert metrics.value(metrics.WEBHOOK_REFUSED) == before + 1


async def test_other_paths_methods_and_noise_are_refused(house: House) -> None:
    assert await house.post("/hook/78") == 404
    assert await house.post("/hook/77/more") == 404
    assert (await house.raw(b"GET /hook/77 HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 405 ")
    assert (await house.raw(b"\x16\x03\x01 noise\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert house.got == []


async def test_a_body_beyond_measure_is_thrown_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "BODY_MOST", 100_000)
    assert await house.post(body=b"x" * 100_001) == 413
    assert await house.post(body=b"x" * 100_000) == 200
    assert [len(body) for body in house.got] == [100_000]


async def test_come_again(house: House) -> None:
    house.status = 503
    assert await house.post() == 503


async def test_who_goes_away_is_not_waited_for(house: House) -> None:
    house.status = None
    _, writer = await asyncio.open_unix_connection(str(house.path))
    head = f"POST /hook/77 HTTP/1.1\r\n{HEADER}: {SECRET}\r\nContent-Length: 2\r\n\r\n"
    writer.write(head.encode() + b"{}")
    while not house.open:
        await asyncio.sleep(0.01)
    writer.close()
    await writer.wait_closed()
    with pytest.raises(asyncio.CancelledError):
        await house.open[0]


async def test_one_request_at_a_time(house: House) -> None:
    house.status = None
    one = f"POST /hook/77 HTTP/1.1\r\n{HEADER}: {SECRET}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    assert await house.raw(one + one) == b""
    assert len(house.got) == 1


async def test_an_idle_connection_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "IDLE_SECONDS", 0.05)
    house = House(tmp_path / "77.sock")
    with socket_at(house.path) as listener:
        server = await asyncio.get_running_loop().create_unix_server(house.door.visit, sock=listener)
        assert await house.raw(b"POST /hook") == b""
        server.close()


async def test_the_next_process_puts_its_socket_over_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "hooks" / "77.sock"
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(socket_at(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        old = path.stat().st_ino
        second.enter_context(socket_at(path))
        assert path.stat().st_ino != old
        first.close()
        assert path.is_socket()
        second.close()
        assert not path.exists()


def test_a_place_that_cannot_be_listened_at_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DuologueError, match="DUOLOGUE_WEBHOOK_SOCKETS"),
        socket_at(tmp_path / "file" / "1.sock"),
    ):
        pass
    with pytest.raises(DuologueError, match="DUOLOGUE_WEBHOOK_SOCKETS"), socket_at(tmp_path / ("x" * 120)):
        pass
    with port_at("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DuologueError, match="DUOLOGUE_WEBHOOK_PORT"), port_at("127.0.0.1", port):
            pass


@needs_nginx
async def test_an_nginx_finds_each_bots_socket_and_says_when_there_is_none() -> None:
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    try:
        async with nginx(folder, folder / "hooks") as front, aiohttp.ClientSession() as http:

            async def bring(bot: str = "77", secret: str = SECRET, body: bytes = b"{}") -> tuple[int, str]:
                async with http.post(
                    f"{front.url}/hook/{bot}", data=body, headers={HEADER: secret}
                ) as answer:
                    return answer.status, answer.headers.get("Retry-After", "")

            assert await bring() == (503, "1"), "there is no socket yet"
            house = House(folder / "hooks" / "77.sock")
            with socket_at(house.path) as listener:
                server = await asyncio.get_running_loop().create_unix_server(house.door.visit, sock=listener)
                assert await bring(body=b"x" * 500_000) == (200, "")
                assert await bring(secret="wrong") == (403, "")
                assert await bring("78") == (503, "1")
                assert await bring("..%2f77") == (404, "")
                house.status = 503
                assert await bring() == (503, "1")
                server.close()
            assert await bring() == (503, "1"), "the shard is gone"
            assert [len(body) for body in house.got] == [500_000, 2]
    finally:
        shutil.rmtree(folder, ignore_errors=True)

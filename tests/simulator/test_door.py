"""The port's door: whichever way a call takes, the same comes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from simulator.faults.rules import Kind, Rule
from simulator.server.asked import plain_call
from tests.simulator.stage import Stage, until

_JSON = "Content-Type: application/json\r\n"


class _Line:
    """A connection on which bytes are written as they are given here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> tuple[int, bytes]:
        """The next answer's status and body."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split()[1]), await self._reader.readexactly(length)

    async def ended(self) -> bytes:
        """What still comes before the connection ends."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def _line(stage: Stage) -> AsyncIterator[_Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.simulator.port)
    try:
        yield _Line(reader, writer)
    finally:
        writer.close()


def _call(stage: Stage, method: str, body: bytes = b"{}", more: str = _JSON) -> bytes:
    return f"POST /bot{stage.bot.token}/{method} HTTP/1.1\r\nHost: x\r\n{more}".encode() + (
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def _text(stage: Stage, text: str) -> bytes:
    return _call(stage, "sendMessage", msgspec.json.encode({"chat_id": stage.ada.id, "text": text}))


def _chunked(plain: bytes) -> bytes:
    """The same call in a form that only the full server reads."""
    head, _, body = plain.partition(b"\r\n\r\n")
    head = head.partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked"
    piece = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return b"%b\r\n\r\n%b0\r\n\r\n" % (head, piece)


def _heads(plain: bytes) -> bytes:
    return plain.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("getMe", b"{}"),
        ("getMe", b""),
        ("getUpdates", b'{"timeout":0}'),
        ("sendMessage", b'{"chat_id":1,"text":"nobody"}'),
        ("sendMessage", b'{"chat_id":'),
        ("sendMessage", b"[]"),
        ("sendNothing", b"{}"),
        ("getMe/x", b"{}"),
    ],
)
async def test_both_ways_answer_alike(stage: Stage, method: str, body: bytes) -> None:
    plain = _call(stage, method, body)
    assert plain_call(_heads(plain)) is not None
    assert plain_call(_heads(_chunked(plain))) is None
    async with _line(stage) as line:
        line.write(plain)
        first = await line.answer()
        line.write(_chunked(plain))
        assert await line.answer() == first


@pytest.mark.parametrize("kind", [Kind.TOO_MANY, Kind.SERVER_ERROR, Kind.TRUNCATED, Kind.STRANGE, Kind.CUT])
async def test_both_ways_break_alike(stage: Stage, kind: Kind) -> None:
    said = []
    for form in (_text, lambda stage, text: _chunked(_text(stage, text))):
        stage.simulator.faults.add(Rule(kind=kind, times=1, status=502))
        stage.bot.last_message = 7
        async with _line(stage) as line:
            line.write(form(stage, "the same"))
            said.append((await line.ended()).splitlines()[-1] if kind is Kind.CUT else await line.answer())
    assert said[0] == said[1]


async def test_a_form_is_read_like_json(stage: Stage) -> None:
    body = f"chat_id={stage.ada.id}&text=a+b%20c".encode()
    kind = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
    plain = _call(stage, "sendMessage", body, kind)
    assert plain_call(_heads(plain)) is not None
    async with _line(stage) as line:
        line.write(plain)
        assert (await line.answer())[0] == 200
    assert [one.body["text"] for one in stage.seen()] == ["a b c"]


async def test_calls_in_pieces_and_several_at_once(stage: Stage) -> None:
    async with _line(stage) as line:
        for byte in _text(stage, "in pieces"):
            line.write(bytes((byte,)))
            await asyncio.sleep(0)
        assert (await line.answer())[0] == 200
        line.write(_text(stage, "one") + _text(stage, "two") + _chunked(_text(stage, "three")))
        for _ in range(3):
            assert (await line.answer())[0] == 200
    assert [one.body["text"] for one in stage.seen()] == ["in pieces", "one", "two", "three"]


async def test_what_comes_behind_a_call_that_waits_is_answered_after_it(stage: Stage) -> None:
    async with _line(stage) as line:
        line.write(_call(stage, "getUpdates", b'{"timeout":50}') + _text(stage, "behind"))
        await until(lambda: stage.bot.long_poll.waits)
        assert stage.seen() == []
        stage.says("hello")
        assert b"hello" in (await line.answer())[1]
        assert b"behind" in (await line.answer())[1]


async def test_a_call_goes_on_when_its_caller_hangs_up(stage: Stage) -> None:
    stage.simulator.faults.add(Rule(kind=Kind.SLOW, times=1, seconds=5))
    async with _line(stage) as line:
        line.write(_text(stage, "done all the same"))
        await until(lambda: stage.clock.waiting == 1)
    stage.clock.advance(5)
    await until(lambda: len(stage.seen()) == 1)


@pytest.mark.parametrize("start", [b"GET / HTTP/1.0\r\n\r\n", b"PUSH nonsense", b"\x16\x03\x01"])
async def test_what_is_no_call_goes_to_the_full_server(stage: Stage, start: bytes) -> None:
    async with _line(stage) as line:
        line.write(start + b"\r\n\r\n")
        assert (await line.ended()).startswith(b"HTTP/1.")

"""The lean connections, against servers that do what servers do."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import uvloop

from shard.wire import WATCH_SECONDS, Outcome, Wire, WireBroken
from tests.harness.waiting import until

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class _Server:
    """Answers each request by `answer`; counts connections."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await self._answer(await reader.readexactly(length), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def _with(answer: Answer, work: Callable[[Wire, _Server], Awaitable[None]]) -> None:
    server = _Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, Wire(f"http://127.0.0.1:{port}") as wire:
        await work(wire, server)


def _has(outcomes: list[Outcome], count: int) -> bool:
    return len(outcomes) == count


async def _plainly(body: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def test_calls_one_after_another_share_a_connection_and_get_their_own_answers() -> None:
    async def work(wire: Wire, server: _Server) -> None:
        answers = [await wire.post("/x", b"%d" % n, 5) for n in range(20)]
        assert answers == [(200, b"%d" % n) for n in range(20)]
        assert server.connections == 1

    await _with(_plainly, work)


async def test_calls_at_the_same_time_get_their_own_answers() -> None:
    async def slowly(body: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep((7 - int(body)) * 0.01)
        await _plainly(body, writer)

    async def work(wire: Wire, server: _Server) -> None:
        answers = await asyncio.gather(*(wire.post("/x", b"%d" % n, 5) for n in range(7)))
        assert answers == [(200, b"%d" % n) for n in range(7)]

    await _with(slowly, work)


async def test_an_answer_in_pieces_and_chunks_is_whole() -> None:
    async def chunked(body: bytes, writer: asyncio.StreamWriter) -> None:
        for piece in (
            b"HTTP/1.1 502 Bad",
            b" Gateway\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            b"0\r\n\r\n",
        ):
            writer.write(piece)
            await asyncio.sleep(0.01)

    async def work(wire: Wire, server: _Server) -> None:
        assert await wire.post("/x", b"", 5) == (502, b"abc")
        assert await wire.post("/x", b"", 5) == (502, b"abc")
        assert server.connections == 1

    await _with(chunked, work)


async def test_a_connection_that_the_server_ends_is_not_used_again() -> None:
    async def ending(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")

    async def work(wire: Wire, server: _Server) -> None:
        assert [await wire.post("/x", b"", 5) for _ in range(3)] == [(200, b"x")] * 3
        assert server.connections == 3

    await _with(ending, work)


async def test_a_call_given_up_leaves_no_answer_to_the_next_one() -> None:
    async def late(body: bytes, writer: asyncio.StreamWriter) -> None:
        if body == b"late":
            await asyncio.sleep(2 * WATCH_SECONDS)
        await _plainly(body, writer)

    async def work(wire: Wire, server: _Server) -> None:
        # What is to be too late is the answer, not the connection.
        assert await wire.post("/x", b"first", 5) == (200, b"first")
        with pytest.raises(WireBroken) as broken:
            await wire.post("/x", b"late", 0.05)
        assert broken.value.reached
        cancelled = asyncio.ensure_future(wire.post("/x", b"late", 5))
        await asyncio.sleep(0.05)
        cancelled.cancel()
        await asyncio.wait({cancelled})
        assert cancelled.cancelled()
        await asyncio.sleep(2 * WATCH_SECONDS)
        assert await wire.post("/x", b"next", 5) == (200, b"next")

    await _with(late, work)


@pytest.mark.parametrize(
    "words", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"what?\r\n\r\n"]
)
async def test_no_whole_answer_may_have_been_carried_out(words: bytes) -> None:
    async def breaking(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()
        writer.close()

    async def work(wire: Wire, server: _Server) -> None:
        with pytest.raises(WireBroken) as broken:
            await wire.post("/x", b"", 5)
        assert broken.value.reached

    await _with(breaking, work)


async def test_a_call_that_nobody_awaits_takes_a_connection_that_waits_and_comes_to_one_outcome() -> None:
    async def broken_by_end(body: bytes, writer: asyncio.StreamWriter) -> None:
        if body == b"end":
            writer.close()
        else:
            await _plainly(body, writer)

    async def work(wire: Wire, server: _Server) -> None:
        outcomes: list[Outcome] = []
        assert not wire.post_now("/x", b"1", 5, outcomes.append), "there is no connection yet"
        await wire.post("/x", b"1", 5)
        for count, body in enumerate((b"2", b"3", b"end"), 1):
            assert wire.post_now("/x", body, 5, outcomes.append)
            assert not wire.post_now("/x", b"too many", 5, outcomes.append), "the connection is taken"
            await until(partial(_has, outcomes, count), 5, "an outcome")
        assert outcomes[:2] == [(200, b"2"), (200, b"3")]
        assert isinstance(outcomes[2], WireBroken)
        assert outcomes[2].reached
        assert not wire.post_now("/x", b"4", 5, outcomes.append), "the connection is gone"
        assert await wire.post("/x", b"5", 5) == (200, b"5")
        assert len(outcomes) == 3

    await _with(broken_by_end, work)


async def test_what_is_no_longer_wanted_when_there_is_a_connection_does_not_go_out() -> None:
    async def work(wire: Wire, server: _Server) -> None:
        with pytest.raises(WireBroken) as broken:
            await wire.post("/x", b"late", 5, lambda: False)
        assert not broken.value.reached
        assert await wire.post("/x", b"2", 5, lambda: True) == (200, b"2")
        assert server.connections == 1, "the connection is kept"

    await _with(_plainly, work)


async def test_whoever_breaks_on_hearing_of_a_late_answer_keeps_no_other_from_being_late() -> None:
    async def never(body: bytes, writer: asyncio.StreamWriter) -> None:
        if body == b"first":
            await _plainly(body, writer)

    def breaks(outcome: Outcome) -> None:
        raise ValueError

    async def work(wire: Wire, server: _Server) -> None:
        said: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        await wire.post("/x", b"first", 5)
        assert wire.post_now("/x", b"silence", 0.01, breaks)
        with pytest.raises(WireBroken):
            await wire.post("/x", b"silence", 2 * WATCH_SECONDS)
        assert [type(context["exception"]) for context in said] == [ValueError]
        with pytest.raises(WireBroken):
            await wire.post("/x", b"silence", 0.01)

    await _with(never, work)


def test_the_loop_that_processes_run_on() -> None:
    async def work(wire: Wire, server: _Server) -> None:
        assert await wire.post("/x", b"1", 5) == (200, b"1")
        assert await wire.post("/x", b"2", 5) == (200, b"2")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_with(_plainly, work))


async def test_nobody_there_was_not_reached() -> None:
    async with Wire("http://127.0.0.1:1") as wire:
        with pytest.raises(WireBroken) as broken:
            await wire.post("/x", b"", 5)
    assert not broken.value.reached

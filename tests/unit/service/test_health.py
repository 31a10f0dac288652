"""What every process shows of itself."""

import socket

import aiohttp
import pytest
from aiohttp import web

from core.domain.errors import DuologueError
from core.service import health, metrics
from core.service.clock import SystemClock

HOST = "127.0.0.1"


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{HOST}:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_ready_follows_the_process_and_alive_does_not() -> None:
    holds = False
    app = health.application(lambda: (holds, "lease held" if holds else "another process serves"))
    async with health.serve(app, HOST, 0) as port:
        assert await get(port, "/readyz") == (503, "another process serves\n")
        assert await get(port, "/healthz") == (200, "alive\n")
        holds = True
        assert await get(port, "/readyz") == (200, "lease held\n")


async def test_metrics_are_shown_in_prometheus_words() -> None:
    before = metrics.value(metrics.APPENDED)
    metrics.APPENDED.inc(3)
    assert metrics.value(metrics.APPENDED) == before + 3
    async with health.serve(health.application(lambda: (True, "")), HOST, 0) as port:
        status, text = await get(port, "/metrics")
    assert status == 200
    assert f"duologue_appended_total {before + 3}" in text
    assert "process_resident_memory_bytes" in text


async def test_a_process_may_add_pages() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="mine")

    app = health.application(lambda: (True, ""))
    app.router.add_get("/mine", page)
    async with health.serve(app, HOST, 0) as port:
        assert await get(port, "/mine") == (200, "mine")


async def test_the_port_is_free_again_afterwards() -> None:
    app = health.application(lambda: (True, ""))
    async with health.serve(app, HOST, 0) as port:
        pass
    async with health.serve(health.application(lambda: (True, "")), HOST, port) as again:
        assert again == port


async def test_a_busy_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DuologueError) as caught:
            async with health.serve(health.application(lambda: (True, "")), HOST, port):
                pass
    assert str(caught.value) == (
        f"port {port} on {HOST} cannot be used (Address already in use): end what uses it, or set another one"
    )


async def test_a_host_that_is_none_is_one_clear_line() -> None:
    with pytest.raises(DuologueError, match=r"^port 1 on no\.such\.host\.invalid cannot be used \([^()]+\)"):
        async with health.serve(health.application(lambda: (True, "")), "no.such.host.invalid", 1):
            pass


def test_every_metric_has_our_name_and_no_label_of_a_person() -> None:
    for family in metrics.REGISTRY.collect():
        assert family.name.startswith(("duologue_", "process_"))
        for sample in family.samples:
            assert not {"person", "user", "chat", "text", "token"} & set(sample.labels)


async def test_the_clock_goes_forward() -> None:
    clock = SystemClock()
    monotonic, wall = clock.monotonic(), clock.wall()
    await clock.sleep(0.001)
    assert clock.monotonic() > monotonic
    assert clock.wall() > wall - 1

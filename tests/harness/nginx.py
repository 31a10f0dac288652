"""A real nginx as the front door, with the configuration that we ship."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.ports import free_port
from tests.harness.waiting import until

LOCATIONS = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "hooks.conf"
_CONFIG = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        set $duologue_hooks {hooks};
        include {locations};
    }}
}}
"""


PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
needs_nginx = pytest.mark.skipif(
    PROGRAM is None, reason="there is no nginx here: apt-get install nginx-light"
)


class Front(NamedTuple):
    """A running front door."""

    url: str
    pid: int


@asynccontextmanager
async def nginx(folder: Path, hooks: Path) -> AsyncIterator[Front]:
    """One in front of the shards that listen in `hooks`."""
    assert PROGRAM is not None, "there is no nginx here"
    port = free_port()
    config = folder / "nginx.conf"
    user = "user root;" if folder.owner() == "root" else ""
    config.write_text(_CONFIG.format(folder=folder, hooks=hooks, port=port, locations=LOCATIONS, user=user))
    log = folder / "nginx.log"
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, "-c", str(config), "-p", str(folder), "-e", str(log)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        async def answers() -> bool:
            assert process.returncode is None, log.read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.close()
            await writer.wait_closed()
            return True

        await until(answers, 10, "nginx to listen")
        yield Front(f"http://127.0.0.1:{port}", process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()

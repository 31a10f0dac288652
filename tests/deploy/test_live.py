"""`duologue up` with tokens, on servers that it did not start; `duologue simulator` is its Telegram."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from core.domain.ids import BotId
from deploy.bots import bot_of
from deploy.embedded import EmbeddedPostgres
from simulator.client import Client
from tests.conftest import run
from tests.deploy.up import COMMAND, REPOSITORY, Settings, Up, duologue, environment, up, wait_for
from tests.harness.ports import free_port

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]

RUNS = "Ctrl-C stops all of it"
STRANGER = "12345678:abcdefghijklmnopqrstuvwxyzABCDEFGHI"
SECRET = "a secret key of the operator's own"


class Telegram(NamedTuple):
    """A simulator, and the tokens it knows."""

    process: subprocess.Popen[bytes]
    url: str
    tokens: tuple[str, ...]


@pytest.fixture
def telegram(short_folder: Path) -> Iterator[Telegram]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [*COMMAND, "simulator", "--bots", "2", "--seed", "live", "--port", str(port)]
    with subprocess.Popen(command, env=environment(), cwd=REPOSITORY, stderr=subprocess.DEVNULL) as process:
        bots = wait_for(lambda: _bots(url))
        yield Telegram(process, url, tuple(bot["token"] for bot in bots))
        process.terminate()


def _bots(url: str) -> list[dict[str, str]]:
    try:
        with urllib.request.urlopen(f"{url}/control/bots", timeout=5) as answer:
            bots: list[dict[str, str]] = json.load(answer)["bots"]
            return bots
    except (urllib.error.URLError, ConnectionError):
        return []


@pytest.fixture
def settings(telegram: Telegram, database_url: str, redis_url: str, key_prefix: str) -> Settings:
    return {
        "telegram_api_url": telegram.url,
        "bot_tokens": ",".join(telegram.tokens),
        "database_url": database_url,
        "redis_url": redis_url,
        "key_prefix": key_prefix,
        "secret_key": SECRET,
    }


def serve_two(network: Up) -> None:
    network.says(RUNS)
    wait_for(lambda: "2 of 2 served" in network.ask("stats"))


def test_tokens_are_served_and_known_the_next_time(
    short_folder: Path, telegram: Telegram, settings: Settings
) -> None:
    with up(short_folder, **settings) as first:
        serve_two(first)
        assert "2 tokens known" in first.output
        assert not [name for name in first.processes() if name in ("Redis", "PostgreSQL", "simulator")]
        assert first.end() == 0
    telegram.process.terminate()
    telegram.process.wait()
    with up(short_folder, **settings) as second:
        # Telegram is away; what is known is served all the same.
        second.says(RUNS)
        assert second.end() == 0


def test_a_wrong_token_among_right_ones_is_named(short_folder: Path, settings: Settings) -> None:
    wrong = {**settings, "bot_tokens": f"{settings['bot_tokens']},{STRANGER}"}
    done = duologue("up", data_dir=short_folder, metrics_port=free_port(), **wrong)
    assert done.returncode == 1
    assert done.stderr.startswith("duologue: the token of bot 12345678 is refused (401 Unauthorized")
    assert STRANGER not in done.stderr + done.stdout


async def renewed(telegram: Telegram) -> tuple[BotId, str]:
    """Whose token was revoked, and the new one."""
    bot = bot_of(telegram.tokens[0])
    async with Client(telegram.url) as client:
        return bot, await client.revoke(bot)


def test_a_token_left_in_the_settings_does_not_bring_back_the_old_one(
    short_folder: Path, telegram: Telegram, settings: Settings
) -> None:
    def rotated(**given: object) -> str:
        done = duologue("bots", "rotate", typed=f"{new}\n", data_dir=short_folder, **{**settings, **given})
        assert done.returncode == 0, done.stderr
        return done.stdout

    with up(short_folder, **settings) as first:
        serve_two(first)
    bot, new = run(renewed(telegram))
    right = f"{new},{telegram.tokens[1]}"
    assert "DUOLOGUE_BOT_TOKENS" not in rotated(bot_tokens=right), "there is nothing to be put right"
    assert "put it into DUOLOGUE_BOT_TOKENS too, which holds another one" in rotated()
    with up(short_folder, **settings) as second:
        serve_two(second)
    assert f"the token of bot {bot} is refused (401 Unauthorized" in second.output
    assert second.output.count("goes on with another token, which was kept before") == 1
    telegram.process.terminate()
    telegram.process.wait()
    with up(short_folder, **settings) as third:
        third.says(RUNS)
    assert f"so the token of bot {bot} cannot be checked" in third.output
    assert "goes on with another token, which was kept before" in third.output
    assert not any(token in second.output + third.output for token in (new, *telegram.tokens))


def test_a_new_token_in_the_settings_is_taken(
    short_folder: Path, telegram: Telegram, settings: Settings
) -> None:
    with up(short_folder, **settings) as first:
        serve_two(first)
    _, new = run(renewed(telegram))
    with up(short_folder, **{**settings, "bot_tokens": new}) as second:
        serve_two(second)
        assert "goes on with another token" not in second.output


def test_a_new_token_is_taken_also_when_telegram_was_away_at_the_start(
    short_folder: Path, telegram: Telegram, settings: Settings
) -> None:
    async def away() -> None:
        async with Client(telegram.url) as client:
            await client.fault("5xx", methods=["getMe"])

    async def back() -> None:
        async with Client(telegram.url) as client:
            await client.clear_faults()

    with up(short_folder, **settings) as first:
        serve_two(first)
    bot, new = run(renewed(telegram))
    run(away())
    with up(short_folder, **{**settings, "bot_tokens": new}) as second:
        second.says("it is asked again, and bot")
        second.says(RUNS)
        run(back())
        second.says(f"bot {bot} has the token of DUOLOGUE_BOT_TOKENS instead of the one that was kept before")
        serve_two(second)


def test_another_secret_key_is_told_from_a_broken_token(short_folder: Path, settings: Settings) -> None:
    with up(short_folder, **settings) as first:
        serve_two(first)
    other = {**settings, "secret_key": SECRET[::-1]}
    done = duologue("up", data_dir=short_folder, metrics_port=free_port(), **other)
    assert done.returncode == 1
    assert "was kept with another DUOLOGUE_SECRET_KEY: set that one" in done.stderr


def test_the_secret_key_can_be_changed(short_folder: Path, settings: Settings) -> None:
    with up(short_folder, **settings) as first:
        serve_two(first)
    both = {**settings, "secret_key": SECRET[::-1], "older_secret_keys": SECRET}
    rekeyed = "of 2 tokens encrypted anew; all of them open with DUOLOGUE_SECRET_KEY alone"
    # Once by the command, once by `up` itself, there and back.
    assert duologue("bots", "rekey", data_dir=short_folder, **both).stdout.startswith(f"2 {rekeyed}")
    with up(short_folder, **settings, older_secret_keys=SECRET[::-1]) as second:
        serve_two(second)
        assert second.ask("bots", "rekey").startswith(f"0 {rekeyed}")
    with up(short_folder, **settings) as third:
        serve_two(third)


def test_the_demo_keeps_away_from_real_bots(short_folder: Path, settings: Settings) -> None:
    with up(short_folder, **settings) as first:
        serve_two(first)
    ports = [free_port(), free_port()]
    demo = {**settings, "bot_tokens": "", "metrics_port": ports[0], "simulator_port": ports[1]}
    done = duologue("up", data_dir=short_folder, **demo)
    assert done.returncode == 1
    assert "the database holds 2 other bots, and DUOLOGUE_BOT_TOKENS is not set" in done.stderr


@pytest.fixture
def small_database_url(short_folder: Path) -> Iterator[str]:
    server = EmbeddedPostgres(short_folder / "small", {"max_connections": "8"})
    run(server.start())
    yield server.url
    run(server.stop())


def test_more_processes_than_connections_is_told_at_the_start(
    short_folder: Path, settings: Settings, small_database_url: str
) -> None:
    small = {**settings, "database_url": small_database_url}
    done = duologue("up", data_dir=short_folder, metrics_port=free_port(), **small)
    assert done.returncode == 1
    assert "connections, PostgreSQL allows 5: raise max_connections" in done.stderr

"""`duologue up` as a newcomer and as an operator meet it: real processes, the demo's simulator."""

import asyncio
import os
import pwd
import signal
import stat
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.ids import BotId
from core.service.precedence import NICE
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from deploy.home import running
from simulator.client import Client
from tests.deploy.processes import running_in, until
from tests.deploy.up import REPOSITORY, START_S, Up, duologue, up, wait_for
from tests.harness.ports import free_port

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]

RUNS = "Ctrl-C stops all of it"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One demo for the tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("network")
    with up(folder) as network:
        network.says(RUNS)
        yield network


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def serving(network: Up) -> list[int]:
    """The bots that are served now."""
    return [bot["bot"] for bot in network.ask("stats", "--json")["bots"] if bot["alive"]]


def test_the_demo_tells_where_to_look_and_it_is_there(network: Up) -> None:
    page = f"http://127.0.0.1:{network.settings['simulator_port']}/"
    assert page in network.output
    assert "<html" in get(page)
    for process in network.processes().values():
        if process["port"] is not None:
            assert "duologue_" in get(f"http://127.0.0.1:{process['port']}/metrics")


def test_three_bots_are_served_and_told_of(network: Up) -> None:
    wait_for(lambda: len(serving(network)) == 3)
    bots = network.ask("bots", "list", "--json")
    assert [bot["username"] for bot in bots] == [f"duologue_{number}_bot" for number in (1, 2, 3)]
    table = network.ask("stats")
    assert "@duologue_1_bot" in table
    assert "3 of 3 served" in table


def test_shards_step_back_and_nobody_else_does(network: Up) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    for name, process in network.processes().items():
        wanted = max(own, NICE) if name.startswith("shard") else own
        wait_for(lambda pid=process["pid"], nice=wanted: os.getpriority(os.PRIO_PROCESS, pid) == nice)
        session = Path(f"/proc/{process['pid']}/autogroup")
        if session.exists() and session.read_text():
            weight = NICE if name.startswith("shard") else 0
            wait_for(lambda told=session, nice=weight: told.read_text().endswith(f"nice {nice}\n"))


def test_a_second_up_on_the_same_folder_is_refused(network: Up) -> None:
    simulator, metrics = free_port(), free_port()
    second = duologue("up", data_dir=network.data_dir, simulator_port=simulator, metrics_port=metrics)
    assert second.returncode == 1
    assert second.stderr == (
        f"duologue: another `duologue up` (process {network.process.pid}) works in {network.data_dir}: "
        "stop that one, or set DUOLOGUE_DATA_DIR to another folder\n"
    )
    assert network.process.poll() is None


@pytest.mark.parametrize("name", ["shard", "coordinator 1", "simulator", "Redis", "PostgreSQL"])
def test_what_dies_is_started_again(network: Up, name: str) -> None:
    named = next(known for known in network.processes() if known.startswith(name))
    before = network.processes()[named]["pid"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: network.processes().get(named, {}).get("pid") not in (None, before))
    wait_for(lambda: len(serving(network)) == 3)


async def test_a_bot_comes_and_goes_while_the_network_runs(network: Up) -> None:
    async with Client(f"http://127.0.0.1:{network.settings['simulator_port']}") as client:
        [bot] = await client.new_bots(1)
    token = f"{bot.token}\n"
    assert "is in the network" in network.ask("bots", "add", typed=token)
    wait_for(lambda: bot.id in serving(network))
    again = duologue("bots", "add", typed=token, **network.settings)
    assert again.returncode == 1
    assert again.stderr == f"duologue: @{bot.username} (bot {bot.id}) is in the network already\n"

    serves = duologue("bots", "remove", str(bot.id), **network.settings)
    assert serves.returncode == 1
    assert f"drain it first (`duologue bots drain {bot.id}`)" in serves.stderr
    assert "takes no newcomers any more" in network.ask("bots", "drain", str(bot.id))
    # People may be talking on it: what follows does not wait for them.
    assert "is out of the network" in network.ask("bots", "remove", str(bot.id), "--now")
    wait_for(lambda: not any(str(bot.id) in name for name in network.processes()))
    unknown = duologue("bots", "remove", str(bot.id), **network.settings)
    assert unknown.returncode == 1
    assert f"bot {bot.id} is not in the network" in unknown.stderr


async def test_what_could_not_be_read_is_listed_shown_replayed_and_dropped(network: Up) -> None:
    def listed() -> list[dict[str, object]]:
        return list(network.ask("poison", "list", "--json"))

    known = running(network.data_dir)
    assert known is not None
    bot = serving(network)[0]
    async with RedisClient(known.redis_url or "", connections=1) as client:
        await client.command("XADD", Keys("duo:").inbox(BotId(bot)), "*", "e", b"\x92\x01\xa5words")
    wait_for(lambda: listed() != [])
    [entry] = listed()
    name = str(entry["id"])
    assert (entry["bot"], entry["what"], entry["bytes"]) == (bot, "envelope", 8)
    assert network.ask("poison", "show", name, "--json")["shape"] == ["int", "str of 5"]
    assert "words" not in network.ask("poison", "show", name)
    assert "words" in network.ask("poison", "show", name, "--reveal")
    assert "1 to be worked through again" in network.ask("poison", "replay", name)
    wait_for(lambda: [one["id"] for one in listed()] not in ([], [name]))
    assert "1 forgotten" in network.ask("poison", "drop", "--all")
    gone = duologue("poison", "show", name, **network.settings)
    assert (gone.returncode, "lies aside" in gone.stderr) == (1, True)


def test_a_token_that_telegram_refuses_is_refused(network: Up) -> None:
    wrong = "12345678:abcdefghijklmnopqrstuvwxyzABCDEFGHI"
    answer = duologue("bots", "add", typed=wrong, **network.settings)
    assert answer.returncode == 1
    assert answer.stderr.startswith("duologue: the token of bot 12345678 is refused (401 Unauthorized")
    assert wrong not in answer.stderr


def test_no_token_is_in_what_processes_print(network: Up) -> None:
    assert ":SIM" not in network.output
    logs = list((network.data_dir / "demo" / "logs").iterdir())
    assert len(logs) >= 6
    for log in logs:
        assert ":SIM" not in log.read_text()


def test_what_only_we_may_read_is_closed_to_others(network: Up) -> None:
    for path in (network.data_dir / "run.json", network.data_dir / "demo" / "secret.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not network.data_dir.stat().st_mode & 0o044


async def answered(network: Up) -> None:
    """Somebody new starts each bot; each has an answer."""
    async with Client(f"http://127.0.0.1:{network.settings['simulator_port']}") as client:
        [person] = await client.new_people(1)
        for bot in await client.bots():
            await client.start(person, bot.id)
            async with asyncio.timeout(START_S):
                while all(entry["mine"] for entry in await client.chat(person, bot.id)):
                    await asyncio.sleep(0.1)


async def test_it_stops_in_order_and_goes_on_with_the_same_data(short_folder: Path) -> None:
    with up(short_folder) as first:
        first.says(RUNS)
        wait_for(lambda: len(serving(first)) == 3)
        added = [bot["added_at"] for bot in first.ask("bots", "list", "--json")]
        await answered(first)
        assert first.end(signal.SIGINT) == 0
    assert first.output.endswith("Stopped\n")
    assert not running_in(short_folder)
    with up(short_folder) as second:
        second.says(RUNS)
        wait_for(lambda: len(serving(second)) == 3)
        assert [bot["added_at"] for bot in second.ask("bots", "list", "--json")] == added
        await answered(second)
        assert second.end(signal.SIGTERM) == 0
    assert not running_in(short_folder)


def test_ctrl_c_during_the_start_leaves_nothing(short_folder: Path) -> None:
    with up(short_folder) as network:
        network.says("PostgreSQL runs")
        assert network.end(signal.SIGINT) == 0
    until(lambda: not running_in(short_folder))


def test_nothing_outlives_a_killed_supervisor_and_the_next_one_goes_on(short_folder: Path) -> None:
    with up(short_folder) as first:
        first.says(RUNS)
        pids = [process["pid"] for process in first.processes().values()]
        assert len(pids) == 8
        first.process.kill()
        first.process.wait()
    until(lambda: not running_in(short_folder))
    with up(short_folder) as second:
        second.says(RUNS)
        wait_for(lambda: len(serving(second)) == 3)


@pytest.mark.skipif(os.geteuid() != 0, reason="we are an ordinary user: all the other tests show it")
def test_an_ordinary_user_can_run_it(short_folder: Path) -> None:
    user = pwd.getpwnam("nobody").pw_uid
    for path in (Path(sys.executable).resolve(), Path(sys.prefix), REPOSITORY):
        closed = next((folder for folder in path.parents if not folder.stat().st_mode & stat.S_IXOTH), None)
        if closed is not None:
            pytest.skip(f"{closed} is closed to other users, and {path} stands in it")
    short_folder.chmod(0o777)
    with up(short_folder / "data", user=user) as network:
        network.says(RUNS)
        wait_for(lambda: "3 of 3 served" in duologue("stats", **network.settings).stdout)
        assert network.end() == 0
    assert not running_in(short_folder)

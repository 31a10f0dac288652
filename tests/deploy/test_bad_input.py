"""What is wrong is told in one line that says what to do; nothing is left running."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.processes import running_in, until
from tests.deploy.up import Settings, duologue
from tests.harness.ports import free_port

pytestmark = pytest.mark.timeout(300)

TOKEN = "12345678:abcdefghijklmnopqrstuvwxyzABCDEFGHI"
SECRET = "s" * 32


def refused(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    """The one line of a refusal."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("duologue: ")
    until(lambda: not running_in(folder))
    return lines[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bot_token": TOKEN}, "DUOLOGUE_BOT_TOKEN is no setting; did you mean DUOLOGUE_BOT_TOKENS?"),
        ({"bot_tokens": "12345:short"}, "DUOLOGUE_BOT_TOKENS has a wrong token (number 1 of 1)"),
        ({"metrics_port": "none"}, "DUOLOGUE_METRICS_PORT"),
        ({"listen_host": "192.0.2.1"}, "nothing can listen on 192.0.2.1 here"),
        (
            {"database_url": "postgresql://nobody@127.0.0.1:1/x", "secret_key": SECRET},
            "PostgreSQL at 127.0.0.1:1 cannot be used",
        ),
        ({"database_url": "postgresql://nobody@127.0.0.1:1/x"}, "DUOLOGUE_SECRET_KEY must be set too"),
        ({"redis_url": "redis://127.0.0.1:1/0"}, "check DUOLOGUE_REDIS_URL and that the server runs"),
        (
            {"bot_tokens": TOKEN, "telegram_api_url": "http://127.0.0.1:1"},
            "http://127.0.0.1:1 does not answer, so the token of bot 12345678 cannot be checked",
        ),
    ],
)
def test_wrong_settings(short_folder: Path, settings: Settings, words: str) -> None:
    simulator, metrics = free_port(), free_port()
    given: Settings = {
        "data_dir": short_folder / "data",
        "simulator_port": simulator,
        "metrics_port": metrics,
    }
    line = refused(duologue("up", **(given | settings)), short_folder)
    assert words in line
    assert TOKEN not in line


@pytest.mark.parametrize("setting", ["simulator_port", "metrics_port"])
def test_a_busy_port(short_folder: Path, setting: str) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        simulator, metrics = free_port(), free_port()
        ports = {"simulator_port": simulator, "metrics_port": metrics, setting: port}
        line = refused(duologue("up", data_dir=short_folder / "data", **ports), short_folder)
    assert f"port {port} on 127.0.0.1 is in use: end what uses it, or set DUOLOGUE_{setting.upper()}" in line


def test_a_data_folder_that_cannot_be_made(short_folder: Path) -> None:
    (short_folder / "file").write_text("")
    line = refused(duologue("up", data_dir=short_folder / "file" / "data"), short_folder)
    assert f"{short_folder}/file/data cannot be written to: not a directory" in line


@pytest.fixture(scope="module")
def bound() -> tuple[str, ...]:
    """What to put before a command so that permissions bind it, also where we are root."""
    if os.geteuid() != 0:
        return ()
    powers = "-dac_override,-dac_read_search"
    before = ("setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}")
    if shutil.which(before[0]) is None or subprocess.run([*before, "true"], check=False).returncode != 0:
        pytest.skip("root may read and write anywhere, and cannot give that up here")
    return before


@pytest.fixture
def closed(short_folder: Path) -> Iterator[Path]:
    folder = short_folder / "closed"
    folder.mkdir()
    yield folder
    folder.chmod(0o700)


def test_a_data_folder_that_cannot_be_written_to(closed: Path, bound: tuple[str, ...]) -> None:
    closed.chmod(0o500)
    line = refused(duologue("up", before=bound, data_dir=closed / "data"), closed)
    assert f"{closed}/data cannot be written to: permission denied" in line


@pytest.mark.parametrize("words", ["stats", "bots list", "coordinator"])
@pytest.mark.parametrize("what", ["folder", "lock"])
def test_the_data_folder_of_another_user(closed: Path, bound: tuple[str, ...], words: str, what: str) -> None:
    (closed / "run.json").touch()
    (closed / "lock").touch()
    (closed / "lock" if what == "lock" else closed).chmod(0)
    line = refused(duologue(*words.split(), before=bound, data_dir=closed), closed)
    assert (
        f"{closed} cannot be looked into: permission denied; do this as the user whose `duologue up` "
        "works there, or set DUOLOGUE_DATA_DIR to another folder"
    ) in line


def test_commands_that_need_a_network_say_so(short_folder: Path) -> None:
    for words in (["stats"], ["bots", "list"], ["migrate"]):
        line = refused(duologue(*words, data_dir=short_folder), short_folder)
        assert f"no `duologue up` runs on {short_folder}" in line


def test_a_token_of_the_wrong_form(short_folder: Path) -> None:
    line = refused(duologue("bots", "add", typed="hello\n", data_dir=short_folder), short_folder)
    assert "this is no bot token; it should look like 123456789:AAE..." in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["upp"], 'Unknown command "upp"'),
        (["up", "--log"], "Unknown option"),
        (["shard", "x"], 'unable to convert "x" into int'),
    ],
)
def test_a_mistyped_command(short_folder: Path, words: list[str], told: str) -> None:
    assert told in refused(duologue(*words, data_dir=short_folder), short_folder)

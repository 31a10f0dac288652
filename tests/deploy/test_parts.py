"""The supervisor's small decisions."""

import asyncio
import os
import socket
import time
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from rich.console import Console

from config.settings import Settings
from core.domain.ids import BotId
from deploy.embedded import FolderTaken
from deploy.home import ACQUAINTED_S, Home, NoSecretKey, Process, Running, running
from deploy.supervisor.keeping import STABLE_S, Backoff
from deploy.supervisor.notes import Notes
from deploy.supervisor.ports import PortBusy, Ports, require_free
from deploy.supervisor.progress import Screen
from deploy.supervisor.shards import Acquaintances
from deploy.supervisor.signpost import signpost
from tests.harness.ports import free_port


def test_what_dies_again_and_again_waits_ever_longer() -> None:
    backoff = Backoff()
    assert [backoff.after(1.0) for _ in range(9)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@given(st.lists(st.floats(0, 100), max_size=30))
def test_what_lived_long_enough_starts_at_once(lives: list[float]) -> None:
    backoff = Backoff()
    for life in lives:
        wait = backoff.after(life)
        assert 0.0 <= wait <= 30.0
        assert wait == 0.0 or life < STABLE_S


async def test_new_tokens_above_the_limit_wait_their_turn() -> None:
    met = Acquaintances(at_most=2, within_s=3600)
    await met.meet(BotId(1))
    await met.meet(BotId(2))
    await met.meet(BotId(1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await met.meet(BotId(3))


def test_tokens_that_telegram_has_seen_lately_need_not_wait(short_folder: Path) -> None:
    home = Home(short_folder, demo=False)
    assert home.acquainted() == ()
    home.note_acquainted([BotId(12), BotId(11)])
    assert home.acquainted() == (11, 12)
    note = short_folder / "acquainted.json"
    long_ago = time.time() - ACQUAINTED_S - 1
    os.utime(note, (long_ago, long_ago))
    assert home.acquainted() == ()


async def test_those_known_do_not_count() -> None:
    met = Acquaintances(at_most=1, within_s=3600)
    met.know([BotId(1), BotId(2)])
    async with asyncio.timeout(1):
        for bot in (1, 2, 3):
            await met.meet(BotId(bot))


def test_ports_are_handed_out_once_and_again_after_their_return() -> None:
    first = free_port()
    ports = Ports("127.0.0.1", first)
    one, two = ports.take(), ports.take()
    assert one == first
    assert two > one
    ports.give_back(one)
    assert ports.take() == one


def test_a_busy_port_is_passed_over() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert Ports("127.0.0.1", port).take() > port
        with pytest.raises(PortBusy, match=f"port {port} on 127.0.0.1 is in use"):
            require_free("127.0.0.1", port, "DUOLOGUE_METRICS_PORT")


def test_the_secret_key_is_made_once_and_is_private(short_folder: Path) -> None:
    home = Home(short_folder, demo=False)
    key = home.secret_key(Settings())
    assert len(key.get_secret_value()) >= 32
    assert home.secret_key(Settings()) == key
    assert (short_folder / "secret.key").stat().st_mode & 0o077 == 0


def test_the_secret_key_of_the_settings_wins(short_folder: Path) -> None:
    given_key = SecretStr("k" * 32)
    assert Home(short_folder, demo=False).secret_key(Settings(secret_key=given_key)) == given_key
    assert not (short_folder / "secret.key").exists()


def test_a_foreign_database_needs_a_secret_key(short_folder: Path) -> None:
    with pytest.raises(NoSecretKey, match="DUOLOGUE_SECRET_KEY must be set too"):
        Home(short_folder, demo=False).secret_key(Settings(database_url="postgresql://db/x"))


def test_the_demo_says_that_bots_of_telegram_wait(short_folder: Path) -> None:
    live, demo = Home(short_folder, demo=False), Home(short_folder, demo=True)

    def told(home: Home, *, as_demo: bool) -> bool:
        out = StringIO()
        signpost(Screen(Console(file=out, width=120)), Settings(), home, demo=as_demo, logs=False)
        return "not served, because DUOLOGUE_BOT_TOKENS names none" in out.getvalue()

    demo.work.mkdir()
    demo.note_acquainted([BotId(1)])
    assert not told(demo, as_demo=True), "none were served but simulated ones"
    live.note_acquainted([BotId(2)])
    assert told(demo, as_demo=True)
    assert not told(live, as_demo=False)


def test_each_spell_in_which_a_note_cannot_be_written_is_told_of_once(short_folder: Path) -> None:
    home, said = Home(short_folder / "home", demo=False), list[str]()
    notes = Notes(said.append)

    def both() -> None:
        notes.write("who serves", lambda: home.note_acquainted([BotId(1)]))
        notes.write("something else", lambda: None)

    both()
    both()
    assert said == ["who serves cannot be noted: no such file or directory; the network goes on without that"]
    home.root.mkdir()
    both()
    assert home.acquainted() == (1,)
    home.root.rename(short_folder / "away")
    both()
    both()
    assert len(said) == 2


async def test_a_note_counts_only_while_its_writer_lives(short_folder: Path) -> None:
    home = Home(short_folder, demo=True)
    note = Running(pid=7, demo=True, telegram_api_url="http://x", processes=(Process("shard 1", 8, 9100),))
    async with home.held():
        home.note(note)
        assert running(short_folder) == note
        with pytest.raises(FolderTaken, match=r"another `duologue up` \(process 7\) works in"):
            async with Home(short_folder, demo=False).held():
                pass
    assert running(short_folder) is None
    (short_folder / "run.json").write_bytes(b"{}")
    assert running(short_folder) is None

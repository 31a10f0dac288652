"""Bot API clients that are not ours play against the simulator: it is not just our own mirror."""

import asyncio
import base64
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable

import pytest

from simulator.app import Options, Simulator, running
from simulator.faults.rules import Kind, Rule
from simulator.limits.judge import Caps
from simulator.world.actors import Bot, Person
from simulator.world.callbacks import Tap
from simulator.world.messages import Message
from simulator.world.samples import png
from tests.harness.ports import free_port
from tests.simulator.foreign.clients import FOREIGN, Foreign, NotInstallable, command

PICTURE = png(60, 40, 20, 160, 90)
_PATIENCE = 60.0


@pytest.fixture(scope="module", params=FOREIGN, ids=lambda foreign: foreign.name)
def foreign(request: pytest.FixtureRequest) -> Foreign:
    """A client that is installed, or a skip that says why it is not."""
    client: Foreign = request.param
    try:
        command(client)
    except NotInstallable as error:
        pytest.skip(f"{client.name}: {error}")
    return client


class Play:
    """One person, one bot that is driven by a foreign client."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.world = simulator.world
        self.bot: Bot = next(iter(self.world.bots.values()))
        self.person: Person = self.world.people.create("Ada")
        self._changed = asyncio.Event()
        for listeners in (self.world.hooks.on_shown, self.world.hooks.on_changed):
            listeners.append(self._note)

    def _note(self, person: Person, bot: Bot, message: Message) -> None:
        self._changed.set()

    def say(self, text: str) -> Message:
        return self.world.deeds.say(self.person, self.bot, text)

    async def shown(self, fits: Callable[[Message], bool]) -> Message:
        """The message of the bot that fits, as soon as there is one."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                self._changed.clear()
                for message in self.world.people.view(self.person, self.bot):
                    if message.author is self.bot and fits(message):
                        return message
                await self._changed.wait()

    async def told(self, text: str) -> Message:
        return await self.shown(lambda one: text in (one.body.get("text"), one.body.get("caption")))


@contextlib.asynccontextmanager
async def _alive(simulator: Simulator, bot: Bot, foreign: Foreign, mode: str) -> AsyncIterator[None]:
    words, needed = command(foreign)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/tmp"),
        "API": simulator.url,
        "TOKEN": bot.token,
        "MODE": mode,
        "PORT": str(free_port()),
        "SECRET": "open-sesame",
        "PICTURE": base64.b64encode(PICTURE).decode(),
        **needed,
    }
    process = await asyncio.create_subprocess_exec(*words, env=environment, stderr=subprocess.STDOUT)
    try:
        yield
        assert process.returncode is None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_an_echo_bot_of_another_hand(foreign: Foreign, mode: str) -> None:
    async with running(Options(port=0, bots=1, page=False, caps=Caps(enforced=False))) as simulator:
        play = Play(simulator)
        if mode == "polling":
            simulator.faults.add(Rule(kind=Kind.TOO_MANY, methods=("getUpdates",), seconds=1, times=1))
        said = play.say("hello")
        async with _alive(simulator, play.bot, foreign, mode):
            echo = await play.told("echo: hello")
            assert echo.body["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
            assert echo.reply_to is said
            await _photos(play)
            await _buttons(play)
            await _flood(play)
        if mode == "webhook":
            assert play.bot.webhook is not None
            assert play.bot.webhook.secret == "open-sesame"


async def _photos(play: Play) -> None:
    play.say("upload")
    uploaded = await play.told("uploaded")
    assert uploaded.attachment is not None
    assert b"".join(uploaded.attachment.file.pieces()) == PICTURE
    picture = play.world.media.made_up("photo", 54_321)
    play.world.deeds.attach(play.person, play.bot, picture)
    returned = await play.told("got 54321")
    assert returned.attachment is not None
    assert returned.attachment.file is picture.file


async def _buttons(play: Play) -> None:
    play.say("buttons")
    message = await play.told("press")
    tap = play.world.deeds.press(play.person, play.bot, message.id, "Press")
    assert isinstance(tap, Tap)
    assert (await play.told("pressed")) is message
    assert tap.answer == "pressed"


async def _flood(play: Play) -> None:
    play.simulator.faults.add(Rule(kind=Kind.TOO_MANY, methods=("sendMessage",), seconds=2, times=1))
    play.say("flood")
    await play.told("told to wait 2")
    assert not any(one.body.get("text") == "flooded" for one in play.world.people.view(play.person, play.bot))

"""Pairs who talk already, and what one of them sees of the other."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from simulator.world.actors import Bot, Json, Person
from simulator.world.callbacks import Tap
from simulator.world.media import Source
from simulator.world.messages import Attachment, Message, render
from simulator.world.samples import png
from simulator.world.world import World
from tests.bench.load import Crowd
from tests.harness.network import Network
from tests.harness.waiting import until

SECONDS = 60.0
"""For one thing to happen; a busy machine takes its time."""
COLUMNS = ("same bot", "other bot")


@dataclass(frozen=True, slots=True)
class Side:
    """One person in the chat with one bot."""

    world: World
    person: Person
    bot: Bot

    def say(self, text: str, entities: Sequence[Json] = (), **more: Any) -> Message:
        """A text."""
        return self.world.deeds.say(self.person, self.bot, text, list(entities), **more)

    def put(self, body: Json, attachment: Attachment | None = None, **more: Any) -> Message:
        """Anything."""
        return self.world.deeds.put(self.person, self.bot, body, attachment, **more)

    def file(self, kind: str, size: int = 4_000, *, thumbnail: bool = False, **facts: Any) -> Attachment:
        """A new file."""
        small = Source(png(90, 60, 200, 120, 80)) if thumbnail else None
        media = self.world.media
        if kind == "live_photo":
            photo = media.made_up("photo", size, Source(b"", width=640, height=480))
            return media.live_photo(Source(b"\0" * size, width=640, height=480), photo)
        return media.made_up(kind, size, Source(b"", **facts), small)

    def attach(self, attachment: Attachment, caption: str = "", **more: Any) -> Message:
        """One file."""
        return self.world.deeds.attach(self.person, self.bot, attachment, caption, **more)

    def album(self, items: Sequence[tuple[Attachment, str]]) -> list[Message]:
        """Several files together."""
        return self.world.deeds.album(self.person, self.bot, items)

    def edit(self, message: Message, **what: Any) -> None:
        """Changes an own message."""
        self.world.deeds.edit(self.person, self.bot, message.id, **what)

    def react(self, message: Message, *emoji: str) -> None:
        """Reacts; with nothing the reaction is taken away."""
        wanted = [{"type": "emoji", "emoji": one} for one in emoji]
        self.world.deeds.react(self.person, self.bot, message.id, wanted)

    def press(self, message: Message, begins: str) -> None:
        """The message's button whose data begins so."""
        rows = (message.markup or {}).get("inline_keyboard", [])
        data = [button.get("callback_data", "") for row in rows for button in row]
        wanted = next(one for one in data if one.startswith(begins))
        tap = self.world.deeds.press(self.person, self.bot, message.id, wanted)
        assert isinstance(tap, Tap), "a button with data was pressed"

    def shown(self) -> list[Message]:
        """What the bot has sent, oldest first."""
        return [m for m in self.world.people.view(self.person, self.bot) if m.author is self.bot]

    async def next(self, count: int = 1, after: int = 0) -> list[Message]:
        """Wait until the bot has sent `count` messages beyond the first `after`; those."""
        await until(lambda: len(self.shown()) >= after + count, SECONDS, f"{count} messages after {after}")
        return self.shown()[after : after + count]

    async def one(self, after: int = 0) -> Message:
        """The message beyond the first `after`."""
        return (await self.next(1, after))[0]


@dataclass(frozen=True, slots=True)
class Pair:
    """Who writes, and who reads."""

    writer: Side
    reader: Side

    @property
    def across(self) -> bool:
        """Whether they are on two bots."""
        return self.writer.bot is not self.reader.bot

    async def crossed(self, count: int = 1, after: int = 0) -> list[Message]:
        """What the reader sees, once it is there."""
        return await self.reader.next(count, after)

    async def told(self, words: str, after: int = 0) -> None:
        """The writer is told something with these words, and the reader sees nothing new."""
        before = len(self.reader.shown())
        answer = await self.writer.one(after)
        assert words in str(answer.body.get("text")), f"told {answer.body.get('text')!r}"
        assert len(self.reader.shown()) == before, "the reader was shown something"

    async def becomes(self, true: Callable[[], bool], what: str) -> None:
        """Wait until it is so."""
        await until(true, SECONDS, what)


Row = Callable[[Pair], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row in one column; `why` is empty where it holds."""

    row: str
    column: str
    why: str
    leaks: tuple[str, ...]


async def seated(network: Network, homes: Sequence[tuple[Bot, Bot]]) -> list[Pair]:
    """A pair in conversation on each of these couples of bots, everybody with names of their own."""
    crowd = Crowd(network.simulator)
    couples = crowd.couples(homes)
    for writer, reader in couples:
        for talker in (writer, reader):
            person = talker.person
            person.first_name, person.last_name = f"Vorname{person.id}", f"Nachname{person.id}"
            person.username = f"spitzname{person.id}"
            person.refresh()
    await crowd.seat(network.settings, couples)
    world = network.simulator.world
    return [Pair(Side(world, a.person, a.bot), Side(world, b.person, b.bot)) for a, b in couples]


async def play(network: Network, rows: Sequence[tuple[str, Row]]) -> list[Result]:
    """Every row in both columns, side by side, spread over the network's couples of bots."""
    bots = list(network.simulator.world.bots.values())
    couples = itertools.cycle(zip(bots[::2], bots[1::2], strict=True))
    homes = [
        (one, one if column == COLUMNS[0] else other)
        for _, (one, other) in zip(rows, couples, strict=False)
        for column in COLUMNS
    ]
    pairs = await seated(network, homes)
    cells = [(name, row, column) for name, row in rows for column in COLUMNS]
    return list(
        await asyncio.gather(
            *(_cell(name, row, column, pair) for (name, row, column), pair in zip(cells, pairs, strict=True))
        )
    )


async def _cell(name: str, row: Row, column: str, pair: Pair) -> Result:
    why = ""
    try:
        await row(pair)
    except AssertionError as error:
        why = str(error) or "did not hold"
    return Result(name, column, why, tuple(leaks(pair.writer, pair.reader) + leaks(pair.reader, pair.writer)))


def leaks(of: Side, to: Side) -> list[str]:
    """Traces of one person, and of the bot they use, in all that the other was shown."""
    traces = [str(of.person.id), of.person.first_name, of.person.last_name, of.person.username]
    traces.append(of.person.phone.lstrip("+"))
    if of.bot is not to.bot:
        traces += [str(of.bot.id), of.bot.username]
    found = []
    for message in to.shown():
        seen = msgspec.json.encode(render(to.world.files, to.bot.id, message, nested=True)).decode()
        found += [f"{trace} in message {message.id}" for trace in traces if trace and trace in seen]
        found += [f"{name} in message {message.id}" for name in _HEADERS if f'"{name}"' in seen]
        found += [f"{trace} in the file of message {message.id}" for trace in _in_file(message, traces)]
    return found


def _in_file(message: Message, traces: Sequence[str]) -> list[str]:
    """Traces in the bytes of a message's files, and the name that a Bot API server gives to files."""
    attachment = message.attachment
    if attachment is None:
        return []
    files = (attachment.file, *attachment.sizes, *attachment.cover, attachment.thumbnail)
    found = []
    for file in files:
        if file is not None and file.size <= _LOOKED_INTO:
            content = b"".join(file.pieces()).decode("latin-1")
            found += [trace for trace in traces if trace and trace in content]
        if file is not None and _SERVERS_NAME.search(file.name):
            found.append(file.name)
    return found


_LOOKED_INTO = 1_000_000
_SERVERS_NAME = re.compile(r"^(.*/)?file_[0-9]+(\.[a-z0-9]+)?$")


_HEADERS = ("forward_origin", "via_bot", "sender_chat", "author_signature", "external_reply", "user_id")

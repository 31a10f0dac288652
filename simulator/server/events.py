"""What people are shown, as it happens: a bounded log that can be followed."""

import asyncio
from collections import deque
from collections.abc import Iterator

import msgspec

from simulator.world.actors import Bot, Json, Person
from simulator.world.chats import PrivateChat
from simulator.world.messages import Message
from simulator.world.world import World

_KEPT = 20_000


class Event(msgspec.Struct, frozen=True, eq=False):
    """`kind`: sent, shown, changed, removed, reacted or action."""

    number: int
    kind: str
    person: Person
    bot: Bot
    message: Message | None
    action: str = ""


class EventLog:
    """Listens to the world. Numbers rise by one; who fell too far behind has missed some."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._last = 0
        self._waiting: list[asyncio.Future[None]] = []
        self.closed = False
        hooks = world.hooks
        hooks.on_accepted.append(lambda person, bot, message: self._note("sent", person, bot, message))
        hooks.on_shown.append(lambda person, bot, message: self._note("shown", person, bot, message))
        hooks.on_changed.append(lambda person, bot, message: self._note("changed", person, bot, message))
        hooks.on_removed.append(lambda person, bot, message: self._note("removed", person, bot, message))
        hooks.on_reacted.append(lambda person, bot, message: self._note("reacted", person, bot, message))
        hooks.on_action.append(lambda person, bot, action: self._note("action", person, bot, None, action))

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self._last

    def _note(self, kind: str, person: Person, bot: Bot, message: Message | None, action: str = "") -> None:
        self._last += 1
        self._events.append(Event(self._last, kind, person, bot, message, action))
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Lets everybody go who waits."""
        self.closed = True
        self._wake()

    def since(self, after: int, people: frozenset[int] = frozenset(), limit: int = 1000) -> list[Event]:
        """Events with a higher number, oldest first; of some people only, where some are named."""
        found: list[Event] = []
        for event in self._newer(after):
            if not people or event.person.id in people:
                found.append(event)
                if len(found) == limit:
                    break
        return found

    def _newer(self, after: int) -> Iterator[Event]:
        if not self._events:
            return
        skip = max(0, after + 1 - self._events[0].number)
        for place in range(skip, len(self._events)):
            yield self._events[place]

    async def wait(self, after: int, seconds: float) -> None:
        """Returns as soon as there is something newer, or after so many seconds, or on close."""
        if self._last > after or self.closed:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return

    def show(self, event: Event) -> Json:
        """An event as JSON."""
        shown: Json = {
            "number": event.number,
            "kind": event.kind,
            "person": event.person.id,
            "bot": event.bot.id,
        }
        if event.message is not None:
            shown["entry"] = entry(self._world, event.bot, event.message)
        if event.action:
            shown["action"] = event.action
        return shown


def entry(world: World, bot: Bot, message: Message) -> Json:
    """A message as its person sees it, for tests and for the page.

    `message` is the Bot API's object as this bot would get it; `mine` tells what the person wrote.
    """
    shown: Json = {
        "message_id": message.id,
        "mine": isinstance(message.author, Person),
        "at": message.at,
        "message": world.show(bot, message),
        "edits": message.edits,
        "deleted": message.deleted,
        "silent": message.silent,
        "pinned": message.pinned,
        "reactions": {"person": message.person_reaction, "bot": message.bot_reaction},
    }
    if message.attachment is not None:
        file = message.attachment.file
        shown["file"] = {
            "kind": message.attachment.kind,
            "unique_id": file.unique_id,
            "size": file.size,
            "mime": file.mime,
        }
    chat = message.chat
    if isinstance(chat, PrivateChat) and chat.keyboard is not None:
        shown["keyboard"] = chat.keyboard
    return shown

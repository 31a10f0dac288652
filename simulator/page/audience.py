"""Who has the page open, and what they are told."""

import asyncio
from collections.abc import Iterable

import msgspec

from simulator.page.view import chat_json, message_json
from simulator.world.actors import Bot, Json, Person
from simulator.world.messages import Message
from simulator.world.world import World

_BEHIND = 500


class Viewer:
    """One open page. `lines` are Server-Sent Events ready to be written; None ends the stream."""

    def __init__(self, people: Iterable[int]) -> None:
        self.people = frozenset(people)
        self.lines: asyncio.Queue[bytes | None] = asyncio.Queue(_BEHIND)

    def tell(self, line: bytes | None) -> None:
        """A page that has fallen far behind is cut off; it opens the stream again and loads everything."""
        if self.lines.full():
            while not self.lines.empty():
                self.lines.get_nowait()
            line = None
        self.lines.put_nowait(line)


class Audience:
    """All open pages. Listens to the world; costs next to nothing for people nobody watches."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._viewers: set[Viewer] = set()
        self._watched: dict[int, list[Viewer]] = {}
        hooks = world.hooks
        for listeners in (
            hooks.on_accepted,
            hooks.on_shown,
            hooks.on_changed,
            hooks.on_removed,
            hooks.on_reacted,
        ):
            listeners.append(self.changed)
        hooks.on_action.append(self._acting)

    def join(self, people: Iterable[int]) -> Viewer:
        viewer = Viewer(people)
        self._viewers.add(viewer)
        for person in viewer.people:
            self._watched.setdefault(person, []).append(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        for person in viewer.people:
            left = [one for one in self._watched.get(person, ()) if one is not viewer]
            if left:
                self._watched[person] = left
            else:
                self._watched.pop(person, None)

    def changed(self, person: Person, bot: Bot, message: Message | None = None) -> None:
        """A message is new or has changed, or (without one) the chat itself has."""
        viewers = self._watched.get(person.id)
        if viewers is None:
            return
        chat = self._world.private(bot, person)
        event: Json = {"type": "chat", "person": person.id, "bot": bot.id, **chat_json(chat)}
        if message is not None:
            event["message"] = message_json(self._world, chat, message)
        line = _line(event)
        for viewer in viewers:
            viewer.tell(line)

    def _acting(self, person: Person, bot: Bot, action: str) -> None:
        """The bot is typing, or the like."""
        for viewer in self._watched.get(person.id, ()):
            viewer.tell(_line({"type": "action", "person": person.id, "bot": bot.id, "action": action}))

    def tell_all(self, event: Json) -> None:
        if self._viewers:
            line = _line(event)
            for viewer in self._viewers:
                viewer.tell(line)

    def close(self) -> None:
        """Ends every stream."""
        for viewer in tuple(self._viewers):
            viewer.tell(None)


def _line(event: Json) -> bytes:
    return b"data: " + msgspec.json.encode(event) + b"\n\n"

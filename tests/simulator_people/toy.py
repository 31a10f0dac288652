"""A toy in place of the network: consent, search, relay, inside the simulator's world and on its clock.

It can be told to go wrong, so that a test sees that going wrong is noticed.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from simulator.clock import ManualClock
from simulator.text.html import parse
from simulator.world.actors import Bot, Json, Person
from simulator.world.messages import Message
from simulator.world.world import World

_LAG = 0.05
End = tuple[Person, Bot]
#: What becomes of a relayed message: the messages that are shown, each to an end.
Relay = Callable[[End, Message], list[tuple[End, Message]]]


class Toy:
    """Serves every bot of the world. `relay` may be replaced."""

    def __init__(self, world: World, clock: ManualClock) -> None:
        self._world = world
        self._clock = clock
        self.waiting: list[End] = []
        self.partner: dict[int, End] = {}
        self.pairs: list[frozenset[int]] = []
        self.relay: Relay = lambda end, message: [(end, message)]
        for bot in world.bots.values():
            bot.queue.listen(lambda bot=bot: self._later(bot))  # type: ignore[misc]

    def _later(self, bot: Bot) -> None:
        self._clock.call_later(_LAG, lambda: self._serve(bot))

    def _serve(self, bot: Bot) -> None:
        updates = [msgspec.json.decode(update.body) for update in bot.queue.live()]
        bot.queue.clear()
        for update in updates:
            if "callback_query" in update:
                self._pressed(bot, update["callback_query"])
            elif "message" in update:
                self._said(bot, update["message"])

    def _pressed(self, bot: Bot, query: Json) -> None:
        person = self._world.people.find(query["from"]["id"])
        self._world.callbacks.answer(bot.id, query["id"], "", alert=False)
        self._command((person, bot), query["data"])

    def _said(self, bot: Bot, said: Json) -> None:
        person = self._world.people.find(said["from"]["id"])
        message = self._world.private(bot, person).messages[said["message_id"]]
        text = said.get("text", "")
        if text.startswith("/"):
            self._command((person, bot), text)
        elif person.id in self.partner:
            for end, shown in self.relay(self.partner[person.id], message):
                self.show(end, dict(shown.body), attachment_of=shown)

    def _command(self, end: End, words: str) -> None:
        name = words.partition(" ")[0].removesuffix(":0")
        match name:
            case "/start":
                self.notice(end, "<b>Welcome.</b>", {"Yes": "consent:yes", "No": "consent:no"})
            case "consent:yes":
                self.notice(end, "You are in.", {"Find": "menu:find"})
            case "/find" | "menu:find":
                self._find(end)
            case "/stop" | "menu:stop" | "/next" | "menu:next":
                self._leave(end)
                if name.endswith("next"):
                    self._find(end)
            case _:
                raise AssertionError(f"people should not know of {words}")

    def _find(self, end: End) -> None:
        self.notice(end, "Searching.", {"Cancel": "menu:stop:0"})
        if not self.waiting:
            self.waiting.append(end)
            return
        other = self.waiting.pop()
        self.partner[end[0].id], self.partner[other[0].id] = other, end
        self.pairs.append(frozenset((end[0].id, other[0].id)))
        for one in (end, other):
            self.notice(one, "Connected.", {"Next": "menu:next:0", "Stop": "menu:stop:0"})

    def _leave(self, end: End) -> None:
        self.waiting = [one for one in self.waiting if one[0] is not end[0]]
        other = self.partner.pop(end[0].id, None)
        if other is not None:
            self.partner.pop(other[0].id, None)
            self.notice(other, "Your partner has left.", {"Find": "menu:find"})
        self.notice(end, "You have left.", {"Find": "menu:find"})

    def notice(self, end: End, html: str, buttons: dict[str, str]) -> None:
        text, entities = parse(html)
        row = [{"text": words, "callback_data": data} for words, data in buttons.items()]
        self.show(end, {"text": text, "entities": entities}, markup={"inline_keyboard": [row]})

    def show(self, end: End, body: Json, *, attachment_of: Message | None = None, markup: Any = None) -> None:
        person, bot = end
        chat = self._world.private(bot, person)
        attachment = attachment_of.attachment if attachment_of is not None else None
        message = Message(chat.next_id(), chat, bot, self._clock.wall(), body, attachment, markup)
        self._world.keep(message)
        for listener in self._world.hooks.on_shown:
            listener(person, bot, message)


async def play(clock: ManualClock, until: Callable[[], bool], seconds: float) -> None:
    """Lets the clock run until a condition holds, at most so many of its seconds."""
    end = clock.monotonic() + seconds
    while not until():
        assert clock.monotonic() < end, f"it did not come about within {seconds} s"
        clock.advance(0.01)
        for _ in range(3):
            await asyncio.sleep(0)

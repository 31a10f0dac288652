"""One call of a bot, checked, on its way into the world."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from simulator.tables.check import Upload
from simulator.world.actors import Bot
from simulator.world.chats import Chat, PrivateChat
from simulator.world.messages import Message
from simulator.world.world import World

Params = dict[str, Any]


class Call(msgspec.Struct, frozen=True, eq=False):
    """`params` have passed the check of the tables; `uploads` are the files of `attach://` names."""

    world: World
    bot: Bot
    method: str
    params: Params
    uploads: dict[str, Upload] = {}

    def chat(self) -> Chat:
        """The chat to write to; ApiError when the bot may not."""
        return self.world.chat_to_write(self.bot, self.params["chat_id"])

    def shown(self, message: Message) -> Params:
        return self.world.show(self.bot, message)

    def changed(self, message: Message) -> None:
        """Tells who listens that a person sees a message change."""
        chat = message.chat
        if isinstance(chat, PrivateChat):
            for listener in self.world.hooks.on_changed:
                listener(chat.person, chat.bot, message)


#: Plays one method: gives what stands under `result`, or raises ApiError.
Handler = Callable[[Call], Any | Awaitable[Any]]

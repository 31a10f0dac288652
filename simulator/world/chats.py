"""Where things are said: a person's chat with a bot, and channels."""

from dataclasses import dataclass, field

from simulator.world.actors import Bot, Json, Person
from simulator.world.identity import BotId, ChannelId, MessageId
from simulator.world.messages import Message


@dataclass(slots=True, eq=False)
class PrivateChat:
    """One person and one bot. Message ids count per bot, over all of its chats."""

    person: Person
    bot: Bot
    started: bool = False
    blocked: bool = False
    #: The reply keyboard that the person sees under the text field.
    keyboard: Json | None = None
    messages: dict[MessageId, Message] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return self.person.id

    @property
    def chat_json(self) -> Json:
        return self.person.chat_json

    def next_id(self) -> MessageId:
        self.bot.last_message += 1
        return MessageId(self.bot.last_message)


@dataclass(slots=True, eq=False)
class Channel:
    """A channel; bots that are members may read by message id, administrators may post."""

    id: ChannelId
    title: str
    username: str = ""
    protected: bool = False
    members: dict[BotId, str] = field(default_factory=dict)
    messages: dict[MessageId, Message] = field(default_factory=dict)
    last_message: int = 0
    chat_json: Json = field(init=False)

    def __post_init__(self) -> None:
        self.chat_json = {"id": self.id, "title": self.title, "type": "channel"}
        if self.username:
            self.chat_json["username"] = self.username

    def next_id(self) -> MessageId:
        self.last_message += 1
        return MessageId(self.last_message)


Chat = PrivateChat | Channel

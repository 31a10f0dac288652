"""The whole of it: who exists, and how they are found."""

from collections import deque
from dataclasses import dataclass
from typing import Any

from simulator.clock import Clock, RealClock
from simulator.errors import ControlError, bad_request, forbidden
from simulator.world.actors import Bot, Json, Person
from simulator.world.callbacks import Callbacks
from simulator.world.chats import Channel, Chat, PrivateChat
from simulator.world.deeds import Deeds
from simulator.world.files import FileStore
from simulator.world.hooks import Hooks
from simulator.world.identity import BotId, ChannelId, Identity, PersonId
from simulator.world.longpoll import LongPoll
from simulator.world.media import Media
from simulator.world.messages import Message, render
from simulator.world.people import People
from simulator.world.polls import Polls
from simulator.world.stickers import StickerSets
from simulator.world.updates import UpdateQueue


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """`history`: how many messages are kept in all before the oldest are forgotten.
    `local`: play a local Bot API server, which lifts the file sizes.
    """

    seed: str = "duologue"
    history: int = 300_000
    local: bool = False


class World:
    """One Telegram. Everything in it belongs to one event loop."""

    def __init__(self, options: WorldOptions | None = None, clock: Clock | None = None) -> None:
        self.options = options or WorldOptions()
        self.clock = clock or RealClock()
        self.identity = Identity(self.options.seed)
        self.files = FileStore(self.identity)
        self.hooks = Hooks()
        self.media = Media(self.files)
        self.stickers = StickerSets(self.files, self.media)
        self.callbacks = Callbacks(self.clock, self.identity)
        self.bots: dict[BotId, Bot] = {}
        self.channels: dict[ChannelId, Channel] = {}
        self.people = People(self)
        self.deeds = Deeds(self)
        self.polls = Polls(self)
        self._tokens: dict[str, Bot] = {}
        self._bot_names: dict[str, Bot] = {}
        self._chats: dict[tuple[BotId, PersonId], PrivateChat] = {}
        self._age: deque[Message] = deque()
        self._made_bots = 0
        self._albums = 0
        self._throws = 0

    # -- bots ---------------------------------------------------------------------------------

    def create_bot(self, name: str = "", username: str = "") -> Bot:
        """A new bot account. Without names they are made from its number."""
        self._made_bots += 1
        number = self._made_bots
        bot_id = self.identity.bot(number)
        name = name or f"Duologue {number}"
        username = username or f"duologue_{number}_bot"
        if username.lower() in self._bot_names:
            raise ControlError(f"there is already a bot @{username}: choose another username")
        restarts = 0

        def first_id() -> int:
            nonlocal restarts
            restarts += 1
            return self.identity.first_update(BotId(bot_id + restarts - 1), self.clock.wall())

        queue = UpdateQueue(self.clock, first_id)
        long_poll = LongPoll(queue, self.clock)
        bot = Bot(bot_id, self.identity.token(bot_id, 0), username, name, queue, long_poll)
        self.bots[bot_id] = bot
        self._tokens[bot.token] = bot
        self._bot_names[username.lower()] = bot
        return bot

    def revoke(self, bot: Bot) -> str:
        """The old token stops working; returns the new one."""
        self._tokens.pop(bot.token, None)
        bot.generation += 1
        bot.token = self.identity.token(bot.id, bot.generation)
        self._tokens[bot.token] = bot
        return bot.token

    def authorized(self, token: str) -> Bot | None:
        """The bot of a token, if there is one."""
        return self._tokens.get(token)

    def bot(self, reference: int | str) -> Bot:
        """By id or @username; ControlError when there is none."""
        if isinstance(reference, str) and not reference.isdigit():
            found = self._bot_names.get(reference.lstrip("@").lower())
        else:
            found = self.bots.get(BotId(int(reference)))
        if found is None:
            raise ControlError(f"there is no bot {reference}: see GET /control/bots")
        return found

    # -- chats --------------------------------------------------------------------------------

    def private(self, bot: Bot, person: Person) -> PrivateChat:
        """The chat of the two, made at first use, not yet started."""
        key = (bot.id, person.id)
        chat = self._chats.get(key)
        if chat is None:
            chat = self._chats[key] = PrivateChat(person, bot)
        return chat

    def create_channel(self, title: str, username: str = "", *, protected: bool = False) -> Channel:
        channel = Channel(self.identity.channel(len(self.channels) + 1), title, username, protected)
        self.channels[channel.id] = channel
        return channel

    def channel_id(self, name: str) -> ChannelId | None:
        """The id of the channel that is called @name; None when there is none."""
        wanted = name.removeprefix("@").lower()
        for channel in self.channels.values():
            if wanted and channel.username.lower() == wanted:
                return channel.id
        return None

    def chat_to_write(self, bot: Bot, reference: int | str) -> Chat:
        """The chat a bot wants to write to; ApiError in Telegram's words when it may not."""
        chat = self.chat_to_read(bot, reference)
        if isinstance(chat, Channel):
            if chat.members.get(bot.id) != "administrator":
                raise bad_request("need administrator rights in the channel chat")
            return chat
        if chat.person.deleted:
            raise forbidden("user is deactivated")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        return chat

    def chat_to_read(self, bot: Bot, reference: int | str) -> Chat:
        """A chat that the bot may know of; ApiError 400 when there is none."""
        if isinstance(reference, str):
            known = self.channel_id(reference)
            if known is None:
                raise bad_request("chat not found")
            reference = known
        if reference < 0:
            found = self.channels.get(ChannelId(reference))
            if found is None:
                raise bad_request("chat not found")
            return self._membership(bot, found)
        person = self.people.get(PersonId(reference))
        if person is None:
            raise bad_request("chat not found")
        return self.private(bot, person)

    def _membership(self, bot: Bot, channel: Channel) -> Channel:
        if bot.id not in channel.members:
            if channel.username:
                return channel
            raise forbidden("bot is not a member of the channel chat")
        return channel

    # -- messages -----------------------------------------------------------------------------

    def keep(self, message: Message) -> None:
        """Puts a message into its chat; what is too old goes."""
        message.chat.messages[message.id] = message
        self._age.append(message)
        if len(self._age) > self.options.history:
            gone = self._age.popleft()
            gone.chat.messages.pop(gone.id, None)

    def show(self, bot: Bot, message: Message) -> Json:
        """The message as this bot sees it."""
        return render(self.files, bot.id, message)

    def tell(self, bot: Bot, kind: str, payload: Any, chat: int) -> None:
        """An update for a bot."""
        bot.queue.push(kind, payload, chat)

    def next_album(self) -> str:
        self._albums += 1
        return str(13_000_000_000_000_000 + self._albums)

    def throw(self, sides: int) -> int:
        self._throws += 1
        return self.identity.dice(self._throws, sides)

    def close(self) -> None:
        """Removes the files from the disk."""
        self.files.close()

"""What the page is shown of the world, as plain JSON."""

from simulator.limits.judge import Judge
from simulator.world.actors import Bot, Json
from simulator.world.chats import PrivateChat
from simulator.world.messages import Message, render
from simulator.world.world import World


def message_json(world: World, chat: PrivateChat, message: Message) -> Json:
    """The Bot API's Message, and beside it what only a person's client knows.

    `out`: the person wrote it; `reactions.mine` and `.theirs`: ReactionType objects; `deleted`: it is gone;
    `chosen`: the options of a poll that the person voted for.
    """
    if message.deleted:
        return {"message_id": message.id, "deleted": True, **_album_of(message)}
    shown = render(world.files, chat.bot.id, message)
    shown["out"] = message.author is chat.person
    shown["reactions"] = {"mine": message.person_reaction, "theirs": message.bot_reaction}
    if "poll" in message.body:
        shown["chosen"] = world.polls.chosen(message.body["poll"]["id"], chat.person.id)
    return shown


def _album_of(message: Message) -> Json:
    album = message.body.get("media_group_id")
    return {} if album is None else {"media_group_id": album}


def chat_json(chat: PrivateChat) -> Json:
    """The state of a chat beside its messages."""
    return {
        "started": chat.started,
        "blocked": chat.blocked,
        "keyboard": chat.keyboard,
        "voices": not chat.person.refuses & {"voice", "video_note"},
    }


def history_json(world: World, chat: PrivateChat, newest: int) -> Json:
    """A whole chat as one opens it: its `newest` messages, oldest first, and its state."""
    kept = [message for message in chat.messages.values() if not message.deleted][-newest:]
    return {"messages": [message_json(world, chat, message) for message in kept], **chat_json(chat)}


class Figures:
    """The bots' figures, read once a second."""

    def __init__(self, world: World, judge: Judge) -> None:
        self._world = world
        self._judge = judge
        self._people: dict[int, set[int]] = {}
        self._before: dict[int, int] = {}
        self._rates: dict[int, int] = {}

    def met(self, person: int, bot: int) -> None:
        """A person wrote to a bot."""
        self._people.setdefault(bot, set()).add(person)

    def tick(self, seconds: float) -> None:
        """To be called every `seconds`: what was sent since the last time becomes the rate."""
        for bot, record in self._judge.records.items():
            sent = record.weighed - self._before.get(bot, 0)
            self._before[bot] = record.weighed
            self._rates[bot] = round(sent / seconds)

    def json(self) -> Json:
        """`bots`, each with its rate and cap in messages a second, breaches and people; `people` in all."""
        return {
            "bots": [self._bot(bot) for bot in self._world.bots.values()],
            "people": len(set().union(*self._people.values())),
        }

    def _bot(self, bot: Bot) -> Json:
        record = self._judge.record(bot.id)
        return {
            "id": bot.id,
            "name": bot.name,
            "username": bot.username,
            "rate": self._rates.get(bot.id, 0),
            "cap": self._judge.caps.bot,
            "breaches": record.bot_breaches + record.chat_breaches,
            "people": len(self._people.get(bot.id, ())),
        }

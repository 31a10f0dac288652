"""Who acts: people and bots."""

from dataclasses import dataclass, field
from typing import Any

from simulator.world.identity import BotId, PersonId
from simulator.world.longpoll import LongPoll
from simulator.world.updates import UpdateQueue

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class Person:
    """One of the virtual people."""

    id: PersonId
    first_name: str
    last_name: str = ""
    username: str = ""
    language: str = "en"
    premium: bool = False
    phone: str = ""
    bio: str = ""
    deleted: bool = False
    #: Privacy settings: what bots may not send to this person.
    refuses: frozenset[str] = frozenset()
    user_json: Json = field(init=False)
    chat_json: Json = field(init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """To be called when a name has changed."""
        names = {"first_name": self.first_name}
        if self.last_name:
            names["last_name"] = self.last_name
        if self.username:
            names["username"] = self.username
        self.chat_json = {"id": self.id, **names, "type": "private"}
        self.user_json = {"id": self.id, "is_bot": False, **names, "language_code": self.language}
        if self.premium:
            self.user_json["is_premium"] = True


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a bot wants its updates brought to."""

    url: str
    secret: str = ""
    max_connections: int = 40
    ip_address: str = "127.0.0.1"


@dataclass(slots=True, eq=False)
class Bot:
    """A bot account, with what it has told Telegram about itself."""

    id: BotId
    token: str
    username: str
    name: str
    queue: UpdateQueue
    long_poll: LongPoll
    generation: int = 0
    frozen: bool = False
    last_message: int = 0
    webhook: Webhook | None = None
    #: When (wall) and why a webhook failed last.
    webhook_error: tuple[float, str] | None = None
    #: Texts by (kind, language) and commands by (scope, language), as they were set.
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    menu_buttons: dict[int, Json] = field(default_factory=dict)
    rights: dict[bool, Json] = field(default_factory=dict)
    user_json: Json = field(init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """To be called when the name has changed."""
        self.user_json = {
            "id": self.id,
            "is_bot": True,
            "first_name": self.name,
            "username": self.username,
        }

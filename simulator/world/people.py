"""The people: making them, and what they do with a bot as a whole. What they say is in `deeds`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.errors import ControlError
from simulator.world.actors import Bot, Json, Person
from simulator.world.chats import PrivateChat
from simulator.world.identity import PersonId
from simulator.world.messages import Message

if TYPE_CHECKING:
    from simulator.world.world import World

_NAMES = (
    "Ada Bela Cleo Dina Emil Finn Gia Hugo Ines Jan Kira Liam Mona Nils Olga Paul Quinn Rosa Sami Tara "
    "Uma Vera Wim Xenia Yara Zeno"
)
_FIRST_NAMES = _NAMES.split()
_PAYLOAD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


class People:
    """All people, by id."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._people: dict[PersonId, Person] = {}

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people.values())

    def get(self, person_id: int) -> Person | None:
        return self._people.get(PersonId(person_id))

    def find(self, person_id: int) -> Person:
        """As `get`; ControlError when there is nobody."""
        person = self._people.get(PersonId(person_id))
        if person is None:
            raise ControlError(f"there is no person {person_id}: POST /control/people makes some")
        return person

    def create(
        self,
        first_name: str = "",
        last_name: str = "",
        username: str = "",
        *,
        language: str = "en",
        premium: bool = False,
        phone: str = "",
        refuses: frozenset[str] = frozenset(),
    ) -> Person:
        """A new person, who has opened no bot yet."""
        number = len(self._people) + 1
        person = Person(
            self._world.identity.person(number),
            first_name or f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {number}",
            last_name,
            username,
            language,
            premium,
            phone or f"+99900{number:07d}",
            refuses=refuses,
        )
        self._people[person.id] = person
        return person

    def chat(self, person: Person, bot: Bot) -> PrivateChat:
        return self._world.private(bot, person)

    def view(self, person: Person, bot: Bot) -> list[Message]:
        """All that the two have said to each other, oldest first, deleted messages too."""
        return list(self._world.private(bot, person).messages.values())

    def open(self, person: Person, bot: Bot, payload: str = "") -> Message:
        """Presses START, or follows `t.me/<bot>?start=<payload>`. Unblocks the bot, as Telegram does."""
        if len(payload) > 64 or not _PAYLOAD.issuperset(payload):
            raise ControlError("a payload is up to 64 of A-Za-z0-9_-")
        if self.chat(person, bot).blocked:
            self.unblock(person, bot)
        return self._world.deeds.say(person, bot, f"/start {payload}" if payload else "/start")

    def block(self, person: Person, bot: Bot) -> None:
        """The person stops the bot; it hears of that."""
        chat = self.chat(person, bot)
        if not chat.blocked:
            chat.blocked = True
            self._tell_membership(chat, "member", "kicked")

    def unblock(self, person: Person, bot: Bot) -> None:
        chat = self.chat(person, bot)
        if chat.blocked:
            chat.blocked = False
            self._tell_membership(chat, "kicked", "member")

    def vanish(self, person: Person) -> None:
        """The account is deleted. Bots are not told; they notice when they write."""
        person.deleted = True
        person.first_name, person.last_name, person.username = "", "", ""
        person.refresh()

    def _tell_membership(self, chat: PrivateChat, old: str, new: str) -> None:
        now = int(self._world.clock.wall())
        user = chat.bot.user_json
        payload = {
            "chat": chat.chat_json,
            "from": chat.person.user_json,
            "date": now,
            "old_chat_member": _member(user, old),
            "new_chat_member": _member(user, new),
        }
        self._world.tell(chat.bot, "my_chat_member", payload, chat.id)


def _member(user: Json, status: str) -> Json:
    shown: Json = {"user": user, "status": status}
    if status == "kicked":
        shown["until_date"] = 0
    return shown

"""Polls: votes and what bots hear of them."""

from typing import TYPE_CHECKING

from simulator.world.actors import Bot, Json, Person
from simulator.world.identity import PersonId
from simulator.world.messages import Message

if TYPE_CHECKING:
    from simulator.world.world import World


class Polls:
    """Counts votes. A poll itself lives in its message's body."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._votes: dict[str, dict[PersonId, list[int]]] = {}
        self._made = 0

    def next_id(self) -> str:
        self._made += 1
        return str(5_400_000_000_000_000_000 + self._made)

    def create(self, question: str, options: list[str], *, fields: Json | None = None) -> Json:
        """A Poll object; `fields` override what is usual."""
        poll: Json = {
            "id": self.next_id(),
            "question": question,
            "options": [self.option(number, {"text": text}) for number, text in enumerate(options)],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": True,
            "members_only": False,
        }
        return poll | (fields or {})

    def chosen(self, poll_id: str, person: PersonId) -> list[int]:
        """The options that this person has voted for."""
        return self._votes.get(poll_id, {}).get(person, [])

    @staticmethod
    def option(number: int, said: Json) -> Json:
        return {"persistent_id": str(number), **said, "voter_count": 0}

    def vote(self, message: Message, person: Person, options: list[int]) -> None:
        """Notes a vote and tells the bot that sent the poll."""
        poll: Json = message.body["poll"]
        votes = self._votes.setdefault(poll["id"], {})
        votes.pop(person.id, None)
        if options:
            votes[person.id] = options
        for number, option in enumerate(poll["options"]):
            option["voter_count"] = sum(number in chosen for chosen in votes.values())
        poll["total_voter_count"] = len(votes)
        if not isinstance(message.author, Bot):
            return
        bot = message.author
        self._world.tell(bot, "poll", poll, message.chat.id)
        if not poll["is_anonymous"]:
            answer = {
                "poll_id": poll["id"],
                "user": person.user_json,
                "option_ids": options,
                "option_persistent_ids": [poll["options"][number]["persistent_id"] for number in options],
            }
            self._world.tell(bot, "poll_answer", answer, message.chat.id)

"""What must hold in Redis at every moment, looked at in one step.

Pairs are symmetric; nobody is in two conversations; nobody waits and talks; who waits has exactly
one ticket; the count of those who talk is right; a token's epoch never falls and its lease has it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from core.domain.errors import RedisAway
from core.domain.ids import BotId, PersonId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys

_PEOPLE = """
local out = {}
for i = 3, #KEYS do
  out[i - 2] = redis.call('HMGET', KEYS[i], 'phase', 'conv', 'side', 'partner', 'pbot', 'bot', 'ticket')
end
return {redis.call('XRANGE', KEYS[1], '-', '+'), redis.call('HGETALL', KEYS[2]), out}
"""


class _Row(NamedTuple):
    phase: str
    conversation: int
    side: int
    partner: int
    partner_bot: int
    bot: int
    ticket: str


class Scanner:
    """`look` names what is broken; it remembers the epochs it has seen."""

    def __init__(self, keys: Keys, people: Iterable[int], bots: Iterable[BotId]) -> None:
        self._keys = keys
        self._people = list(people)
        self._bots = list(bots)
        self._epochs: Counter[int] = Counter()
        self.conversations: dict[int, set[int]] = {}
        self.looks = 0
        self.broken: list[str] = []

    async def watch(self, url: str, every: float = 0.25) -> None:
        """Look again and again until cancelled; what is broken gathers. No look while Redis is away."""
        async with RedisClient(url) as client:
            while True:
                try:
                    self.broken += await self.look(client)
                except RedisAway:
                    await asyncio.sleep(every)
                await asyncio.sleep(every)

    async def look(self, client: RedisClient) -> list[str]:
        """One look; a line for everything that is not as it must be. Raises RedisAway."""
        keys = [self._keys.person(PersonId(person)) for person in self._people]
        tickets, chatting, people = await client.command(
            "EVAL", _PEOPLE, len(keys) + 2, self._keys.tickets, self._keys.chatting, *keys
        )
        rows = {person: _row(values) for person, values in zip(self._people, people, strict=True)}
        self.looks += 1
        return [
            *self._pairs(rows),
            *_waiting(rows, tickets),
            *_counts(rows, chatting),
            *await self._owners(client),
        ]

    def _pairs(self, rows: dict[int, _Row]) -> list[str]:
        broken = []
        for person, row in rows.items():
            if row.phase != "chatting":
                continue
            self.conversations.setdefault(row.conversation, set()).add(person)
            partner = rows.get(row.partner)
            if partner is None or partner.phase != "chatting" or partner.partner != person:
                broken.append(f"{person} talks with {row.partner}, who does not")
            elif partner.conversation != row.conversation or partner.side + row.side != 1:
                broken.append(f"{person} and {row.partner} do not agree on their conversation")
            elif partner.bot != row.partner_bot or row.partner == person:
                broken.append(f"{person} has the wrong place of {row.partner}")
        crowded = [c for c, people in self.conversations.items() if len(people) > 2]
        return broken + [f"conversation {c} had more than two people" for c in crowded]

    async def _owners(self, client: RedisClient) -> list[str]:
        broken = []
        for bot in self._bots:
            epoch, lease = await client.pipeline(
                [("GET", self._keys.epoch(bot)), ("GET", self._keys.lease(bot))]
            )
            number = int(epoch or 0)
            if number < self._epochs[bot]:
                broken.append(f"the epoch of bot {bot} fell")
            self._epochs[bot] = number
            # The two were read one after the other: a lease may be newer than the epoch, never older.
            if lease is not None and int(lease.split(b" ")[0]) < number:
                broken.append(f"the lease of bot {bot} has an old epoch")
        return broken


def _row(values: list[bytes | None]) -> _Row:
    phase, *numbers, ticket = (value or b"" for value in values)
    conversation, side, partner, partner_bot, bot = (int(number or 0) for number in numbers)
    return _Row((phase or b"idle").decode(), conversation, side, partner, partner_bot, bot, ticket.decode())


def _waiting(rows: dict[int, _Row], tickets: list[tuple[bytes, list[bytes]]]) -> list[str]:
    held = Counter((int(fields[1]), id_.decode()) for id_, fields in tickets)
    wanted = Counter({(person, row.ticket): 1 for person, row in rows.items() if row.phase == "waiting"})
    return [
        f"{person} and ticket {ticket} do not belong together"
        for person, ticket in (held - wanted) + (wanted - held)
    ]


def _counts(rows: dict[int, _Row], chatting: list[bytes]) -> list[str]:
    said = {int(bot): int(count) for bot, count in zip(chatting[::2], chatting[1::2], strict=True)}
    true = Counter(row.bot for row in rows.values() if row.phase == "chatting")
    return [
        f"bot {bot} is said to have {said.get(bot, 0)} people talking, it has {true[bot]}"
        for bot in said.keys() | true.keys()
        if said.get(bot, 0) != true[bot]
    ]

"""What a bot that is gone leaves behind, as its executor sees it: an inbox to be emptied, and a plan.

Everything is fenced by the bot's own lease, which the executor holds meanwhile: so nobody reads or
empties the inbox beside it. The plan (`{shard:<bot>}:moved`) is written before anything is done by
it and never changed, so that whoever goes on after a death does the same. It outlives the move by
two days, as long as anybody may still believe that people are where they were.
"""

from collections.abc import Mapping, Sequence

from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, Epoch, PersonId
from core.state.redis.client import Argument, RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import GATE, PLAN
from core.state.redis.streams import Inbox

KEPT_MS = 172_800_000


class Estate:
    """One bot's. All raise StaleEpoch when somebody else holds the bot's lease, and RedisAway."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId) -> None:
        self._client = client
        self._bot = bot
        self._fences, self._moved, self._epoch = keys.fences(bot), keys.moved(bot), keys.epoch(bot)
        self.inbox = Inbox(client, keys, bot)

    async def half_shut(self) -> bool:
        """Whether somebody shut it and did not come to an end."""
        return bool(await self._client.command("HGET", self._fences, "closed") == b"moving")

    async def planned(self, people: Sequence[PersonId]) -> dict[PersonId, BotId]:
        """Those for whom it is settled where they are served from now on (0 = nowhere)."""
        if not people:
            return {}
        homes = await self._client.command("HMGET", self._moved, *(str(person) for person in people))
        return {p: BotId(int(home)) for p, home in zip(people, homes, strict=True) if home is not None}

    async def plan(self, epoch: Epoch, homes: Mapping[PersonId, BotId]) -> dict[PersonId, BotId]:
        """Settle it for these people; what was settled before stays, and is the answer."""
        members: list[Argument] = [word for pair in homes.items() for word in pair]
        reply = await self._client.run(
            PLAN, (self._moved, self._epoch), (epoch, KEPT_MS, *members), safe=True
        )
        if reply == -1:
            raise StaleEpoch(str(self._bot), epoch)
        return {person: BotId(int(home)) for person, home in zip(homes, reply, strict=True)}

    async def shut(self, epoch: Epoch) -> None:
        """Nothing more comes in: who has something for these people waits for a moment."""
        await self._gate(epoch, "moving")

    async def forward(self, epoch: Epoch) -> None:
        """The inbox is empty and the plan complete: what comes from now on goes where it says."""
        await self._gate(epoch, "moved")

    async def reopen(self, epoch: Epoch) -> None:
        """Let things come in again, to be moved later."""
        await self._gate(epoch, "open")

    async def _gate(self, epoch: Epoch, state: str) -> None:
        keys = (self._fences, self._moved, self._epoch)
        if await self._client.run(GATE, keys, (epoch, state), safe=True) == -1:
            raise StaleEpoch(str(self._bot), epoch)

"""Shutting people out and letting them in again: one way for the command line and the bots' commands.

A ban is written to PostgreSQL first and told to every process, so that the person is admitted nowhere; then
what they are in the middle of ends, and their partner is told. Each step may be repeated: who dies in
between does all of it again. A shard that had not heard of it and lets a search begin asks Redis once more
when it has begun: either the search is there by the time that this looks for what to end, or the shard sees
the ban and ends it (shard.inbound.admission).
"""

from collections.abc import Sequence

from core.domain import envelope as envelopes
from core.domain.conversation import Change, Phase
from core.domain.envelope import Envelope, Lane, Notice
from core.domain.ids import BotId, Epoch, PersonId, UpdateId
from core.domain.person import Person
from core.service.clock import Clock
from core.service.failpoints import passing
from core.state.people import People
from core.state.postgres.reports import Reported, Reports, Shown
from core.state.redis.conversations import Asker, Conversations
from core.state.redis.streams import Append, Source, Streams

FOR_GOOD = float("inf")

_NOBODY = BotId(0)
"""No bot asks for it, so no lease fences it: a ban counts whoever serves."""


class Moderation:
    """What admins may do with people."""

    def __init__(
        self,
        people: People,
        reports: Reports,
        conversations: Conversations,
        streams: Streams,
        clock: Clock,
    ) -> None:
        self._people = people
        self._reports = reports
        self._conversations = conversations
        self._streams = streams
        self._clock = clock

    async def ban(self, person: PersonId, days: float, reason: str) -> Person:
        """Shut somebody out for so many days, and close what was reported of them. Raises StoreAway."""
        until = self._clock.wall() + days * 86_400
        row = await self._people.ban(person, until, reason)
        passing("mid_ban")
        await self.stop(person)
        passing("mid_ban")
        now = round(self._clock.wall() * 1000)
        standing = (await self._conversations.standings([person]))[0]
        home = standing.bot or row.home
        if home:
            said = Notice("banned", {"until": row.ban_ends, "reason": reason})
            envelope = Envelope(envelopes.VERSION, person, Lane.INTERACTIVE, now, said)
            append = Append(home, f"ban:{person}:{row.version}", envelopes.encode(envelope))
            await self._streams.append(Source("moderation", Epoch(0)), [append], now)
        await self._reports.close(person)
        return row

    async def unban(self, person: PersonId) -> Person:
        """Let somebody in again. Raises StoreAway."""
        return await self._people.ban(person, 0, "")

    async def forget(self, person: PersonId) -> bool:
        """Delete what is kept of somebody, at their wish; whether they were known. Raises StoreAway."""
        known = await self._people.forget(person)
        await self.stop(person)
        return known

    async def stop(self, person: PersonId) -> None:
        """End the chat or the search that somebody is in. Raises RedisAway."""
        standing = (await self._conversations.standings([person]))[0]
        if standing.phase is Phase.IDLE:
            return
        asker = Asker(person, _NOBODY, Epoch(0), UpdateId(0))
        outcome = await self._conversations.leave(
            asker,
            standing.partner,
            anywhere=True,
            partner_told=Change.PARTNER_LEFT,
            self_told=Change.YOU_LEFT,
        )
        await self._conversations.carry(outcome.events, round(self._clock.wall() * 1000))

    async def reported(self, count: int) -> Sequence[Reported]:
        """Who has open reports. Raises DatabaseAway."""
        return await self._reports.open(count)

    async def evidence(self, person: PersonId) -> Sequence[Shown]:
        """The messages of somebody that were reported and not decided about. Raises DatabaseAway."""
        return await self._reports.evidence(person)

    async def close_reports(self, person: PersonId) -> int:
        """The reports about somebody are dealt with; how many there were. Raises DatabaseAway."""
        return await self._reports.close(person)

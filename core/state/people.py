"""People, in layers: this process's memory over Redis over PostgreSQL.

Memory is bounded, and trusted for five minutes; a change anywhere reaches it in well under a
second by Redis' channel, and when that was cut all of it is dropped. One fetch a person at a
time, however many ask. While PostgreSQL is away people whom Redis or the memory knows go on;
while Redis is away PostgreSQL answers alone.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable

import structlog

from core.domain.errors import RedisAway, StoreAway
from core.domain.ids import BotId, PersonId
from core.domain.person import Person
from core.state.postgres.people import PeopleTable
from core.state.redis.people_cache import PeopleCache

KEPT_SECONDS = 300.0
KEPT_PEOPLE = 50_000

log = structlog.get_logger(__name__)


class People:
    """`run` must run for changes of other processes to be heard."""

    def __init__(self, table: PeopleTable, cache: PeopleCache) -> None:
        self._table = table
        self._cache = cache
        self._known: OrderedDict[PersonId, tuple[float, Person | None]] = OrderedDict()
        self._flights: dict[PersonId, asyncio.Future[Person | None]] = {}

    async def run(self) -> None:
        """Hear of changes; never returns."""
        async for person in self._cache.changes():
            if person is None:
                self._known.clear()
                self._flights.clear()
            else:
                self._known.pop(person, None)
                self._flights.pop(person, None)

    async def get(self, person: PersonId) -> Person | None:
        """One person, or None where nobody has heard of them. Raises StoreAway."""
        return (await self.get_many([person]))[person]

    async def get_many(self, people: Iterable[PersonId]) -> dict[PersonId, Person | None]:
        """Many at once: at most one round trip to each layer. Raises StoreAway."""
        now = time.monotonic()
        found: dict[PersonId, Person | None] = {}
        waiting: dict[PersonId, asyncio.Future[Person | None]] = {}
        missing: list[PersonId] = []
        for person in dict.fromkeys(people):
            entry = self._known.get(person)
            if entry is not None and entry[0] > now:
                found[person] = entry[1]
            elif person in self._flights:
                waiting[person] = self._flights[person]
            else:
                missing.append(person)
        if missing:
            found.update(await self._fly(missing))
        for person, flight in waiting.items():
            found[person] = await asyncio.shield(flight)
        return found

    async def language(self, person: PersonId) -> str | None:
        """Their language code; None where it is not known or the stores are away."""
        try:
            known = await self.get(person)
        except StoreAway:
            return None
        return known.language if known is not None else None

    async def consent(self, person: PersonId, language: str, home: BotId) -> Person:
        """The person agrees to the rules. Raises DatabaseAway."""
        return await self._changed(await self._table.consent(person, language, home))

    async def _changed(self, person: Person) -> Person:
        try:
            await self._cache.change(person)
        except RedisAway as error:
            log.warning("a change may be heard late", why=str(error))
        self._flights.pop(person.id, None)
        self._remember(person.id, person)
        return person

    async def _fly(self, people: list[PersonId]) -> dict[PersonId, Person | None]:
        loop = asyncio.get_running_loop()
        flights = {person: loop.create_future() for person in people}
        self._flights.update(flights)
        try:
            found = await self._fetch(people)
        except BaseException as error:
            for person, flight in flights.items():
                self._land(person, flight)
                flight.set_exception(error if isinstance(error, Exception) else StoreAway("given up"))
                flight.exception()
            raise
        for person, flight in flights.items():
            # Whoever changed meanwhile is not remembered: what was fetched may be the old row.
            if self._land(person, flight):
                self._remember(person, found[person])
            flight.set_result(found[person])
        return found

    def _land(self, person: PersonId, flight: asyncio.Future[Person | None]) -> bool:
        if self._flights.get(person) is not flight:
            return False
        del self._flights[person]
        return True

    async def _fetch(self, people: list[PersonId]) -> dict[PersonId, Person | None]:
        cached: dict[PersonId, Person] = {}
        try:
            cached = await self._cache.get_many(people)
        except RedisAway as error:
            log.debug("the shared cache is away", why=str(error))
        missing = [person for person in people if person not in cached]
        rows = await self._table.get_many(missing) if missing else {}
        if rows:
            try:
                await self._cache.fill(rows.values())
            except RedisAway as error:
                log.debug("the shared cache is away", why=str(error))
        return {person: cached.get(person) or rows.get(person) for person in people}

    def _remember(self, person: PersonId, row: Person | None) -> None:
        self._known[person] = (time.monotonic() + KEPT_SECONDS, row)
        self._known.move_to_end(person)
        if len(self._known) > KEPT_PEOPLE:
            self._known.popitem(last=False)

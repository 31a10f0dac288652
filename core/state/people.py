"""People, in layers: this process's memory over Redis over PostgreSQL.

Memory is bounded: whom it learned of longest ago it forgets first. It is trusted for five minutes while
the channel of changes is heard: so a change anywhere is known here in well under a second. While the
channel is cut memory is trusted for half a second only, and when it is back all is asked for again. A
row in Redis is confirmed with PostgreSQL every five minutes; that bounds, at ten, how long a change
lives unheard whose writer died just after writing it.

One fetch a person at a time, however many ask; a caller that gives up ends it for nobody else.
While PostgreSQL is away people whom memory or Redis knows go on as they were; while Redis is away
PostgreSQL answers alone.
"""

import asyncio
import functools
import sys
from collections.abc import Iterable, Sequence
from typing import assert_never

import msgspec
import structlog

from core.domain.errors import RedisAway, StoreAway
from core.domain.ids import BotId, PersonId
from core.domain.person import Person
from core.service.clock import Clock, SystemClock
from core.service.failpoints import passing
from core.service.generations import Generations
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import DatabaseAway
from core.state.redis.people_cache import Cached, Change, Channel, PeopleCache

TRUSTED_SECONDS = 300.0
DEAF_SECONDS = 0.5
"""How long memory is trusted while changes are not heard."""
REST_SECONDS = 5.0
"""While PostgreSQL is away, one caller in this time asks it about people whom we know."""
TELL_SECONDS = 0.5
KEPT_PEOPLE = 2_000
"""Who is asked about is asked about again within a minute, or costs half a millisecond in Redis."""

log = structlog.get_logger(__name__)


_Outcome = Person | StoreAway | None
"""A person's row, None where there is none, or why it cannot be known."""


class _Entry(msgspec.Struct, frozen=True, gc=False):
    learned: float
    row: Person | None


class People:
    """`run` must run for changes of other processes to be heard."""

    def __init__(self, table: PeopleTable, cache: PeopleCache, clock: Clock | None = None) -> None:
        self._table = table
        self._cache = cache
        self._clock = clock or SystemClock()
        self._known: Generations[PersonId, _Entry] = Generations(KEPT_PEOPLE)
        self._flights: dict[PersonId, asyncio.Future[Person | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._trusted = DEAF_SECONDS
        self._all_since = float("-inf")
        self._table_away = False
        self._rest_until = float("-inf")
        self._untold: dict[PersonId, Person] = {}
        self._some_untold = asyncio.Event()

    async def run(self) -> None:
        """Hear of changes, and tell those that could not be told before; never returns."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._hear(), name="people: hear")
            parts.create_task(self._tell(), name="people: tell")

    @property
    def hears(self) -> bool:
        """Whether changes of other processes are heard just now."""
        return self._trusted == TRUSTED_SECONDS

    async def get(self, person: PersonId) -> Person | None:
        """One person, or None where nobody has heard of them. Raises StoreAway."""
        now = self._clock.monotonic()
        entry = self._known.get(person, now)
        if entry is not None and self._fresh(entry, now):
            return entry.row
        return (await self.get_many((person,)))[person]

    async def get_many(self, people: Iterable[PersonId]) -> dict[PersonId, Person | None]:
        """Many at once: at most one round trip to each layer. Raises StoreAway if one cannot be known."""
        now = self._clock.monotonic()
        found: dict[PersonId, Person | None] = {}
        waiting: dict[PersonId, asyncio.Future[Person | None]] = {}
        missing: list[PersonId] = []
        for person in dict.fromkeys(people):
            entry = self._known.get(person, now)
            if entry is not None and self._fresh(entry, now):
                found[person] = entry.row
            elif person in self._flights:
                waiting[person] = self._flights[person]
            else:
                missing.append(person)
        if missing:
            waiting |= self._take_off(missing)
        for person, flight in waiting.items():
            found[person] = await asyncio.shield(flight)
        return found

    async def hear_of(self, person: PersonId) -> None:
        """Take note of what another process has told of them and was not heard here yet. Raises RedisAway."""
        for row, _ in (await self._cache.get_many((person,))).values():
            self._outdate(person, row.version)

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

    async def ban(self, person: PersonId, until: float, reason: str) -> Person:
        """Shut somebody out, see PeopleTable.ban. Raises DatabaseAway."""
        banned = await self._table.ban(person, until, reason)
        passing("mid_ban")
        return await self._changed(banned)

    async def forget(self, person: PersonId) -> bool:
        """Keep nothing of them, see PeopleTable.forget; whether they were known. Raises DatabaseAway."""
        row = await self._table.forget(person)
        if row is not None:
            await self._changed(row)
        return row is not None

    # --- Changes --------------------------------------------------------------------------------

    async def _changed(self, person: Person) -> Person:
        self._flights.pop(person.id, None)
        self._remember(person.id, person, self._clock.monotonic())
        try:
            newest = await self._cache.change(person, self._now_ms())
        except RedisAway as error:
            self._untold[person.id] = person
            self._some_untold.set()
            log.warning("a change will be told when Redis is back", why=str(error))
        else:
            if not newest:
                # Somebody changed the person after us, and was faster to tell.
                self._known.forget(person.id)
        return person

    async def _tell(self) -> None:
        while True:
            await self._some_untold.wait()
            await self._clock.sleep(TELL_SECONDS)
            for person, row in list(self._untold.items()):
                try:
                    await self._cache.change(row, self._now_ms())
                except RedisAway:
                    break
                if self._untold.get(person) is row:
                    del self._untold[person]
            if not self._untold:
                self._some_untold.clear()

    async def _hear(self) -> None:
        async for news in self._cache.changes():
            match news:
                case Change(person, version):
                    self._outdate(person, version)
                case Channel.OPEN:
                    self._trusted = TRUSTED_SECONDS
                    self._all_since = self._clock.monotonic()
                    self._flights.clear()
                case Channel.LOST:
                    self._trusted = DEAF_SECONDS
                case _:
                    assert_never(news)

    def _outdate(self, person: PersonId, version: int) -> None:
        """They are at that version now. Our own change comes back to us: what we know is as new."""
        entry = self._known.get(person, self._clock.monotonic())
        if entry is None or entry.row is None or entry.row.version < version:
            self._known.forget(person)
            self._flights.pop(person, None)

    # --- Fetching -------------------------------------------------------------------------------

    def _take_off(self, people: list[PersonId]) -> dict[PersonId, asyncio.Future[Person | None]]:
        """Begin to fetch these people, together, in a task of its own."""
        loop = asyncio.get_running_loop()
        flights: dict[PersonId, asyncio.Future[Person | None]] = {p: loop.create_future() for p in people}
        self._flights |= flights
        task = loop.create_task(self._fly(flights), name="people: fetch")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return flights

    async def _fly(self, flights: dict[PersonId, asyncio.Future[Person | None]]) -> None:
        try:
            found = await self._fetch(list(flights))
        except BaseException as error:
            failure = error if isinstance(error, Exception) else StoreAway("the process ends")
            for person, flight in flights.items():
                self._land(person, flight)
                flight.set_exception(failure)
                flight.exception()  # nobody may be left to hear it
            if not isinstance(error, Exception):
                raise
            return
        now = self._clock.monotonic()
        for person, flight in flights.items():
            outcome = found[person]
            # Whoever changed meanwhile is not remembered: what was fetched may be the old row.
            if self._land(person, flight) and not isinstance(outcome, StoreAway):
                self._remember(person, outcome, now)
            if isinstance(outcome, StoreAway):
                flight.set_exception(outcome)
                flight.exception()
            else:
                flight.set_result(outcome)

    def _land(self, person: PersonId, flight: asyncio.Future[Person | None]) -> bool:
        if self._flights.get(person) is not flight:
            return False
        del self._flights[person]
        return True

    async def _fetch(self, people: Sequence[PersonId]) -> dict[PersonId, _Outcome]:
        """The outcome for each of the people."""
        cached = await self._from_cache(people)
        now = self._clock.monotonic()
        confirmed_since = self._now_ms() - TRUSTED_SECONDS * 1000
        found: dict[PersonId, _Outcome] = {
            person: row for person, (row, asked_at) in cached.items() if asked_at >= confirmed_since
        }
        guesses = {person: cached[person].row for person in cached if person not in found}
        for person in people:
            entry = self._known.get(person, now)
            if person not in found and person not in guesses and entry is not None and entry.row is not None:
                guesses[person] = entry.row
        if guesses and not self._may_confirm():
            found |= guesses
        missing = [person for person in people if person not in found]
        if missing:
            found |= await self._from_table(missing, guesses)
        return found

    async def _from_cache(self, people: Sequence[PersonId]) -> dict[PersonId, Cached]:
        try:
            return await self._cache.get_many(people)
        except RedisAway as error:
            log.debug("the shared cache is away", why=str(error))
            return {}

    async def _from_table(
        self, people: Sequence[PersonId], guesses: dict[PersonId, Person]
    ) -> dict[PersonId, _Outcome]:
        asked_at = self._now_ms()
        try:
            rows = await self._table.get_many(people)
        except DatabaseAway as error:
            self._table_away = True
            self._rest_until = self._clock.monotonic() + REST_SECONDS
            return {person: guesses.get(person, error) for person in people}
        self._table_away = False
        try:
            await self._cache.fill(rows.values(), asked_at)
        except RedisAway as error:
            log.debug("the shared cache is away", why=str(error))
        return {person: rows.get(person) for person in people}

    def _may_confirm(self) -> bool:
        """Whether to ask PostgreSQL about people whom we know: while it is away one caller tries for all."""
        now = self._clock.monotonic()
        if now < self._rest_until:
            return False
        if self._table_away:
            self._rest_until = now + REST_SECONDS
        return True

    # --- Memory ---------------------------------------------------------------------------------

    def _fresh(self, entry: _Entry, now: float) -> bool:
        return entry.learned > self._all_since and now - entry.learned < self._trusted

    def _remember(self, person: PersonId, row: Person | None, now: float) -> None:
        entry = self._known.get(person, now)
        known = entry.row if entry is not None else None
        if row is None:
            self._known.put(person, _Entry(now, None), now)
        elif known is not None and known.version > row.version:
            self._known.put(known.id, _Entry(now, known), now)
        else:
            row = _compact(row)
            self._known.put(row.id, _Entry(now, row), now)

    def _now_ms(self) -> int:
        return round(self._clock.wall() * 1000)


def _compact(row: Person) -> Person:
    """The same with one object for what thousands of rows have in common."""
    return msgspec.structs.replace(
        row, language=sys.intern(row.language), home=_shared(row.home), banned_until=row.banned_until or 0.0
    )


@functools.lru_cache(256)
def _shared(home: BotId) -> BotId:
    return home

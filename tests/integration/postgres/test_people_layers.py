"""People in layers: memory over Redis over PostgreSQL, and how a change gets around."""

import asyncio
from collections.abc import Sequence

import pytest

from core.domain.ids import BotId, PersonId
from core.domain.person import Person
from core.state import people as layers
from core.state.people import People
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.redis.keys import Keys
from tests.integration.postgres.processes import (
    ANNA,
    BEN,
    BOT,
    FOR_GOOD,
    Costs,
    Process,
    Start,
    banned,
    eventually,
    language_is,
)

# --- The layers ---------------------------------------------------------------------------------


async def test_each_layer_spares_the_ones_below(one: Process, two: Process) -> None:
    anna = await one.table.consent(ANNA, "de", BOT)
    costs = Costs(one)
    assert await one.people.get(ANNA) == anna
    sql, redis = costs.since()
    assert (sql, redis > 0) == (1, True)
    assert await one.people.get(ANNA) == anna
    assert costs.since() == (0, 0)
    costs = Costs(two)
    assert await two.people.get(ANNA) == anna
    assert costs.since() == (0, 1)


async def test_a_thousand_people_are_a_round_trip_to_each_layer(one: Process, two: Process) -> None:
    thousand = [PersonId(n) for n in range(1, 1001)]
    for person in thousand[::250]:
        await one.table.consent(person, "en", BOT)
    costs = Costs(one)
    found = await one.people.get_many(thousand)
    sql, redis = costs.since()
    assert sql == 1
    assert redis <= 3  # to ask, to fill in, and to send the script once more where the server has it not
    assert sorted(found) == thousand
    assert [person for person in thousand if found[person]] == thousand[::250]
    costs = Costs(two)
    await two.people.get_many(thousand[::250])
    assert costs.since() == (0, 1)
    await two.people.get_many(thousand[::250])
    assert costs.since() == (0, 0)


async def test_one_fetch_however_many_ask(one: Process) -> None:
    await one.table.consent(ANNA, "de", BOT)
    costs = Costs(one)
    answers = await asyncio.gather(*(one.people.get(ANNA) for _ in range(50)))
    assert {answer.language for answer in answers if answer} == {"de"}
    assert costs.since()[0] == 1


async def test_a_caller_that_gives_up_ends_it_for_nobody_else(one: Process) -> None:
    await one.table.consent(ANNA, "de", BOT)
    first = asyncio.create_task(one.people.get(ANNA))
    others = [asyncio.create_task(one.people.get(ANNA)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert [row.language for row in await asyncio.gather(*others) if row] == ["de"] * 3
    assert first.cancelled()


async def test_memory_is_bounded_and_keeps_whom_it_learned_of_last(
    start: Start, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "KEPT_PEOPLE", 10)
    one = await start(database_url, redis_url)
    await one.listen()
    for n in range(1, 13):
        await one.people.get(PersonId(n))
    costs = Costs(one)
    for n in range(8, 13):
        await one.people.get(PersonId(n))
    assert costs.since() == (0, 0)
    for n in range(1, 3):
        await one.people.get(PersonId(n))
    assert costs.since()[0] == 2


async def test_language(one: Process) -> None:
    assert await one.people.language(ANNA) is None
    await one.people.consent(ANNA, "de", BOT)
    assert await one.people.language(ANNA) == "de"


# --- Changes ------------------------------------------------------------------------------------


async def test_a_change_is_known_at_once_here_and_heard_there(one: Process, two: Process) -> None:
    assert await two.people.get(ANNA) is None
    await one.people.consent(ANNA, "de", BOT)
    assert await one.people.language(ANNA) == "de"
    await eventually(lambda: language_is(two, "de"))
    await two.people.ban(ANNA, FOR_GOOD, "spam")
    assert await banned(two, ANNA)
    await eventually(lambda: banned(one, ANNA))


async def test_ones_own_change_coming_back_costs_nothing(one: Process, two: Process) -> None:
    assert await two.people.get(ANNA) is None
    await one.people.consent(ANNA, "de", BOT)
    await eventually(lambda: language_is(two, "de"))
    await two.people.consent(BEN, "en", BOT)
    await eventually(lambda: known_to(one, BEN))  # what was said before has been heard, then
    costs = Costs(one)
    await one.people.get(ANNA)
    assert costs.since() == (0, 0)


async def known_to(process: Process, person: PersonId) -> bool:
    return await process.people.get(person) is not None


async def test_of_two_changes_told_in_the_wrong_order_the_newer_stays(one: Process, two: Process) -> None:
    older = await one.table.consent(ANNA, "de", BOT)
    newer = await one.table.ban(ANNA, FOR_GOOD, "spam")
    assert await one.cache.change(newer, 1)
    assert not await one.cache.change(older, 2)
    await one.cache.fill([older], 3)
    assert (await one.cache.get_many([ANNA]))[ANNA].row == newer
    two.clock.ahead = -3600  # so that the row counts as confirmed: what is looked at is Redis'
    assert await banned(two, ANNA)


async def test_a_writer_that_was_overtaken_does_not_believe_itself(one: Process) -> None:
    class Overtaken(PeopleTable):
        async def consent(self, person: PersonId, language: str, home: BotId) -> Person:
            older = await super().consent(person, language, home)
            newer = await self.ban(person, FOR_GOOD, "spam")
            await one.cache.change(newer, round(one.clock.wall() * 1000))
            return older

    people = People(Overtaken(one.table._database), one.cache, one.clock)
    part = asyncio.create_task(people.run())
    one.parts.append(part)
    await eventually(lambda: people.hears)
    assert not (await people.consent(ANNA, "de", BOT)).banned(0)
    row = await people.get(ANNA)
    assert row is not None
    assert row.banned(0)


class Slow(PeopleTable):
    """What it has read or written arrives only when the test lets it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.done, self.let = asyncio.Event(), asyncio.Event()

    async def get_many(self, people: Sequence[PersonId]) -> dict[PersonId, Person]:
        rows = await super().get_many(people)
        self.done.set()
        await self.let.wait()
        return rows

    async def consent(self, person: PersonId, language: str, home: BotId) -> Person:
        row = await super().consent(person, language, home)
        self.done.set()
        await self.let.wait()
        return row


async def test_what_was_fetched_before_a_change_is_not_remembered_after_it(
    one: Process, two: Process
) -> None:
    await one.table.consent(ANNA, "de", BOT)
    two.people._table = slow = Slow(two.table._database)
    fetch = asyncio.create_task(two.people.get(ANNA))
    await slow.done.wait()
    await one.people.ban(ANNA, FOR_GOOD, "spam")
    await eventually(lambda: ANNA not in two.people._flights)
    slow.let.set()
    await fetch
    assert await banned(two, ANNA)


async def test_an_old_answer_of_ones_own_does_not_cover_a_newer_one(start: Start, database_url: str) -> None:
    process = await start(database_url, "unix:///nowhere.sock")
    now = process.clock.monotonic()
    process.clock.monotonic = lambda: now  # type: ignore[method-assign]
    process.people._table = slow = Slow(process.table._database)
    consent = asyncio.create_task(process.people.consent(ANNA, "de", BOT))
    await slow.done.wait()
    await process.people.ban(ANNA, FOR_GOOD, "spam")
    slow.let.set()
    await consent
    costs = Costs(process)
    assert await banned(process, ANNA)
    assert costs.since() == (0, 0)


async def test_what_was_missed_while_the_channel_was_cut_is_asked_again(one: Process) -> None:
    await one.people.consent(ANNA, "de", BOT)
    assert not await banned(one, ANNA)
    # A change that is in Redis, but of which this process was not told.
    await one.cache.fill([await one.table.ban(ANNA, FOR_GOOD, "spam")], round(one.clock.wall() * 1000))
    assert not await banned(one, ANNA)
    await one.client.command("CLIENT", "KILL", "TYPE", "pubsub")
    await eventually(lambda: banned(one, ANNA))
    await eventually(lambda: one.people.hears)


async def test_deaf_memory_is_trusted_for_a_moment_only(
    start: Start, database_url: str, redis_url: str
) -> None:
    deaf = await start(database_url, redis_url)
    await deaf.people.consent(ANNA, "de", BOT)
    await deaf.cache.fill([await deaf.table.ban(ANNA, FOR_GOOD, "spam")], round(deaf.clock.wall() * 1000))
    deaf.clock.ahead += layers.DEAF_SECONDS
    assert await banned(deaf, ANNA)


async def test_a_change_whose_writer_died_is_found_after_five_minutes(one: Process) -> None:
    await one.people.consent(ANNA, "de", BOT)
    await one.table.ban(ANNA, FOR_GOOD, "spam")
    assert not await banned(one, ANNA)
    one.clock.ahead += layers.TRUSTED_SECONDS + 1
    assert await banned(one, ANNA)


async def test_rubbish_in_redis_is_passed_over(one: Process, key_prefix: str) -> None:
    keys = Keys(key_prefix)
    anna = await one.table.consent(ANNA, "de", BOT)
    for rubbish in (b"", b"x", b"1 2", b"1 x \x91\x01", b"1 2 \xc1", b"9" * 40, b"\xff\xfe"):
        await one.client.command("SET", keys.user(ANNA), rubbish)
        one.clock.ahead += layers.TRUSTED_SECONDS + 1
        assert await one.people.get(ANNA) == anna
    for rubbish in (b"", b"x", b"1", b"1 2 3", b"1 \xff"):
        await one.client.command("PUBLISH", keys.people_changed, rubbish)
    await one.table.consent(BEN, "en", BOT)
    await one.people.ban(BEN, FOR_GOOD, "")
    assert one.people.hears

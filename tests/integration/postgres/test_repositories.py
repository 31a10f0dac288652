"""The tables behind their repositories: bots, epochs, people, reach, reports."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import DuologueError
from core.domain.fleet import BotState
from core.domain.ids import BotId, ConversationId, Epoch, PersonId
from core.domain.person import Person
from core.state.postgres.bots import BotKnown, Bots, BotUnknown
from core.state.postgres.crypt import TokenCipher, WrongKey
from core.state.postgres.epochs import Epochs
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.postgres.reports import Complaint, Reports

ONE, TWO, THREE = BotId(11111), BotId(22222), BotId(33333)
TOKEN = f"{ONE}:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-xx"
NEW_TOKEN = f"{ONE}:BBEhBOweik6ad9r_QXMENQjcrGbqCr4K-yy"
ANNA, BEN = PersonId(1), PersonId(2)
OLD = "k" * 32


@pytest.fixture(scope="module")
def cipher() -> TokenCipher:
    return TokenCipher(OLD)


@pytest.fixture
def bots(database: Database, cipher: TokenCipher) -> Bots:
    return Bots(database, cipher)


async def states(bots: Bots) -> list[tuple[BotId, str]]:
    return [(bot.id, bot.state) for bot in await bots.list()]


# --- Bots ---------------------------------------------------------------------------------------


async def test_a_bot_is_added_pending_with_its_token(bots: Bots) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    bot = await bots.get(ONE)
    assert (bot.id, bot.username, bot.state, bot.reason) == (ONE, "one_bot", BotState.PENDING, "")
    assert await bots.token(ONE) == TOKEN
    await bots.add(THREE, "three_bot", TOKEN)
    await bots.add(TWO, "two_bot", TOKEN)
    assert [bot.id for bot in await bots.list()] == [ONE, THREE, TWO]


@pytest.mark.parametrize("state", [state for state in BotState if state.serves])
async def test_a_known_bot_is_refused(bots: Bots, state: BotState) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await bots.set_state(ONE, state)
    with pytest.raises(BotKnown, match=r"^@one_bot \(bot 11111\) is in the network already$"):
        await bots.add(ONE, "one_bot", NEW_TOKEN)
    assert await bots.token(ONE) == TOKEN
    assert await states(bots) == [(ONE, state)]


@pytest.mark.parametrize("state", [state for state in BotState if not state.serves])
async def test_a_bot_that_stopped_serving_comes_back(bots: Bots, state: BotState) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await bots.set_state(ONE, state, reason="it was so")
    await bots.add(ONE, "new_name_bot", NEW_TOKEN)
    bot = await bots.get(ONE)
    assert (bot.username, bot.state, bot.reason) == ("new_name_bot", BotState.PENDING, "")
    assert await bots.token(ONE) == NEW_TOKEN


async def test_two_at_once_add_a_bot_once(bots: Bots) -> None:
    adds = [bots.add(ONE, "one_bot", TOKEN) for _ in range(4)]
    results = await asyncio.gather(*adds, return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, BotKnown) for result in results) == 3


async def test_a_state_moves_only_from_the_expected_one(bots: Bots) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    assert await bots.set_state(ONE, BotState.WARMING, expected=BotState.PENDING)
    assert not await bots.set_state(ONE, BotState.ACTIVE, expected=BotState.PENDING)
    assert await states(bots) == [(ONE, BotState.WARMING)]
    assert await bots.set_state(ONE, BotState.QUARANTINED, reason="revoked")
    assert (await bots.get(ONE)).reason == "revoked"
    assert not await bots.set_state(TWO, BotState.ACTIVE)


async def test_a_new_token_ends_a_quarantine_and_nothing_else(bots: Bots) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await bots.set_state(ONE, BotState.DRAINING)
    await bots.rotate(ONE, NEW_TOKEN)
    assert await bots.token(ONE) == NEW_TOKEN
    assert await states(bots) == [(ONE, BotState.DRAINING)]
    await bots.set_state(ONE, BotState.QUARANTINED, reason="revoked")
    await bots.rotate(ONE, TOKEN)
    assert (await bots.get(ONE))[2:4] == (BotState.PENDING, "")


async def test_only_the_token_that_was_refused_is_quarantined(bots: Bots) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await bots.rotate(ONE, NEW_TOKEN)
    assert not await bots.quarantine(ONE, TOKEN, "refused")
    assert (await bots.get(ONE))[2:4] == (BotState.PENDING, "")
    assert await bots.quarantine(ONE, NEW_TOKEN, "refused")
    assert (await bots.get(ONE))[2:4] == (BotState.QUARANTINED, "refused")
    with pytest.raises(BotUnknown):
        await bots.quarantine(TWO, TOKEN, "not in the network")


async def test_a_token_that_is_replaced_while_it_is_looked_at_is_not_quarantined(
    bots: Bots, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    look = database.fetchrow

    async def replaced_meanwhile(*args: Any) -> Any:
        seen = await look(*args)
        await bots.rotate(ONE, NEW_TOKEN)
        return seen

    monkeypatch.setattr(database, "fetchrow", replaced_meanwhile)
    assert not await bots.quarantine(ONE, TOKEN, "refused")
    monkeypatch.undo()
    assert await states(bots) == [(ONE, BotState.PENDING)]


async def test_what_is_sealed_with_a_key_that_came_later_is_not_quarantined(
    bots: Bots, database: Database
) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await Bots(database, TokenCipher("another secret of thirty-two chars", OLD)).rekey()
    assert not await bots.quarantine(ONE, TOKEN, "refused")
    assert await states(bots) == [(ONE, BotState.PENDING)]


async def test_a_removed_bot_is_gone(bots: Bots) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await bots.remove(ONE)
    assert await bots.list() == []
    await bots.add(ONE, "one_bot", TOKEN)


async def test_an_unknown_bot_is_named(bots: Bots) -> None:
    for call in (bots.get(TWO), bots.token(TWO), bots.rotate(TWO, TOKEN), bots.remove(TWO)):
        with pytest.raises(BotUnknown, match="bot 22222 is not in the network: `duologue bots list`"):
            await call


async def test_without_a_secret_key_no_token_is_touched(database: Database) -> None:
    bots = Bots(database, None)
    with pytest.raises(DuologueError, match="DUOLOGUE_SECRET_KEY"):
        await bots.add(ONE, "one_bot", TOKEN)
    assert await bots.list() == []


# --- Tokens at rest -----------------------------------------------------------------------------


async def test_no_token_is_in_the_database_readable(bots: Bots, database: Database, tmp_path: Path) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    row = await database.one("SELECT * FROM bots")
    assert TOKEN.partition(":")[2] not in str(dict(row))
    assert TOKEN.encode() not in row["token"]


async def test_the_same_token_is_sealed_differently_each_time(cipher: TokenCipher) -> None:
    assert cipher.seal(ONE, TOKEN) != cipher.seal(ONE, TOKEN)


async def test_a_sealed_token_belongs_to_its_bot(bots: Bots, database: Database) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await bots.add(TWO, "two_bot", NEW_TOKEN)
    await database.execute("UPDATE bots SET token = (SELECT token FROM bots WHERE id = $1)", ONE)
    assert await bots.token(ONE) == TOKEN
    with pytest.raises(WrongKey):
        await bots.token(TWO)


@pytest.mark.parametrize(
    "damage",
    [
        "token = overlay(token PLACING '\\x00' FROM octet_length(token))",
        "token = '\\x00'",
        "token = ''",
        "key_version = (key_version + 1) % 32768",
    ],
)
async def test_a_damaged_row_is_one_clear_line(bots: Bots, database: Database, damage: str) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await database.execute(f"UPDATE bots SET {damage}")
    with pytest.raises(WrongKey, match=r"^the token of bot 11111 was kept with another DUOLOGUE_SECRET_KEY"):
        await bots.token(ONE)


async def test_tokens_are_encrypted_anew_under_a_new_key(bots: Bots, database: Database) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    newer = Bots(database, TokenCipher("n" * 32, OLD))
    await newer.add(TWO, "two_bot", NEW_TOKEN)
    assert await newer.token(ONE) == TOKEN, "an older key opens meanwhile"
    assert await newer.rekey() == 1
    alone = Bots(database, TokenCipher("n" * 32))
    assert [await alone.token(bot) for bot in (ONE, TWO)] == [TOKEN, NEW_TOKEN]
    with pytest.raises(WrongKey, match="DUOLOGUE_OLDER_SECRET_KEYS"):
        await bots.token(ONE)
    assert await newer.rekey() == 0


async def test_encrypting_anew_is_all_or_nothing(bots: Bots, database: Database) -> None:
    await bots.add(ONE, "one_bot", TOKEN)
    await Bots(database, TokenCipher("x" * 32)).add(TWO, "two_bot", NEW_TOKEN)
    with pytest.raises(WrongKey, match="bot 22222"):
        await Bots(database, TokenCipher("n" * 32, OLD)).rekey()
    assert await bots.token(ONE) == TOKEN


async def test_a_token_put_in_while_tokens_are_encrypted_anew_is_kept(bots: Bots, database: Database) -> None:
    newer = Bots(database, TokenCipher("n" * 32, OLD))
    await bots.add(ONE, "one_bot", TOKEN)
    await asyncio.gather(newer.rekey(), newer.rotate(ONE, NEW_TOKEN), newer.rekey())
    assert await Bots(database, TokenCipher("n" * 32)).token(ONE) == NEW_TOKEN


# --- Epochs -------------------------------------------------------------------------------------


async def test_epochs_rise_for_each_name(database: Database) -> None:
    epochs = Epochs(database)
    assert [await epochs.next("bot:1") for _ in range(3)] == [1, 2, 3]
    assert await epochs.next("bot:2") == 1
    assert await epochs.next("bot:1", above=Epoch(1000)) == 1001
    assert await epochs.next("bot:1", above=Epoch(7)) == 1002
    assert await epochs.next("bot:3", above=Epoch(7)) == 8


async def test_many_at_once_never_get_the_same_epoch(database_url: str) -> None:
    async def ask() -> list[Epoch]:
        async with Database(database_url) as database:
            return [await Epochs(database).next("bot:1") for _ in range(10)]

    given = [epoch for epochs in await asyncio.gather(*(ask() for _ in range(8))) for epoch in epochs]
    assert sorted(given) == list(range(1, 81))


async def test_an_epoch_is_on_disk_before_it_is_handed_out(database: Database) -> None:
    """Whatever the server's default is: the transaction itself asks for it."""
    async with database.transaction() as transaction:
        assert await transaction.fetchval("SHOW synchronous_commit") == "off"
    await database.execute(
        """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
               PERFORM set_config('test.commit', current_setting('synchronous_commit'), false);
               RETURN NEW;
           END $$"""
    )
    await database.execute("CREATE TRIGGER note BEFORE INSERT ON epochs FOR EACH ROW EXECUTE FUNCTION note()")
    await Epochs(database).next("bot:1")
    assert (await database.one("SELECT current_setting('test.commit') AS set"))["set"] == "on"
    assert (await database.one("SHOW synchronous_commit"))["synchronous_commit"] == "off"


# --- People -------------------------------------------------------------------------------------


async def test_a_person_becomes_known_by_consent(database: Database) -> None:
    people = PeopleTable(database)
    assert await people.get_many([ANNA]) == {}
    anna = await people.consent(ANNA, "de", ONE)
    assert anna == Person(ANNA, "de", consented=True, home=ONE, version=1)
    assert await people.get_many([ANNA, BEN]) == {ANNA: anna}


async def test_the_home_stays_and_the_version_rises(database: Database) -> None:
    people = PeopleTable(database)
    await people.consent(ANNA, "de", ONE)
    first = await database.one("SELECT consented_at FROM people")
    again = await people.consent(ANNA, "en", TWO)
    assert again == Person(ANNA, "en", consented=True, home=ONE, version=2)
    assert await database.one("SELECT consented_at FROM people") == first


async def test_a_ban_has_an_end_or_none(database: Database) -> None:
    people = PeopleTable(database)
    await people.consent(ANNA, "de", ONE)
    banned = await people.ban(ANNA, 2_000_000_000.5, "spam")
    assert (banned.banned_until, banned.ban_reason, banned.version) == (2_000_000_000.5, "spam", 2)
    assert banned.consented
    assert banned.banned(2_000_000_000)
    assert not banned.banned(2_000_000_001)
    for_good = await people.ban(ANNA, float("inf"), "worse")
    assert for_good.banned(1e12)
    assert await people.get_many([ANNA]) == {ANNA: for_good}
    assert not (await people.ban(ANNA, 0, "")).banned(1)


async def test_somebody_unknown_can_be_banned_and_has_not_consented(database: Database) -> None:
    people = PeopleTable(database)
    banned = await people.ban(BEN, float("inf"), "spam")
    assert not banned.consented
    agreed = await people.consent(BEN, "en", ONE)
    assert agreed.banned(1e12)
    assert (agreed.consented, agreed.home) == (True, ONE)


async def test_a_thousand_people_are_one_statement(database: Database) -> None:
    people = PeopleTable(database)
    await database.execute("INSERT INTO people (id, language) SELECT x, 'en' FROM generate_series(1, 1000) x")
    found = await people.get_many([PersonId(n) for n in range(500, 1500)])
    assert sorted(found) == list(range(500, 1001))


# --- Reach and reports --------------------------------------------------------------------------


async def reachable(database: Database) -> set[tuple[int, int]]:
    rows = await database.fetch("SELECT person, bot FROM reach WHERE blocked_at IS NULL")
    return {(row["person"], row["bot"]) for row in rows}


async def test_reach_follows_start_and_block(database: Database) -> None:
    reach = Reach(database)
    await reach.opened(ANNA, ONE)
    await reach.opened(ANNA, ONE)
    await reach.opened(ANNA, TWO)
    await reach.blocked(ANNA, ONE)
    await reach.blocked(BEN, ONE)
    assert await reachable(database) == {(ANNA, TWO)}
    since = await database.one("SELECT blocked_at FROM reach WHERE bot = $1", ONE)
    await reach.blocked(ANNA, ONE)
    assert await database.one("SELECT blocked_at FROM reach WHERE bot = $1", ONE) == since
    await reach.opened(ANNA, ONE)
    assert await reachable(database) == {(ANNA, ONE), (ANNA, TWO)}


async def test_who_wishes_so_is_forgotten_but_for_a_ban(database: Database) -> None:
    people, reach = PeopleTable(database), Reach(database)
    for person in (ANNA, BEN):
        await people.consent(person, "ru", ONE)
        await reach.opened(person, ONE)
    banned = await people.ban(ANNA, float("inf"), "spam")
    gone = await people.forget(ANNA)
    assert gone == Person(ANNA, banned_until=float("inf"), ban_reason="spam", version=banned.version + 1)
    assert (await people.get_many([ANNA]))[ANNA] == gone
    assert await reachable(database) == {(BEN, ONE)}
    assert (await people.get_many([BEN]))[BEN].consented
    assert await people.forget(PersonId(404)) is None


async def test_one_report_for_each_person_and_conversation(database: Database) -> None:
    reports = Reports(database)
    for reporter, conversation, reason in (
        (ANNA, 1, "rude"),
        (ANNA, 1, "again"),
        (BEN, 1, ""),
        (ANNA, 2, ""),
    ):
        await reports.add(Complaint(reporter, PersonId(9), ConversationId(conversation)), reason)
    rows = await database.fetch("SELECT reporter, conversation, reason FROM reports ORDER BY id")
    assert [tuple(row) for row in rows] == [(ANNA, 1, "rude"), (BEN, 1, ""), (ANNA, 2, "")]
    await reports.add(Complaint(BEN, ANNA, ConversationId(3)), "\0" + "x" * 5000)
    assert (await database.one("SELECT length(reason) AS n FROM reports WHERE conversation = 3"))["n"] == 1000


async def test_reach_tells_which_bots_may_write_to_each_person(database: Database) -> None:
    reach = Reach(database)
    for person, bot in ((ANNA, ONE), (ANNA, TWO), (BEN, TWO)):
        await reach.opened(person, bot)
    await reach.blocked(ANNA, ONE)
    assert await reach.of_many([ANNA, BEN, PersonId(404)]) == {ANNA: {TWO}, BEN: {TWO}}
    assert await reach.of_many([]) == {}

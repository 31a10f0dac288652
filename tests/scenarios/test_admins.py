"""What admins do: a broadcast whoever dies in the middle of it, reports, bans."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from core.domain.broadcast import Broadcast
from core.domain.content import Text
from core.domain.ids import BroadcastId
from core.state.postgres.broadcasts import Broadcasts
from core.state.postgres.pool import Database
from simulator.app import Options
from simulator.world.actors import Bot, Person
from simulator.world.identity import Identity
from simulator.world.messages import Message
from tests.deploy.up import duologue
from tests.harness.network import SECRET, Network, running
from tests.harness.pairs import Member, Pairs
from tests.harness.stage import begins, bot, breaches, complete, met
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="module")]

SEED = "broadcast"
ADMIN = Identity(SEED).person(1)
STARS = 4
SAID = "All bots rest on Sunday."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    options = Options(port=0, bots=3, seed=SEED)
    async with running(
        3, coordinators=2, options=options, admin_ids=(ADMIN,), paid_broadcast_stars=STARS
    ) as network:
        network.simulator.world.people.create()
        pairs = Pairs(network.simulator)
        await pairs.join([_admin(network, pairs)])
        yield network


def _admin(network: Network, pairs: Pairs) -> Member:
    """The admin, on the first bot."""
    world = network.simulator.world
    return pairs.attend(world.people.find(ADMIN), next(iter(world.bots.values())))


class Audience:
    """People who have agreed and chat with nobody, and what they were shown of a broadcast."""

    def __init__(self, network: Network, said: str) -> None:
        self.shown: Counter[int] = Counter()
        self.by: dict[int, set[int]] = {}
        self._network = network
        self._said = said
        network.simulator.world.hooks.on_shown.append(self._on_shown)

    async def seat(self, homes: list[list[Bot]]) -> list[Person]:
        """Somebody for each of these: who opened these bots, the last one being home."""
        world = self._network.simulator.world
        people = [world.people.create() for _ in homes]
        async with Database(self._network.settings.database_url or "") as database:
            for person, bots in zip(people, homes, strict=True):
                for one in bots:
                    world.private(one, person).started = True
                await database.execute(
                    "INSERT INTO people (id, consented_at, home_bot) VALUES ($1, now(), $2)",
                    *(person.id, bots[-1].id),
                )
                await database.execute(
                    "INSERT INTO reach (person, bot) SELECT $1, unnest($2::bigint[])",
                    *(person.id, [one.id for one in bots]),
                )
        return people

    def _on_shown(self, person: Person, bot: Bot, message: Message) -> None:
        if self._said in (message.body.get("text"), message.body.get("caption")):
            self.shown[person.id] += 1
            self.by.setdefault(person.id, set()).add(bot.id)


async def test_an_admin_sees_it_first_and_sends_it_once(network: Network) -> None:
    world = network.simulator.world
    bots = list(world.bots.values())
    pairs = Pairs(network.simulator)
    admin = _admin(network, pairs)
    other, third = (pairs.add(one) for one in bots[1:])
    await pairs.join([other, third])
    caption = "Look, our new bot!"
    audience = Audience(network, caption)
    picture = world.deeds.attach(admin.person, admin.bot, world.media.made_up("photo", 9_000), caption)
    pairs.say(other, "/broadcast hello")
    await until(lambda: other.told(begins("unknown_command")), 15, "a stranger to be told nothing")
    pairs.say(admin, "/broadcast")
    await until(lambda: admin.told(begins("broadcast_how")), 15, "how it is done")
    world.deeds.say(admin.person, admin.bot, "/broadcast", reply_to=picture.id)
    await until(lambda: admin.last_offers("broadcast:send"), 15, "the question")
    assert audience.shown == {ADMIN: 1}, "the admin has seen what it looks like, and nobody else"
    assert any("Send it to 3 people" in words for words in admin.words)
    question = admin.last
    pairs.press(admin, "broadcast:send")
    await until(lambda: admin.told("is over"), 30, "the broadcast to be over")
    assert audience.shown == {ADMIN: 2, other.person.id: 1, third.person.id: 1}
    assert any("Sent: 3 of 3" in words for words in admin.words)
    # The same button once more: what has become of it, and nothing else.
    admin.words.clear()
    admin.last = question
    pairs.press(admin, "broadcast:send")
    await until(lambda: admin.told("is over"), 15, "the answer to the old button")
    admin.last = None
    pairs.say(admin, "/broadcast 🙂 and a <text>")
    await until(lambda: admin.told("🙂 and a <text>"), 15, "how a text looks")
    await until(lambda: admin.last_offers("broadcast:cancel"), 15, "the question")
    pairs.press(admin, "broadcast:cancel")
    await until(lambda: admin.told(begins("broadcast_cancelled")), 15, "that it is not sent")
    assert sum(audience.shown.values()) == 4


async def test_a_ban_ends_the_chat_and_holds_on_every_bot(network: Network) -> None:
    world = network.simulator.world
    pairs = Pairs(network.simulator)
    _, second, third = world.bots.values()
    rude, partner = pairs.add(second), pairs.add(third)
    admin = _admin(network, pairs)
    await pairs.join([rude, partner])
    await pairs.meet(rude, partner)
    pairs.say(partner, "/report called me <names>")
    await until(lambda: partner.told(begins("reported")), 15, "the report to be taken")
    pairs.say(rude, "you <fool>")
    await until(lambda: bool(_shown(network, partner, "you <fool>")), 15, "the rude words to arrive")
    [insult] = _shown(network, partner, "you <fool>")
    own = world.deeds.say(partner.person, partner.bot, "my own words")
    for replied in (own, insult, insult):
        world.deeds.say(partner.person, partner.bot, "/report", reply_to=replied.id)
    await until(lambda: partner.told("The message is kept"), 15, "the message to be kept")
    pairs.say(rude, f"/ban {partner.person.id}")
    await until(lambda: rude.told(begins("unknown_command")), 15, "a stranger to be told nothing")
    pairs.say(admin, "/reports")
    await until(lambda: admin.told("called me <names>"), 15, "the report to be shown")
    assert admin.told(f"{rude.person.id}  1×")
    assert admin.told("  1 ✉  ")
    pairs.say(admin, f"/reports show {rude.person.id}")
    await until(lambda: admin.told("you <fool>"), 15, "the message to be shown")
    assert not admin.told("my own words")
    [kept] = await _typed(network, "reports", "--show", str(rude.person.id))
    assert (kept["kind"], kept["text"]) == ("text", "you <fool>")
    pairs.say(admin, f"/ban {rude.person.id} 7 rude words")
    await until(lambda: partner.told(begins("partner_left")), 15, "the partner to be told")
    await until(lambda: rude.told("Reason: rude words"), 15, "the banned one to be told why")
    await until(lambda: admin.told("is shut out"), 15, "the admin to be told")
    rude.words.clear()
    pairs.say(rude, "/find")
    await until(lambda: rude.told("Reason: rude words"), 15, "a search to be refused")
    elsewhere = pairs.attend(rude.person, third)
    world.people.open(rude.person, third)
    await until(lambda: elsewhere.told("Reason: rude words"), 15, "another bot to know of it")
    admin.words.clear()
    pairs.say(admin, "/reports")
    await until(lambda: admin.told(begins("reports_none")), 15, "the report to be closed")
    assert await _typed(network, "reports", "--show", str(rude.person.id)) == []
    pairs.say(admin, f"/unban {rude.person.id}")
    await until(lambda: admin.told("may come in again"), 15, "the ban to be over")
    pairs.say(elsewhere, "/find")
    await until(lambda: elsewhere.told(begins("searching")), 15, "a search to begin")
    pairs.say(elsewhere, "/stop")
    await until(lambda: elsewhere.told(begins("search_cancelled")), 15, "the search to end")
    pairs.say(elsewhere, "/settings")
    await until(lambda: elsewhere.told(f"Your number: {rude.person.id}"), 15, "the number to be shown")
    assert (
        await _typed(network, "forget", str(rude.person.id))
        == f"nothing is kept of {rude.person.id} any more"
    )
    pairs.say(elsewhere, "/find")
    await until(lambda: elsewhere.told(begins("consent_first")), 15, "a search to be refused before consent")
    # Who was forgotten may come in like anybody new.
    await pairs.join([elsewhere])


@pytest.mark.parametrize("step", [1, 2, 3], ids=["written", "told to all", "chat ended"])
async def test_a_ban_holds_whoever_dies_in_the_middle_of_it(network: Network, step: int) -> None:
    world = network.simulator.world
    pairs = Pairs(network.simulator)
    first, second, third = world.bots.values()
    rude, partner = pairs.add(second), pairs.add(third)
    admin = _admin(network, pairs)
    await pairs.join([rude, partner])
    await pairs.meet(rude, partner)
    name = f"shard:{first.id}"
    await network.stop(name)
    network.start_again(name, failpoints=(("mid_ban", step),))
    pairs.say(admin, f"/ban {rude.person.id} 7 rude words")
    assert await network.end_of(name, 30) == -9
    network.kill(name)
    network.start_again(name)
    await until(lambda: partner.told(begins("partner_left")), 30, "the partner to be told")
    await until(lambda: rude.told("Reason: rude words"), 15, "the banned one to be told why")
    await until(lambda: admin.told("is shut out"), 15, "the admin to be told")
    rude.words.clear()
    pairs.say(rude, "/find")
    await until(lambda: rude.told("Reason: rude words"), 15, "a search to be refused")
    pairs.say(admin, f"/unban {rude.person.id}")
    await until(lambda: admin.told("may come in again"), 15, "the ban to be over")


async def test_everybody_is_sent_it_once_whoever_dies(network: Network) -> None:
    bots = list(network.simulator.world.bots.values())
    earlier = {person.id for person in network.simulator.world.people}
    pairs = await met(network, 9)
    audience = Audience(network, SAID)
    homes = [[bots[at % 3]] if at % 4 else [bots[(at + 1) % 3], bots[at % 3]] for at in range(240)]
    people = await audience.seat(homes)
    blockers, gone = people[:8], people[8:12]
    for person, home in zip(blockers, homes, strict=False):
        # Telegram does not tell of it: found out when they are written to.
        for one in home:
            network.simulator.world.private(one, person).blocked = True
    for person in gone:
        network.simulator.world.people.vanish(person)
    async with Database(network.settings.database_url or "") as database:
        broadcasts = Broadcasts(database)
        talking = asyncio.ensure_future(pairs.talk(messages=16, rate=1.0))
        number = await broadcasts.start(Text(SAID))
        await until(lambda: len(audience.shown) > 40, 30, "the broadcast to be under way")
        network.kill("coordinator:0")
        await until(lambda: len(audience.shown) > 100, 30, "a standby to go on with it")
        victim, _ = bot(network, 1)
        network.kill(f"shard:{victim}")
        network.start_shard(victim)
        await talking
        over = await _over(broadcasts, number)
        await pairs.settled(40)
        noted = await database.fetch("SELECT person FROM reach WHERE blocked_at IS NOT NULL")
    repeats = await network.figure(f"shard:{victim}", "duologue_repeats_total")
    members = {member.person.id for member in pairs.members} | earlier
    reached = {person.id for person in people[12:]} | members
    assert set(audience.shown) == reached
    assert sum(audience.shown.values()) - len(reached) <= repeats
    # Everybody at their home, whatever else they have opened.
    assert all(
        audience.by[person.id] == {home[-1].id} for person, home in zip(people[12:], homes[12:], strict=True)
    )
    assert (over.counts.sent, over.counts.blocked, over.counts.gone) == (len(reached), 8, 4)
    assert (over.audience, over.left, over.counts.refused) == (len(reached) + 12, 0, 0)
    assert {row["person"] for row in noted} == {person.id for person in people[:12]}
    assert complete(pairs.evaluate())
    assert breaches(network) == 0


def _shown(network: Network, to: Member, text: str) -> list[Message]:
    view = network.simulator.world.people.view(to.person, to.bot)
    return [message for message in view if message.body.get("text") == text]


async def _typed(network: Network, *words: str) -> Any:
    """What a command prints as JSON."""
    known = network.settings
    done = await asyncio.to_thread(
        duologue,
        *words,
        *([] if "forget" in words else ["--json"]),
        database_url=known.database_url,
        redis_url=known.redis_url,
        key_prefix=known.key_prefix,
        secret_key=SECRET,
        paid_broadcast_stars=STARS,
    )
    assert not done.returncode, done.stderr
    return done.stdout.strip() if "forget" in words else json.loads(done.stdout)


async def test_a_paid_one_costs_no_more_than_was_allowed(network: Network) -> None:
    judge = network.simulator.judge
    bots = list(network.simulator.world.bots.values())
    said = "Quick, quick!"
    audience = Audience(network, said)
    await audience.seat([[bots[0]]] * 100)
    async with Database(network.settings.database_url or "") as database:
        [begun] = await _typed(network, "broadcast", "start", said, "--yes", "--stars", f"{STARS}")
        over = await _over(Broadcasts(database), begun["id"])
    assert [one["state"] for one in await _typed(network, "broadcast", "list")] == ["done"] * 3
    assert await _typed(network, "reports") == []
    assert set(audience.shown.values()) == {1}
    assert (over.counts.sent, over.left) == (len(audience.shown), 0)
    assert 0 < over.paid <= STARS * 10
    assert sum(judge.record(one.id).stars for one in bots) <= STARS
    assert breaches(network) == 0


async def _over(broadcasts: Broadcasts, number: BroadcastId) -> Broadcast:
    async def finished() -> bool:
        return (await broadcasts.get(number)).finished_at is not None

    await until(finished, 60, "the broadcast to be over")
    return await broadcasts.get(number)

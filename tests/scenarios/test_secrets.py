"""Tokens, texts and names are where they have to be and nowhere else, also when things go wrong."""

import re

import msgspec
import pytest

from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from simulator.faults.rules import Kind, Rule
from tests.harness.crossing.stage import Side
from tests.harness.network import SECRET, Network, running
from tests.harness.pairs import Member
from tests.harness.planted import Place, traces
from tests.harness.stage import bot, met
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(180)]

TEXT, FIRST, LAST, NICK, POISON = (
    "Saidplanted77",
    "Vorplanted77",
    "Nachplanted77",
    "nickplanted77",
    "Badplanted77",
)
PHONE = "4915177777701"
HOSTILE = (
    f"{TEXT}'; DROP TABLE people; --",
    f'{TEXT}" OR 1=1',
    f"{TEXT}\n2026-01-01T00:00:00Z [error    ] forged                  process=coordinator",
    f"{TEXT}\x1b[2J\x1b[31m\x07 red",
    f"{TEXT} <b>bold</b> <a href='tg://user?id=1'>me</a> &amp; *star* _line_ `code`",
    f"{TEXT} {{match}}:tickets redis.call('FLUSHALL') \\0 %s %(x)s {{0}} ${{x}}",
)
IN_REDIS = (Place.REDIS, Place.REDIS_FILE)


async def test_what_was_planted_is_found_nowhere() -> None:
    async with running(2, log_level="debug") as network:
        pairs = await met(network, 4)
        for member in pairs.members:
            person = member.person
            person.first_name, person.last_name, person.username = FIRST, LAST, f"{NICK}{person.id}"
            person.phone = PHONE
            person.refresh()
        a, b = pairs.members[0], pairs.members[1]
        await _hostile(network, a, b)
        await _faults(network, a)
        await _unreadable(network, a)
        assert network.ended() == {}
        world = network.simulator.world
        planted = {
            "token": [one.token.partition(":")[2] for one in world.bots.values()],
            "key": [SECRET],
            "text": [TEXT],
            "name": [FIRST, LAST, NICK],
            "phone": [PHONE],
            "unreadable": [POISON],
        }
        allowed = {
            # What waits to be delivered, and what nobody could read.
            "text": [*IN_REDIS, Place.POSTGRES, Place.POSTGRES_FILE],
            "phone": [Place.REDIS_FILE],
            "name": [Place.REDIS_FILE],
            "unreadable": IN_REDIS,
        }
        found = await traces(network, planted, allowed)
        assert found == []
        logs = "".join(path.read_text() for path in network.folder.rglob("*.log"))
        assert "\x1b" not in logs
        assert not re.search(r"^2026-01-01", logs, re.MULTILINE)


async def test_the_search_finds_what_is_there() -> None:
    """Else it would prove nothing: the same search, for what has to be in each place."""
    async with running(1, log_level="debug") as network:
        bot_id, _ = bot(network, 0)
        planted = {"number": [str(bot_id)]}
        places = {line.split(": ", 1)[1].split(", ")[0] for line in await traces(network, planted, {})}
        assert places >= {Place.LOG, Place.REDIS, Place.REDIS_FILE, Place.POSTGRES}


async def _hostile(network: Network, a: Member, b: Member) -> None:
    """Texts that would be commands somewhere arrive as they are, and are obeyed nowhere."""
    world = network.simulator.world
    there = Side(world, b.person, b.bot)
    for text in HOSTILE:
        before = len(there.shown())
        world.deeds.say(a.person, a.bot, text)
        (message,) = await there.next(1, before)
        assert message.body["text"] == text
    for text in (f"/report {HOSTILE[0]}", f"/start {TEXT}", f"/{TEXT} {HOSTILE[3]}"):
        a.words.clear()
        world.deeds.say(a.person, a.bot, text)
        await until(lambda: bool(a.words), 15, "an answer")
    deeds = Side(world, a.person, a.bot)
    deeds.put({"contact": {"phone_number": PHONE, "first_name": FIRST, "user_id": a.person.id}})
    await until(lambda: a.last_offers("contact:keep"), 15, "the question about the contact")


_REFUSAL = f'Bad Request: can\'t parse entities: Unsupported start tag "{TEXT}" at byte offset 0'


async def _faults(network: Network, a: Member) -> None:
    """Answers that break, and a death: what is logged then is what nobody has thought of."""
    faults = network.simulator.faults
    broken = (Kind.SERVER_ERROR, Kind.TRUNCATED, Kind.CUT, Kind.RESET_AFTER, Kind.TOO_MANY, Kind.ERROR)
    for kind in broken:
        status = {Kind.ERROR: 400, Kind.SERVER_ERROR: 502}.get(kind, 0)
        faults.add(
            Rule(
                kind=kind,
                methods=("sendMessage",),
                times=1,
                status=status,
                description=_REFUSAL,
            )
        )
        network.simulator.world.deeds.say(a.person, a.bot, f"{TEXT} {kind}")
        await until(lambda: all(rule.hits for rule in faults.rules), 20, f"the fault {kind}")
    faults.remove()
    for name in [name for name in network.processes if name.startswith("shard")]:
        network.kill(name)
        network.simulator.world.deeds.say(a.person, a.bot, f"{TEXT} after a death")
        network.start_again(name)
    await network.serving()


async def _unreadable(network: Network, a: Member) -> None:
    """Updates and entries of a stream that nobody can read."""
    bot_id, account = bot(network, 0)
    chat = {"id": a.person.id, "type": "private", "first_name": POISON}
    for payload in ({"message_id": POISON, "chat": chat}, {"message_id": 7, "chat": chat, "text": [POISON]}):
        account.queue.push("message", payload, a.person.id)
        account.queue.push("callback_query", payload, a.person.id)
    keys = Keys(network.settings.key_prefix)
    entries = (POISON.encode(), msgspec.msgpack.encode([1, 2, 1, 3, ["h", POISON, []]]))
    async with RedisClient(network.settings.redis_url or "") as client:
        for entry in entries:
            await client.command("XADD", keys.inbox(bot_id), "*", "e", entry)

    async def put_aside() -> bool:
        return await network.figure(f"shard:{bot_id}", "duologue_poison_total") >= len(entries)

    await until(put_aside, 20, "the entries to be put aside")

"""`bench backlog`: a million messages wait in one stream; memory of its shard and of Redis, the order after.

The shard is dead while they gather, as after a long outage; then it is started and works them off. They
are put into the stream by a script, so that the gathering takes seconds.
"""

import time
from collections.abc import Iterator

from core.domain.content import Text
from core.domain.envelope import VERSION, Envelope, Lane, Relay, encode
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.state.redis.client import Command, RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams
from tests.bench import proc
from tests.bench.load import UNLIMITED, Crowd, Talker, staged
from tests.bench.report import Progress, Report, at_most, machine, none_of, plain
from tests.harness.network import Network

ENTRIES = 1_000_000
QUICK_ENTRIES = 6_000
PEOPLE = 2_000
RATE = 1_000.0
AT_ONCE = 1_000
QUICK_SECONDS = 40.0
"""A quick run works off what it can by then."""

STALLED_SECONDS = 60.0
"""Nothing shown for so long: the rest will not come. A whole drain takes as long as the machine needs."""

GROWTH_MIB = 5.0
"""What a shard may keep more at its highest than when its window of 4,096 entries has just been filled."""


async def run(quick: bool, progress: Progress) -> Report:
    """Fill, start, work off."""
    end = time.monotonic() + QUICK_SECONDS if quick else float("inf")
    entries = QUICK_ENTRIES if quick else ENTRIES
    conditions = machine() | {"entries": entries, "people": PEOPLE, "rate": RATE}
    async with staged(1, PEOPLE, caps=UNLIMITED, history=20_000, send_rate=RATE) as (network, crowd):
        (bot,) = network.bots
        name = f"shard:{bot}"
        crowd.say(crowd.talkers[0])
        await crowd.settled(10)
        empty = proc.private_mib(proc.pid(network, name))
        await network.stop(name)
        progress(f"putting {entries:,} messages into the stream of a shard that is away")
        async with RedisClient(network.settings.redis_url or "", connections=1) as client:
            before = await _memory(client)
            await _fill(client, network, crowd, bot, entries)
            each = (await _memory(client) - before) / entries
            progress(f"{each:.0f} bytes an entry in Redis; starting the shard")
            network.start_shard(bot)
            await network.serving([bot], seconds=120)
            filled = highest = 0.0
            began, shown = time.monotonic(), crowd.shown
            moved = began
            while crowd.shown < crowd.sent and time.monotonic() < min(end, moved + STALLED_SECONDS):
                before = crowd.shown
                await crowd.settled(1.0 if quick else 5.0, quiet=30)
                moved = time.monotonic() if crowd.shown != before else moved
                now = proc.private_mib(proc.pid(network, name))
                filled = filled or (now if crowd.shown > entries / 50 else 0.0)
                highest = max(highest, now)
                progress(f"{crowd.shown:,} shown, the shard has {now:.1f} MiB")
            rate = (crowd.shown - shown) / (time.monotonic() - began)
            left = await client.command("XLEN", Keys(network.settings.key_prefix).inbox(bot))
        verdict = crowd.ledger()
    return Report(
        "backlog",
        conditions,
        (
            plain("backlog.entries", entries, "messages in the stream of one shard"),
            plain("backlog.bytes_per_entry", each, "bytes in Redis, the messages' 20 included"),
            plain("backlog.empty_mib", empty, "MiB private of the shard before anybody wrote"),
            plain("backlog.shard_mib", highest, "MiB private at its highest"),
            at_most(
                "backlog.growth_mib", highest - filled, "MiB more than when its window was full", GROWTH_MIB
            ),
            plain("backlog.drained_per_s", rate, f"messages/s worked off, of {RATE:g} allowed"),
            none_of("backlog.left", left, "entries"),
            none_of("backlog.lost", verdict.lost, "messages"),
            none_of("backlog.inversions", verdict.inversions, "messages out of order"),
            none_of("backlog.strangers", verdict.strangers, "messages shown to somebody else"),
        ),
    )


async def _fill(client: RedisClient, network: Network, crowd: Crowd, bot: BotId, entries: int) -> None:
    """Everybody's texts in turn, as the shards of their partners would have appended them."""
    keys = Keys(network.settings.key_prefix)
    people = [PersonId(talker.person.id) for talker in crowd.talkers]
    standings = await Conversations(client, keys, Streams(client, keys)).standings(people)
    where = {
        talker.number: (s.conversation, s.side) for talker, s in zip(crowd.talkers, standings, strict=True)
    }

    def payloads() -> Iterator[bytes]:
        for at in range(entries):
            yield _text(crowd.talkers[at % len(crowd.talkers)], bot, where)

    commands: list[Command] = []
    for payload in payloads():
        commands.append(("XADD", keys.inbox(bot), "*", "e", payload))
        if len(commands) == AT_ONCE:
            await client.pipeline(commands)
            commands = []
    if commands:
        await client.pipeline(commands)


def _text(writer: Talker, bot: BotId, where: dict[int, tuple[ConversationId, int]]) -> bytes:
    number = len(writer.sent)
    writer.sent.append(time.monotonic())
    conversation, side = where[writer.number]
    body = Relay(
        *(conversation, side, PersonId(writer.person.id), bot, MessageId(number + 100)),
        Text(f"#{writer.number} {number}"),
    )
    partner = PersonId(writer.partner.person.id)
    return encode(Envelope(VERSION, partner, Lane.RELAYED, round(time.time() * 1000), body))


async def _memory(client: RedisClient) -> int:
    reply = (await client.command("INFO", "memory")).decode()
    return int(next(line for line in reply.splitlines() if line.startswith("used_memory:")).partition(":")[2])

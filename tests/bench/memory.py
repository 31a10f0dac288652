"""`bench memory`: what one shard keeps for itself with 10,000 people active on it, and whether that grows."""

import asyncio
import time
from collections.abc import Sequence

from tests.bench import proc
from tests.bench.load import UNLIMITED, Crowd, Talker, rates, staged
from tests.bench.report import Progress, Report, at_most, machine, none_of, plain
from tests.harness.network import Network
from tests.harness.waiting import until

PEOPLE = 10_000
LIMIT_MIB = 25.0
RATE = 900.0
"""Messages a second: fast, but below what the shard can do, so that the backlog stays short."""
ANSWERED = 300.0
"""People a second who are answered in words, each looked up in PostgreSQL: again below what it can do."""
ASKING = 20
"""Of so many one asks by a command, which costs a shard several times as much."""


async def run(quick: bool, progress: Progress) -> Report:
    """All people write in turn, on one shard; the memory is read after each part."""
    messages = 16_000 if quick else 1_000_000
    conditions = machine()
    progress(f"starting a shard with {PEOPLE:,} people")
    async with staged(1, PEOPLE, caps=UNLIMITED, history=20_000, send_rate=1000) as (network, crowd):
        empty = proc.private_mib(proc.shards(network)[0])
        progress("they ask for something or share a game, and are answered in words")
        await _be_answered(network, crowd.talkers[: PEOPLE // 3 if quick else PEOPLE])
        progress(f"all {PEOPLE:,} people write")
        await _write(network, crowd, PEOPLE, quick)
        active = proc.private_mib(proc.shards(network)[0])
        progress(f"they go on to {messages:,} messages")
        after = active
        while crowd.sent < messages:
            await _write(network, crowd, min(50_000, messages - crowd.sent), quick)
            after = proc.private_mib(proc.shards(network)[0])
            progress(f"{crowd.sent:,} messages, {after:.1f} MiB")
        verdict = crowd.ledger()
    conditions |= {"people": PEOPLE, "messages": verdict.sent, "rate": RATE}
    return Report(
        "memory",
        conditions,
        (
            at_most("memory.private_mib", after, "MiB private, 10,000 people active", LIMIT_MIB),
            plain("memory.empty_mib", empty, "MiB private before anybody wrote"),
            plain("memory.active_mib", active, "MiB private when each had written once"),
            at_most("memory.growth_mib", after - active, "MiB over all further messages", 1.0),
            none_of("memory.lost", verdict.lost, "messages"),
        ),
    )


async def _be_answered(network: Network, talkers: Sequence[Talker]) -> None:
    """Nobody came to their conversation through the bot, so it knows nobody yet: whom it answers, it does."""
    world, answered = network.simulator.world, set[int]()
    world.hooks.on_shown.append(lambda person, bot, message: answered.add(person.id))
    begin = time.monotonic()
    for at, talker in enumerate(talkers):
        if at % ASKING == 0:
            world.deeds.say(talker.person, talker.bot, "/help")
        else:
            world.deeds.put(
                talker.person, talker.bot, {"game": {"title": "Go", "description": "", "photo": []}}
            )
        await asyncio.sleep(max(0.0, begin + at / ANSWERED - time.monotonic()))
    await until(lambda: len(answered) == len(talkers), 60, "everybody to be answered")


async def _write(network: Network, crowd: Crowd, count: int, quick: bool) -> None:
    begin = time.monotonic()
    await crowd.write(rates(network, RATE), count / RATE, even=True)
    await crowd.settled(10 if quick else 60, quiet=3)
    await asyncio.sleep(max(0.0, begin + count / RATE + 0.2 - time.monotonic()))

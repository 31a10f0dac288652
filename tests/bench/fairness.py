"""`bench fairness`: pairs who chat, with and without one who writes 50 a second and a broadcast.

The broadcast is fed to the streams as the network must do it: in the last lane, and never more than
a little ahead of what is sent, so that it takes only what is left of each token's budget.
"""

import asyncio
import time
from collections.abc import Sequence

from core.domain import envelope as envelopes
from core.domain.envelope import Envelope, Lane, Notice
from core.domain.ids import BotId, Epoch, PersonId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.streams import Append, Source, Streams
from simulator.world.actors import Person
from tests.bench.load import Crowd, Talker, breaches, rates, staged
from tests.bench.report import Progress, Report, at_most, machine, middle, none_of, plain, quantile
from tests.harness.network import Network

BOTS = 10
PAIRS = 500
RATE = 12.0
"""Messages a second of the pairs on each bot: less than half of the cap."""

FLOODER_RATE = 50.0
AHEAD = 30
"""Broadcast envelopes that may lie in a shard's stream."""

SOURCE = Source("broadcast", Epoch(0))


async def run(quick: bool, progress: Progress) -> Report:
    """The pairs' p99 with the two disturbers by that without, in turn."""
    rounds, seconds = (2, 5.0) if quick else (5, 20.0)
    audience = 20_000 if quick else 100_000
    conditions = machine()
    progress(f"starting {BOTS} shards, {PAIRS} pairs, an audience of {audience:,}")
    async with staged(BOTS, 2 * PAIRS // BOTS, history=100_000) as (network, crowd):
        pairs = list(crowd.talkers)
        bots = list(network.simulator.world.bots.values())
        couple = crowd.couples([(bots[0], bots[1])])
        await crowd.seat(network.settings, couple)
        flooder = couple[0][0]
        # The load writes in turn for each bot's people: the flooder is none of them.
        crowd.leave_out(couple)
        people = [network.simulator.world.people.create() for _ in range(audience)]
        for number, person in enumerate(people):
            network.simulator.world.private(bots[number % BOTS], person).started = True
        await crowd.write(rates(network, RATE), 2)
        await crowd.settled(5)
        calm: list[float] = []
        busy: list[float] = []
        sent = 0
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}: pairs alone")
            calm += await _talk(network, crowd, pairs, seconds)
            progress(f"round {number + 1} of {rounds}: with one who floods, and a broadcast")
            stop = asyncio.Event()
            flooding = asyncio.ensure_future(_flood(crowd, flooder, stop))
            casting = asyncio.ensure_future(_broadcast(network, people[sent:], stop))
            await asyncio.sleep(0.5)
            busy += await _talk(network, crowd, pairs, seconds)
            stop.set()
            sent += await casting
            await flooding
            await asyncio.sleep(1)
        lost = sum(len(talker.partner.sent) - len({number for number, _ in talker.seen}) for talker in pairs)
        broken = breaches(network.simulator)
    conditions |= {"bots": BOTS, "pairs": PAIRS, "rate_per_bot": RATE, "flooder_per_s": FLOODER_RATE}
    conditions |= {"rounds": rounds, "seconds": seconds, "audience": audience}
    return Report(
        "fairness",
        conditions,
        (
            at_most(
                "fairness.p99_ratio", quantile(busy, 0.99) / quantile(calm, 0.99), "x the p99 without", 1.1
            ),
            plain("fairness.p99_ms", quantile(busy, 0.99), "ms, with both"),
            plain("fairness.calm_p99_ms", quantile(calm, 0.99), "ms, without"),
            plain("fairness.median_ms", middle(busy), "ms, with both"),
            plain("fairness.calm_median_ms", middle(calm), "ms, without"),
            plain("fairness.broadcast_rate", sent / (rounds * (seconds + 0.5)), "broadcast messages/s"),
            none_of("fairness.lost", lost, "messages of the pairs"),
            none_of("fairness.breaches", broken, "arrivals above a limit"),
        ),
    )


async def _talk(network: Network, crowd: Crowd, pairs: Sequence[Talker], seconds: float) -> list[float]:
    begin = time.monotonic()
    await crowd.write(rates(network, RATE), seconds)
    end = time.monotonic()
    await asyncio.sleep(1)
    return crowd.waits_ms(begin, end, pairs)


async def _flood(crowd: Crowd, flooder: Talker, stop: asyncio.Event) -> None:
    while not stop.is_set():
        crowd.say(flooder)
        await asyncio.sleep(1 / FLOODER_RATE)


async def _broadcast(network: Network, people: Sequence[Person], stop: asyncio.Event) -> int:
    """Keep a little of the broadcast in every stream; how many envelopes went in."""
    bots = network.bots
    lines: dict[BotId, list[Person]] = {bot: [] for bot in bots}
    for number, person in enumerate(people):
        lines[bots[number % len(bots)]].append(person)
    sent = 0
    keys = Keys(network.settings.key_prefix)
    async with RedisClient(network.settings.redis_url or "") as client:
        streams = Streams(client, keys)
        while not stop.is_set():
            lengths = await client.pipeline([("XLEN", keys.inbox(bot)) for bot in bots])
            now = round(time.time() * 1000)
            appends = []
            for bot, length in zip(bots, lengths, strict=True):
                for _ in range(min(AHEAD - length, len(lines[bot]))):
                    to = PersonId(lines[bot].pop().id)
                    body = Notice("welcome_back", {})
                    sealed = Envelope(envelopes.VERSION, to, Lane.BROADCAST, now, body)
                    appends.append(Append(bot, f"{to}", envelopes.encode(sealed)))
            sent += await streams.append(SOURCE, appends, now)
            await asyncio.sleep(0.1)
    return sent

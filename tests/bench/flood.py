"""`bench flood`: 429s by script, for chats, for the bot, disguised, and calls that are held; then free.

Every call that arrives is watched: one that comes to a chat (or from a bot) inside a wait that was
told is an early retry. Afterwards the token is offered more than its cap, and must be back at it.
"""

import asyncio
import time
from collections.abc import Sequence

from simulator.app import Simulator
from simulator.faults.rules import Kind, Rule
from simulator.limits.judge import Go, Refuse, Weight
from tests.bench.load import Crowd, Talker, rates, staged
from tests.bench.report import (
    Progress,
    Report,
    at_least,
    at_most,
    machine,
    middle,
    none_of,
    plain,
)
from tests.harness.network import Network

CAP = 30
PEOPLE = 60
SENDS = ("sendMessage",)
WAIT_SECONDS = 3.0


class _Watch:
    """Sits between the server and the judge: what was told, and what came all the same."""

    def __init__(self, simulator: Simulator) -> None:
        self.early = 0
        self.told = 0
        self._until: dict[tuple[int, int], float] = {}
        self._simulator = simulator
        judge = simulator.judge
        self._arrive = judge.arrive
        judge.arrive = self._watched  # type: ignore[method-assign]

    def tell(self, bot: int, chats: Sequence[int], seconds: float) -> None:
        """These chats (none: the bot) were told to wait; it counts from the answer, so from now at least."""
        now = self._simulator.clock.monotonic()
        for chat in chats or (0,):
            self._until[bot, chat] = now + seconds

    def _watched(
        self, now: float, wall: float, bot: int, chats: tuple[int, ...], weight: Weight
    ) -> Go | Refuse:
        if weight.bot:
            self.early += any(self._until.get((bot, chat), 0.0) > now for chat in (0, *chats))
        verdict = self._arrive(now, wall, bot, chats, weight)
        if isinstance(verdict, Refuse):
            self.told += 1
            for chat in chats:
                self._until[bot, chat] = max(self._until.get((bot, chat), 0.0), now + verdict.retry_after)
        return verdict


async def run(quick: bool, progress: Progress) -> Report:
    """Lost and early retries over all scripts; the other chats' pace; the time back to the cap."""
    rounds = 1 if quick else 5
    conditions = machine()
    progress("starting 2 shards")
    others: list[float] = []
    calm: list[float] = []
    backs: list[float] = []
    shares: list[float] = []
    async with staged(2, PEOPLE) as (network, crowd):
        simulator = network.simulator
        watch = _Watch(simulator)
        bot = int(network.bots[0])
        await crowd.write(rates(network, 15.0), 2)
        begin = time.monotonic()
        await crowd.write(rates(network, 15.0), 3)
        await crowd.settled(5)
        calm += crowd.waits_ms(begin, time.monotonic())
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}: chats are told to wait, one of them in disguise")
            others += await _chats_wait(network, crowd, watch, bot)
            progress(f"round {number + 1} of {rounds}: the whole bot is told to wait")
            await _bot_waits(network, crowd, watch, bot)
            progress(f"round {number + 1} of {rounds}: calls are held; then free, at full load")
            back, share = await _held_then_free(network, crowd, bot)
            backs.append(back)
            shares.append(share)
        await crowd.settled(30)
        verdict = crowd.ledger()
    conditions |= {"rounds": rounds, "people_per_token": PEOPLE, "told": watch.told}
    return Report(
        "flood",
        conditions,
        (
            none_of("flood.lost", verdict.lost, "messages"),
            none_of("flood.early_retries", watch.early, "calls inside a wait that was told"),
            none_of("flood.inversions", verdict.inversions, "messages out of order"),
            at_most("flood.back_s", middle(backs), "s until 95 % of the cap is reached again", 5.0),
            at_least("flood.share_after", middle(shares), "of the cap, from 5 s after", 0.95),
            at_most(
                "flood.others_ratio", middle(others) / middle(calm), "x the calm median, chats beside", 1.5
            ),
            plain("flood.repeats", verdict.repeats, "messages"),
            plain("flood.others_ms", middle(others), "ms, chats beside one that waits"),
            plain("flood.calm_ms", middle(calm), "ms, before"),
        ),
    )


async def _chats_wait(network: Network, crowd: Crowd, watch: _Watch, bot: int) -> list[float]:
    """One chat gets a 429 of 3 s, then another a disguised one; how long the others took meanwhile."""
    simulator = network.simulator
    mine = [talker for talker in crowd.talkers if talker.bot.id == bot]
    hit = mine[:2]
    begin = time.monotonic()
    for talker, kind in zip(hit, (Kind.TOO_MANY, Kind.DISGUISED), strict=True):
        chats = (talker.person.id,)
        simulator.faults.add(
            Rule(kind=kind, methods=SENDS, chats=chats, bots=(bot,), times=1, seconds=WAIT_SECONDS)
        )
        struck = asyncio.ensure_future(_told(simulator, watch, bot, chats, WAIT_SECONDS))
        crowd.say(talker.partner)
        # A second chat that is told to wait meanwhile would make the whole bot rest, rightly.
        await crowd.write(rates(network, 15.0), WAIT_SECONDS + 0.5)
        await struck
        simulator.faults.remove()
    end = time.monotonic()
    await crowd.settled(8)
    beside: list[Talker] = [talker for talker in mine if talker not in hit]
    return crowd.waits_ms(begin, end, beside)


async def _told(simulator: Simulator, watch: _Watch, bot: int, chats: Sequence[int], seconds: float) -> None:
    """Note the moment at which each rule has struck, looking every 2 ms."""
    waiting = {rule.chats[0]: rule for rule in simulator.faults.rules if rule.chats}
    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        for chat, rule in list(waiting.items()):
            if rule.hits:
                # A little less than told: the look comes up to 2 ms after the answer was made.
                watch.tell(bot, (chat,), seconds - 0.01)
                watch.told += 1
                del waiting[chat]
        await asyncio.sleep(0.002)


async def _bot_waits(network: Network, crowd: Crowd, watch: _Watch, bot: int) -> None:
    """Every call of the bot is refused for 3 s: each is told the rest of it, as Telegram does."""
    simulator = network.simulator
    simulator.judge.rest(simulator.clock.monotonic(), bot, None, WAIT_SECONDS)
    await crowd.write(rates(network, 10.0), 4.0)
    await crowd.settled(15)


async def _held_then_free(network: Network, crowd: Crowd, bot: int) -> tuple[float, float]:
    """Telegram holds each call for 1.5 s, for 3 s; then seconds until 95 % of the cap, and the share."""
    simulator = network.simulator
    rule = simulator.faults.add(Rule(kind=Kind.SLOW, methods=SENDS, bots=(bot,), seconds=1.5))
    offered: dict[int, float] = {bot: 0.0, **{int(b): 45.0 for b in network.bots if int(b) != bot}}
    writing = asyncio.ensure_future(crowd.write(offered, 14.0))
    await asyncio.sleep(3)
    simulator.faults.remove(rule.id)
    free = time.monotonic()
    await writing
    times = _shown_at(crowd, bot, free)
    back = next(
        (at - free for at in _steps(free, free + 10) if _rate(times, at, 1.0) >= 0.95 * CAP), float("inf")
    )
    share = _rate(times, free + 5, 5.5) / CAP
    await crowd.settled(30)
    return min(back, 99.0), share


def _shown_at(crowd: Crowd, bot: int, begin: float) -> list[float]:
    return sorted(
        at for talker in crowd.talkers if talker.bot.id == bot for _, at in talker.seen if at >= begin
    )


def _steps(begin: float, end: float) -> list[float]:
    return [begin + 0.1 * n for n in range(int((end - begin) * 10))]


def _rate(times: Sequence[float], begin: float, seconds: float) -> float:
    return sum(begin <= at < begin + seconds for at in times) / seconds

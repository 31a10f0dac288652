"""A load from start to end, over the toy, by a clock that is moved by hand."""

import asyncio
from collections.abc import Callable

import pytest

from simulator.clock import ManualClock
from simulator.people.load.ledger import Verdict
from simulator.people.load.pairs import Pairs
from simulator.people.load.spec import LoadSpec
from simulator.world.messages import Message
from simulator.world.world import World
from tests.simulator_people.toy import End, Toy, play


async def _run(spec: LoadSpec, prepare: Callable[[Toy], None] = lambda _: None) -> tuple[Verdict, Pairs, Toy]:
    clock = ManualClock()
    world = World(clock=clock)
    for _ in range(3):
        world.create_bot()
    toy = Toy(world, clock)
    prepare(toy)
    pairs = Pairs(world, spec)
    running = asyncio.create_task(pairs.run())
    await play(clock, lambda: pairs.finished, 400)
    await running
    pairs.close()
    return pairs.ledger.evaluate(), pairs, toy


async def test_everybody_meets_and_everything_arrives() -> None:
    verdict, pairs, toy = await _run(LoadSpec(people=20, messages=15, rate=2))
    assert (verdict.sent, verdict.shown, verdict.paired) == (300, 300, 20)
    assert (verdict.lost, verdict.repeats, verdict.inversions, verdict.misdelivered) == (0, 0, 0, 0)
    assert pairs.stages["matched"] == 20
    assert len(toy.pairs) == 10
    assert 45 < verdict.latency.p50 < 80


async def test_the_wanted_share_crosses_although_the_toy_does_not_care() -> None:
    verdict, _, _ = await _run(LoadSpec(people=24, messages=1, cross=0.5))
    assert (verdict.cross_pairs, verdict.paired) == (6, 24)


async def test_all_kinds_carry_their_number() -> None:
    mix = {"text": 2.0, "formatted": 1.0, "photo": 1.0, "document": 1.0, "voice": 1.0, "video": 1.0}
    verdict, _, _ = await _run(LoadSpec(people=4, messages=40, rate=4, mix=mix, file_size=64))
    assert (verdict.shown, verdict.lost) == (160, 0)


async def test_together_waits_for_the_last_pair() -> None:
    shown_early: list[int] = []

    def watch(toy: Toy) -> None:
        def relay(end: End, message: Message) -> list[tuple[End, Message]]:
            shown_early.append(len(toy.pairs))
            return [(end, message)]

        toy.relay = relay

    await _run(LoadSpec(people=12, messages=3, together=True, ramp=1), watch)
    assert set(shown_early) == {6}


async def test_the_rate_is_kept() -> None:
    verdict, _, _ = await _run(LoadSpec(people=10, messages=30, total_rate=20, together=True))
    assert verdict.per_second == pytest.approx(20, rel=0.15)


def _spoil(
    every: int, how: Callable[[Toy, End, Message], list[tuple[End, Message]]]
) -> Callable[[Toy], None]:
    """Every so many relayed messages are treated otherwise."""

    def prepare(toy: Toy) -> None:
        count = 0

        def relay(end: End, message: Message) -> list[tuple[End, Message]]:
            nonlocal count
            count += 1
            return how(toy, end, message) if count % every == 0 else [(end, message)]

        toy.relay = relay

    return prepare


async def test_losses_are_seen_and_the_load_ends_all_the_same() -> None:
    verdict, pairs, _ = await _run(
        LoadSpec(people=4, messages=20, rate=4, settle=5), _spoil(8, lambda *_: [])
    )
    assert verdict.lost == 10
    assert len(pairs.ledger.missing()) == 10


async def test_repeats_are_seen() -> None:
    prepare = _spoil(10, lambda _, end, message: [(end, message), (end, message)])
    verdict, _, _ = await _run(LoadSpec(people=4, messages=20, rate=4), prepare)
    assert (verdict.repeats, verdict.lost) == (8, 0)


async def test_a_message_to_the_wrong_person_is_seen() -> None:
    def astray(toy: Toy, end: End, message: Message) -> list[tuple[End, Message]]:
        stranger = next(
            one for one in toy.partner.values() if {one[0].id, end[0].id} not in toy.pairs and one != end
        )
        return [(end, message), (stranger, message)]

    verdict, _, _ = await _run(LoadSpec(people=6, messages=20, rate=4, together=True), _spoil(20, astray))
    assert verdict.misdelivered == 6


async def test_order_is_watched() -> None:
    held: dict[int, Message] = {}

    def swap(_: Toy, end: End, message: Message) -> list[tuple[End, Message]]:
        if end[0].id not in held:
            held[end[0].id] = message
            return []
        return [(end, message), (end, held.pop(end[0].id))]

    verdict, _, _ = await _run(LoadSpec(people=4, messages=10, rate=4), _spoil(1, swap))
    assert (verdict.inversions, verdict.lost) == (20, 0)

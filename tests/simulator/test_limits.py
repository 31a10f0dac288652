"""The limits: pure windows first, then over HTTP."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.limits.judge import Caps, Go, Judge, Refuse, Weight
from simulator.limits.windows import Bucket, Window
from tests.simulator.stage import Refusal, Stage, until

ONE = Weight(bot=1, chat=1)
STEPS = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 10)), min_size=1, max_size=120)


@given(STEPS)
def test_a_window_never_grants_more_than_its_cap(steps: list[tuple[int, int]]) -> None:
    window = Window(30, 1.0)
    now = 0.0
    granted: list[tuple[float, int]] = []
    for milliseconds, weight in steps:
        now += milliseconds / 1000
        at = window.earliest(now, weight)
        assert at >= now
        window.take(at, weight)
        granted.append((at, weight))
    for end, _ in granted:
        assert sum(weight for at, weight in granted if at <= end < at + 1.0) <= 30


@given(STEPS)
def test_a_window_makes_nobody_wait_in_vain(steps: list[tuple[int, int]]) -> None:
    """Whoever waits would have overfilled the window a moment earlier."""
    window = Window(30, 1.0)
    now = 0.0
    granted: list[tuple[float, int]] = []
    for milliseconds, weight in steps:
        now += milliseconds / 1000
        at = window.earliest(now, weight)
        last = granted[-1][0] if granted else 0.0
        if at > max(now, last):
            early = at - 1e-6
            assert sum(w for moment, w in granted if moment <= early < moment + 1.0) + weight > 30
        window.take(at, weight)
        granted.append((at, weight))


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60))
def test_a_bucket_grants_a_burst_and_then_the_rate(gaps: list[int]) -> None:
    bucket = Bucket(1.0, 4.0)
    now = 0.0
    granted: list[float] = []
    for gap in gaps:
        now += gap / 1000
        at = max(bucket.earliest(now, 1), granted[-1] if granted else 0.0)
        bucket.take(at, 1)
        granted.append(at)
    for first in range(len(granted)):
        for last in range(first, len(granted)):
            assert last - first + 1 <= 4 + (granted[last] - granted[first]) * 1.0 + 1e-6


def test_thirty_in_a_second_are_no_breach_and_thirty_one_are() -> None:
    judge = Judge()
    for number in range(30):
        judge.arrive(100.0 + number / 100, 0.0, 1, (1000 + number,), ONE)
    assert judge.record(1).bot_breaches == 0
    judge.arrive(100.999, 0.0, 1, (5000,), ONE)
    assert judge.record(1).bot_breaches == 1
    assert judge.record(1).peak == 31
    judge.arrive(101.295, 0.0, 1, (5001,), ONE)
    assert judge.record(1).bot_breaches == 1


def test_a_breach_counts_whether_the_call_is_held_or_refused() -> None:
    judge = Judge(Caps(bot=2, hold=1.0))
    fates = [judge.arrive(100.0, 7.0, 1, (1000 + number,), ONE) for number in range(6)]
    assert fates[:2] == [Go(), Go()]
    assert fates[2:4] == [Go(1.0), Go(1.0)]
    assert fates[4] == Refuse(2)
    assert fates[5] == Refuse(3)
    assert judge.record(1).bot_breaches == 4
    assert [(one.at, one.bot, one.chat) for one in judge.record(1).breaches] == [(7.0, 1, None)] * 4


def test_limits_that_are_not_enforced_are_still_counted() -> None:
    judge = Judge(Caps(bot=2, enforced=False))
    assert all(isinstance(judge.arrive(5.0, 0.0, 1, (n,), ONE), Go) for n in range(1, 11))
    assert judge.record(1).bot_breaches == 8


def test_calling_inside_a_rest_lengthens_it() -> None:
    judge = Judge(Caps(bot=1, hold=0.0, lengthen=1.0))
    judge.arrive(10.0, 0.0, 1, (1,), ONE)
    assert judge.arrive(10.5, 0.0, 1, (2,), ONE) == Refuse(1)
    assert judge.arrive(10.9, 0.0, 1, (3,), ONE) == Refuse(2)
    assert judge.arrive(12.6, 0.0, 1, (4,), ONE) == Go()


def test_a_wait_for_one_chat_does_not_hold_the_others() -> None:
    judge = Judge()
    for _ in range(4):
        assert judge.arrive(10.0, 0.0, 1, (7,), ONE) == Go()
    assert judge.arrive(10.0, 0.0, 1, (7,), ONE) == Go(1.0, again=True)
    assert judge.arrive(10.0, 0.0, 1, (8,), ONE) == Go()
    assert judge.arrive(10.0, 0.0, 2, (7,), ONE) == Go()


def test_a_channel_takes_twenty_a_minute() -> None:
    judge = Judge(Caps(hold=0.0))
    for number in range(20):
        assert judge.arrive(float(number), 0.0, 1, (-100123,), ONE) == Go()
    assert judge.arrive(20.0, 0.0, 1, (-100123,), ONE) == Refuse(40)
    assert judge.arrive(20.0, 0.0, 2, (-100123,), ONE) == Go()
    assert judge.arrive(62.0, 0.0, 1, (-100123,), ONE) == Go()


@pytest.fixture
def caps() -> Caps:
    """The limits as they are at Telegram."""
    return Caps()


async def _hello(stage: Stage, chat: int, **more: Any) -> Any:
    return await stage.call("sendMessage", chat_id=chat, text="hello", **more)


async def test_a_short_wait_is_held_and_the_order_kept(stage: Stage) -> None:
    calls = [asyncio.create_task(stage.send(str(number))) for number in range(4)]
    await asyncio.gather(*calls)
    late: list[asyncio.Task[Any]] = []

    def all_wait() -> bool:
        return stage.clock.waiting == len(late)

    for number in range(4, 8):
        late.append(asyncio.create_task(stage.send(str(number))))
        await until(all_wait)
    assert not any(call.done() for call in late)
    stage.clock.advance(1.0)
    await until(late[0].done)
    assert not late[1].done()
    stage.clock.advance(3.0)
    await asyncio.gather(*late)
    texts = [message.body["text"] for message in stage.seen()]
    assert sorted(texts[:4]) == ["0", "1", "2", "3"]
    assert texts[4:] == ["4", "5", "6", "7"]
    record = stage.simulator.judge.record(stage.bot.id)
    assert (record.held, record.refused, record.chat_breaches, record.bot_breaches) == (4, 0, 4, 0)


async def test_a_long_wait_is_429_with_its_seconds_twice(stage: Stage) -> None:
    calls = [asyncio.create_task(stage.send(str(number))) for number in range(13)]
    await until(lambda: stage.clock.waiting == 8 and sum(call.done() for call in calls) == 5)
    refused = [call.exception() for call in calls if call.done() and call.exception()]
    assert len(refused) == 1
    refusal = refused[0]
    assert isinstance(refusal, Refusal)
    assert refusal.words == "Too Many Requests: retry after 9"
    assert refusal.parameters == {"retry_after": 9}
    assert refusal.headers["Retry-After"] == "9"
    stage.clock.advance(8)
    await asyncio.wait(calls)
    assert len(stage.seen()) == 12


async def test_chat_actions_are_held_two_seconds_at_most(stage: Stage) -> None:
    stage.simulator.judge.set_caps(Caps(bot=1, bot_period=3.0))
    await stage.call("sendChatAction", chat_id=stage.ada.id, action="typing")
    assert (await stage.refusal("sendChatAction", chat_id=stage.ada.id, action="typing")).code == 429


async def test_albums_and_copies_count_their_items(stage: Stage) -> None:
    photo = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("photo", 900).file)
    media = [{"type": "photo", "media": photo}] * 10
    sent = await stage.call("sendMediaGroup", chat_id=stage.ada.id, media=media)
    record = stage.simulator.judge.record(stage.bot.id)
    assert record.weighed == 10
    await stage.call(
        "copyMessages",
        chat_id=stage.bob.id,
        from_chat_id=stage.ada.id,
        message_ids=[one["message_id"] for one in sent],
    )
    assert record.weighed == 20
    assert (record.bot_breaches, record.chat_breaches) == (0, 0)
    text = asyncio.create_task(_hello(stage, stage.ada.id))
    await until(lambda: stage.clock.waiting == 1)
    assert record.chat_breaches == 1
    stage.clock.advance(7)
    await text


async def test_an_address_begins_with_so_many_bots_a_minute(stage: Stage) -> None:
    stage.simulator.judge.set_caps(Caps(new_tokens=2))
    for _ in range(3):
        await stage.call("getMe")
        await stage.call("getMe", bot=stage.other)
    third = stage.world.create_bot()
    assert (await stage.refusal("getMe", bot=third)).parameters == {"retry_after": 60}
    stage.clock.advance(60)
    await stage.call("getMe", bot=third)


@pytest.mark.parametrize("method", ["getMe", "getUpdates", "getWebhookInfo", "getMyCommands"])
async def test_questions_cost_nothing(stage: Stage, method: str) -> None:
    for _ in range(40):
        await stage.call(method)
    assert stage.simulator.judge.record(stage.bot.id).weighed == 0


async def test_the_cap_holds_for_a_bot_over_all_of_its_chats(stage: Stage) -> None:
    people = [stage.world.people.create() for _ in range(40)]
    for person in people:
        stage.world.people.open(person, stage.bot)
    calls = [asyncio.create_task(_hello(stage, person.id)) for person in people]
    await until(lambda: stage.clock.waiting == 10 and sum(call.done() for call in calls) == 30)
    stage.clock.advance(1)
    await asyncio.gather(*calls)
    report = stage.simulator.control.report()
    figures = report["bots"][str(stage.bot.id)]
    assert (figures["bot_breaches"], figures["chat_breaches"], figures["peak"]) == (10, 0, 40)
    assert (figures["shown"], figures["held"]) == (40, 10)


def test_paid_broadcast_goes_beyond_the_free_second_and_counts_its_stars() -> None:
    judge = Judge()
    paid = Weight(bot=1, chat=1, paid=True)
    for chat in range(130):
        assert judge.arrive(1.0, 1.0, 7, (chat + 1000,), paid) == Go()
    record = judge.record(7)
    assert round(record.stars, 1) == 10.0
    assert record.bot_breaches == 0
    # What is not paid has its own room still, and uses the free amount up for the others.
    for chat in range(30):
        assert judge.arrive(2.5, 2.5, 7, (chat + 1000,), ONE) == Go()
    assert judge.arrive(2.5, 2.5, 7, (2000,), paid) == Go()
    assert round(record.stars, 1) == 10.1
    unpaid = judge.arrive(2.5, 2.5, 7, (999,), ONE)
    assert isinstance(unpaid, Go)
    assert unpaid.wait == pytest.approx(1.0)
    assert record.bot_breaches == 1


def test_paid_broadcast_has_a_cap_of_its_own() -> None:
    judge = Judge(Caps(paid=50))
    verdicts = [judge.arrive(1.0, 1.0, 7, (n + 1000,), Weight(bot=1, chat=1, paid=True)) for n in range(51)]
    assert verdicts[:50] == [Go()] * 50
    assert verdicts[50] != Go()
    assert judge.record(7).bot_breaches == 1


async def test_a_call_that_pays_is_not_held(stage: Stage) -> None:
    stage.simulator.judge.set_caps(Caps(bot=1, chat_burst=50))
    await stage.send("free")
    for number in range(5):
        await stage.send(f"paid {number}", allow_paid_broadcast=True)
    assert len(stage.seen()) == 6
    assert round(stage.simulator.control.report()["totals"]["stars"], 1) == 0.5


def test_an_address_may_begin_with_so_many_tokens_in_a_minute_and_in_an_hour() -> None:
    judge = Judge(Caps(new_tokens=2))
    now, greeted = 0.0, 0
    while not (wait := judge.greet(now, "here", greeted)) or wait <= 60:
        greeted += not wait
        now += wait
    assert greeted == 60
    assert now + wait == pytest.approx(3600, abs=61)

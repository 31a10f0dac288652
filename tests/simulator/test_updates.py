"""How bots hear of things by polling."""

import asyncio

import pytest

from simulator.world.updates import DAY
from tests.simulator.stage import Refusal, Stage, until


async def test_an_offset_confirms_what_is_below_it(stage: Stage) -> None:
    for number in range(5):
        stage.says(f"text {number}")
    first = await stage.updates(limit=2)
    assert [one["message"]["text"] for one in first] == ["text 0", "text 1"]
    assert await stage.updates(limit=2) == first
    rest = await stage.updates(offset=first[-1]["update_id"] + 1)
    assert [one["message"]["text"] for one in rest] == ["text 2", "text 3", "text 4"]
    assert [one["update_id"] for one in first + rest] == list(
        range(first[0]["update_id"], first[0]["update_id"] + 5)
    )
    assert await stage.updates(offset=rest[-1]["update_id"] + 1) == []
    assert await stage.updates() == []


async def test_a_negative_offset_keeps_only_the_last(stage: Stage) -> None:
    for number in range(5):
        stage.says(f"text {number}")
    assert [one["message"]["text"] for one in await stage.updates(offset=-2)] == ["text 3", "text 4"]
    assert len(stage.bot.queue) == 2


async def test_a_poll_waits_for_news(stage: Stage) -> None:
    poll = asyncio.create_task(stage.updates(timeout=30))
    await until(lambda: stage.clock.waiting == 1)
    stage.says("at last")
    assert [one["message"]["text"] for one in await poll] == ["at last"]


async def test_a_poll_ends_empty_after_its_time(stage: Stage) -> None:
    poll = asyncio.create_task(stage.updates(timeout=30))
    await until(lambda: stage.clock.waiting == 1)
    stage.clock.advance(29)
    assert not poll.done()
    stage.clock.advance(1)
    assert await poll == []


async def test_the_older_of_two_polls_gets_409(stage: Stage) -> None:
    older = asyncio.create_task(stage.updates(timeout=30))
    await until(lambda: stage.clock.waiting == 1)
    newer = asyncio.create_task(stage.updates(timeout=30))
    with pytest.raises(
        Refusal, match="409 Conflict: terminated by other getUpdates request; make sure that only one"
    ):
        await older
    stage.says("for the newer")
    assert len(await newer) == 1


async def test_no_polling_while_a_webhook_is_set(stage: Stage) -> None:
    await stage.call("setWebhook", url="http://127.0.0.1:9/nobody")
    refused = await stage.refusal("getUpdates")
    assert refused.code == 409
    assert refused.words == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    await stage.call("deleteWebhook")
    assert await stage.updates() == []


async def test_updates_die_of_age_each_kind_at_its_own(stage: Stage) -> None:
    sent = await stage.send(reply_markup={"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]})
    stage.says("a message")
    stage.world.deeds.press(stage.ada, stage.bot, sent["message_id"], "yes")
    stage.says("another message")
    stage.clock.advance(150)
    assert [set(one) - {"update_id"} for one in await stage.updates()] == [
        {"message"},
        {"callback_query"},
        {"message"},
    ]
    stage.clock.advance(1)
    left = await stage.updates()
    assert [one["message"]["text"] for one in left] == ["a message", "another message"]
    assert left[1]["update_id"] == left[0]["update_id"] + 2
    stage.clock.advance(DAY - 151)
    assert len(await stage.updates()) == 2
    stage.clock.advance(1)
    assert await stage.updates() == []
    assert stage.bot.queue.expired == 3


async def test_an_answer_holds_about_four_megabytes(stage: Stage) -> None:
    heavy = {"text": "x", "unknown_to_us": "y" * 200_000}
    for _ in range(50):
        stage.world.deeds.put(stage.ada, stage.bot, heavy)
    found = await stage.updates(limit=100)
    assert 15 <= len(found) <= 21


async def test_limits_out_of_range_mean_a_hundred(stage: Stage) -> None:
    for number in range(120):
        stage.says(str(number))
    assert len(await stage.updates(limit=0)) == 100
    assert len(await stage.updates(limit=1000)) == 100
    assert len(await stage.updates(limit=1)) == 1


async def test_reactions_come_only_if_asked_for(stage: Stage) -> None:
    sent = await stage.send()
    thumb = [{"type": "emoji", "emoji": "👍"}]
    stage.world.deeds.react(stage.ada, stage.bot, sent["message_id"], thumb)
    assert await stage.updates() == []
    await stage.updates(allowed_updates=["message", "message_reaction"])
    stage.world.deeds.react(stage.ada, stage.bot, sent["message_id"], [])
    stage.says("seen too")
    reaction, message = await stage.updates()
    assert reaction["message_reaction"]["old_reaction"] == thumb
    assert reaction["message_reaction"]["new_reaction"] == []
    assert reaction["message_reaction"]["message_id"] == sent["message_id"]
    assert message["message"]["text"] == "seen too"


async def test_what_is_not_wanted_does_not_come_and_an_empty_list_is_the_default(stage: Stage) -> None:
    await stage.updates(allowed_updates=["callback_query"])
    stage.says("unheard")
    assert await stage.updates() == []
    await stage.updates(allowed_updates=[])
    stage.says("heard")
    assert len(await stage.updates()) == 1


async def test_a_full_queue_loses_what_comes_after(stage: Stage) -> None:
    queue = stage.bot.queue
    for _ in range(100_000):
        queue.push("message", {}, 1)
    assert len(queue) == 100_000
    assert queue.lost == 0
    stage.says("too much")
    assert len(queue) == 100_000
    assert queue.lost == 1


async def test_ids_may_start_anew_after_a_week_of_silence(stage: Stage) -> None:
    stage.says("before")
    before = (await stage.updates())[0]["update_id"]
    stage.clock.advance(8 * DAY)
    stage.says("after")
    after = (await stage.updates())[0]["update_id"]
    assert after != before + 1


async def test_blocking_and_unblocking_is_told(stage: Stage) -> None:
    stage.world.people.block(stage.ada, stage.bot)
    stage.world.people.block(stage.ada, stage.bot)
    stage.world.people.unblock(stage.ada, stage.bot)
    statuses = [
        (
            one["my_chat_member"]["old_chat_member"]["status"],
            one["my_chat_member"]["new_chat_member"]["status"],
        )
        for one in await stage.updates()
    ]
    assert statuses == [("member", "kicked"), ("kicked", "member")]


async def test_deleting_and_vanishing_is_not_told(stage: Stage) -> None:
    message = stage.says("soon gone")
    await stage.updates(offset=-1)
    stage.bot.queue.clear()
    stage.world.deeds.delete(stage.ada, stage.bot, [message.id])
    stage.world.people.vanish(stage.bob)
    assert await stage.updates() == []

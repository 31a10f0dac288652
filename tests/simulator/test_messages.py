"""What bots send, copy, change and remove, and what people do with it."""

from typing import Any

import pytest

from simulator.errors import ControlError
from simulator.world.callbacks import Tap
from tests.simulator.stage import Json, Stage

THUMB = [{"type": "emoji", "emoji": "👍"}]


def _photo(stage: Stage) -> str:
    return stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("photo", 1000).file)


async def _album(stage: Stage, count: int = 3) -> list[dict[str, Any]]:
    media = [{"type": "photo", "media": _photo(stage), "caption": f"c{number}"} for number in range(count)]
    sent: list[dict[str, Any]] = await stage.call("sendMediaGroup", chat_id=stage.ada.id, media=media)
    return sent


async def test_a_reply_shows_what_it_answers_one_level_deep(stage: Stage) -> None:
    first = stage.says("first")
    second = await stage.send("second", reply_parameters={"message_id": first.id})
    third = await stage.send("third", reply_parameters={"message_id": second["message_id"]})
    assert second["reply_to_message"]["text"] == "first"
    assert third["reply_to_message"]["text"] == "second"
    assert "reply_to_message" not in third["reply_to_message"]
    lost = await stage.send("x", reply_parameters={"message_id": 999, "allow_sending_without_reply": True})
    assert "reply_to_message" not in lost


@pytest.mark.parametrize(
    ("quote", "position", "at"),
    [("you", 0, 4), ("ö😀", 0, 8), ("😀 you", 10, 9), ("you", 5, 12), ("hey", 0, 0)],
)
async def test_a_quote_is_an_exact_part(stage: Stage, quote: str, position: int, at: int) -> None:
    said = stage.says("hey you ö😀 you")
    parameters = {"message_id": said.id, "quote": quote, "quote_position": position}
    sent = await stage.send("yes", reply_parameters=parameters)
    assert sent["quote"] == {"text": quote, "position": at, "is_manual": True}


@pytest.mark.parametrize("quote", ["You", "hey  you", "x" * 1025])
async def test_a_quote_that_was_not_said(stage: Stage, quote: str) -> None:
    said = stage.says("hey you " + "x" * 2000)
    refused = await stage.refusal(
        "sendMessage",
        chat_id=stage.ada.id,
        text="x",
        reply_parameters={"message_id": said.id, "quote": quote},
    )
    assert refused.words == "Bad Request: QUOTE_TEXT_INVALID"


async def test_an_album_has_two_to_ten_items_that_go_together(stage: Stage) -> None:
    sent = await _album(stage, 10)
    assert len({one["media_group_id"] for one in sent}) == 1
    assert [one["caption"] for one in sent] == [f"c{number}" for number in range(10)]
    item = {"type": "photo", "media": _photo(stage)}
    document = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("document", 10).file)
    for media in ([item], [item] * 11, [item, {"type": "document", "media": document}]):
        assert (await stage.refusal("sendMediaGroup", chat_id=stage.bob.id, media=media)).code == 400


async def test_copying_leaves_the_writer_behind(stage: Stage) -> None:
    said = stage.says("bold words", entities=[{"type": "bold", "offset": 0, "length": 4}])
    copied = await stage.call(
        "copyMessage", chat_id=stage.bob.id, from_chat_id=stage.ada.id, message_id=said.id
    )
    assert set(copied) == {"message_id"}
    got = stage.world.people.view(stage.bob, stage.bot)[-1]
    assert got.body == {"text": "bold words", "entities": [{"type": "bold", "offset": 0, "length": 4}]}
    assert got.author is stage.bot


async def test_forwarding_tells_who_wrote_it(stage: Stage) -> None:
    said = stage.says("mine")
    sent = await stage.call(
        "forwardMessage", chat_id=stage.bob.id, from_chat_id=stage.ada.id, message_id=said.id
    )
    assert sent["forward_origin"]["sender_user"]["id"] == stage.ada.id
    assert sent["text"] == "mine"


async def test_copying_several_keeps_albums_whole(stage: Stage) -> None:
    ids = [one["message_id"] for one in await _album(stage)]
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": stage.ada.id}
    copied = await stage.call("copyMessages", **words, message_ids=[*ids, 5000])
    assert len(copied) == 3
    got = stage.world.people.view(stage.bob, stage.bot)[-3:]
    assert len({one.body["media_group_id"] for one in got}) == 1
    assert [one.body["caption"] for one in got] == ["c0", "c1", "c2"]
    refused = await stage.refusal("copyMessages", **words, message_ids=list(reversed(ids)))
    assert refused.words == "Bad Request: message identifiers must be in a strictly increasing order"
    assert (await stage.refusal("copyMessages", **words, message_ids=[5000])).code == 400


async def test_a_copy_may_have_another_caption(stage: Stage) -> None:
    sent = await stage.call(
        "sendPhoto", chat_id=stage.ada.id, photo=_photo(stage), caption="old", has_spoiler=True
    )
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": stage.ada.id, "message_id": sent["message_id"]}
    await stage.call("copyMessage", **words)
    await stage.call("copyMessage", **words, caption="<b>new</b>", parse_mode="HTML")
    plain, changed = stage.world.people.view(stage.bob, stage.bot)[-2:]
    assert plain.body == {"caption": "old", "has_media_spoiler": True}
    assert changed.body["caption"] == "new"
    assert changed.attachment is plain.attachment


@pytest.mark.parametrize("kind", ["story", "giveaway", "checklist", "game", "paid_media", "invoice"])
async def test_what_cannot_be_copied(stage: Stage, kind: str) -> None:
    said = stage.world.deeds.put(stage.ada, stage.bot, {kind: {}})
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": stage.ada.id, "message_id": said.id}
    assert (await stage.refusal("copyMessage", **words)).words == "Bad Request: message can't be copied"


async def test_protected_content_stays(stage: Stage) -> None:
    sent = await stage.send(protect_content=True)
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": stage.ada.id, "message_id": sent["message_id"]}
    assert (await stage.refusal("copyMessage", **words)).code == 400
    assert (await stage.refusal("forwardMessage", **words)).code == 400


async def test_edits_of_text_caption_media_and_buttons(stage: Stage) -> None:
    text = await stage.send("old")
    photo = await stage.call("sendPhoto", chat_id=stage.ada.id, photo=_photo(stage), caption="old")
    where: Json = {"chat_id": stage.ada.id}
    edited = await stage.call(
        "editMessageText", **where, message_id=text["message_id"], text="*new*", parse_mode="Markdown"
    )
    assert (edited["text"], edited["entities"][0]["type"]) == ("new", "bold")
    stage.clock.advance(10)
    edited = await stage.call("editMessageCaption", **where, message_id=photo["message_id"], caption="new")
    assert edited["caption"] == "new"
    media = {"type": "photo", "media": _photo(stage), "caption": "newer"}
    edited = await stage.call("editMessageMedia", **where, message_id=photo["message_id"], media=media)
    assert edited["caption"] == "newer"
    assert edited["photo"][-1]["file_unique_id"] != photo["photo"][-1]["file_unique_id"]
    buttons = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}
    edited = await stage.call(
        "editMessageReplyMarkup", **where, message_id=text["message_id"], reply_markup=buttons
    )
    assert edited["reply_markup"] == buttons
    assert (
        await stage.refusal("editMessageCaption", **where, message_id=text["message_id"], caption="x")
    ).words == ("Bad Request: there is no caption in the message to edit")
    assert (
        await stage.refusal("editMessageText", **where, message_id=photo["message_id"], text="x")
    ).words == ("Bad Request: there is no text in the message to edit")
    shown = {one.id: one for one in stage.seen()}
    assert (shown[text["message_id"]].edits, shown[photo["message_id"]].edits) == (1, 2)


async def test_a_bot_edits_only_its_own_messages(stage: Stage) -> None:
    said = stage.says("mine")
    refused = await stage.refusal("editMessageText", chat_id=stage.ada.id, message_id=said.id, text="yours")
    assert refused.words == "Bad Request: message can't be edited"


async def test_people_edit_and_bots_hear_of_it(stage: Stage) -> None:
    said = stage.says("old")
    stage.world.deeds.edit(stage.ada, stage.bot, said.id, text="new")
    fresh, edited = await stage.updates()
    assert fresh["message"]["text"] == "old"
    assert edited["edited_message"]["text"] == "new"
    assert edited["edited_message"]["edit_date"] == int(stage.clock.wall())
    sent = await stage.send()
    with pytest.raises(ControlError, match="only what one wrote oneself"):
        stage.world.deeds.edit(stage.ada, stage.bot, sent["message_id"], text="x")


async def test_deleting_one_and_many(stage: Stage) -> None:
    sent = [await stage.send(str(number)) for number in range(3)]
    ids = [one["message_id"] for one in sent]
    await stage.call("deleteMessage", chat_id=stage.ada.id, message_id=ids[0])
    assert await stage.call("deleteMessages", chat_id=stage.ada.id, message_ids=[*ids, 999]) is True
    assert all(one.deleted for one in stage.seen())
    refused = await stage.refusal("editMessageText", chat_id=stage.ada.id, message_id=ids[1], text="x")
    assert refused.words == "Bad Request: message to edit not found"


async def test_one_reaction_of_the_known_ones(stage: Stage) -> None:
    said = stage.says("react to me")
    where: Json = {"chat_id": stage.ada.id, "message_id": said.id}
    await stage.call("setMessageReaction", **where, reaction=THUMB)
    assert said.bot_reaction == THUMB
    assert (await stage.refusal("setMessageReaction", **where, reaction=THUMB * 2)).words == (
        "Bad Request: REACTIONS_TOO_MANY"
    )
    for bad in (
        {"type": "emoji", "emoji": "🧀"},
        {"type": "paid"},
        {"type": "custom_emoji", "custom_emoji_id": "1"},
    ):
        assert (await stage.refusal("setMessageReaction", **where, reaction=[bad])).words == (
            "Bad Request: REACTION_INVALID"
        )
    await stage.call("setMessageReaction", **where, reaction=[])
    assert said.bot_reaction == []


async def test_taps_on_buttons(stage: Stage) -> None:
    rows = [[{"text": "Yes", "callback_data": "y"}, {"text": "Site", "url": "https://x.org"}]]
    sent = await stage.send(reply_markup={"inline_keyboard": rows})
    tap = stage.world.deeds.press(stage.ada, stage.bot, sent["message_id"], "Yes")
    assert isinstance(tap, Tap)
    assert stage.world.deeds.press(stage.ada, stage.bot, sent["message_id"], "Site") == "https://x.org"
    query = (await stage.updates())[0]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("y", sent["message_id"])
    await stage.call("answerCallbackQuery", callback_query_id=query["id"], text="Fine!", show_alert=True)
    assert (tap.answer, tap.alert) == ("Fine!", True)
    with pytest.raises(ControlError, match="no button 'No'"):
        stage.world.deeds.press(stage.ada, stage.bot, sent["message_id"], "No")


async def test_the_keyboard_under_the_text_field(stage: Stage) -> None:
    keyboard = {"keyboard": [[{"text": "Find"}], [{"text": "My number", "request_contact": True}]]}
    await stage.send(reply_markup=keyboard)
    stage.world.deeds.press(stage.ada, stage.bot, None, "Find")
    stage.world.deeds.press(stage.ada, stage.bot, None, "My number")
    find, contact = await stage.updates()
    assert find["message"]["text"] == "Find"
    assert contact["message"]["contact"]["phone_number"] == stage.ada.phone
    await stage.send(reply_markup={"remove_keyboard": True})
    with pytest.raises(ControlError, match="no button 'Find'"):
        stage.world.deeds.press(stage.ada, stage.bot, None, "Find")


@pytest.mark.parametrize(
    "button",
    [
        {"text": "x"},
        {"text": " ", "callback_data": "x"},
        {"text": "x", "callback_data": "x" * 65},
        {"text": "x", "url": "nowhere"},
    ],
)
async def test_buttons_that_are_wrong(stage: Stage, button: dict[str, str]) -> None:
    markup = {"inline_keyboard": [[button]]}
    assert (
        await stage.refusal("sendMessage", chat_id=stage.ada.id, text="x", reply_markup=markup)
    ).code == 400


async def test_polls_are_voted_in_and_stopped(stage: Stage) -> None:
    options = [{"text": "red"}, {"text": "blue"}]
    sent = await stage.call(
        "sendPoll",
        chat_id=stage.ada.id,
        question="Which?",
        options=options,
        is_anonymous=False,
        type="regular",
    )
    stage.world.deeds.vote(stage.ada, stage.bot, sent["message_id"], [1])
    updates = await stage.updates()
    assert updates[0]["poll"]["options"][1]["voter_count"] == 1
    assert updates[1]["poll_answer"]["option_ids"] == [1]
    stopped = await stage.call("stopPoll", chat_id=stage.ada.id, message_id=sent["message_id"])
    assert stopped["is_closed"]
    assert stopped["total_voter_count"] == 1
    with pytest.raises(ControlError, match="closed"):
        stage.world.deeds.vote(stage.ada, stage.bot, sent["message_id"], [0])
    quiz: Json = {"chat_id": stage.ada.id, "question": "?", "options": options, "type": "quiz"}
    assert (await stage.refusal("sendPoll", **quiz)).words == "Bad Request: wrong correct option ID specified"
    assert (await stage.call("sendPoll", **quiz, correct_option_ids=[1]))["poll"]["correct_option_ids"] == [1]


async def test_places_and_contacts(stage: Stage) -> None:
    where: Json = {"chat_id": stage.ada.id, "latitude": 48.2, "longitude": 16.4}
    live = await stage.call("sendLocation", **where, live_period=60)
    assert live["location"] == {"latitude": 48.2, "longitude": 16.4, "live_period": 60}
    moved: Json = {
        "chat_id": stage.ada.id,
        "message_id": live["message_id"],
        "latitude": 1.0,
        "longitude": 2.0,
    }
    assert (await stage.call("editMessageLiveLocation", **moved))["location"]["latitude"] == 1.0
    stopped = await stage.call("stopMessageLiveLocation", chat_id=stage.ada.id, message_id=live["message_id"])
    assert stopped["location"] == {"latitude": 1.0, "longitude": 2.0}
    venue = await stage.call("sendVenue", **where, title="Cafe", address="Street 1")
    assert venue["venue"]["title"] == "Cafe"
    assert venue["venue"]["location"] == venue["location"]
    contact = await stage.call("sendContact", chat_id=stage.ada.id, phone_number="+1", first_name="A")
    assert contact["contact"] == {"phone_number": "+1", "first_name": "A"}
    assert (await stage.refusal("sendLocation", chat_id=stage.bob.id, latitude=91, longitude=0)).code == 400


async def test_dice_are_thrown_anew_when_copied_but_not_when_forwarded(stage: Stage) -> None:
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": stage.ada.id}
    thrown = await stage.call("sendDice", chat_id=stage.ada.id, emoji="🎰")
    value = thrown["dice"]["value"]
    assert 1 <= value <= 64
    copies = set()
    for _ in range(5):
        await stage.call("copyMessage", **words, message_id=thrown["message_id"])
        copies.add(stage.world.people.view(stage.bob, stage.bot)[-1].body["dice"]["value"])
    assert copies != {value}
    forwarded = await stage.call("forwardMessage", **words, message_id=thrown["message_id"])
    assert forwarded["dice"]["value"] == value


async def test_pinning_writes_a_line(stage: Stage) -> None:
    sent = await stage.send("important")
    await stage.call("pinChatMessage", chat_id=stage.ada.id, message_id=sent["message_id"])
    line = (await stage.updates())[0]["message"]
    assert line["pinned_message"]["text"] == "important"
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": stage.ada.id, "message_id": line["message_id"]}
    assert (await stage.refusal("copyMessage", **words)).words == "Bad Request: message can't be copied"
    await stage.call("unpinChatMessage", chat_id=stage.ada.id)
    assert not any(one.pinned for one in stage.seen())


async def test_effects_silence_and_previews_are_kept(stage: Stage) -> None:
    sent = await stage.send(
        "https://x.org",
        message_effect_id="5104841245755180586",
        disable_notification=True,
        link_preview_options={"is_disabled": True},
    )
    assert sent["effect_id"] == "5104841245755180586"
    assert sent["link_preview_options"] == {"is_disabled": True}
    assert stage.seen()[-1].silent


async def test_what_a_bot_says_of_itself(stage: Stage) -> None:
    commands = [{"command": "start", "description": "Begin"}]
    await stage.call("setMyCommands", commands=commands)
    assert await stage.call("getMyCommands") == commands
    assert await stage.call("getMyCommands", language_code="de") == []
    await stage.call("setMyDescription", description="A bot")
    assert await stage.call("getMyDescription", language_code="de") == {"description": "A bot"}
    await stage.call("setMyName", name="New name")
    assert (await stage.call("getMe"))["first_name"] == "New name"
    assert (
        await stage.refusal("setMyCommands", commands=[{"command": "Bad Name", "description": "x"}])
    ).code == 400


async def test_old_messages_are_forgotten_when_there_are_too_many(stage: Stage) -> None:
    first = stage.says("first")
    stage.world.options = stage.world.options.__class__(history=50)
    for number in range(60):
        stage.says(str(number))
    refused = await stage.refusal(
        "copyMessage", chat_id=stage.bob.id, from_chat_id=stage.ada.id, message_id=first.id
    )
    assert refused.words == "Bad Request: message to copy not found"


async def test_people_can_do_only_what_a_client_lets_them(stage: Stage) -> None:
    deeds, people = stage.world.deeds, stage.world.people
    with pytest.raises(ControlError, match="empty"):
        stage.says("  ")
    with pytest.raises(ControlError, match="4096"):
        stage.says("x" * 4097)
    with pytest.raises(ControlError, match="payload"):
        people.open(stage.ada, stage.bot, "not allowed!")
    people.block(stage.ada, stage.bot)
    with pytest.raises(ControlError, match="unblock first"):
        stage.says("hello?")
    people.open(stage.ada, stage.bot, "again")
    with pytest.raises(ControlError, match="no message 999"):
        deeds.react(stage.ada, stage.bot, 999, THUMB)

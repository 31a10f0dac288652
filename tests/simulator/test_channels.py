"""Channels: where bots keep things for one another."""

import pytest

from simulator.limits.judge import Caps
from simulator.world.chats import Channel
from tests.simulator.stage import Json, Stage


@pytest.fixture
def channel(stage: Stage) -> Channel:
    """The first bot may post, the other only read."""
    made = stage.world.create_channel("Vault", "vault_channel")
    made.members[stage.bot.id] = "administrator"
    made.members[stage.other.id] = "member"
    return made


async def test_a_member_copies_out_what_another_bot_posted(stage: Stage, channel: Channel) -> None:
    file = stage.world.media.made_up("video", 5000).file
    file_id = stage.world.files.id_for(stage.bot.id, file)
    post = await stage.call("sendVideo", chat_id=channel.id, video=file_id, caption="kept")
    assert post["sender_chat"]["id"] == channel.id
    assert "from" not in post
    assert await stage.updates(bot=stage.other) == []
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": channel.id, "message_id": post["message_id"]}
    copied = await stage.call("copyMessage", **words, bot=stage.other)
    assert set(copied) == {"message_id"}
    got = stage.world.people.view(stage.bob, stage.other)[-1]
    assert got.attachment is not None
    assert got.attachment.file is file
    forwarded = await stage.call("forwardMessage", **words, bot=stage.other)
    assert forwarded["forward_origin"]["type"] == "channel"
    assert forwarded["video"]["file_unique_id"] == file.unique_id
    assert forwarded["video"]["file_id"] == stage.world.files.id_for(stage.other.id, file)
    assert forwarded["video"]["file_id"] != file_id


async def test_who_is_no_member_reads_nothing(stage: Stage) -> None:
    closed = stage.world.create_channel("Closed")
    closed.members[stage.bot.id] = "administrator"
    post = await stage.call("sendMessage", chat_id=closed.id, text="x")
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": closed.id, "message_id": post["message_id"]}
    refused = await stage.refusal("copyMessage", bot=stage.other, **words)
    assert (refused.code, refused.words) == (403, "Forbidden: bot is not a member of the channel chat")


async def test_a_member_may_not_post(stage: Stage, channel: Channel) -> None:
    refused = await stage.refusal("sendMessage", bot=stage.other, chat_id=channel.id, text="x")
    assert refused.words == "Bad Request: need administrator rights in the channel chat"
    posted = await stage.call("sendMessage", chat_id="@vault_channel", text="by name")
    assert posted["chat"]["id"] == channel.id


async def test_a_protected_channel_gives_nothing_away(stage: Stage, channel: Channel) -> None:
    post = await stage.call("sendMessage", chat_id=channel.id, text="x")
    channel.protected = True
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": channel.id, "message_id": post["message_id"]}
    assert (
        await stage.refusal("copyMessage", bot=stage.other, **words)
    ).words == "Bad Request: message can't be copied"


async def test_twenty_a_minute_for_each_bot(stage: Stage, channel: Channel) -> None:
    stage.simulator.judge.set_caps(Caps(hold=0.0, chat_burst=100.0))
    post = await stage.call("sendMessage", chat_id=channel.id, text="x")
    words: Json = {"chat_id": stage.bob.id, "from_chat_id": channel.id, "message_id": post["message_id"]}
    for _ in range(20):
        await stage.call("copyMessage", bot=stage.other, **words)
    refused = await stage.refusal("copyMessage", bot=stage.other, **words)
    assert (refused.code, refused.parameters) == (429, {"retry_after": 60})
    await stage.call("copyMessage", **words)
    figures = stage.simulator.control.report()["bots"][str(stage.other.id)]
    assert figures["breached_chats"] == {str(channel.id): 1}
    assert figures["breaches"][0]["chat"] == channel.id


async def test_a_vault_by_name_has_the_same_limit(stage: Stage, channel: Channel) -> None:
    stage.simulator.judge.set_caps(Caps(hold=0.0))
    for number in range(20):
        chat = channel.id if number % 2 else "@Vault_Channel"
        await stage.call("sendMessage", chat_id=chat, text="x")
    assert (await stage.refusal("sendMessage", chat_id="@vault_channel", text="x")).code == 429
    assert (await stage.refusal("sendMessage", chat_id=channel.id, text="x")).code == 429


async def test_members_are_told_apart(stage: Stage, channel: Channel) -> None:
    mine = await stage.call("getChatMember", chat_id=channel.id, user_id=stage.bot.id)
    theirs = await stage.call("getChatMember", chat_id=channel.id, user_id=stage.other.id)
    assert (mine["status"], theirs["status"]) == ("administrator", "member")
    assert mine["can_post_messages"] is True
    assert [one["user"]["id"] for one in await stage.call("getChatAdministrators", chat_id=channel.id)] == [
        stage.bot.id
    ]
    await stage.call("leaveChat", chat_id=channel.id, bot=stage.other)
    assert await stage.call("getChatMemberCount", chat_id=channel.id) == 1

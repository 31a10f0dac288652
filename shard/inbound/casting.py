"""An admin's message to everybody, as aiogram handlers.

Each of them only writes down what is wanted; the leading coordinator does the work, and answers.
"""

import msgspec
from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.domain.broadcast import BroadcastState, for_many
from core.domain.content import Content, Text
from core.domain.ids import BroadcastId
from core.state.postgres.broadcasts import Broadcasts, BroadcastUnderWay, NoSuchBroadcast
from core.state.postgres.pool import DatabaseAway
from shard.inbound.commands import Admin, Button, Command
from shard.inbound.desk import Desk
from shard.inbound.relay import content_of, nameless
from shard.inbound.updates import answers, updates

router = Router(name="broadcast")
router.message.filter(Admin())
router.callback_query.filter(Admin())

_STEPS = {
    "pause": BroadcastState.PAUSED,
    "resume": BroadcastState.RUNNING,
    "stop": BroadcastState.STOPPED,
}


@router.message(Command("broadcast"))
async def broadcast(
    message: Message, desk: Desk, broadcasts: Broadcasts, raw: msgspec.Raw, rest: str
) -> None:
    """A message to everybody: its draft; alone, how far the one under way has come."""
    replied = message.reply_to_message
    try:
        if replied is None and not rest:
            current = await broadcasts.under_way()
            if current is None:
                desk.say("broadcast_how")
            else:
                desk.say(f"broadcast_{current.state}", **current.figures())
            return
        if replied is not None and (replied.from_user is None or replied.from_user.is_bot):
            # Never what a partner wrote.
            desk.say("broadcast_how")
            return
        content = _replied(raw) if replied is not None else _behind(raw, rest)
        wanted = for_many(content) if content is not None else None
        if wanted is None:
            desk.say("broadcast_kind")
            return
        await broadcasts.draft(desk.person, desk.bot, desk.update, wanted)
        desk.say("broadcast_counting")
    except DatabaseAway:
        desk.say("try_later")


@router.callback_query(Button("broadcast"))
async def broadcast_button(query: CallbackQuery, desk: Desk, broadcasts: Broadcasts, rest: str) -> None:
    """Send it or not, once and by its admin alone; later any admin may pause, resume and stop it."""
    desk.answer_button(query.id)
    step, _, what = rest.partition(":")
    number, _, stars = what.partition(":")
    if not number.isdecimal():
        desk.say("old_button")
        return
    try:
        await _step(desk, broadcasts, step, BroadcastId(int(number)), int(stars or 0))
    except BroadcastUnderWay:
        desk.say("broadcast_busy")
    except NoSuchBroadcast:
        desk.say("old_button")
    except DatabaseAway:
        desk.say("try_later")


async def _step(desk: Desk, broadcasts: Broadcasts, step: str, number: BroadcastId, stars: int) -> None:
    if step in ("send", "pay", "cancel"):
        known = await broadcasts.get(number)
        if known.admin != desk.person:
            desk.say("old_button")
            return
        decided = await broadcasts.decide(number, desk.person, send=step != "cancel", stars=stars)
        if step == "cancel" and (decided or known.state is BroadcastState.CANCELLED):
            desk.say("broadcast_cancelled")
            return
    elif step in _STEPS:
        await broadcasts.steer(number, _STEPS[step])
    # What is so now; where the button came too late, that says why.
    current = await broadcasts.get(number)
    match current.state:
        case BroadcastState.RUNNING | BroadcastState.PAUSED:
            desk.say(f"broadcast_{current.state}", **current.figures())
        case BroadcastState.DONE | BroadcastState.STOPPED:
            desk.say("broadcast_over", **current.figures())
        case BroadcastState.DRAFT | BroadcastState.READY | BroadcastState.CANCELLED:
            desk.say("broadcast_used")


def _replied(raw: msgspec.Raw) -> Content | None:
    """The content of the message that the command replies to."""
    replied = answers.decode(raw).message.reply_to_message
    return content_of(replied) if replied is not None else None


def _behind(raw: msgspec.Raw, rest: str) -> Text:
    """The text behind the command, with its formatting."""
    message = updates.decode(raw).message
    assert message is not None, "a command is a message"
    assert message.text is not None, "a command is a text"
    before = message.text[: message.text.rindex(rest)]
    skipped = len(before.encode("utf-16-le")) // 2
    entities = tuple(
        msgspec.structs.replace(one, offset=one.offset - skipped)
        for one in nameless(message.entities)
        if one.offset >= skipped
    )
    return Text(rest, entities, message.link_preview_options)

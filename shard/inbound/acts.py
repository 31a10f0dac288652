"""What a person does to messages that are there: take back, clear, let a contact go. As aiogram handlers."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from aiogram import Router
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message

from core.domain.content import Contact, Media
from core.domain.conversation import Phase, Standing
from core.domain.envelope import Notice, Relay, Remove, Unsend
from core.domain.errors import UNDECODABLE
from core.domain.ids import MessageId
from core.state.redis.agreements import Agreements
from core.state.redis.message_map import MessageMap
from shard.inbound.commands import Button, Command
from shard.inbound.desk import Desk
from shard.inbound.intake import WASTE_BASKET
from shard.inbound.relay import content_of, relay
from shard.inbound.updates import Message as TelegramMessage
from shard.inbound.updates import Update, questions

AT_ONCE = 100
"""Messages that deleteMessages takes."""

router = Router(name="acts")


class TakesBack(Filter):
    """A reply that is nothing but a waste basket."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        said = (message.text or "").rstrip("\ufe0f")
        return message.reply_to_message is not None and said == WASTE_BASKET


@router.message(Command("unsend"))
async def unsend(message: Message, desk: Desk) -> None:
    """Take an own message back, on both sides."""
    await _unsend(message, desk)


@router.message(TakesBack())
async def unsend_by_sign(message: Message, desk: Desk) -> None:
    """The same by replying with a waste basket."""
    await _unsend(message, desk)


@router.callback_query(Button("contact"))
async def contact(query: CallbackQuery, desk: Desk, rest: str) -> None:
    """The answer to whether a contact may go to the partner, since it reveals a number."""
    desk.answer_button(query.id)
    answer, _, conversation = rest.partition(":")
    asked = query.message
    replied = asked.reply_to_message if isinstance(asked, Message) else None
    if asked is None or answer != "send":
        desk.say("contact_kept")
    elif replied is None or replied.contact is None:
        desk.say("contact_gone")
    else:
        standing = await desk.standing()
        if standing.phase is not Phase.CHATTING or str(standing.conversation) != conversation:
            desk.say("old_button")
            return
        given = replied.contact
        card = Contact(given.phone_number, given.first_name, given.last_name or "")
        body = Relay(
            conversation=standing.conversation,
            side=standing.side,
            sender=desk.person,
            source=desk.bot,
            message=MessageId(replied.message_id),
            content=card,
        )
        once = f"contact:{desk.person}:{replied.message_id}"
        desk.put(standing.partner, standing.partner_bot, body, once=once)
    if asked is not None:
        desk.put(desk.person, desk.bot, Remove((MessageId(asked.message_id),)))


@router.callback_query(Button("file"))
async def file(query: CallbackQuery, desk: Desk, given: Update, agreements: Agreements, rest: str) -> None:
    """The answer to whether files that may name their maker may go to the partner, in this conversation."""
    desk.answer_button(query.id)
    answer, _, conversation = rest.partition(":")
    if answer != "send":
        desk.say("file_kept")
    else:
        standing = await desk.standing()
        if standing.phase is not Phase.CHATTING or str(standing.conversation) != conversation:
            desk.say("old_button")
            return
        await agreements.give(standing)
        replied = _replied(given)
        content = content_of(replied) if replied is not None else None
        if replied is None or not isinstance(content, Media):
            desk.say("file_gone")
        else:
            alone = msgspec.structs.replace(content, as_is=True, album="")
            body = relay(replied, alone, desk.person, standing, desk.bot)
            once = f"file:{desk.person}:{replied.message_id}"
            desk.put(standing.partner, standing.partner_bot, body, once=once)
    if query.message is not None:
        desk.put(desk.person, desk.bot, Remove((MessageId(query.message.message_id),)))


def _replied(update: Update) -> TelegramMessage | None:
    """The person's message that a question of ours is about, as the hot path reads it."""
    pressed = update.callback_query
    try:
        return questions.decode(pressed.message).reply_to_message if pressed is not None else None
    except UNDECODABLE:
        return None


@router.callback_query(Button("clear"))
async def clear(query: CallbackQuery, desk: Desk, messages: MessageMap, rest: str) -> None:
    """Remove a conversation that is over from both chats."""
    desk.answer_button(query.id)
    standing = await desk.standing()
    if str(standing.conversation) != rest or standing.phase is Phase.CHATTING or standing.bot != desk.bot:
        desk.say("old_button")
        return
    sides = await messages.everything(standing.thread)
    if not any(sides):
        desk.say("clear_nothing")
        return
    for some in _portions(sides[standing.side]):
        desk.put(desk.person, desk.bot, Remove(some))
    for some in _portions(sides[1 - standing.side]):
        desk.put(standing.partner, standing.partner_bot, Remove(some))
    desk.put(standing.partner, standing.partner_bot, Notice("cleared_by_partner"))
    desk.say("cleared")


async def _unsend(message: Message, desk: Desk) -> None:
    replied = message.reply_to_message
    if replied is None:
        desk.say("unsend_how")
    elif replied.from_user is None or replied.from_user.is_bot:
        desk.say("unsend_own_only")
    else:
        standing = await desk.standing()
        if not standing.conversation or standing.bot != desk.bot:
            desk.say("unsend_gone")
            return
        _take_back(desk, standing, MessageId(replied.message_id), MessageId(message.message_id))


def _take_back(desk: Desk, standing: Standing, message: MessageId, command: MessageId) -> None:
    """First the partner's copy; where it is removed, the partner's shard has the rest removed here."""
    desk.put(
        standing.partner,
        standing.partner_bot,
        Unsend(standing.conversation, standing.side, desk.person, desk.bot, message, command),
    )


def _portions(messages: Sequence[MessageId]) -> Iterator[tuple[MessageId, ...]]:
    return (tuple(messages[at : at + AT_ONCE]) for at in range(0, len(messages), AT_ONCE))

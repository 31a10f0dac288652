"""What people type and press, as aiogram handlers. Each only speaks to its desk.

Filters are small async classes: aiogram runs plain functions and `F` expressions in a thread.
"""

from typing import Any

from aiogram import Router
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message, TelegramObject

from core.domain.conversation import Change, Phase, Standing
from core.domain.ids import MessageId
from core.state.people import People
from core.state.postgres.reports import Evidence
from core.state.redis.message_map import MessageMap
from shard.inbound.admission import Admission
from shard.inbound.desk import Desk
from shard.texts import name_of

router = Router(name="people")


class Command(Filter):
    """A message that begins with one of these commands, with or without `@bot`; passes what follows on."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        head, *rest = (message.text or "").split(maxsplit=1) or ("",)
        name = head.removeprefix("/").partition("@")[0].lower()
        return (
            {"rest": rest[0].strip() if rest else ""}
            if head.startswith("/") and name in self._names
            else False
        )


class Button(Filter):
    """A pressed button whose data is `name` or `name:rest`; passes the rest on."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, query: CallbackQuery) -> bool | dict[str, Any]:
        data = query.data or ""
        if data == self._name:
            return {"rest": ""}
        return {"rest": data[len(self._name) + 1 :]} if data.startswith(f"{self._name}:") else False


class Admin(Filter):
    """Of somebody in DUOLOGUE_ADMIN_IDS."""

    async def __call__(self, _: TelegramObject, desk: Desk, admin_ids: frozenset[int]) -> bool:
        return desk.person in admin_ids


@router.message(Command("start"))
async def start(_: Message, desk: Desk, admission: Admission, rest: str) -> None:
    """First contact, or coming back: the consent question, or where one stands."""
    person = await admission.welcome(desk, rest)
    if person is None:
        return
    standing = await desk.standing()
    if standing.phase is Phase.IDLE:
        desk.say("welcome_back")
    elif not await _is_elsewhere(desk, admission, standing):
        _say_where(desk, standing)


@router.callback_query(Button("consent"))
async def consent(query: CallbackQuery, desk: Desk, admission: Admission, rest: str) -> None:
    """The answer to the question of age and rules."""
    desk.answer_button(query.id)
    if rest == "yes":
        await admission.accept(desk, query.from_user.language_code)
    else:
        desk.say("consent_declined")


@router.message(Command("find"))
async def find(_: Message, desk: Desk, admission: Admission) -> None:
    """Look for a partner."""
    await _find(desk, admission)


@router.callback_query(Button("menu:find"))
async def find_button(query: CallbackQuery, desk: Desk, admission: Admission) -> None:
    """The same by button."""
    desk.answer_button(query.id)
    await _find(desk, admission)


@router.message(Command("next"))
async def following(_: Message, desk: Desk, admission: Admission) -> None:
    """Leave and look for somebody else."""
    await _leave(desk, admission, search=True, conversation="")


@router.callback_query(Button("menu:next"))
async def next_button(query: CallbackQuery, desk: Desk, admission: Admission, rest: str) -> None:
    """The same by the button of one conversation."""
    desk.answer_button(query.id)
    await _leave(desk, admission, search=True, conversation=rest)


@router.message(Command("stop"))
async def stop(_: Message, desk: Desk, admission: Admission) -> None:
    """End the chat or the search."""
    await _leave(desk, admission, search=False, conversation="")


@router.callback_query(Button("menu:stop"))
async def stop_button(query: CallbackQuery, desk: Desk, admission: Admission, rest: str) -> None:
    """The same by the button of one conversation (0: of a search)."""
    desk.answer_button(query.id)
    await _leave(desk, admission, search=False, conversation=rest)


@router.message(Command("help"))
async def help_(_: Message, desk: Desk) -> None:
    """What there is."""
    desk.say("help")


@router.message(Command("privacy"))
async def privacy(_: Message, desk: Desk) -> None:
    """What is kept and what is not; Telegram's terms ask for this command."""
    desk.say("privacy")


@router.message(Command("settings"))
async def settings(_: Message, desk: Desk, people: People) -> None:
    """The person's settings."""
    desk.say("settings", language=name_of(await people.language(desk.person)), person=str(desk.person))


@router.message(Command("report"))
async def report(message: Message, desk: Desk, admission: Admission, messages: MessageMap, rest: str) -> None:
    """Bad behaviour of the present or last partner; as a reply, with that message of theirs."""
    standing = await desk.standing()
    if not standing.partner:
        desk.say("report_nobody")
        return
    if desk.wrote_before(standing, MessageId(message.message_id)):
        # It is about somebody else, who is known no more.
        desk.say("report_early")
        return
    await admission.report(
        desk, standing, rest, await _evidence(message.reply_to_message, standing, messages)
    )


@router.message()
async def unknown(_: Message, desk: Desk) -> None:
    """Any other command."""
    desk.say("unknown_command")


@router.callback_query()
async def unknown_button(query: CallbackQuery, desk: Desk) -> None:
    """A button of an older version."""
    desk.answer_button(query.id)
    desk.say("old_button")


@router.my_chat_member()
async def membership(event: ChatMemberUpdated, desk: Desk, admission: Admission) -> None:
    """The person has blocked the bot, or opened it again."""
    blocked = event.new_chat_member.status == "kicked"
    await admission.note_reach(desk, blocked=blocked)
    if blocked:
        await desk.leave(search=False, partner_told=Change.PARTNER_UNREACHABLE)


async def _evidence(replied: Message | None, standing: Standing, messages: MessageMap) -> Evidence | None:
    """The message, where the partner wrote it in this conversation: neither the person nor the network."""
    if replied is None or replied.from_user is None or not replied.from_user.is_bot:
        return None
    number = MessageId(replied.message_id)
    if await messages.find(standing.thread, standing.side, number) is None:
        return None
    return Evidence(number, replied.content_type, replied.text or replied.caption or "")


async def _find(desk: Desk, admission: Admission) -> None:
    if not await admission.may_chat(desk):
        return
    if (await desk.standing()).phase is Phase.IDLE and await admission.sent_off(desk):
        return
    outcome = await desk.find()
    if not await admission.may_still_chat(desk):
        return
    if await _is_elsewhere(desk, admission, outcome.standing):
        return
    if not outcome.changed and not outcome.repeated:
        _say_where(desk, outcome.standing)


async def _leave(desk: Desk, admission: Admission, *, search: bool, conversation: str) -> None:
    standing = await desk.standing()
    if await _is_elsewhere(desk, admission, standing):
        return
    if (
        conversation.isdecimal()
        and standing.phase is Phase.CHATTING
        and int(conversation) != standing.conversation
    ):
        desk.say("old_button")
        return
    if search and not await admission.may_chat(desk):
        return
    sent_off = search and standing.phase is not Phase.WAITING and await admission.sent_off(desk)
    outcome = await desk.leave(search=search and not sent_off)
    if search and not await admission.may_still_chat(desk):
        return
    if outcome.changed or outcome.repeated or sent_off:
        return
    # What this shard knew of them may have been old.
    if await _is_elsewhere(desk, admission, outcome.standing):
        return
    if search:
        _say_where(desk, outcome.standing)
    else:
        desk.say("nothing_to_stop")


async def _is_elsewhere(desk: Desk, admission: Admission, standing: Standing) -> bool:
    """Whether they search or talk at another bot, which they are told."""
    if standing.phase is Phase.IDLE or standing.bot == desk.bot:
        return False
    desk.say("chat_is_elsewhere", username=await admission.username(standing.bot))
    return True


def _say_where(desk: Desk, standing: Standing) -> None:
    """Nothing changed, because the person waits or talks already."""
    if standing.phase is Phase.CHATTING:
        desk.say("already_chatting", conversation=str(standing.conversation))
    elif standing.phase is Phase.WAITING:
        desk.say("already_searching")

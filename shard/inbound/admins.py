"""What admins type, as aiogram handlers. To everybody else these commands are not there."""

import re

from aiogram import Router
from aiogram.types import Message

from core.domain.ids import PersonId
from core.state.moderation import FOR_GOOD, Moderation
from core.state.postgres.pool import DatabaseAway
from shard.inbound.commands import Admin, Command
from shard.inbound.desk import Desk
from shard.inbound.overview import Overview

SHOWN = 15
"""People whose reports are shown at once."""

_BAN = re.compile(r"(\d{1,15})(?:\s+(\d{1,5}))?(?:\s+(.+))?", re.ASCII | re.DOTALL)
"""A person, days (for good where there are none), the reason."""

router = Router(name="admins")
router.message.filter(Admin())


@router.message(Command("stats"))
async def stats(_: Message, desk: Desk, overview: Overview) -> None:
    """The network's figures."""
    desk.say("stats", table=await overview.table())


@router.message(Command("ban"))
async def ban(_: Message, desk: Desk, moderation: Moderation, rest: str) -> None:
    """Shut somebody out, for some days or for good."""
    said = _BAN.fullmatch(rest)
    if said is None:
        desk.say("ban_how")
        return
    number, days, reason = said.groups()
    person = PersonId(int(number))
    try:
        row = await moderation.ban(person, float(days) if days else FOR_GOOD, reason or "–")
    except DatabaseAway:
        desk.say("try_later")
        return
    desk.later(moderation.stopped_everywhere(person))
    desk.say("ban_done", person=number, until=row.ban_ends)


@router.message(Command("unban"))
async def unban(_: Message, desk: Desk, moderation: Moderation, rest: str) -> None:
    """Let somebody in again."""
    if not _is_person(rest):
        desk.say("ban_how")
        return
    try:
        await moderation.unban(PersonId(int(rest)))
    except DatabaseAway:
        desk.say("try_later")
        return
    desk.say("unban_done", person=rest)


@router.message(Command("reports"))
async def reports(_: Message, desk: Desk, moderation: Moderation, rest: str) -> None:
    """Who has been complained about; `/reports done <person>` closes what was said of somebody."""
    number = rest.removeprefix("done ").strip()
    try:
        if number != rest and _is_person(number):
            await moderation.close_reports(PersonId(int(number)))
        found = await moderation.reported(SHOWN)
    except DatabaseAway:
        desk.say("try_later")
        return
    if not found:
        desk.say("reports_none")
        return
    lines = [
        f"{one.person}  {one.times}×  {one.last:%m-%d %H:%M}  {one.reason[:100] or '–'}" for one in found
    ]
    desk.say("reports", table="\n".join(lines))


def _is_person(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15

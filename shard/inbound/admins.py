"""What admins type, as aiogram handlers. To everybody else these commands are not there."""

import re
from collections.abc import Sequence

import structlog
from aiogram import Router
from aiogram.types import Message

from core.domain.ids import PersonId
from core.state.moderation import FOR_GOOD, Moderation
from core.state.postgres.pool import DatabaseAway
from core.state.postgres.reports import Shown
from shard.inbound.commands import Admin, Command
from shard.inbound.desk import Desk
from shard.inbound.overview import Overview

SHOWN = 15
"""People whose reports are shown at once."""

EVIDENCE_SHOWN, EVIDENCE_LENGTH = 8, 200
"""Reported messages that are shown in Telegram, the newest, and how much of each: an emoji counts twice, and
4096 are a message. `duologue reports --show` has all that is kept."""

_BAN = re.compile(r"(\d{1,15})(?:\s+(\d{1,5}))?(?:\s+(.+))?", re.ASCII | re.DOTALL)
"""A person, days (for good where there are none), the reason."""

_ABOUT = re.compile(r"(show|done)\s+(\d{1,15})", re.ASCII)

log = structlog.get_logger(__name__)

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
    """Who has been complained about; `show <person>` their reported messages, `done <person>` closes it."""
    about = _ABOUT.fullmatch(rest)
    what, number = about.groups() if about is not None else ("", "")
    try:
        if what == "show":
            shown = await moderation.evidence(PersonId(int(number)))
            log.info("reported messages were shown", admin=desk.person, of=int(number))
            _say_evidence(desk, number, shown)
            return
        if what == "done":
            await moderation.close_reports(PersonId(int(number)))
        found = await moderation.reported(SHOWN)
    except DatabaseAway:
        desk.say("try_later")
        return
    if not found:
        desk.say("reports_none")
        return
    lines = [
        f"{one.person}  {one.times}×  {one.last:%m-%d %H:%M}  {one.messages} ✉  {one.reason[:100] or '–'}"
        for one in found
    ]
    desk.say("reports", table="\n".join(lines))


def _say_evidence(desk: Desk, person: str, shown: Sequence[Shown]) -> None:
    """The newest of it, as much as one message of ours holds."""
    if not shown:
        desk.say("evidence_none", person=person)
        return
    lines = []
    for one in shown[-EVIDENCE_SHOWN:]:
        said = one.evidence
        text = "?" if said is None else said.text[:EVIDENCE_LENGTH] or f"({said.kind})"
        lines.append(f"{one.at:%m-%d %H:%M}  {text}")
    desk.say("evidence", person=person, table="\n".join(lines))


def _is_person(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15

"""`duologue ban`, `unban` and `reports`, the same as the admins' commands in the bots; and `forget`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from core.state.moderation import Moderation
    from core.state.postgres.reports import Reported, Shown


def ban(person: int, /, *, days: float | None = None, reason: str = "–") -> int:
    """Shut somebody out. Their chat ends at once, their partner is told, and reports about them are closed.

    Parameters
    ----------
    person
        Their Telegram user id, as `duologue reports` shows it.
    days
        For how long; for good where not given.
    reason
        What the person is told.

    """
    from core.domain.ids import PersonId
    from core.state.moderation import FOR_GOOD
    from deploy.cli.context import run

    async def work(settings: "Settings") -> str:
        async with _open(settings) as moderation:
            row = await moderation.ban(PersonId(person), FOR_GOOD if days is None else days, reason)
        return f"{person} is shut out{row.ban_ends or ' for good'}"

    print(run(work))
    return 0


def unban(person: int, /) -> int:
    """Let somebody in again.

    Parameters
    ----------
    person
        Their Telegram user id.

    """
    from core.domain.ids import PersonId
    from deploy.cli.context import run

    async def work(settings: "Settings") -> str:
        async with _open(settings) as moderation:
            await moderation.unban(PersonId(person))
        return f"{person} may come in again"

    print(run(work))
    return 0


def forget(person: int, /) -> int:
    """Delete what is kept of somebody who asks for it: language, consent, opened bots, reported messages.

    Their chat ends. A ban stays until it is over. They may come back as anybody may.

    Parameters
    ----------
    person
        Their Telegram user id: /settings shows it to them.

    """
    from core.domain.ids import PersonId
    from deploy.cli.context import run

    async def work(settings: "Settings") -> str:
        async with _open(settings) as moderation:
            known = await moderation.forget(PersonId(person))
        return f"nothing is kept of {person} any more" if known else f"nobody knows {person}"

    print(run(work))
    return 0


def reports(*, show: int | None = None, close: int | None = None, json: bool = False) -> int:
    """List the people about whom there are open reports, those with the most first.

    Parameters
    ----------
    show
        Instead, the messages of this person that were reported.
    close
        First close the reports about this person: they were dealt with, and what was kept is deleted.
    json
        Print JSON instead of a table.

    """
    from core.domain.ids import PersonId
    from deploy.cli.context import run
    from deploy.cli.output import print_json, print_table

    if show is not None:
        return _show(show, json=json)

    async def work(settings: "Settings") -> "Sequence[Reported]":
        async with _open(settings) as moderation:
            if close is not None:
                await moderation.close_reports(PersonId(close))
            return await moderation.reported(100)

    found = run(work)
    if json:
        print_json([one._asdict() for one in found])
    else:
        rows = [
            (one.person, one.times, one.messages, f"{one.last:%Y-%m-%d %H:%M}", one.reason[:60])
            for one in found
        ]
        print_table((">person", ">reports", ">messages", "last (UTC)", "why"), rows)
    return 0


def _show(person: int, *, json: bool) -> int:
    from core.domain.ids import PersonId
    from deploy.cli.context import run
    from deploy.cli.output import print_json, print_table

    async def work(settings: "Settings") -> "Sequence[Shown]":
        async with _open(settings) as moderation:
            return await moderation.evidence(PersonId(person))

    rows = [
        (one.at, one.evidence.kind, one.evidence.text)
        if one.evidence
        else (one.at, "?", "(no key of ours opens it: name the one before in DUOLOGUE_OLDER_SECRET_KEYS)")
        for one in run(work)
    ]
    if json:
        print_json([{"at": at, "kind": kind, "text": text} for at, kind, text in rows])
    else:
        print_table(("at (UTC)", "kind", "text"), [(f"{at:%Y-%m-%d %H:%M}", *rest) for at, *rest in rows])
    return 0


@asynccontextmanager
async def _open(settings: "Settings") -> "AsyncIterator[Moderation]":
    from core.service.clock import SystemClock
    from core.state.moderation import Moderation
    from core.state.people import People
    from core.state.postgres.people import PeopleTable
    from core.state.postgres.pool import Database
    from core.state.postgres.reports import EvidenceCipher, Reports
    from core.state.redis.client import RedisClient
    from core.state.redis.conversations import Conversations
    from core.state.redis.keys import Keys
    from core.state.redis.people_cache import PeopleCache
    from core.state.redis.streams import Streams
    from deploy.cli.context import require

    database_url = require(settings, "database_url", "DUOLOGUE_DATABASE_URL")
    redis_url = require(settings, "redis_url", "DUOLOGUE_REDIS_URL")
    keys = Keys(settings.key_prefix)
    async with (
        Database(database_url, size=1) as database,
        RedisClient(redis_url, settings.durability, connections=2) as client,
    ):
        # Asked first: without Redis nobody would hear of the ban.
        await client.open()
        streams = Streams(client, keys)
        people = People(PeopleTable(database), PeopleCache(client, keys))
        reports = Reports(database, EvidenceCipher(*settings.secrets) if settings.secrets else None)
        yield Moderation(people, reports, Conversations(client, keys, streams), streams, SystemClock())

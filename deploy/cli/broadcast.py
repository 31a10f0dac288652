"""`duologue broadcast`: what is wanted is written down; the leading coordinator does it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import cyclopts

from config.settings import Settings
from core.domain.broadcast import Broadcast, BroadcastState
from core.domain.content import Text
from core.domain.errors import DuologueError
from core.domain.ids import BroadcastId
from core.state.postgres.broadcasts import Broadcasts, NoSuchBroadcast
from core.state.postgres.pool import Database
from deploy.cli import BROADCAST
from deploy.cli.context import found_settings, require, run
from deploy.cli.output import print_json, print_table

LONGEST = 4096
"""Characters of a text, as Telegram counts them."""

app = cyclopts.App(name="broadcast", help=BROADCAST)

Number = Annotated[
    int | None,
    cyclopts.Parameter(help="Its id, as `duologue broadcast list` shows it; without it the one under way."),
]
Json = Annotated[bool, cyclopts.Parameter(help="Print JSON instead of a table.")]

_COLUMNS = (
    *(">id", "state", "started (UTC)", ">people", ">sent", ">blocked", ">gone", ">refused"),
    *(">left", ">Stars", "text"),
)


class NotSent(DuologueError):
    """The broadcast was not begun."""


@app.command
def start(text: str, /, *, yes: bool = False, stars: int = 0, json: bool = False) -> int:
    """Send a text to everybody who has agreed to the rules and not blocked all bots, each once.

    It is asked for a yes first. For files and formatting, reply with /broadcast to a message in any bot.

    Parameters
    ----------
    text
        What everybody gets; `-` reads it from standard input.
    yes
        Do not ask.
    stars
        Telegram Stars that it may cost at most, to be quicker than 30 messages a second a bot; no more
        than DUOLOGUE_PAID_BROADCAST_STARS.
    json
        Print JSON instead of a table.

    """
    said = (sys.stdin.read() if text == "-" else text).strip()
    length = len(said.encode("utf-16-le")) // 2
    if not 0 < length <= LONGEST:
        raise NotSent(f"the text has {length} characters; it should have 1 to {LONGEST}")
    if not yes and not sys.stdin.isatty():
        raise NotSent("nobody is there to be asked: say --yes")

    allowed = found_settings().paid_broadcast_stars
    if not 0 <= stars <= allowed:
        raise NotSent(
            f"it may cost 0 to {allowed} Stars: DUOLOGUE_PAID_BROADCAST_STARS says how many at most"
        )

    async def count(settings: Settings) -> int:
        async with _open(settings) as broadcasts:
            return await broadcasts.reachable()

    async def work(settings: Settings) -> Broadcast:
        async with _open(settings) as broadcasts:
            return await broadcasts.get(await broadcasts.start(Text(said), stars))

    if not yes:
        answer = input(f"{said}\n\nSend this to {run(count):,} people? [y/N] ")
        if answer.strip().lower() != "y":
            raise NotSent("nothing was sent")
    return _show([run(work)], json=json)


@app.command
def status(number: Number = None, /, *, json: Json = False) -> int:
    """Show how far it has come."""

    async def work(settings: Settings) -> Broadcast:
        async with _open(settings) as broadcasts:
            return await _find(broadcasts, number)

    return _show([run(work)], json=json)


@app.command
def pause(number: Number = None, /, *, json: Json = False) -> int:
    """Send no more for now. What a shard has already, at most a second's worth, still goes."""
    return _steer(number, BroadcastState.PAUSED, json=json)


@app.command
def resume(number: Number = None, /, *, json: Json = False) -> int:
    """Go on where it was paused."""
    return _steer(number, BroadcastState.RUNNING, json=json)


@app.command
def stop(number: Number = None, /, *, json: Json = False) -> int:
    """End it for good, wherever it is. What a shard has already, at most a second's worth, still goes."""
    return _steer(number, BroadcastState.STOPPED, json=json)


@app.command(name="list")
def list_broadcasts(*, json: Json = False) -> int:
    """List the last broadcasts, the newest first."""

    async def work(settings: Settings) -> list[Broadcast]:
        async with _open(settings) as broadcasts:
            return await broadcasts.newest(20)

    return _show(run(work), json=json)


def _steer(number: int | None, state: BroadcastState, *, json: bool) -> int:
    async def work(settings: Settings) -> Broadcast:
        async with _open(settings) as broadcasts:
            found = await _find(broadcasts, number)
            if not await broadcasts.steer(found.id, state):
                raise NoSuchBroadcast(f"broadcast {found.id} is not under way, it is {found.state}")
            return await broadcasts.get(found.id)

    return _show([run(work)], json=json)


async def _find(broadcasts: Broadcasts, number: int | None) -> Broadcast:
    """The one of that number, or the one under way. Raises NoSuchBroadcast."""
    if number is not None:
        return await broadcasts.get(BroadcastId(number))
    current = await broadcasts.under_way()
    if current is None:
        raise NoSuchBroadcast("no broadcast is under way: `duologue broadcast list` shows those that were")
    return current


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Broadcasts]:
    url = require(settings, "database_url", "DUOLOGUE_DATABASE_URL")
    async with Database(url, size=1) as database:
        yield Broadcasts(database)


def _show(found: list[Broadcast], *, json: bool) -> int:
    if json:
        rows = [_as_json(one) for one in found]
        print_json(rows)
    else:
        print_table(_COLUMNS, [_row(one) for one in found])
    return 0


def _as_json(one: Broadcast) -> dict[str, object]:
    counts = one.counts
    return {
        "id": one.id,
        "state": one.state,
        "started_at": one.started_at,
        "finished_at": one.finished_at,
        "audience": one.audience,
        "sent": counts.sent,
        "blocked": counts.blocked + counts.skipped,
        "gone": counts.gone,
        "refused": counts.refused,
        "left": one.left,
        "stars": one.paid / 10,
        "stars_at_most": one.stars,
    }


def _row(one: Broadcast) -> tuple[object, ...]:
    figures = _as_json(one)
    names = ("audience", "sent", "blocked", "gone", "refused", "left", "stars")
    text = one.content.text if isinstance(one.content, Text) else type(one.content).__name__.lower()
    return (
        one.id,
        one.state.value,
        f"{one.started_at:%Y-%m-%d %H:%M}" if one.started_at else "",
        *(figures[name] for name in names),
        text.replace("\n", " ")[:30],
    )

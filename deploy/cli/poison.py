"""`duologue poison`: what could not be read or sent and was put aside; look at it, replay it, drop it."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import cyclopts

from core.domain.errors import DuologueError
from deploy.cli import POISON

if TYPE_CHECKING:
    from config.settings import Settings
    from core.state.redis.poison import PoisonBox, PoisonCipher, Poisoned

app = cyclopts.App(name="poison", help=POISON)


class NoSuchEntry(DuologueError):
    """Nothing of that name lies aside."""


class _Found(NamedTuple):
    box: "PoisonBox"
    one: "Poisoned"


@app.command(name="list")
def list_(*, json: bool = False) -> int:
    """List what lies aside, of all bots: it is kept for seven days, 500 a bot.

    Parameters
    ----------
    json
        Print JSON instead of a table.

    """
    import datetime as dt

    from deploy.cli.output import print_json, print_table

    async def work(found: list[_Found], _: "PoisonCipher") -> list[_Found]:
        return found

    rows = [one for _, one in _run(work)]
    if json:
        print_json([_row(one) for one in rows])
        return 0
    moments = [f"{dt.datetime.fromtimestamp(one.at / 1000, dt.UTC):%Y-%m-%d %H:%M}" for one in rows]
    cells = [
        (one.bot, one.id, moment, one.kind.value, one.size, one.why)
        for one, moment in zip(rows, moments, strict=True)
    ]
    print_table((">bot", "id", "put aside (UTC)", "what", ">bytes", "why"), cells)
    return 0


@app.command
def show(entry: str, /, *, reveal: bool = False, json: bool = False) -> int:
    """Show how one of them is built: names of fields, types and lengths, but nothing that people wrote.

    Parameters
    ----------
    entry
        Its id, as `duologue poison list` shows it.
    reveal
        Show the content itself. It may be what a person wrote to another.
    json
        Print JSON.

    """
    from core.state.redis.poison import shape
    from deploy.cli.output import print_json

    async def work(found: list[_Found], cipher: "PoisonCipher") -> dict[str, Any]:
        _, one = _pick(found, entry)
        content = cipher.open(one)
        shown = {**_row(one), "shape": shape(content, one.kind)}
        return shown | {"content": content.decode(errors="backslashreplace")} if reveal else shown

    shown = _run(work)
    if json:
        print_json(shown)
        return 0
    for name, value in shown.items():
        print(f"{name}: {value}")
    return 0


@app.command
def replay(entry: str | None = None, /, *, all: bool = False) -> int:  # noqa: A002 the option's name
    """Have it worked through again, for example by a newer version that can read it.

    What still cannot be read is put aside again. An update after which its writer asked for something
    else reaches nobody.

    Parameters
    ----------
    entry
        Its id, as `duologue poison list` shows it.
    all
        Everything that is kept whole.

    """

    async def work(found: list[_Found], _: "PoisonCipher") -> int:
        chosen = [each for each in found if each.one.whole] if all else [_pick(found, entry or "")]
        for box, one in chosen:
            if not one.whole:
                raise DuologueError(f"of {one.id} only the beginning is kept: it cannot be replayed")
            await box.replay(one)
        return len(chosen)

    print(f"{_run(work)} to be worked through again")
    return 0


@app.command
def drop(entry: str | None = None, /, *, all: bool = False) -> int:  # noqa: A002 the option's name
    """Forget it.

    Parameters
    ----------
    entry
        Its id, as `duologue poison list` shows it.
    all
        Everything.

    """

    async def work(found: list[_Found], _: "PoisonCipher") -> int:
        chosen = found if all else [_pick(found, entry or "")]
        for box, one in chosen:
            await box.drop(one)
        return len(chosen)

    print(f"{_run(work)} forgotten")
    return 0


def _pick(found: list[_Found], entry: str) -> _Found:
    for each in found:
        if each.one.id == entry:
            return each
    raise NoSuchEntry(f"nothing named {entry!r} lies aside: `duologue poison list` shows what does")


def _row(one: "Poisoned") -> dict[str, Any]:
    return {
        "bot": one.bot,
        "id": one.id,
        "at": one.at,
        "what": one.kind.value,
        "bytes": one.size,
        "whole": one.whole,
        "why": one.why,
    }


def _run(work: "Callable[[list[_Found], PoisonCipher], Coroutine[Any, Any, Any]]") -> Any:
    from deploy.cli.context import run

    async def main(settings: "Settings") -> Any:
        async with _boxes(settings) as (boxes, cipher):
            found = [_Found(box, one) for box in boxes for one in await box.all()]
            return await work(found, cipher)

    return run(main)


@asynccontextmanager
async def _boxes(settings: "Settings") -> "AsyncIterator[tuple[list[PoisonBox], PoisonCipher]]":
    """Those of all bots in the network, also of bots that serve no more."""
    from core.state.redis.client import RedisClient
    from core.state.redis.keys import Keys
    from core.state.redis.poison import PoisonBox, PoisonCipher
    from deploy.cli.context import open_bots, require

    if not settings.secrets:
        raise DuologueError("this needs DUOLOGUE_SECRET_KEY, with which what lies aside is encrypted")
    url = require(settings, "redis_url", "DUOLOGUE_REDIS_URL")
    async with open_bots(settings) as bots:
        known = [row.id for row in await bots.list()]
    cipher = PoisonCipher(*settings.secrets)
    async with RedisClient(url, settings.durability, connections=1) as client:
        keys = Keys(settings.key_prefix)
        yield [PoisonBox(client, keys, bot, cipher) for bot in known], cipher

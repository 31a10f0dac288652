"""`duologue bots`: who is in the network. The supervisor and the coordinator follow the table."""

import getpass
import sys

import cyclopts

from config.settings import Settings
from core.domain.errors import DuologueError
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.state.postgres.bots import BotRow
from core.state.redis.keys import Keys
from deploy.cli import BOTS
from deploy.cli.context import open_bots, require, run
from deploy.cli.output import print_json, print_table

app = cyclopts.App(name="bots", help=BOTS)


class TokenForm(DuologueError):
    """What was given does not look like a token."""


@app.command(name="list")
def list_bots(*, json: bool = False) -> int:
    """List the bots of the network, oldest first, with their state and why they are in it.

    Parameters
    ----------
    json
        Print JSON instead of a table.

    """
    rows = run(_rows)
    if json:
        print_json([row._asdict() for row in rows])
        return 0
    cells = [
        (row.id, f"@{row.username}", row.state.value, f"{row.added_at:%Y-%m-%d %H:%M}", row.reason)
        for row in rows
    ]
    print_table((">bot", "name", "state", "added (UTC)", "why"), cells)
    return 0


@app.command
def add(token: str | None = None, /) -> int:
    """Take a bot into the network. Telegram is asked whose token it is; a shard serves it in seconds.

    Parameters
    ----------
    token
        The token from @BotFather. Without it, it is asked for (or read from standard input), so
        that it does not show in the list of processes.

    """
    given = _token(token)

    async def work(settings: Settings) -> str:
        from deploy.bots import http_session, take_in

        async with open_bots(settings) as bots, http_session() as http:
            account = await take_in(bots, http, settings.telegram_api_url, given)
        return f"@{account.username} (bot {account.bot}) is in the network; its shard starts now"

    print(run(work))
    return 0


@app.command
def rotate(token: str | None = None, /) -> int:
    """Give a bot of the network its new token, after @BotFather made one and the old one ended.

    Parameters
    ----------
    token
        The new token. Without it, it is asked for (or read from standard input).

    """
    given = _token(token)

    async def work(settings: Settings) -> str:
        from deploy.bots import http_session, who_is

        async with open_bots(settings) as bots, http_session() as http:
            account = await who_is(http, settings.telegram_api_url, given)
            await bots.rotate(account.bot, given)
        return (
            f"@{account.username} (bot {account.bot}) has its new token; its shard takes it at its next start"
            f"{_told_of_another(settings, account.bot, given)}"
        )

    print(run(work))
    return 0


@app.command
def rekey() -> int:
    """Encrypt with DUOLOGUE_SECRET_KEY every token that a key in DUOLOGUE_OLDER_SECRET_KEYS sealed.

    The network may run meanwhile. May be run again; `duologue up` does it at its start.
    """

    async def work(settings: Settings) -> str:
        async with open_bots(settings) as bots:
            rekeyed, known = await bots.rekey(), len(await bots.list())
        return f"{rekeyed} of {known} tokens encrypted anew; all of them open with DUOLOGUE_SECRET_KEY alone"

    print(run(work))
    return 0


@app.command
def drain(bot: int, /) -> int:
    """Let a bot take no newcomers. It retires when its last conversation has ended.

    Parameters
    ----------
    bot
        The bot's id, as `duologue bots list` shows it.

    """

    async def work(settings: Settings) -> str:
        async with open_bots(settings) as bots:
            row = await bots.get(BotId(bot))
            if not row.state.serves:
                return f"@{row.username} is {row.state.value}: it serves nobody already"
            await bots.set_state(row.id, BotState.DRAINING, reason="drained by an operator")
            return f"@{row.username} takes no newcomers any more; it retires when nobody talks there"

    print(run(work))
    return 0


@app.command
def remove(bot: int, /, *, now: bool = False) -> int:
    """Forget a bot and its token. Its shard stops.

    With `--now`, whoever talks there and has opened another bot of the network goes on at that one.
    A bot that people are left at, or that a process goes on serving, stays in the list, quarantined or
    retired: the command says what to do, and is given again.

    Parameters
    ----------
    bot
        The bot's id, as `duologue bots list` shows it.
    now
        Also while it still serves people; they are moved where they have opened another bot, and the
        partners of the others are told.

    """

    async def work(settings: Settings) -> str:
        from deploy.moving import moved

        redis_url, keys = require(settings, "redis_url", "DUOLOGUE_REDIS_URL"), Keys(settings.key_prefix)
        async with open_bots(settings) as bots:
            row = await bots.get(BotId(bot))
            if row.state.serves and not now:
                raise DuologueError(
                    f"@{row.username} is {row.state.value} and may be serving people: drain it first "
                    f"(`duologue bots drain {bot}`) and wait until it is retired, or say --now"
                )
            if row.state.serves:
                # So whoever leads moves its people, as from a bot whose token was revoked.
                await bots.set_state(row.id, BotState.QUARANTINED, reason="removed by an operator")
            anybody = await moved(redis_url, keys, row.id)
            await bots.remove(row.id)
            people = "; its people were moved, or their partners told" if anybody else ""
            return f"@{row.username} is out of the network{people}{_told_again(settings, row)}"

    print(run(work))
    return 0


def _token(given: str | None) -> str:
    """The token, asked for where it was not given. Raises TokenForm."""
    import re

    token = given or (getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline())
    token = token.strip()
    if not re.fullmatch(r"[0-9]{5,}:[A-Za-z0-9_-]{30,}", token, re.ASCII):
        raise TokenForm("this is no bot token; it should look like 123456789:AAE..., as @BotFather gives it")
    return token


async def _rows(settings: Settings) -> list[BotRow]:
    async with open_bots(settings) as bots:
        return await bots.list()


def _told_again(settings: Settings, row: BotRow) -> str:
    """A word to those whose settings would bring it back."""
    return (
        "; take its token out of DUOLOGUE_BOT_TOKENS too, or the next start brings it back"
        if _set_tokens(settings, row.id)
        else ""
    )


def _told_of_another(settings: Settings, bot: BotId, token: str) -> str:
    """A word to those whose settings still hold a token of this bot that is not this one."""
    others = _set_tokens(settings, bot) - {token}
    return "; put it into DUOLOGUE_BOT_TOKENS too, which holds another one" if others else ""


def _set_tokens(settings: Settings, bot: BotId) -> set[str]:
    """The tokens of this bot that the settings name."""
    tokens = {token.get_secret_value() for token in settings.bot_tokens}
    return {token for token in tokens if token.startswith(f"{bot}:")}

"""Taking bots into the network: Telegram is asked who a token belongs to before it is kept."""

from typing import NamedTuple

import aiohttp
import msgspec

from core.domain.errors import UNDECODABLE, DuologueError
from core.domain.ids import BotId
from core.state.postgres.bots import Bots
from shard.telegram import Refused, Telegram, TelegramAway, TelegramError


class TokenWrong(DuologueError):
    """Telegram does not know this token."""


class TokenUnchecked(TokenWrong):
    """Telegram cannot be asked about it now."""


class Account(NamedTuple):
    """Who a token belongs to."""

    bot: BotId
    username: str


class _Me(msgspec.Struct):
    id: int
    username: str


def bot_of(token: str) -> BotId:
    """The bot that a token names before its colon."""
    return BotId(int(token.partition(":")[0]))


async def who_is(session: aiohttp.ClientSession, api_url: str, token: str) -> Account:
    """Ask Telegram (getMe). Raises TokenWrong, TokenUnchecked."""
    bot = bot_of(token)
    try:
        me = msgspec.json.decode(
            await Telegram(session, api_url, token).call("getMe", {}, timeout=15), type=_Me
        )
    except Refused as error:
        raise TokenWrong(
            f"the token of bot {bot} is refused ({error.code} {error.description}): "
            "copy it again from @BotFather, /mybots, API Token"
        ) from None
    except TelegramAway:
        raise TokenUnchecked(
            f"{api_url} does not answer, so the token of bot {bot} cannot be checked: "
            "check the network and DUOLOGUE_TELEGRAM_API_URL"
        ) from None
    except (TelegramError, *UNDECODABLE) as error:
        raise TokenUnchecked(f"the token of bot {bot} cannot be checked now: {error}") from None
    return Account(BotId(me.id), me.username)


async def take_in(bots: Bots, session: aiohttp.ClientSession, api_url: str, token: str) -> Account:
    """Check a token and keep it. Raises TokenWrong, BotKnown, DatabaseAway."""
    account = await who_is(session, api_url, token)
    await bots.add(account.bot, account.username, token)
    return account


def http_session() -> aiohttp.ClientSession:
    """A session for a few calls. `async with`."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=8))

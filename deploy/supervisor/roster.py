"""Which bots are in the network when it starts: those of the settings, or the simulator's."""

import asyncio
from collections.abc import Callable, Sequence

import aiohttp

from core.domain.errors import DuologueError
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.state.postgres.bots import Bots, BotUnknown
from deploy.bots import Account, TokenUnchecked, TokenWrong, bot_of, take_in, who_is
from deploy.supervisor.shards import Acquaintances
from simulator.client import BotAccount, Client, SimulatorRefused

SIMULATOR_START_S = 60.0
ASK_AGAIN_S = 10.0


async def take_in_simulated(bots: Bots, url: str, *, ours: bool) -> None:
    """The simulator's bots, as soon as it answers, and none but them. Raises DuologueError.

    `ours`: the database is the demo's own, so what else is in it was simulated too.
    """
    accounts = await _simulated(url)
    strangers = {row.id for row in await bots.list()} - {BotId(account.id) for account in accounts}
    if strangers and not ours:
        raise DuologueError(
            f"the database holds {len(strangers)} other bots, and DUOLOGUE_BOT_TOKENS is not set: "
            "set it to serve them, or unset DUOLOGUE_DATABASE_URL for the demo"
        )
    for stranger in strangers:
        await bots.remove(stranger)
    for account in accounts:
        bot = BotId(account.id)
        await _keep(bots, Account(bot, account.username), account.token, await _known(bots, bot))


async def take_in_tokens(
    bots: Bots,
    http: aiohttp.ClientSession,
    api_url: str,
    tokens: Sequence[str],
    meet: Acquaintances,
    warn: Callable[[str], None],
) -> list[str]:
    """The bots of the settings. One that we know with this token is not asked after. Raises DuologueError.

    One that we know with another token keeps that where Telegram does not say that this one is right:
    the settings may be older than `duologue bots rotate`. Returns the tokens of which Telegram did not say
    anything.
    """
    unchecked: list[str] = []
    for token in tokens:
        bot = bot_of(token)
        known = await _known(bots, bot)
        if known == token:
            continue
        await meet.meet(bot)
        if known is None:
            await take_in(bots, http, api_url, token)
            continue
        try:
            account = await who_is(http, api_url, token)
        except TokenUnchecked as error:
            unchecked.append(token)
            warn(f"DUOLOGUE_BOT_TOKENS: {error}; it is asked again, and {await _meanwhile(bots, bot)}")
        except TokenWrong as error:
            warn(f"DUOLOGUE_BOT_TOKENS: {error}; {await _meanwhile(bots, bot)}")
        else:
            await _keep(bots, account, token, known)
            warn(f"bot {bot} has the token of DUOLOGUE_BOT_TOKENS instead of the one that was kept before")
    return unchecked


async def ask_again(
    bots: Bots,
    http: aiohttp.ClientSession,
    api_url: str,
    tokens: Sequence[str],
    meet: Acquaintances,
    warn: Callable[[str], None],
) -> None:
    """Until Telegram has said yes or no to each. Nothing is said again that was said before."""
    said: set[str] = set()

    def once(words: str) -> None:
        if words not in said:
            said.add(words)
            warn(words)

    while tokens:
        await asyncio.sleep(ASK_AGAIN_S)
        try:
            tokens = await take_in_tokens(bots, http, api_url, tokens, meet, once)
        except DuologueError as error:
            once(str(error))


async def _meanwhile(bots: Bots, bot: BotId) -> str:
    """What becomes of a bot whose token in the settings is of no use, or not yet."""
    row = await bots.get(bot)
    if row.state is BotState.QUARANTINED:
        return f"bot {bot} stays quarantined ({row.reason})"
    return f"bot {bot} goes on with another token, which was kept before"


async def _simulated(url: str) -> list[BotAccount]:
    try:
        async with asyncio.timeout(SIMULATOR_START_S), Client(url) as client:
            while True:
                try:
                    return await client.bots()
                except (aiohttp.ClientError, OSError, SimulatorRefused):
                    await asyncio.sleep(0.05)
    except TimeoutError:
        raise DuologueError(f"the simulator does not answer at {url}: its log tells why") from None


async def _known(bots: Bots, bot: BotId) -> str | None:
    """The token that we keep of a bot. Raises WrongKey, DatabaseAway."""
    try:
        return await bots.token(bot)
    except BotUnknown:
        return None


async def _keep(bots: Bots, account: Account, token: str, known: str | None) -> None:
    if known is None:
        await bots.add(account.bot, account.username, token)
    elif known != token:
        await bots.rotate(account.bot, token)

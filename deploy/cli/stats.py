"""`duologue stats`: the figures of this moment, from Redis alone."""

import time
from typing import TYPE_CHECKING

from core.domain.fleet import BotStats, NetworkStats, Totals

if TYPE_CHECKING:
    from config.settings import Settings

_COLUMNS = (
    ">bot",
    "name",
    "state",
    ">people",
    ">chatting",
    ">waiting",
    ">in/s",
    ">out/s",
    ">of cap",
    ">backlog",
    ">oldest",
    ">429s",
    ">MiB",
)


def stats(*, json: bool = False) -> int:
    """Show what every shard does now: a row for each bot, and the sum.

    People were active lately; chatting counts this bot's side of a conversation; in/s and out/s are
    messages a second over the last ten; the backlog is what waits to be sent, and how old that is.

    Parameters
    ----------
    json
        Print JSON instead of a table.

    """
    from deploy.cli.context import run
    from deploy.cli.output import print_json, print_table

    found = run(_stats)
    if json:
        print_json(found)
    else:
        print_table(_COLUMNS, [*map(_row, found.bots), _sum(found)])
    return 0


async def _stats(settings: "Settings") -> NetworkStats:
    from core.state.redis.client import RedisClient
    from core.state.redis.fleet import Fleet
    from core.state.redis.keys import Keys
    from deploy.cli.context import require

    url = require(settings, "redis_url", "DUOLOGUE_REDIS_URL")
    async with RedisClient(url, settings.durability, connections=1) as client:
        return await Fleet(client, Keys(settings.key_prefix)).network(round(time.time() * 1000))


def _row(bot: BotStats) -> tuple[object, ...]:
    state = bot.state.value if bot.alive else f"{bot.state.value}, not served"
    return (bot.bot, f"@{bot.username}", state, bot.people, bot.conversations, *_figures(bot))


def _sum(found: NetworkStats) -> tuple[object, ...]:
    total = found.total
    served = f"{total.alive} of {total.bots} served"
    return ("", "all", served, total.people, f"{total.conversations} pairs", *_figures(total))


def _figures(of: BotStats | Totals) -> tuple[str, ...]:
    return (
        str(of.waiting),
        f"{of.rate_in:.1f}",
        f"{of.rate_out:.1f}",
        f"{of.share:.0%}",
        str(of.backlog),
        f"{of.backlog_age_s:.1f} s" if of.backlog else "",
        str(of.too_many),
        f"{of.memory_mib:.0f}",
    )

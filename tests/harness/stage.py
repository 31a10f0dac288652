"""What most scenarios begin with: pairs who have met, and what they end with: nothing lost."""

from core.domain.ids import BotId, PersonId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from shard.texts import en
from simulator.world.actors import Bot
from tests.harness.network import Network
from tests.harness.pairs import Member, Pairs, Verdict
from tests.harness.waiting import until

# How the `words` in a person's hash end until Telegram has answered.
_UNTOLD = b" -1"


async def met(network: Network, count: int, *, seed: int = 1) -> Pairs:
    """So many pairs who have met, every other one across two bots, and Redis knows that they were told.

    Before it does, a process that follows a dead one asks them to write again: it lets no text through.
    """
    bots = list(network.simulator.world.bots.values())
    pairs = Pairs(network.simulator, seed)
    couples: list[tuple[Member, Member]] = []
    for at in range(count):
        home = bots[at % len(bots)]
        other = home if at % 2 else bots[(at + 1) % len(bots)]
        couples.append((pairs.add(home), pairs.add(other)))
    await pairs.join(pairs.members)
    for a, b in couples:
        await pairs.meet(a, b)
    keys = Keys(network.settings.key_prefix)
    async with RedisClient(network.settings.redis_url or "") as client:
        standings = [keys.person(PersonId(member.person.id)) for member in pairs.members]

        async def noted() -> bool:
            words = [await client.command("HGET", person, "words") for person in standings]
            return not any(of is not None and of.endswith(_UNTOLD) for of in words)

        await until(noted, 20, "the number of the words to be noted")
    return pairs


async def parted(pairs: Pairs, seconds: float = 30) -> None:
    """Everybody leaves, so that the next scenario on this network has it for itself."""
    for member in pairs.members:
        pairs.say(member, "/stop")

    def alone() -> bool:
        return all(member.last_offers("menu:find") for member in pairs.members)

    await until(alone, seconds, "all to part")


def complete(verdict: Verdict) -> bool:
    """Whether everything arrived in order at the right person; repeats are another matter."""
    return (verdict.lost, verdict.inversions, verdict.misdelivered) == (0, 0, 0)


def breaches(network: Network) -> int:
    """How often a limit of Telegram was broken so far."""
    totals = network.simulator.control.report()["totals"]
    return int(totals["bot_breaches"] + totals["chat_breaches"])


def bot(network: Network, number: int) -> tuple[BotId, Bot]:
    """One bot, as the network and as the simulator know it."""
    found = list(network.simulator.world.bots.values())[number]
    return BotId(found.id), found


async def inbox_empty(network: Network, bot: BotId) -> None:
    """Wait until all that went to the bot's shard is worked off."""
    await inbox_holds(network, bot, 0)


async def inboxes_empty(network: Network) -> None:
    """Wait until all that was shown is noted as shown: whoever dies before that may show it again."""
    for bot in network.bots:
        await inbox_empty(network, bot)


async def inbox_holds(network: Network, bot: BotId, count: int) -> None:
    """Wait until so many entries are left in the bot's inbox: what was shown is deleted a moment later."""
    inbox = Keys(network.settings.key_prefix).inbox(bot)
    async with RedisClient(network.settings.redis_url or "") as client:

        async def reached() -> bool:
            return int(await client.command("XLEN", inbox)) == count

        await until(reached, 20, f"the inbox to hold {count} entries")


def begins(key: str) -> str:
    """How the network's words of a key begin, in English and without markup."""
    return en.WORDS[key].replace("<b>", "").replace("</b>", "").split("\n")[0].split("{")[0]

"""`python -m tests.scenarios.moves [--deaths 100] [--seed N]`: the leader dies again and again amid moves.

A token is revoked while its people talk and a backlog waits for them; the coordinator dies in the middle of
the move (`mid_move`), the next one too, `A_MOVE` times; then it comes to its end, the bot gets a new token,
and it begins again with other people. Ends with 1 and says why when one of them does not hold.
"""

import argparse
import asyncio
import random
import secrets
import sys
import time
from collections.abc import Sequence

import uvloop

from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from simulator.faults.rules import Kind, Rule
from simulator.world.actors import Bot
from tests.harness.network import SECRET, Network, running
from tests.harness.pairs import MOVED, Member, Pairs
from tests.harness.scan import Scanner
from tests.harness.stage import bot, breaches, complete
from tests.harness.waiting import until

A_MOVE = 20
MOST_PASSES = 4
"""A move that begins again comes by that often at least."""


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.moves", description=__doc__)
    parser.add_argument("--deaths", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000) + 1)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(given.deaths, given.seed))


async def _run(deaths: int, seed: int) -> int:
    chance = random.Random(seed)
    began = time.monotonic()
    died = 0
    async with running(3) as network:
        while died < deaths:
            passes = [chance.randint(1, MOST_PASSES) for _ in range(min(A_MOVE, deaths - died))]
            try:
                await revoked(network, seed + died, passes)
                died += len(passes)
                line = "holds"
            except AssertionError as why:
                line = f"does not hold: {why}"
            sys.stdout.write(f"{time.monotonic() - began:6.1f} s  seed {seed}, {died} deaths: {line}\n")
            sys.stdout.flush()
            if line != "holds":
                return 1
    return 0


async def revoked(network: Network, seed: int, deaths: Sequence[int] = ()) -> None:
    """People of a revoked token go on elsewhere. `deaths`: which time each life of the coordinator dies."""
    (gone, dead), (_, second), (_, third) = (bot(network, number) for number in range(3))
    pairs, alone = Pairs(network.simulator, seed), Pairs(network.simulator)
    moving = [await with_another_bot(network, pairs, dead, one) for one in (second, third, second, third)]
    staying = [pairs.add(second), pairs.add(third)]
    left, partner = alone.add(dead), alone.add(third)
    await pairs.join(staying)
    await alone.join([left, partner])
    await pairs.meet(moving[0], staying[0])
    await pairs.meet(moving[1], staying[1])
    await pairs.meet(moving[2], moving[3])
    await alone.meet(left, partner)
    people = [m.person.id for m in (*pairs.members, *alone.members)]
    scanner = Scanner(Keys(network.settings.key_prefix), people, network.bots)
    if deaths:
        await network.stop("coordinator:0")
        network.start_again("coordinator:0", failpoints=(("mid_move", deaths[0]),))
    # A backlog gathers: their bot is told to wait, then its token ends.
    faults = network.simulator.faults
    faults.add(Rule(kind=Kind.TOO_MANY, bots=(gone,), methods=("sendMessage",), seconds=2))
    for member in moving[2:]:
        pairs.write(member)
    await write(pairs, staying, 2.4)
    token = network.simulator.world.revoke(dead)
    faults.remove()
    going_on = asyncio.ensure_future(write(pairs, staying, 6))
    for next_pass in [*deaths[1:], 0][: len(deaths)]:
        if next_pass:
            pairs.write(staying[0])
        assert await network.end_of("coordinator:0", 40) == -9
        network.kill("coordinator:0")
        network.start_coordinator(0, failpoints=(("mid_move", next_pass),) if next_pass else ())
    await until(lambda: all(member.told(MOVED) for member in moving), 40, "people to be moved")
    assert {member.bot for member in moving} == {second, third}
    await write(pairs, moving, 2.4)
    await going_on
    await pairs.settled(30)
    verdict = pairs.evaluate()
    assert complete(verdict), verdict
    assert verdict.repeats == 0, verdict
    await until(lambda: partner.told("can no longer be reached"), 20, "the partner who is left to hear of it")
    alone.say(partner, "/find")
    await until(lambda: partner.told("Looking for a partner"), 20, "the partner to search again")
    assert await network.end_of(f"shard:{gone}") == 1
    assert "refuses the token" in network.log(f"shard:{gone}")
    async with Database(network.settings.database_url or "", size=1) as database:
        row = await Bots(database, None).get(gone)
    assert (row.state, row.reason) == (BotState.QUARANTINED, "Telegram refuses the token (401)")
    async with RedisClient(network.settings.redis_url or "") as client:
        assert await scanner.look(client) == []
        assert await client.command("XLEN", Keys(network.settings.key_prefix).inbox(gone)) == 0
    for member in (*pairs.members, partner):
        pairs.say(member, "/stop")
    await _serve_again(network, gone, token)
    assert breaches(network) == 0


async def with_another_bot(network: Network, pairs: Pairs, home: Bot, other: Bot) -> Member:
    """Somebody who has opened two bots."""
    member = pairs.add(home)
    await pairs.join([member])
    people = network.simulator.world.people
    people.open(member.person, other)
    await until(lambda: len(people.view(member.person, other)) > 1, 20, "the other bot's welcome")
    return member


async def write(pairs: Pairs, members: list[Member], seconds: float) -> None:
    """Each of them, three texts a second in two seconds at the most."""
    for _ in range(round(seconds / 0.8)):
        for member in members:
            pairs.write(member)
        await asyncio.sleep(0.8)


async def _serve_again(network: Network, gone: BotId, token: str) -> None:
    async with Database(network.settings.database_url or "", size=1) as database:
        await Bots(database, TokenCipher(SECRET)).rotate(gone, token)
    network.kill(f"shard:{gone}")
    network.start_shard(gone)
    async with RedisClient(network.settings.redis_url or "") as client:
        fleet = Fleet(client, Keys(network.settings.key_prefix))

        async def takes_newcomers() -> bool:
            entry = (await fleet.directory()).find(gone)
            return entry is not None and entry.open

        await until(takes_newcomers, 60, "the bot with the new token to take newcomers")


if __name__ == "__main__":
    sys.exit(main())

"""The ledger must see what a network could do wrong."""

from collections.abc import Iterator

import pytest

from simulator.app import Options, Simulator
from tests.bench.load import Crowd, Talker


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    made = Simulator(Options(port=0, bots=2))
    yield made
    made.world.close()


def _couple(simulator: Simulator) -> tuple[Crowd, Talker, Talker]:
    crowd = Crowd(simulator)
    one, other = simulator.world.bots.values()
    ((a, b),) = crowd.couples([(one, other)])
    return crowd, a, b


def _show(simulator: Simulator, reader: Talker, writer: Talker, number: int) -> None:
    """The reader's bot shows a text of the writer's."""
    message = next(iter(simulator.world.private(writer.bot, writer.person).messages.values()))
    message.body = {"text": f"#{writer.number} {number}"}
    for listener in simulator.world.hooks.on_shown:
        listener(reader.person, reader.bot, message)


def test_all_in_order_is_no_fault(simulator: Simulator) -> None:
    crowd, a, b = _couple(simulator)
    for _ in range(3):
        crowd.say(a)
    for number in range(3):
        _show(simulator, b, a, number)
    ledger = crowd.ledger()
    assert (ledger.sent, ledger.lost, ledger.repeats, ledger.inversions, ledger.strangers) == (3, 0, 0, 0, 0)


def test_each_fault_is_counted(simulator: Simulator) -> None:
    crowd, a, b = _couple(simulator)
    for _ in range(4):
        crowd.say(a)
    for number in (0, 2, 1, 1):
        _show(simulator, b, a, number)
    _show(simulator, a, a, 0)
    ledger = crowd.ledger()
    assert (ledger.lost, ledger.repeats, ledger.inversions, ledger.strangers) == (1, 1, 1, 1)


async def test_a_bot_is_sent_as_much_as_its_people_write() -> None:
    simulator = Simulator(Options(port=0, bots=3))
    crowd = Crowd(simulator)
    crowd.ring(20)
    for bot in simulator.world.bots:
        partners = [crowd.one(bot).partner.bot.id for _ in range(20)]
        assert partners == partners[:2] * 10
        assert {*partners, bot} == set(simulator.world.bots)
    simulator.world.close()


async def test_people_write_at_the_rate_of_their_bot(simulator: Simulator) -> None:
    crowd, a, b = _couple(simulator)
    await crowd.write({a.bot.id: 100.0, b.bot.id: 0.0}, 0.3, even=True)
    # Whatever the machine does meanwhile, what was due has been written.
    assert 29 <= len(a.sent) <= 31
    assert not b.sent

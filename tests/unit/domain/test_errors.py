"""What an operator reads of an error, and what its catcher decides with."""

from core.domain.errors import BotMoving, LeaseTaken, SetBack, StaleEpoch
from core.domain.ids import BotId, Epoch


def test_each_names_whom_it_is_about_and_what_is_so() -> None:
    stale = StaleEpoch("bot 5", Epoch(3))
    assert (stale.name, stale.epoch) == ("bot 5", 3)
    assert str(stale) == "bot 5: epoch 3 is no longer the newest, this process owns it no more"
    taken = LeaseTaken("bot 5", "host:1", 800)
    assert (taken.name, taken.holder, taken.wait_ms) == ("bot 5", "host:1", 800)
    assert str(taken) == "bot 5 is already served by host:1; its lease runs for another 800 ms"
    moving = BotMoving(BotId(5))
    assert (moving.bot, str(moving)) == (5, "the people of bot 5 are being moved to other bots")


def test_a_set_back_is_a_stale_epoch_with_a_reason_of_its_own() -> None:
    error: StaleEpoch = SetBack("bot 5", Epoch(3))
    assert (error.name, error.epoch) == ("bot 5", 3)
    assert str(error) == "bot 5: another Redis server took over, so what was known before may not be true"

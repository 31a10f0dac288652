"""Where people go whose bot is gone."""

from coordinator.moves.targets import target
from core.domain.fleet import BotState, Directory, DirectoryEntry
from core.domain.ids import BotId, PersonId
from core.state.postgres.bots import BotRow

GONE, SECOND, THIRD = BotId(11), BotId(22), BotId(33)
BOTS = (GONE, SECOND, THIRD)


def test_a_person_goes_to_a_bot_with_room_that_they_have_opened() -> None:
    rows = [BotRow(bot, f"bot{bot}", BotState.ACTIVE, "", None) for bot in BOTS]  # type: ignore[arg-type]
    rows[0] = rows[0]._replace(state=BotState.QUARANTINED)
    entries = [
        DirectoryEntry(bot, f"bot{bot}", BotState.ACTIVE, room, open=room > 0)
        for bot, room in ((GONE, 20.0), (SECOND, 5.0), (THIRD, 0.0))
    ]
    directory = Directory(at=0, waiting=0, bots=tuple(entries))
    for person in map(PersonId, range(50)):
        assert target(person, {GONE, SECOND, THIRD}, rows, directory) == SECOND
        assert target(person, {GONE, THIRD}, rows, directory) == THIRD
        assert target(person, {GONE}, rows, directory) == 0
        assert target(person, set(), rows, directory) == 0
    assert {target(PersonId(p), {SECOND, THIRD}, rows, Directory(at=0, waiting=0)) for p in range(9)} == {
        *(SECOND, THIRD)
    }

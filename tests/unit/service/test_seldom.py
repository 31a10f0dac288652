"""An hour of failures is a line a minute, and none of them is forgotten."""

from core.service.seldom import EVERY_SECONDS, Seldom


class _Clock:
    at = 0.0

    def monotonic(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_what_goes_on_is_said_at_once_and_then_once_a_minute() -> None:
    clock = _Clock()
    seldom = Seldom(clock)
    said = []
    for second in range(3_600):
        clock.at = float(second)
        said.append(seldom.times())
    assert said[0] == 1
    assert [at for at, times in enumerate(said) if times] == list(range(0, 3_600, round(EVERY_SECONDS)))
    clock.at += EVERY_SECONDS
    assert sum(said) + seldom.times() == 3_601

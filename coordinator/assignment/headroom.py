"""How much a bot can still take, and whether newcomers may stay there.

Headroom is in messages a second: what the bot's cap allows up to the target, less what it
sends now, what it needs to work off its backlog, and what those who wait for a partner will
need once they talk. Newcomers may stay while there is a good piece of headroom; once a bot is
closed it opens again only with clearly more, so that it does not flap.
"""

from typing import NamedTuple

from core.domain.fleet import BotState, ShardReport


class Policy(NamedTuple):
    """`target` of the cap is what we plan with; the shares below are of the cap too.

    `drain_s`: a backlog should be gone within so many seconds. `talk`: messages a second that a
    person who talks is sent, where a bot has too few people to measure it.
    """

    target: float = 0.85
    close_below: float = 0.05
    open_above: float = 0.15
    drain_s: float = 10.0
    talk: float = 0.1


FEW = 20
"""With fewer conversations than this, what a person is sent is not measured but assumed."""


def headroom(report: ShardReport, waiting: int, policy: Policy) -> float:
    """Messages a second that the bot can still take; negative when it is over its target."""
    talk = report.rate_out / report.conversations if report.conversations >= FEW else policy.talk
    return report.cap * policy.target - report.rate_out - report.backlog / policy.drain_s - waiting * talk


def is_open(state: BotState, room: float, cap: float, *, was_open: bool, policy: Policy) -> bool:
    """Whether newcomers may stay at a bot with that headroom, given whether they might a second ago."""
    if state is not BotState.ACTIVE:
        return False
    return room > cap * (policy.close_below if was_open else policy.open_above)

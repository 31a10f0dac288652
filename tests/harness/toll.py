"""What was done to a network so far, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.harness.ledger import End
from tests.harness.society import Society


@dataclass(slots=True, kw_only=True)
class Toll:
    """Kept by whoever breaks things. `ends` are of lives that were killed, froze, or died of themselves."""

    society: Society
    tell: Callable[[str], None] = lambda _: None
    kills: int = 0
    freezes: int = 0
    ends: dict[str, End] = field(default_factory=dict)
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

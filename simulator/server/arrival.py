"""The call that is being played: for whoever keeps a ledger of what was shown, and by whom.

A caller says who it is by the way it comes: `/via/NAME/bot<token>/<method>` is the same as without
the first two parts, but for the name.
"""

from contextvars import ContextVar

import msgspec


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """`at` by the monotonic clock; `answer_lost`: done, but a fault keeps the answer from its caller."""

    way: str
    at: float
    answer_lost: bool


arrival: ContextVar[Arrival | None] = ContextVar("arrival", default=None)
"""What a listener of the world's hooks finds while a call is played; None where a person acts."""

"""Calls that must be made at once, beside the stream: answers to buttons, questions about files.

They take a slot of the same budget as everything else.
"""

from typing import Any

import msgspec

from core.domain.envelope import Lane
from shard.outbound.pacing import Budget
from shard.telegram import Telegram


class Direct:
    """`call` is Telegram.call within the token's budget."""

    def __init__(self, telegram: Telegram, budget: Budget) -> None:
        self._telegram = telegram
        self._budget = budget

    async def call(
        self, method: str, params: dict[str, Any], *, lane: Lane = Lane.INTERACTIVE, timeout: float = 10
    ) -> msgspec.Raw:
        """Wait for a slot, then call. Raises TelegramError."""
        slot = await self._budget.take(lane)
        try:
            return await self._telegram.call(method, params, timeout=timeout)
        finally:
            self._budget.answered(slot)

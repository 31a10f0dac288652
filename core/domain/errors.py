"""The one error root. An error carries what its catcher decides with; its text is for an operator."""

import msgspec

from core.domain.ids import BotId, Epoch

UNDECODABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
"""What decoding raises, whatever the bytes are. The words may quote what it stumbled over."""


class DuologueError(Exception):
    """Whatever can go wrong in a way that we know. The text says what to do, in one line."""


class StoreAway(DuologueError):
    """A store cannot be reached just now; nothing is known about the last write. Try again later."""


class RedisAway(StoreAway):
    """Redis is down, slow, loading or refuses writes."""


class RedisFull(RedisAway):
    """Redis has no memory left: it deletes, and keeps what is there, but takes nothing more."""


class BotMoving(RedisAway):
    """A bot is gone and its people are being moved: where they are served is known in a moment."""

    def __init__(self, bot: BotId) -> None:
        super().__init__(f"the people of bot {bot} are being moved to other bots")
        self.bot = bot


class StaleEpoch(DuologueError):
    """This process has lost its lease: someone else owns what it tried to change."""

    def __init__(self, name: str, epoch: Epoch) -> None:
        super().__init__(f"{name}: epoch {epoch} is no longer the newest, this process owns it no more")
        self.name = name
        self.epoch = epoch


class SetBack(StaleEpoch):
    """Another server answers for Redis, which may lack what the one before knew: the owner begins anew."""

    def __init__(self, name: str, epoch: Epoch) -> None:
        super().__init__(name, epoch)
        self.args = (f"{name}: another Redis server took over, so what was known before may not be true",)


class LeaseTaken(DuologueError):
    """Another process holds the lease. `holder` names it, `wait_ms` is what its lease has left."""

    def __init__(self, name: str, holder: str, wait_ms: int) -> None:
        super().__init__(f"{name} is already served by {holder}; its lease runs for another {wait_ms} ms")
        self.name = name
        self.holder = holder
        self.wait_ms = wait_ms


class UnreadableEnvelope(DuologueError):
    """An entry of a stream that this version cannot read."""

"""What a phone of the page asks for."""

import msgspec

from simulator.errors import ControlError
from simulator.world.actors import Json
from simulator.world.identity import MessageId


class Act(msgspec.Struct, frozen=True):
    """One press or line of a person. Which fields count depends on `deed`.

    `quote` is a part of the message `reply_to`, found at `quote_at` (UTF-16 code units) or later.
    """

    person: int
    bot: int
    deed: str
    text: str = ""
    entities: list[Json] = []
    message: int | None = None
    reply_to: int | None = None
    quote: str = ""
    quote_at: int = 0
    name: str = ""
    names: list[str] = []
    hidden: bool = False
    above: bool = False
    effect: str = ""
    protected: bool = False
    data: str = ""
    emoji: str = ""
    options: list[int] = []
    payload: str = ""

    def target(self) -> MessageId:
        """The message that it is about; ControlError when none is named."""
        if self.message is None:
            raise ControlError(f"{self.deed} needs a message")
        return MessageId(self.message)

    def extra(self) -> Json:
        """Fields of the message beside its content."""
        found: Json = {}
        if self.effect:
            found["effect_id"] = self.effect
        if self.protected:
            found["has_protected_content"] = True
        return found

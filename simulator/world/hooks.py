"""For whoever wants to know what happens. Listeners are called at once, inside the call that
caused it, so they must be cheap and must not act upon the world.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.world.actors import Bot, Person
from simulator.world.messages import Message

Listener = Callable[[Person, Bot, Message], None]
ActionListener = Callable[[Person, Bot, str], None]


@dataclass(slots=True)
class Hooks:
    """Lists of listeners: append to them, remove from them.

    - `on_accepted`: Telegram took what a person sent; the bot will hear of it.
    - `on_shown`: a person is shown a new message of a bot.
    - `on_changed`: a bot edited a message or its buttons, stopped a poll, or pinned.
    - `on_removed`: a message is gone from the person's view.
    - `on_reacted`: a bot changed its reaction to a message.
    - `on_action`: a bot shows that it is typing, or the like.
    - `on_webhook`: a bot has set or removed its webhook.
    """

    on_accepted: list[Listener] = field(default_factory=list)
    on_shown: list[Listener] = field(default_factory=list)
    on_changed: list[Listener] = field(default_factory=list)
    on_removed: list[Listener] = field(default_factory=list)
    on_reacted: list[Listener] = field(default_factory=list)
    on_action: list[ActionListener] = field(default_factory=list)
    on_webhook: list[Callable[[Bot], None]] = field(default_factory=list)

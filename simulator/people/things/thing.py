"""What a thing is."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.world.actors import Json, Person
from simulator.world.messages import Attachment
from simulator.world.world import World


@dataclass(frozen=True, slots=True)
class Part:
    """One message: its fields, and perhaps a file."""

    body: Json
    attachment: Attachment | None = None


#: Makes the parts anew each time; several parts are one album.
Make = Callable[[World, Person], list[Part]]


@dataclass(frozen=True, slots=True)
class Thing:
    """`sign` and `words` stand on its button, under the heading `group`."""

    sign: str
    words: str
    group: str
    make: Make


def fixed(body: Json) -> Make:
    """The same fields for everybody."""
    return lambda _world, _person: [Part(dict(body))]

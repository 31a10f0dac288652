"""Everything else that one can send from the page with one press, made anew each time.

Between them, the tray and the text field there is a way to send every kind of message by hand.
"""

from typing import Final

from simulator.people.things import files, places, strange, words
from simulator.people.things.thing import Part, Thing

THINGS: Final[dict[str, Thing]] = files.THINGS | places.THINGS | words.THINGS | strange.THINGS

__all__ = ["THINGS", "Part", "Thing"]

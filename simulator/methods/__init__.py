"""The Bot API's methods, played upon the world: one function each, in rooms by what they do.

A function gets a checked `Call` and gives what stands under `result`, or raises `ApiError`. Limits and
faults are none of its business. `PLAYED` has them all by Telegram's name.
"""

from simulator.methods import about, copying, editing, files, hearing, sending
from simulator.methods.call import Handler

PLAYED: dict[str, Handler] = {
    **about.METHODS,
    **copying.METHODS,
    **editing.METHODS,
    **files.METHODS,
    **hearing.METHODS,
    **sending.METHODS,
}

"""Notes in the data folder, which the network can do without."""

from collections.abc import Callable


class Notes:
    """Writes them. One that cannot be written, on a full disk, is told of once, until it can be again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._missed: set[str] = set()

    def write(self, what: str, write: Callable[[], None]) -> None:
        """Have a note written, if that can be; `what` is in it, in words."""
        try:
            write()
        except OSError as error:
            if what not in self._missed:
                why = (error.strerror or type(error).__name__).lower()
                self._say(f"{what} cannot be noted: {why}; the network goes on without that")
            self._missed.add(what)
        else:
            self._missed.discard(what)

"""What filters have in common."""

from collections.abc import Callable


class Filter:
    """One file on its way: a row of steps, each of which takes bytes from `held` or waits for more.

    A step returns the bytes that pass, or None where it needs more than is there.
    """

    def __init__(self, first: Callable[[], bytes | None]) -> None:
        self.held = bytearray()
        self.step = first

    def feed(self, piece: bytes) -> bytes:
        """What may pass of what came so far."""
        self.held += piece
        passing = []
        while (out := self.step()) is not None:
            passing.append(out)
        return b"".join(passing)

    def take(self, count: int) -> bytes:
        """The first `count` bytes of what is held, or less where there are less."""
        taken = bytes(self.held[:count])
        del self.held[:count]
        return taken

    def over(self) -> None:
        """The picture has ended: whatever follows is left out."""
        self.held.clear()


class Stretch:
    """So many bytes that pass, or are left out, or become zeros, as they come; then the next step."""

    def __init__(
        self, steps: Filter, size: int, then: Callable[[], bytes | None], *, treat: Callable[[bytes], bytes]
    ) -> None:
        self._steps = steps
        self.size = size
        self._then = then
        self._treat = treat

    def __call__(self) -> bytes | None:
        """The step."""
        if not self.size:
            self._steps.step = self._then
            return b""
        if not self._steps.held:
            return None
        taken = self._steps.take(self.size)
        self.size -= len(taken)
        return self._treat(taken)


def kept(piece: bytes) -> bytes:
    """As it is."""
    return piece


def dropped(_: bytes) -> bytes:
    """Nothing of it."""
    return b""


def blanked(piece: bytes) -> bytes:
    """As many zeros."""
    return bytes(len(piece))

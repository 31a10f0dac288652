"""A memory that forgets: bounded by number and by age, at the price of a plain dictionary.

What is learned goes into the young generation. After half the time, or when half the number is
reached, the young become the old and the old are forgotten: so each entry is known for between
half of `seconds` and all of it, and nothing is kept about the age of single entries.
"""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Generations(Generic[K, V]):
    """The time is handed in: seconds that only rise."""

    __slots__ = ("_half", "_most", "_old", "_turn_at", "_young")

    def __init__(self, most: int, seconds: float = float("inf")) -> None:
        """At most `most` entries; none is older than `seconds`."""
        self._most = most
        self._half = seconds / 2
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._turn_at = float("-inf")

    def get(self, key: K, now: float) -> V | None:
        """What was learned last of the key, while it is remembered."""
        if now >= self._turn_at:
            self._age(now)
        found = self._young.get(key)
        return found if found is not None else self._old.get(key)

    def put(self, key: K, value: V, now: float) -> None:
        """Learn, in place of what was known."""
        if now >= self._turn_at:
            self._age(now)
        self._young[key] = value
        self._old.pop(key, None)
        if len(self._young) > self._most // 2:
            self._turn(now + self._half)

    def forget(self, key: K) -> None:
        """Know nothing of the key."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def values(self) -> list[V]:
        """All that is remembered."""
        return [*self._old.values(), *self._young.values()]

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def _age(self, now: float) -> None:
        until = self._turn_at + self._half
        if now >= until:
            self._young, until = {}, now + self._half
        self._turn(until)

    def _turn(self, until: float) -> None:
        self._old, self._young = self._young, {}
        self._turn_at = until

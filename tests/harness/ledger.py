"""What people wrote, what was shown of it, by which process, and what of that no death explains.

A chat has at most one call to Telegram under way. So the end of a process explains, in each chat,
one text that it had shown (or was about to) and that another process showed as well; an answer
that was lost after Telegram had done the call explains one more. What Telegram showed is told to
the ledger by the simulator, with the process that asked for it: nothing is guessed from times, but
for this: what a process had under way when it ended was not shown `UNDERWAY` seconds before.
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

UNDERWAY = 5.0
"""Seconds, those without a Redis left out, in which what was shown is acknowledged on a busy machine."""


class Show(NamedTuple):
    """One time that a text was shown. `by`: the life of the process that asked for it."""

    reader: int
    at: float
    by: str
    answer_lost: bool = False


class End(NamedTuple):
    """The end of a process' life, by kill or freeze, and since when Redis had been away before that."""

    at: float
    redis_away: float = 0.0


@dataclass(slots=True, eq=False)
class Text:
    """One text: when it was written, to whom it was shown and when, when its writer was told of it."""

    writer: int
    number: int
    conversation: int
    at: float
    shown: list[Show] = field(default_factory=list)
    told: float | None = None

    def __str__(self) -> str:
        return f"{self.writer}'s {self.number} in {self.conversation}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all texts. `lost`: neither shown to anybody nor answered to the writer."""

    written: int
    shown: int
    told: int
    lost: int
    misdelivered: int
    inversions: int
    repeats: int
    conversations: int


@dataclass(slots=True)
class Repeats:
    """Why texts were shown more than once. `ages`: how long before its process' end each had been shown."""

    by_end: int = 0
    by_lost_answer: int = 0
    unexplained: list[str] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)


class Ledger:
    """All texts of all people, who are numbers here, and the members of conversations."""

    def __init__(self) -> None:
        self._texts: dict[int, list[Text]] = defaultdict(list)
        self.members: dict[int, set[int]] = defaultdict(set)

    def write(self, writer: int, conversation: int, at: float) -> Text:
        """The writer's next text."""
        text = Text(writer, len(self._texts[writer]), conversation, at)
        self._texts[writer].append(text)
        return text

    def text(self, writer: int, number: int) -> Text:
        """One that was written."""
        return self._texts[writer][number]

    def texts(self) -> Iterator[Text]:
        """All of them, writer by writer in the order of writing."""
        return (text for texts in self._texts.values() for text in texts)

    def lost(self, before: float = float("inf")) -> list[Text]:
        """Written before that moment, and neither shown nor answered so far."""
        return [t for t in self.texts() if t.at < before and not t.shown and t.told is None]

    def strayed(self) -> list[tuple[Text, int]]:
        """Texts that somebody was shown who had no part in their conversation, and who that was."""
        return [
            (text, show.reader)
            for text in self.texts()
            for show in text.shown
            if show.reader == text.writer or show.reader not in self.members.get(text.conversation, ())
        ]

    def inversions(self) -> list[tuple[Text, Text]]:
        """Texts of one conversation that were first shown after one that was written later."""
        found = []
        for texts in self._texts.values():
            first: dict[int, list[Text]] = defaultdict(list)
            for text in sorted((t for t in texts if t.shown), key=lambda t: t.shown[0].at):
                first[text.conversation].append(text)
            found += [(a, b) for shown in first.values() for a, b in pairwise(shown) if b.number < a.number]
        return found

    def evaluate(self) -> Verdict:
        """The verdict over all texts so far."""
        texts = list(self.texts())
        return Verdict(
            written=len(texts),
            shown=sum(bool(text.shown) for text in texts),
            told=sum(text.told is not None for text in texts),
            lost=len(self.lost()),
            misdelivered=len(self.strayed()),
            inversions=len(self.inversions()),
            repeats=sum(len(text.shown) - 1 for text in texts if text.shown),
            conversations=len(self.members),
        )

    def repeats(self, ends: Mapping[str, End]) -> Repeats:
        """Every repeat, and what explains it. `ends`: of the processes that were killed or frozen."""
        found = Repeats()
        used: set[tuple[int, str]] = set()
        for text in self.texts():
            for before, again in pairwise(text.shown):
                if before.answer_lost:
                    found.by_lost_answer += 1
                    continue
                why = _ended(before, again, ends, used)
                if why is None:
                    found.unexplained.append(_told(text, before, again, ends))
                else:
                    used.add((again.reader, why))
                    found.by_end += 1
                    found.ages.append(max(0.0, ends[why].at - before.at))
        return found


def _ended(
    before: Show, again: Show, ends: Mapping[str, End], used: Container[tuple[int, str]]
) -> str | None:
    """The life whose end explains that both were shown, each by another process: one was under way then."""
    if before.by == again.by:
        return None
    for show in (before, again):
        end = ends.get(show.by)
        if end is None or (show.reader, show.by) in used:
            continue
        if show.at > end.at - end.redis_away - UNDERWAY:
            return show.by
    return None


def _told(text: Text, before: Show, again: Show, ends: Mapping[str, End]) -> str:
    def one(show: Show) -> str:
        end = ends.get(show.by)
        return show.by + (f" ({show.at - end.at:+.2f} s from its end)" if end is not None else " (lives)")

    return f"{text} was shown by {one(before)} and {again.at - before.at:.2f} s later by {one(again)}"

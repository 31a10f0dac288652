"""What a run of `bench chaos` comes to, as figures, and the first of what does not hold, in words."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.bench.report import Figure, Progress, at_least, at_most, none_of, plain, quantile
from tests.harness.scan import Scanner
from tests.harness.society import Society
from tests.harness.toll import Toll

RECOVERY_GOAL = 5.0


class Part(NamedTuple):
    """What one part of the run comes to. `traces`: where something was found that was planted."""

    toll: Toll
    scanner: Scanner
    breaches: int
    traces: list[str]


def figures_of(parts: Sequence[Part], kills: int, progress: Progress) -> tuple[Figure, ...]:
    """All figures but those of failpoints; so many kills were wanted."""
    tolls = [part.toll for part in parts]
    ledgers = [toll.society.ledger for toll in tolls]
    verdicts = [ledger.evaluate() for ledger in ledgers]
    repeats = [ledger.repeats(toll.ends) for ledger, toll in zip(ledgers, tolls, strict=True)]
    broken = [line for part in parts for line in part.scanner.broken]
    unexpected = [line for toll in tolls for line in toll.unexpected]
    unexplained = [line for repeat in repeats for line in repeat.unexplained]
    found = [line for part in parts for line in part.traces]
    for line in [*broken[:5], *unexpected[:5], *unexplained[:5], *found[:5]]:
        progress(line)
    for toll in tolls:
        _tell(progress, toll.society)
    recoveries = [recovery for toll in tolls for recovery in toll.recoveries]
    took = [seconds for what, seconds in recoveries if what != "supervisor"]
    ups = [seconds for what, seconds in recoveries if what == "supervisor"]
    return (
        at_least("chaos.kills", sum(toll.kills for toll in tolls), "kill -9", kills),
        none_of("chaos.lost", sum(v.lost for v in verdicts), "messages neither shown nor answered"),
        none_of("chaos.misdelivered", sum(v.misdelivered for v in verdicts), "messages shown to others"),
        none_of("chaos.inversions", sum(v.inversions for v in verdicts), "messages out of order"),
        none_of("chaos.broken_pairs", len(broken), "broken invariants in all scans"),
        none_of("chaos.repeats_over_inflight", len(unexplained), "repeats of nothing under way"),
        at_most("chaos.recovery_p99_s", quantile(took, 0.99), "s until it serves again", RECOVERY_GOAL),
        plain("chaos.recovery_median_s", quantile(took, 0.5), "s"),
        plain("chaos.recovery_longest_s", max(took, default=0.0), "s"),
        plain("chaos.freezes", sum(toll.freezes for toll in tolls), "SIGSTOP beyond the lease"),
        plain("chaos.supervisor_kills", len(ups), "of the kills, each with a start of all"),
        plain("chaos.supervisor_recovery_s", quantile(ups, 0.5), "s, median"),
        none_of("chaos.unexpected_ends", len(unexpected), "processes that ended, or outlived their parent"),
        plain("chaos.repeats", sum(v.repeats for v in verdicts), "messages shown twice"),
        plain("chaos.repeats_by_end", sum(r.by_end for r in repeats), "of them under way at a kill"),
        plain("chaos.repeats_by_answer", sum(r.by_lost_answer for r in repeats), "done, the answer lost"),
        plain(
            "chaos.repeat_age_s", max((a for r in repeats for a in r.ages), default=0.0), "s before the kill"
        ),
        plain("chaos.messages", sum(v.written for v in verdicts), "messages written"),
        plain("chaos.told", sum(v.told for v in verdicts), "answered to their writer instead"),
        plain("chaos.conversations", sum(v.conversations for v in verdicts), "conversations"),
        plain("chaos.scans", sum(part.scanner.looks for part in parts), "scans"),
        none_of("chaos.traces", len(found), "places with a token, text or name that may not be there"),
        none_of("chaos.breaches", sum(part.breaches for part in parts), "limits broken"),
    )


def _tell(progress: Progress, society: Society) -> None:
    """The first of what does not hold, and what its writer did and was told at that time."""
    lost, strayed = society.ledger.lost(), society.ledger.strayed()
    for text in lost[:5]:
        progress(f"{text} was read by nobody")
    for text, reader in strayed[:5]:
        progress(f"{text} {society.ledger.members.get(text.conversation)} was read by {reader}")
    for text, later in society.ledger.inversions()[:5]:
        progress(f"{later} was shown after {text}")
    for text in [*lost, *(text for text, _ in strayed)][:2]:
        progress("\n".join([f"the diary of the writer of {text}:", *society.diary_of(text)]))

"""Every figure of the network, declared in one place. One registry a process.

Names begin with `duologue_`; no label ever holds a person, a text or a token.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()
CONTENT_TYPE = CONTENT_TYPE_LATEST
ProcessCollector(registry=REGISTRY)


class Tally(Collector):
    """A counter of what happens with every message, at the price of an addition.

    The library's own takes a lock each time; only the loop's thread counts, and reads, these.
    """

    def __init__(self, name: str, words: str) -> None:
        self._name, self._words, self._total = f"duologue_{name}", words, 0
        REGISTRY.register(self)

    def inc(self, amount: int = 1) -> None:
        """So many more."""
        self._total += amount

    def collect(self) -> Iterable[Metric]:
        """For the registry."""
        return [CounterMetricFamily(self._name, self._words, self._total)]


class Spread(Collector):
    """A histogram of what happens with every message or person, as cheap as a tally."""

    def __init__(self, name: str, words: str, buckets: Sequence[float]) -> None:
        self._name, self._words = f"duologue_{name}", words
        self._bounds = tuple(map(float, buckets))
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0
        REGISTRY.register(self)

    def observe(self, amount: float) -> None:
        """One more, of that size."""
        self._counts[bisect_left(self._bounds, amount)] += 1
        self._sum += amount

    def collect(self) -> Iterable[Metric]:
        """For the registry."""
        names = (*map(str, self._bounds), "+Inf")
        counts = list(zip(names, accumulate(self._counts), strict=True))
        return [HistogramMetricFamily(self._name, self._words, counts, self._sum)]


def _counter(name: str, words: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(f"duologue_{name}", words, labels, registry=REGISTRY)


def _gauge(name: str, words: str, labels: tuple[str, ...] = ()) -> Gauge:
    return Gauge(f"duologue_{name}", words, labels, registry=REGISTRY)


MESSAGES_IN = Tally("messages_in", "Messages taken from people, commands left out.")
MESSAGES_OUT = Tally("messages_out", "Messages that Telegram has said yes to.")
FORWARDED = _counter("forwarded", "Envelopes for a bot that is gone, sent on to where their people are.")
MOVED = _counter("moved", "People moved from a bot that is gone to another that they had opened.")
STRANDED = _counter("stranded", "People of a bot that is gone who had opened no other.")
INBOX_FULL = _counter("inbox_full", "Messages not passed on because their bot had too much to send already.")
APPENDED = Tally("appended", "Envelopes that were new to a stream.")
TOO_MUCH_ASKED = _counter("too_much_asked", "Commands and buttons passed over because they came too fast.")
TOO_FAST = _counter("too_fast", "Messages not passed on because their writer was too fast.")
BOUNCED = _counter("bounced", "Relayed messages turned back to their sender.")
REPEATS = _counter("repeats", "Messages that may have been shown twice, after a death or a lost answer.")
REFUSED = _counter("refused", "Messages that Telegram refused for good.")
UNREACHABLE = _counter("unreachable", "Messages to people who cannot be reached any more.")
TOO_MANY = _counter("too_many", "429 answers, the disguised ones counted.")
POLL_CONFLICTS = _counter(
    "poll_conflicts", "Signs that somebody else uses the token: 409 to a poll, a webhook that is not ours."
)
POLL_CONTESTED = _gauge("poll_contested", "1 while somebody else uses the token all the time.")
OUTAGES_TOO_LONG = _counter(
    "outages_too_long", "Times that Telegram was not heard for longer than it keeps updates."
)
WEBHOOK_REFUSED = _counter("webhook_refused", "Deliveries refused: wrong secret, path or form.")
WEBHOOK_REPEATS = _counter("webhook_repeats", "Deliveries of updates that had been taken in already.")
WEBHOOK_LATER = _counter("webhook_later", "Deliveries told to come again: no lease, or Redis away.")
WEBHOOK_PENDING = _gauge("webhook_pending", "Updates that Telegram had to bring yet, at the last look.")
UPDATES_UNREADABLE = _counter("updates_unreadable", "Updates that could not be read and were passed over.")
HANDLER_FAILURES = _counter("handler_failures", "Commands or buttons whose handler failed.")
SEALS_BROKEN = _counter("seals_broken", "Buttons pressed that were never given to who pressed them.")
POISON = _counter("poison", "Entries of a stream that could not be read and were put aside.")
MEDIA = _counter("media", "Files sent, by the step of the ladder.", ("step",))
MEDIA_LOOKUPS = _counter("media_lookups", "Files looked up in the memory of ids, by answer.", ("answer",))
MEDIA_BYTES = _counter("media_bytes", "Bytes of files through this process, by step.", ("step",))
CANNOT_CROSS = _counter("cannot_cross", "Messages of a kind that cannot be passed on, by kind.", ("kind",))
DELIVERY_SECONDS = Spread(
    "delivery_seconds",
    "From the update being taken in to Telegram's yes.",
    (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
LOOP_TURN_SECONDS = Histogram(
    "duologue_loop_turn_seconds",
    "CPU time of one turn of the loop; a long one holds up everything else in the process.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
    registry=REGISTRY,
)
BACKLOG = _gauge("backlog", "Entries in this shard's stream.")
BACKLOG_AGE = _gauge("backlog_age_seconds", "Age of the oldest entry in this shard's stream.")
BUDGET_IN_USE = _gauge("budget_in_use", "Slots of the token's budget in use.")
BUDGET_CAP = _gauge("budget_cap", "Messages a second this token may send.")
BUDGET_RATE = _gauge("budget_rate", "Messages a second that this token was found to bear just now.")
STALE_REFUSED = _gauge(
    "stale_refused", "Writes refused so far because their process owned the token, or led, no more."
)
LEASE_HELD = _gauge("lease_held", "1 while this process holds its lease.")
SQL_STATEMENTS = _counter("sql_statements", "Statements sent to PostgreSQL.")
REDIS_ROUND_TRIPS = Tally("redis_round_trips", "Round trips to Redis.")
REDIS_SET_BACKS = _counter("redis_set_backs", "Times that Redis lost, or may have lost, what it knew.")
MEMORY_PRIVATE = _gauge("memory_private_mib", "Memory that this process shares with no other, in MiB.")
LEADS = _gauge("coordinator_leads", "1 while this coordinator leads.")
WAITING = _gauge("waiting_people", "People who wait for a partner.")
MATCHES = _counter("matches", "Conversations made.")
MATCHES_MISSED = _counter("matches_missed", "Pairs of which one did not wait any more.")
WAIT_SECONDS = Spread(
    "wait_seconds",
    "From asking for a partner to having one, as the coordinator sees it.",
    (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 300),
)
BROADCAST_OUT = _counter("broadcast_out", "Messages of broadcasts, by what became of them.", ("outcome",))
BROADCAST_PAID = _counter("broadcast_paid", "Messages of broadcasts paid for with a tenth of a Star at most.")
BROADCAST_LEFT = _gauge("broadcast_left", "People of the broadcast under way for whom it is not settled.")
SWEPT = _counter("outbox_swept", "Events that the coordinator carried for somebody else.")
OUTBOX_UNREADABLE = _gauge("outbox_unreadable", "Events that wait for a coordinator of a newer version.")
HEADROOM = _gauge("headroom", "Messages a second the network could take on.")
NETWORK_SHARE = _gauge("network_share", "Share of all caps together that is in use.")
NETWORK_CAP = _gauge("network_cap", "Messages a second that all living bots together may send.")
NETWORK_BOTS = _gauge("network_bots", "Bots by state.", ("state",))


def value(metric: Counter | Gauge | Tally) -> float:
    """What a metric without labels stands at, or the sum over its labels."""
    (family,) = metric.collect()
    return sum(sample.value for sample in family.samples if not sample.name.endswith("_created"))


def exposition() -> bytes:
    """All figures in Prometheus' text form."""
    return generate_latest(REGISTRY)

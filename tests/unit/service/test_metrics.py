"""Figures that every message changes, counted without the library's locks."""

from core.service import metrics


def _delivered() -> dict[str, float]:
    """What the histogram says: entries up to each bound, their count and sum."""
    (family,) = metrics.DELIVERY_SECONDS.collect()
    return {s.labels.get("le", s.name.rpartition("_")[2]): s.value for s in family.samples}


def test_a_spread_counts_what_is_up_to_each_bound() -> None:
    before = _delivered()
    for seconds in (0.0, 0.005, 0.0051, 300.0, 1_000.0):
        metrics.DELIVERY_SECONDS.observe(seconds)
    more = {bound: count - before[bound] for bound, count in _delivered().items()}
    assert (more["0.005"], more["0.01"], more["60.0"], more["300.0"], more["+Inf"]) == (2, 3, 3, 4, 5)
    assert (more["count"], round(more["sum"], 6)) == (5, 1_300.0101)


def test_what_is_scraped_names_tallies_as_counters() -> None:
    metrics.MESSAGES_OUT.inc()
    lines = metrics.exposition().decode().splitlines()
    assert "# TYPE duologue_messages_out_total counter" in lines
    assert f"duologue_messages_out_total {float(metrics.value(metrics.MESSAGES_OUT))}" in lines
    assert 'duologue_delivery_seconds_bucket{le="+Inf"}' in "\n".join(lines)

"""`bench fidelity`: everything that Telegram can carry, on one bot and across two, and what leaks.

Every row of the table runs in both columns, with real shard processes, each with people of its
own. A row that does not hold is named in the progress; the figures count. Networks with vault
channels and with a local Bot API server have rows of their own. Then texts are measured while big
files cross.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from simulator.app import Options
from tests.bench.ladder import Ladder
from tests.bench.report import (
    Figure,
    Progress,
    Report,
    at_least,
    at_most,
    machine,
    middle,
    none_of,
    plain,
    quantile,
)
from tests.bench.simulator_speed import calls_per_core
from tests.bench.transfers import AT_ONCE, Measured, Transfers
from tests.harness.crossing import acts, big, makers, messages
from tests.harness.crossing.stage import COLUMNS, Result, Row, play
from tests.harness.network import Network, running

ROWS = [*messages.ROWS, *makers.ROWS, *acts.ROWS]
WITH_VAULTS = big.rows("through a vault")
LOCAL = big.rows("with a local server")
MEMORY_LIMIT_MIB = 8.0
BOTS = 4
"""So that rows wait less for a bot's limit."""

_running = partial(running, log_level="warning", postgres_settings={"fsync": "off"})


async def run(quick: bool, progress: Progress) -> Report:
    """Rows that do not hold, traces of the writer in what the reader was shown, and what files cost."""
    conditions = machine()
    ladder = Ladder()
    speed = await calls_per_core()
    transfer = 3_000_000 if quick else 18_000_000
    progress(f"starting {BOTS} shards and a coordinator")
    async with _running(BOTS) as network:
        progress(f"{len(ROWS)} rows, {len(COLUMNS)} columns, a pair of people for each")
        progress("beside them networks with vault channels and with a local Bot API server")
        bots = network.bots
        results, *others = await asyncio.gather(
            play(network, ROWS),
            _beside(ladder, _running(2, vaults=3), WITH_VAULTS),
            _beside(ladder, _running(2, options=Options(port=0, bots=2, local=True)), LOCAL),
        )
        await ladder.add(network)
        transfers = Transfers(network, transfer)
        measured = await transfers.run(2, 2.0 if quick else 15.0, progress)
        breaches = _breaches(network, bots)
    for found, above in others:
        results += found
        breaches += above
    for result in results:
        if result.why or result.leaks:
            progress(f"does not hold: {_name(result)}: {'; '.join((result.why, *result.leaks)).strip('; ')}")
    for line in [*table(results), "", *ladder.table()]:
        progress(line)
    conditions |= {"columns": " and ".join(COLUMNS), "rows_per_column": len(results) // len(COLUMNS)}
    conditions |= {"transfers": AT_ONCE, "transfer_bytes": transfer}
    figures = (
        plain("fidelity.rows", len(results), "rows of both columns"),
        none_of("fidelity.failed", sum(bool(result.why) for result in results), "rows that do not hold"),
        none_of("fidelity.leaks", sum(len(result.leaks) for result in results), "traces of the writer"),
        none_of("fidelity.breaches", breaches, "arrivals above a limit"),
        *_of_files(measured, ladder),
        at_least("fidelity.simulator_calls", speed, "texts a CPU second of the simulated Telegram", 2_000),
    )
    return Report("fidelity", conditions, figures)


async def _beside(
    ladder: Ladder, another: AbstractAsyncContextManager[Network], rows: Sequence[tuple[str, Row]]
) -> tuple[list[Result], int]:
    """Rows that need a network of their own, and arrivals above its limits."""
    async with another as network:
        results = await play(network, rows)
        await ladder.add(network)
        return results, _breaches(network, network.bots)


def _of_files(measured: Measured, ladder: Ladder) -> tuple[Figure, ...]:
    """What files cost others: time, memory, bytes."""
    quiet, busy = quantile(measured.quiet, 0.99), quantile(measured.busy, 0.99)
    echo_quiet, echo_busy = quantile(measured.echo_quiet, 0.99), quantile(measured.echo_busy, 0.99)
    return (
        # A text passes two processes and Redis, an echo's one: the same goal as where no file crosses.
        at_most(
            "fidelity.media_text_p99_ratio",
            busy / echo_busy,
            "x a bare echo's p99, both beside the files",
            2.0,
        ),
        at_most(
            "fidelity.long_turns",
            measured.long_turns / measured.turns,
            "of the shards' turns took more than 10 ms of CPU while files crossed",
            0.02,
        ),
        plain("fidelity.text_quiet_p50_ms", middle(measured.quiet), "ms, no file crosses"),
        plain("fidelity.text_busy_p50_ms", middle(measured.busy), f"ms, {AT_ONCE} files cross"),
        plain("fidelity.text_quiet_p99_ms", quiet, "ms, no file crosses"),
        plain("fidelity.text_busy_p99_ms", busy, f"ms, {AT_ONCE} files cross"),
        plain("fidelity.echo_quiet_p99_ms", echo_quiet, "ms, a bare echo bot, no file crosses"),
        plain("fidelity.echo_busy_p99_ms", echo_busy, "ms, a bare echo bot beside them"),
        plain("fidelity.transfer_seconds", max(measured.seconds), "s until all had crossed"),
        at_most(
            "fidelity.transfer_peak_mib",
            measured.grown_mib / (AT_ONCE / 2),
            "MiB of a shard's memory for each of its transfers",
            MEMORY_LIMIT_MIB,
        ),
        plain("fidelity.memory_hit_rate", ladder.hit_rate, "of files from another bot were remembered"),
        plain("fidelity.through_us_mb", sum(ladder.sent_bytes.values()) / 1e6, "MB uploaded by the rows"),
        plain("fidelity.map_bytes", measured.map_bytes, "bytes of the map for a message"),
        plain("fidelity.map_redis_bytes", measured.map_redis_bytes, "bytes that Redis takes for that"),
    )


def table(results: Sequence[Result]) -> list[str]:
    """The README's table: a row, and whether it holds in each column."""
    holds = {(result.row, result.column): not result.why and not result.leaks for result in results}
    lines = [f"| what | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS)]
    for row in dict.fromkeys(result.row for result in results):
        cells = " | ".join("yes" if holds[row, column] else "NO" for column in COLUMNS)
        lines.append(f"| {row} | {cells} |")
    return lines


def _breaches(network: Network, bots: Sequence[int]) -> int:
    """Of these bots: the echo beside them keeps to no chat's limit."""
    records = [network.simulator.judge.record(bot) for bot in bots]
    return sum(record.bot_breaches + record.chat_breaches for record in records)


def _name(result: Result) -> str:
    return f"{result.row} ({result.column})"

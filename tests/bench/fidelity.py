"""`bench fidelity`: everything that Telegram can carry, on one bot and across two, and what leaks.

Every row of the table runs in both columns, with real shard processes, each with people of its
own. A row that does not hold is named in the progress; the figures count.
"""

from collections.abc import Sequence

from tests.bench.report import Progress, Report, machine, none_of, plain
from tests.harness.crossing import acts, messages
from tests.harness.crossing.stage import COLUMNS, Result, play
from tests.harness.network import running

ROWS = [*messages.ROWS, *acts.ROWS]


async def run(quick: bool, progress: Progress) -> Report:
    """Rows that do not hold, and traces of the writer in what the reader was shown."""
    conditions = machine()
    progress("starting 2 shards and a coordinator")
    async with running(2, log_level="warning") as network:
        progress(f"{len(ROWS)} rows, {len(COLUMNS)} columns, a pair of people for each")
        results = await play(network, ROWS)
        totals = network.simulator.control.report()["totals"]
    for result in results:
        if result.why or result.leaks:
            progress(f"does not hold: {_name(result)}: {'; '.join((result.why, *result.leaks)).strip('; ')}")
    for line in table(results):
        progress(line)
    failed = [result for result in results if result.why]
    leaks = sum(len(result.leaks) for result in results)
    conditions |= {"columns": " and ".join(COLUMNS), "rows_per_column": len(ROWS)}
    breaches = totals["bot_breaches"] + totals["chat_breaches"]
    return Report(
        "fidelity",
        conditions,
        (
            plain("fidelity.rows", len(results), "rows of both columns"),
            none_of("fidelity.failed", len(failed), "rows that do not hold"),
            none_of("fidelity.leaks", leaks, "traces of the writer"),
            none_of("fidelity.breaches", breaches, "arrivals above a limit"),
        ),
    )


def table(results: Sequence[Result]) -> list[str]:
    """The README's table: a row, and whether it holds in each column."""
    holds = {(result.row, result.column): not result.why and not result.leaks for result in results}
    lines = [f"| what | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS)]
    for row in dict.fromkeys(result.row for result in results):
        cells = " | ".join("yes" if holds[row, column] else "NO" for column in COLUMNS)
        lines.append(f"| {row} | {cells} |")
    return lines


def _name(result: Result) -> str:
    return f"{result.row} ({result.column})"

"""`bench cap`: every token offered twice its cap; Telegram counts every sliding second."""

import asyncio
import time

from tests.bench.load import breaches, rates, refused, staged
from tests.bench.report import Progress, Report, at_least, at_most, machine, none_of, plain, quantile

CAP = 30


async def run(quick: bool, progress: Progress) -> Report:
    """Share of the cap used by the weakest token, breaches (429s counted), fairness over chats."""
    tokens, people, seconds = (3, 40, 20.0) if quick else (4, 60, 60.0)
    conditions = machine()
    progress(f"starting {tokens} shards with {people} people each")
    async with staged(tokens, people) as (network, crowd):
        progress(f"offering {2 * CAP} messages a second to each token for {seconds:.0f} s")
        writing = asyncio.ensure_future(crowd.write(rates(network, 2.0 * CAP), seconds + 4, even=True))
        await asyncio.sleep(3)
        begin = time.monotonic()
        await asyncio.sleep(seconds)
        end = time.monotonic()
        await writing
        simulator = network.simulator
        counts = crowd.shown_by_bot(begin, end)
        per_token = [sum(chats.values()) / (end - begin) / CAP for chats in counts.values()]
        ratios = [max(chats.values()) / max(1, min(chats.values())) for chats in counts.values()]
        judge = simulator.judge
        held = sum(record.held for record in judge.records.values())
        peak = max(record.peak for record in judge.records.values())
        chat_breaches = sum(record.chat_breaches for record in judge.records.values())
        broken, too_many = breaches(simulator), refused(simulator)
        verdict = crowd.ledger()
    waits = crowd.waits_ms(begin, begin + 1)
    conditions |= {"tokens": tokens, "chats_per_token": people, "offered_per_s": 2 * CAP, "seconds": seconds}
    return Report(
        "cap",
        conditions,
        (
            at_least("cap.share", min(per_token), "of 30/s, the weakest token", 0.98),
            none_of("cap.breaches", broken, "arrivals above a limit"),
            at_most("cap.chat_ratio", max(ratios), "busiest / quietest chat", 1.2),
            none_of("cap.chat_breaches", chat_breaches, "arrivals above a chat's limit"),
            none_of("cap.too_many", too_many, "429s"),
            plain("cap.share_mean", sum(per_token) / len(per_token), "of 30/s, all tokens"),
            plain("cap.peak", peak, "messages in the fullest second"),
            plain("cap.held", held, "calls that Telegram held"),
            none_of("cap.inversions", verdict.inversions, "messages out of order"),
            plain("cap.queue_ms", quantile(waits, 0.5), "ms in the queue, median"),
        ),
    )

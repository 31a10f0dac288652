"""The order of a shard's end.

No further update is taken in; what was taken in is finished and confirmed; what lies in the lanes stays
in Redis; calls under way are answered and acknowledged; the lease is given back.
"""

import asyncio

import structlog

from core.domain.errors import StoreAway
from core.service.run import Done
from core.state.redis.leases import Lease
from shard.inbound.polling import Poller
from shard.inbound.webhook import Webhook
from shard.outbound.sender import Sender

DRAIN_SECONDS = 5.0
REST_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def stop_in_order(
    stop: asyncio.Event,
    source: Poller | Webhook,
    taking_in: asyncio.Task[None],
    sender: Sender,
    lease: Lease,
) -> None:
    """When told to stop: intake, then what is under way, then the lease; ends the group."""
    await stop.wait()
    source.stop()
    sender.stop()
    await asyncio.wait({taking_in}, timeout=DRAIN_SECONDS)
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await sender.drained()
            # Whoever serves next has a whole second's budget: ours must be over by then.
            await asyncio.sleep(REST_SECONDS)
            await lease.release()
    except (TimeoutError, StoreAway) as error:
        log.warning("not everything under way was finished", why=type(error).__name__)
    raise Done

"""Commands, buttons and membership changes go to aiogram's Dispatcher, each with its desk."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec
import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.types import Update as WholeUpdate

from core.domain.errors import RedisAway, StaleEpoch
from core.domain.ids import PersonId
from core.domain.seal import Seal
from core.service import metrics
from core.service.log import innermost
from core.state.moderation import Moderation
from core.state.people import People
from core.state.postgres.broadcasts import Broadcasts
from core.state.redis.agreements import Agreements
from core.state.redis.message_map import MessageMap
from shard.inbound import acts, admins, casting
from shard.inbound.admission import Admission
from shard.inbound.commands import router
from shard.inbound.desk import Counter
from shard.inbound.overview import Overview
from shard.inbound.updates import Update

_forget_updates: Callable[[], None] = vars(WholeUpdate)["event_type"].fget.cache_clear
"""aiogram remembers of 128 updates of which kind they are, and with that all that people wrote in them."""

log = structlog.get_logger(__name__)


class NoCalls(BaseSession):
    """aiogram's way to Telegram, closed: every call goes through the token's budget (desks).

    Its own would also load the machine's certificates into each process, which is slow and large.
    """

    async def close(self) -> None:
        """There is nothing to close."""

    async def make_request(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("handlers call Telegram through their desk")

    def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError("handlers call Telegram through their desk")


def mute_bot(token: str) -> Bot:
    """Whose updates they are, for the Dispatcher."""
    return Bot(token, session=NoCalls())


class Handling:
    """`handle` is what intake calls for everything that is no message to the partner."""

    def __init__(
        self,
        bot: Bot,
        counter: Counter,
        admission: Admission,
        people: People,
        overview: Overview,
        broadcasts: Broadcasts,
        moderation: Moderation,
        messages: MessageMap,
        seal: Seal,
        agreements: Agreements,
        admin_ids: frozenset[int],
    ) -> None:
        self._bot = bot
        self._counter = counter
        self._seal = seal
        self._dispatcher = Dispatcher(
            # Its memory of where everybody stands would keep everybody, for ever.
            disable_fsm=True,
            admission=admission,
            people=people,
            overview=overview,
            broadcasts=broadcasts,
            moderation=moderation,
            messages=messages,
            agreements=agreements,
            admin_ids=admin_ids,
        )
        # One process serves one token, but tests may build several shards in one: a router has one parent.
        for one in (admins.router, casting.router, acts.router, router):
            one._parent_router = None
            self._dispatcher.include_router(one)

    async def handle(self, update: Update, raw: msgspec.Raw) -> None:
        """Work through one update; safe when it returns. Raises RedisAway and StaleEpoch, to be repeated."""
        person = update.person()
        assert person is not None, "intake passes on what has a person"
        desk = self._counter.desk(person, update.update_id)
        try:
            unsealed = self._unsealed(raw, person)
            await self._dispatcher.feed_raw_update(self._bot, unsealed, desk=desk, raw=raw, given=update)
        except (RedisAway, StaleEpoch):
            raise
        except Exception as error:  # noqa: BLE001 an update that breaks a handler must not hold up those behind it
            metrics.HANDLER_FAILURES.inc()
            # Neither the error's text nor its stack: they may hold what a person wrote.
            log.error("a handler failed", kind=type(error).__name__, where=innermost(error))
            desk.say("try_later")
        finally:
            _forget_updates()
        await desk.close()

    def _unsealed(self, raw: msgspec.Raw, person: PersonId) -> dict[str, Any]:
        """The update for handlers: the data of a button that this bot never gave that person is empty."""
        update: dict[str, Any] = msgspec.json.decode(raw)
        query = update.get("callback_query")
        if query is not None:
            payload = self._seal.pressed(person, query.get("data") or "")
            if payload is None:
                metrics.SEALS_BROKEN.inc()
            query["data"] = payload or ""
        return update

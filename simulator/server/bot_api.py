"""`/bot<token>/<method>` and `/file/bot<token>/<path>`."""

import asyncio
from collections.abc import Coroutine
from types import CoroutineType
from typing import Any

from aiohttp import web

from simulator.clock import Clock
from simulator.errors import ApiError, bad_request, too_many_requests, unauthorized
from simulator.faults.rules import LOSES_ANSWER, Faults, Kind, Rule
from simulator.limits.judge import Go, Judge, Refuse, Weight
from simulator.limits.weights import chats_of, weigh
from simulator.methods import PLAYED
from simulator.methods.call import Call
from simulator.server import bodies, breaking
from simulator.server.answers import Answer, Broken, Outcome, accepted, as_response, refused
from simulator.server.arrival import Arrival, arrival
from simulator.server.asked import Asked
from simulator.tables.check import Upload, check_call
from simulator.tables.grammar import METHOD_NAMES, NOT_PLAYED_NAMES
from simulator.world.actors import Bot
from simulator.world.identity import TOKEN
from simulator.world.world import World

#: These go through the queue of files, which is not the one of texts.
_SLOWER = frozenset(
    f"send{kind}"
    for kind in "Photo Video Animation Audio Voice VideoNote Document LivePhoto MediaGroup".split()
)
_TAKES_TIME = _SLOWER | {"getUpdates"}


class BotApi:
    """Takes calls, lets limits and faults have their say, plays the method, answers.

    A file is done `media_lag` seconds after a text would be: of two calls under way at once the text may
    overtake, as at Telegram.
    """

    def __init__(
        self, world: World, judge: Judge, faults: Faults, clock: Clock, media_lag: float = 0.0
    ) -> None:
        self._media_lag = media_lag
        self._world = world
        self._judge = judge
        self._faults = faults
        self._clock = clock
        self._held: set[asyncio.Future[None]] = set()

    def mount(self, app: web.Application) -> None:
        for way in ("", "/via/{way:[^/]+}"):
            app.router.add_route("*", way + "/bot{token:[^/]*}/{method:.*}", self.handle)
            app.router.add_get(way + "/file/bot{token:[^/]*}/{path:.*}", self.download)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call that came to the full server."""
        match = request.match_info
        try:
            bot, method = self._admit(match["token"], match["method"], request.remote or "")
            given, uploads = await bodies.read(request, self._world.files)
        except ApiError as error:
            return as_response(refused(error), request)
        outcome = self._carry_out(bot, method, match.get("way", ""), given, uploads)
        if not isinstance(outcome, Answer | Broken):
            outcome = await outcome
        return as_response(outcome, request)

    def take(self, asked: Asked, address: str, body: bytes) -> Outcome | Coroutine[Any, Any, Outcome]:
        """One call that is wholly there; a coroutine where it has to wait for something."""
        try:
            bot, method = self._admit(asked.token, asked.method, address)
            given = bodies.parse(asked.kind, body)
        except ApiError as error:
            return refused(error)
        return self._carry_out(bot, method, asked.way, given, {})

    def _admit(self, token: str, path: str, address: str) -> tuple[Bot, str]:
        """Whose call it is, and to which method; ApiError when it is nobody's or to none."""
        bot = self._authorize(token)
        method = _method(path)
        wait = self._judge.greet(self._clock.monotonic(), address, bot.id)
        if wait:
            raise too_many_requests(wait)
        return bot, method

    def _carry_out(
        self, bot: Bot, method: str, way: str, given: dict[str, Any], uploads: dict[str, Upload]
    ) -> Outcome | Coroutine[Any, Any, Outcome]:
        """Limits and faults have their say, the method is played. What need not wait is done at once."""
        rule = self._faults.strike(bot.id, method, _chats(given)) if self._faults else None
        if rule is not None and rule.kind is Kind.RESET_BEFORE:
            bodies.discard(uploads)
            return Broken()
        lost = rule is not None and rule.kind in LOSES_ANSWER
        came = Arrival(way, self._clock.monotonic(), lost)
        try:
            call = Call(self._world, bot, method, check_call(method, given), uploads)
            weight, go = self._judged(call, came.at)
            if rule is None and go.wait <= 0 and method not in _TAKES_TIME:
                return accepted(self._played(call, came))
        except ApiError as error:
            bodies.discard(uploads)
            refusal = refused(error)
            return refusal if rule is None else breaking.after(refusal, rule, bot, self._clock)
        return self._in_time(call, came, weight, go, rule)

    async def _in_time(self, call: Call, came: Arrival, weight: Weight, go: Go, rule: Rule | None) -> Outcome:
        try:
            if go.wait > 0:
                await self._wait_out(call.bot, weight, go)
            if rule is not None:
                await breaking.before(rule, call.bot, self._world, self._clock)
            if call.method in _SLOWER:
                await asyncio.sleep(self._media_lag)
            result = self._played(call, came)
            if isinstance(result, CoroutineType):
                result = await result
        except ApiError as error:
            bodies.discard(call.uploads)
            answer = refused(error)
        else:
            answer = accepted(result)
        return answer if rule is None else await breaking.after(answer, rule, call.bot, self._clock)

    def _played(self, call: Call, came: Arrival | None = None) -> Any:
        """Plays a checked call: its result, or what will have it."""
        if call.bot.frozen and call.method not in ("getMe", "getUpdates"):
            raise bad_request("FROZEN_METHOD_INVALID")
        before = arrival.set(came)
        try:
            return PLAYED[call.method](call)
        finally:
            arrival.reset(before)

    async def run_given(self, bot: Bot, method: str, given: dict[str, Any]) -> None:
        """A call that came as the answer to a webhook; its result goes nowhere."""
        name = _method(method)
        call = Call(self._world, bot, name, check_call(name, given))
        await self._wait_out(bot, *self._judged(call, self._clock.monotonic()))
        result = self._played(call)
        if isinstance(result, CoroutineType):
            await result

    def _judged(self, call: Call, now: float) -> tuple[Weight, Go]:
        """What the limits say to an arrival; ApiError 429 when it would have to wait too long."""
        weight = weigh(call.method, call.params)
        chats = chats_of(call.method, call.params, self._world.channel_id) if weight.bot else ()
        verdict = self._judge.arrive(now, self._clock.wall(), call.bot.id, chats, weight)
        if isinstance(verdict, Refuse):
            raise too_many_requests(verdict.retry_after)
        return weight, verdict

    async def _wait_out(self, bot: Bot, weight: Weight, go: Go) -> None:
        """Waits as long as the limits say; ApiError 429 when that becomes too long."""
        await self._hold(go.wait)
        if go.again:
            await self._pass_bot_window(bot, weight, go.wait)

    async def _pass_bot_window(self, bot: Bot, weight: Weight, waited: float) -> None:
        verdict = self._judge.proceed(self._clock.monotonic(), bot.id, weight, waited)
        if isinstance(verdict, Refuse):
            raise too_many_requests(verdict.retry_after)
        await self._hold(verdict.wait)

    async def _hold(self, seconds: float) -> None:
        """Waits by the clock; ApiError when the server is started anew meanwhile."""
        if seconds <= 0:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.add(waiting)
        timer = self._clock.call_later(seconds, lambda: None if waiting.done() else waiting.set_result(None))
        try:
            await waiting
        finally:
            timer.cancel()
            self._held.discard(waiting)

    def restart(self) -> int:
        """What callers see of a server that is started anew: all that waits ends with 500. How many calls."""
        ended = list(self._held)
        for waiting in ended:
            if not waiting.done():
                waiting.set_exception(_restarted())
        polls = [bot.long_poll for bot in self._world.bots.values() if bot.long_poll.waits]
        for poll in polls:
            poll.interrupt(_restarted())
        return len(ended) + len(polls)

    def _authorize(self, token: str) -> Bot:
        bot = self._world.authorized(token)
        if bot is None:
            raise (
                unauthorized()
                if TOKEN.fullmatch(token)
                else ApiError(401, "Unauthorized: invalid token specified")
            )
        return bot

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file by the path that getFile gave."""
        try:
            bot = self._authorize(request.match_info["token"])
        except ApiError as error:
            return as_response(refused(error), request)
        rule = self._faults.strike(bot.id, "", (), file=True) if self._faults else None
        if rule is not None:
            if rule.kind is Kind.RESET_BEFORE:
                return as_response(Broken(), request)
            try:
                await breaking.before(rule, bot, self._world, self._clock)
            except breaking.ServerPage:
                return as_response(breaking.page(rule), request)
            except ApiError as error:
                return as_response(refused(error), request)
        file = self._world.files.published(bot.id, request.match_info["path"], self._clock.wall())
        if file is None:
            return as_response(refused(ApiError(404, "Not Found")), request)
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = file.size
        await response.prepare(request)
        cut = file.size // 2 if rule is not None and rule.kind in (Kind.CUT, Kind.RESET_AFTER) else None
        sent = 0
        for piece in file.pieces():
            if cut is not None and sent + len(piece) > cut:
                await response.write(piece[: cut - sent])
                return as_response(Broken(), request)
            await response.write(piece)
            sent += len(piece)
            # A fast reader would have the whole file at once, and all other calls would wait for it.
            await asyncio.sleep(0)
        await response.write_eof()
        return response


def _restarted() -> ApiError:
    return ApiError(500, "Internal Server Error: restart")


def _method(path: str) -> str:
    name = METHOD_NAMES.get(path.lower())
    if name is None:
        if path.lower() in NOT_PLAYED_NAMES:
            raise bad_request(f"the simulator does not play the method {path}")
        raise ApiError(404, "Not Found: method not found" if path and "/" not in path else "Not Found")
    return name


def _chats(given: dict[str, Any]) -> tuple[int, ...]:
    found = []
    for name in ("chat_id", "from_chat_id"):
        try:
            found.append(int(given[name]))
        except (KeyError, ValueError, TypeError):
            continue
    return tuple(found)

"""`/bot<token>/<method>` and `/file/bot<token>/<path>`."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from simulator.clock import Clock
from simulator.errors import ApiError, bad_request, too_many_requests
from simulator.faults.rules import LOSES_ANSWER, Faults, Kind, Rule
from simulator.limits.judge import Judge, Refuse, Weight
from simulator.limits.weights import chats_of, weigh
from simulator.methods import PLAYED
from simulator.methods.call import Call
from simulator.server import bodies, breaking
from simulator.server.arrival import Arrival, arrival
from simulator.tables.check import check_call
from simulator.tables.grammar import METHOD_NAMES, NOT_PLAYED_NAMES
from simulator.world.actors import Bot
from simulator.world.identity import TOKEN
from simulator.world.world import World

#: These go through the queue of files, which is not the one of texts.
_SLOWER = frozenset(
    f"send{kind}"
    for kind in "Photo Video Animation Audio Voice VideoNote Document LivePhoto MediaGroup".split()
)
_ENCODE = msgspec.json.Encoder().encode
_JSON = "application/json"


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
        """One call over HTTP."""
        try:
            bot = self._authorize(request.match_info["token"])
            method = _method(request.match_info["method"])
            wait = self._judge.greet(self._clock.monotonic(), request.remote or "", bot.id)
            if wait:
                raise too_many_requests(wait)
            given, uploads = await bodies.read(request, self._world.files)
        except ApiError as error:
            return answer(error)
        rule = self._faults.strike(bot.id, method, _chats(given)) if self._faults else None
        if rule is not None and rule.kind is Kind.RESET_BEFORE:
            bodies.discard(uploads)
            return breaking.reset(request)
        lost = rule is not None and rule.kind in LOSES_ANSWER
        arrival.set(Arrival(request.match_info.get("way", ""), self._clock.monotonic(), lost))
        try:
            params = check_call(method, given)
            call = Call(self._world, bot, method, params, uploads)
            await self._pass_limits(bot, method, params)
            if rule is not None:
                await breaking.before(rule, bot, self._world, self._clock)
            if method in _SLOWER:
                await asyncio.sleep(self._media_lag)
            result = await self.play(call)
        except ApiError as error:
            bodies.discard(uploads)
            response = answer(error)
        else:
            response = _ok(result)
        if rule is not None:
            return await self._break_answer(request, response, rule, bot)
        return response

    async def play(self, call: Call) -> Any:
        """Plays a checked call; also for what a webhook answers."""
        if call.bot.frozen and call.method not in ("getMe", "getUpdates"):
            raise bad_request("FROZEN_METHOD_INVALID")
        result = PLAYED[call.method](call)
        if hasattr(result, "__await__"):
            return await result
        return result

    async def run_given(self, bot: Bot, method: str, given: dict[str, Any]) -> None:
        """A call that came as the answer to a webhook; its result goes nowhere."""
        name = _method(method)
        params = check_call(name, given)
        await self._pass_limits(bot, name, params)
        await self.play(Call(self._world, bot, name, params))

    async def _pass_limits(self, bot: Bot, method: str, params: dict[str, Any]) -> None:
        """Waits as long as the limits say; ApiError 429 when that would be too long."""
        weight = weigh(method, params)
        chats = chats_of(method, params, self._world.channel_id) if weight.bot else ()
        now = self._clock.monotonic()
        verdict = self._judge.arrive(now, self._clock.wall(), bot.id, chats, weight)
        if isinstance(verdict, Refuse):
            raise too_many_requests(verdict.retry_after)
        if verdict.wait <= 0:
            return
        await self._hold(verdict.wait)
        if verdict.again:
            await self._pass_bot_window(bot, weight, verdict.wait)

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

    async def _break_answer(
        self, request: web.Request, response: web.Response, rule: Rule, bot: Bot
    ) -> web.StreamResponse:
        if rule.kind is Kind.DUPLICATE and response.status == 200:
            return breaking.repeat(response, bot, rule)
        return await breaking.after(request, response, rule, self._clock)

    def _authorize(self, token: str) -> Bot:
        if TOKEN.fullmatch(token) is None:
            raise ApiError(401, "Unauthorized: invalid token specified")
        return self._world.authorize(token)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file by the path that getFile gave."""
        try:
            bot = self._authorize(request.match_info["token"])
        except ApiError as error:
            return answer(error)
        rule = self._faults.strike(bot.id, "", (), file=True) if self._faults else None
        if rule is not None:
            if rule.kind is Kind.RESET_BEFORE:
                return breaking.reset(request)
            try:
                await breaking.before(rule, bot, self._world, self._clock)
            except breaking.ServerPage:
                return breaking.page(rule)
            except ApiError as error:
                return answer(error)
        file = self._world.files.published(bot.id, request.match_info["path"], self._clock.wall())
        if file is None:
            return answer(ApiError(404, "Not Found"))
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = file.size
        await response.prepare(request)
        cut = file.size // 2 if rule is not None and rule.kind in (Kind.CUT, Kind.RESET_AFTER) else None
        sent = 0
        for piece in file.pieces():
            if cut is not None and sent + len(piece) > cut:
                await response.write(piece[: cut - sent])
                return breaking.reset(request)
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


def _ok(result: Any) -> web.Response:
    return web.Response(body=_ENCODE({"ok": True, "result": result}), content_type=_JSON)


def answer(error: ApiError) -> web.Response:
    """A refusal in Telegram's form."""
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    headers = {}
    if error.parameters:
        body["parameters"] = error.parameters
        if "retry_after" in error.parameters:
            headers["Retry-After"] = str(error.parameters["retry_after"])
    return web.Response(status=error.code, body=_ENCODE(body), content_type=_JSON, headers=headers)

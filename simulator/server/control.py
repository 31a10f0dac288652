"""The control API: see the package for what there is."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from simulator.errors import ControlError
from simulator.faults.rules import Faults, Rule
from simulator.limits.judge import Judge, Record
from simulator.server import requests
from simulator.server.errands import Errands
from simulator.server.events import EventLog, entry
from simulator.world.actors import Bot, Json, Person
from simulator.world.messages import Message
from simulator.world.world import World

_ENCODE = msgspec.json.Encoder().encode
_Request = TypeVar("_Request")
_Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LONGEST_WAIT = 60.0


class Control:
    """The HTTP side of people, bots, limits, faults and the report."""

    def __init__(
        self, world: World, judge: Judge, faults: Faults, events: EventLog, restart: Callable[[], int]
    ) -> None:
        self._restart = restart
        self._world = world
        self._judge = judge
        self._faults = faults
        self._events = events
        self._errands = Errands(world)
        self.shown: dict[int, int] = {}
        world.hooks.on_shown.append(self._count)

    def _count(self, _person: Person, bot: Bot, _message: Message) -> None:
        self.shown[bot.id] = self.shown.get(bot.id, 0) + 1

    def mount(self, app: web.Application) -> None:
        """Adds the routes."""
        errands = self._errands
        posts: dict[str, tuple[Any, Callable[[Any], Json]]] = {
            "bots": (requests.NewBots, errands.new_bots),
            "people": (requests.NewPeople, errands.new_people),
            "press": (requests.Press, errands.press),
            "edit": (requests.Edit, errands.edit),
            "react": (requests.React, errands.react),
            "vote": (requests.Vote, errands.vote),
            "delete": (requests.Delete, errands.delete),
            "block": (requests.Pair, errands.block),
            "unblock": (requests.Pair, errands.unblock),
            "vanish": (requests.OnePerson, errands.vanish),
            "revoke": (requests.OneBot, errands.revoke),
            "freeze": (requests.Freeze, errands.freeze),
            "channels": (requests.NewChannel, errands.new_channel),
            "sticker_sets": (requests.NewStickerSet, errands.new_sticker_set),
            "limits": (requests.Limits, self._set_limits),
        }
        for name, (kind, errand) in posts.items():
            app.router.add_post(f"/control/{name}", _posting(kind, errand))
        app.router.add_post("/control/send", _safe(self._send))
        app.router.add_post("/control/restart", _safe(self._restarting))
        app.router.add_post("/control/faults", _safe(self._add_faults))
        app.router.add_delete("/control/faults", _safe(self._remove_faults))
        app.router.add_delete("/control/report", _safe(self._reset_report))
        for name, page in (
            ("bots", self._bots),
            ("people", self._people),
            ("faults", self._show_faults),
            ("limits", self._show_limits),
            ("chat", self._chat),
            ("callback", self._callback),
            ("report", self._report),
            ("events", self._follow),
            ("file", self._file),
        ):
            app.router.add_get(f"/control/{name}", _safe(page))

    async def _send(self, request: web.Request) -> web.StreamResponse:
        """One record or a list of them."""
        body = await request.read()
        if body.lstrip()[:1] == b"[":
            return _json([self._errands.send(one) for one in _decode(body, list[requests.Send])])
        return _json(self._errands.send(_decode(body, requests.Send)))

    async def _bots(self, _: web.Request) -> web.StreamResponse:
        return _json({"bots": [self._errands.show_bot(bot) for bot in self._world.bots.values()]})

    async def _people(self, _: web.Request) -> web.StreamResponse:
        return _json({"people": [person.user_json for person in self._world.people]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        person = self._world.people.find(_number(request, "person"))
        bot = self._world.bot(request.query.get("bot", ""))
        after = _number(request, "after", 0)
        chat = self._world.private(bot, person)
        entries = [entry(self._world, bot, one) for one in chat.messages.values() if one.id > after]
        return _json(
            {
                "started": chat.started,
                "blocked": chat.blocked,
                "keyboard": chat.keyboard,
                "entries": entries,
            }
        )

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        tap = self._world.callbacks.get(request.query.get("id", ""))
        if tap is None:
            raise ControlError("there is no such callback query")
        return _json({"answered": tap.answer is not None, "text": tap.answer or "", "alert": tap.alert})

    # -- limits, faults, report ---------------------------------------------------------------

    def _set_limits(self, wanted: requests.Limits) -> Json:
        if wanted.bot is not None:
            if wanted.cap is None:
                raise ControlError("say which cap the bot shall have")
            self._judge.set_bot_cap(self._world.bot(wanted.bot).id, wanted.cap)
        else:
            fields = {
                key: value for key, value in msgspec.structs.asdict(wanted).items() if value is not None
            }
            if "cap" in fields:
                fields["bot"] = fields.pop("cap")
            self._judge.set_caps(dataclasses.replace(self._judge.caps, **fields))
        return dataclasses.asdict(self._judge.caps)

    async def _show_limits(self, _: web.Request) -> web.StreamResponse:
        return _json(dataclasses.asdict(self._judge.caps))

    async def _restarting(self, _: web.Request) -> web.StreamResponse:
        return _json({"ended": self._restart()})

    async def _add_faults(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        rules = _decode(body, list[Rule]) if body.lstrip()[:1] == b"[" else [_decode(body, Rule)]
        return _json({"rules": [self._faults.add(rule) for rule in rules]})

    async def _show_faults(self, _: web.Request) -> web.StreamResponse:
        return _json({"rules": self._faults.rules})

    async def _remove_faults(self, request: web.Request) -> web.StreamResponse:
        rule = _number(request, "id", 0)
        return _json({"removed": self._faults.remove(rule or None)})

    async def _report(self, _: web.Request) -> web.StreamResponse:
        return _json(self.report())

    async def _reset_report(self, _: web.Request) -> web.StreamResponse:
        self._judge.records.clear()
        self.shown.clear()
        return _json(self.report())

    def report(self) -> Json:
        """What every bot did and which limits it broke; `breaches` lists the last thousand of each bot."""
        bots = {}
        totals: dict[str, float] = {}
        for bot in self._world.bots.values():
            figures = _figures(self._judge.record(bot.id), bot, self.shown.get(bot.id, 0))
            for name, value in figures.items():
                totals[name] = (
                    max(totals.get(name, 0), value) if name == "peak" else totals.get(name, 0) + value
                )
            record = self._judge.record(bot.id)
            bots[str(bot.id)] = {
                "username": bot.username,
                **figures,
                "breaches": [dataclasses.asdict(breach) for breach in record.breaches],
                "breached_chats": {str(chat): count for chat, count in record.breached_chats.items()},
            }
        return {
            "bots": bots,
            "totals": totals,
            "people": len(self._world.people),
            "at": self._world.clock.wall(),
        }

    # -- events and files ---------------------------------------------------------------------

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        people = frozenset(int(one) for one in request.query.getall("person", []))
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await self._stream(request, people)
        after = _number(request, "after", 0)
        if after < 0:
            after = self._events.last
        await self._events.wait(after, min(_number(request, "wait", 0), _LONGEST_WAIT))
        found = self._events.since(after, people)
        return _json({"last": self._events.last, "events": [self._events.show(event) for event in found]})

    async def _stream(self, request: web.Request, people: frozenset[int]) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        after = _number(request, "after", -1)
        if after < 0:
            after = self._events.last
        while not self._events.closed:
            await self._events.wait(after, 15.0)
            newest = self._events.last
            for event in self._events.since(after, people, limit=100_000):
                text = _ENCODE(self._events.show(event))
                await response.write(b"id: %d\ndata: %b\n\n" % (event.number, text))
            if newest == after:
                await response.write(b": still here\n\n")
            after = newest
        return response

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._world.files.by_unique(request.query.get("unique_id", ""))
        if file is None:
            raise ControlError("there is no file of that unique_id")
        if "digest" in request.query:
            return _json({"sha256": file.digest(), "size": file.size})
        response = web.StreamResponse(headers={"Content-Type": file.mime or "application/octet-stream"})
        response.content_length = file.size
        await response.prepare(request)
        for piece in file.pieces():
            await response.write(piece)
        return response


def _figures(record: Record, bot: Bot, shown: int) -> dict[str, float]:
    return {
        "calls": record.calls,
        "weighed": record.weighed,
        "shown": shown,
        "held": record.held,
        "held_seconds": round(record.held_seconds, 3),
        "refused": record.refused,
        "bot_breaches": record.bot_breaches,
        "chat_breaches": record.chat_breaches,
        "peak": record.peak,
        "stars": round(record.stars, 1),
        "pending": len(bot.queue),
        "expired": bot.queue.expired,
        "lost": bot.queue.lost,
    }


def _posting(kind: type[_Request], errand: Callable[[_Request], Json]) -> _Page:
    async def page(request: web.Request) -> web.StreamResponse:
        return _json(errand(_decode(await request.read() or b"{}", kind)))

    return _safe(page)


def _safe(page: _Page) -> _Page:
    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await page(request)
        except ControlError as error:
            return _json({"error": str(error)}, status=400)

    return guarded


def _decode(body: bytes, kind: type[_Request]) -> _Request:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ControlError(str(error)) from None


def _number(request: web.Request, name: str, default: int | None = None) -> int:
    text = request.query.get(name, "")
    if not text and default is not None:
        return default
    try:
        return int(text)
    except ValueError:
        raise ControlError(f"{name} must be a number") from None


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=_ENCODE(value), content_type="application/json")

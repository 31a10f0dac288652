"""The HTTP side of the page: the frame, its files, the stream, and what the phones ask for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from itertools import count
from string import Template
from typing import Final

import msgspec
from aiohttp import web

from simulator.clock import sleep
from simulator.errors import ApiError, ControlError
from simulator.limits.judge import Judge
from simulator.page.act import Act
from simulator.page.acts import Acts
from simulator.page.audience import Audience
from simulator.page.view import Figures, history_json
from simulator.people import pictures
from simulator.people.gallery import Gallery
from simulator.people.things import THINGS
from simulator.people.things.files import FILMS
from simulator.world.actors import Bot, Json, Person
from simulator.world.files import File
from simulator.world.messages import Message
from simulator.world.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_NAMES: Final = ("Robin", "Sasha", "Alex", "Charlie", "Jules", "Kim", "Noa", "Sam")
_NEWEST: Final = 200
_UPLOAD_LIMIT: Final = 50 * 1024 * 1024
_TOO_BIG: Final = "this page sends files of up to 50 MB"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class _Wish(msgspec.Struct, frozen=True):
    """A page's wish for a person: the one it knows, if that one still exists, else somebody new."""

    id: int | None = None


class Site:
    """The page. `routes` go into the simulator's server; `run` brings the figures, once a second."""

    def __init__(self, world: World, judge: Judge, gallery: Gallery, network: str = "Duologue") -> None:
        self._world = world
        self._audience = Audience(world)
        self._figures = Figures(world, judge)
        self._gallery = gallery
        self._acts = Acts(world, gallery, self._audience)
        self._frame = _frame(network)
        self._static = _static()
        self._made = count()
        world.hooks.on_accepted.append(self._met)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._page),
            web.get("/page/live", self._live),
            web.get("/page/network", _plain(self._network)),
            web.get("/page/chat", _plain(self._chat)),
            web.post("/page/people", _plain(self._person)),
            web.post("/page/act", _plain(self._act)),
            web.post("/page/upload", _plain(self._upload)),
            web.get("/page/photo/{name}.png", _plain(self._painted)),
            web.get("/page/sticker/{name}.png", _plain(self._painted)),
            web.get("/page/file/{unique}", self._file),
            web.get("/page/{name}", self._asset),
        ]

    async def run(self) -> None:
        """Until cancelled; then every stream ends."""
        try:
            while True:
                await sleep(self._world.clock, 1.0)
                self._figures.tick(1.0)
                self._audience.tell_all({"type": "network", **self._figures.json()})
        finally:
            self._audience.close()

    def _met(self, person: Person, bot: Bot, _: Message) -> None:
        self._figures.met(person.id, bot.id)

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(body=self._frame, content_type="text/html", charset="utf-8", headers=_HEADERS)

    async def _asset(self, request: web.Request) -> web.Response:
        found = self._static.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1], charset="utf-8", headers=_HEADERS)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        people = [int(one) for one in request.query.get("people", "").split(",") if one.isdigit()]
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await stream.prepare(request)
        viewer = self._audience.join(people)
        try:
            await stream.write(b"retry: 1000\n\n")
            while (line := await viewer.lines.get()) is not None:
                await stream.write(line)
        except ConnectionResetError:
            pass  # the page was closed
        finally:
            self._audience.leave(viewer)
        return stream

    async def _network(self, _: web.Request) -> Json:
        return self._figures.json()

    async def _chat(self, request: web.Request) -> Json:
        person = self._world.people.find(_number(request.query, "person"))
        bot = self._world.bot(_number(request.query, "bot"))
        return history_json(self._world, self._world.private(bot, person), _NEWEST)

    async def _person(self, request: web.Request) -> Json:
        wish = msgspec.json.decode(await request.read(), type=_Wish)
        known = self._world.people.get(wish.id) if wish.id is not None else None
        if known is None or known.deleted:
            known = self._world.people.create(_NAMES[next(self._made) % len(_NAMES)])
        return {"id": known.id, "name": known.first_name}

    async def _act(self, request: web.Request) -> Json:
        return await self._acts.do(msgspec.json.decode(await request.read(), type=Act))

    async def _upload(self, request: web.Request) -> Json:
        """Takes somebody's own file; it is sent by its unique id afterwards."""
        if (request.content_length or 0) > _UPLOAD_LIMIT:
            raise ControlError(_TOO_BIG)
        content = bytearray()
        async for piece in request.content.iter_chunked(256 * 1024):
            content += piece
            if len(content) > _UPLOAD_LIMIT:
                raise ControlError(_TOO_BIG)
        name, mime = request.query.get("name", "file"), request.query.get("type", "")
        return {"file": self._gallery.upload(bytes(content), name, mime).file.unique_id}

    async def _painted(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        paint = pictures.photo if "/photo/" in request.path else pictures.sticker
        if name not in (*pictures.PHOTOS, *pictures.STICKERS):
            raise web.HTTPNotFound
        body = await asyncio.to_thread(paint, name)
        return web.Response(body=body, content_type="image/png", headers={"Cache-Control": "max-age=3600"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._world.files.by_unique(request.match_info["unique"])
        if file is None:
            raise web.HTTPNotFound
        response = web.StreamResponse(headers=_file_headers(file))
        response.content_length = file.size
        await response.prepare(request)
        for piece in file.pieces():
            await response.write(piece)
        return response


def _plain(handler: Callable[[web.Request], Awaitable[Json | web.Response]]) -> Handler:
    """JSON out; what cannot be done becomes a 400 with one sentence."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            done = await handler(request)
        except (ControlError, ApiError, msgspec.MsgspecError) as error:
            return web.Response(
                status=400, body=msgspec.json.encode({"error": str(error)}), content_type="application/json"
            )
        if isinstance(done, web.Response):
            return done
        return web.Response(body=msgspec.json.encode(done), content_type="application/json", headers=_HEADERS)

    return answer


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    if not text.isdigit():
        raise ControlError(f"{name} should be a number")
    return int(text)


def _file_headers(file: File) -> dict[str, str]:
    """Pictures, films and music may be shown; everything else is only to be downloaded."""
    head = b"".join(file.pieces())[:12] if file.size < 64 else next(file.pieces())[:12]
    kind = _picture_type(head) or (file.mime if file.mime.startswith(("video/", "audio/")) else "")
    headers = {
        "Content-Type": kind or "application/octet-stream",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "max-age=3600",
    }
    return headers if kind else headers | {"Content-Disposition": "attachment"}


def _picture_type(head: bytes) -> str:
    if head.startswith(b"\x89PNG"):
        return "image/png"
    if head.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if head.startswith(b"GIF8"):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""


def _frame(network: str) -> bytes:
    setup = {
        "photos": pictures.PHOTOS,
        "films": FILMS,
        "stickers": [{"name": name, "emoji": emoji} for name, emoji in pictures.STICKER_EMOJI.items()],
        "things": [
            {"name": name, "sign": thing.sign, "words": thing.words, "group": thing.group}
            for name, thing in THINGS.items()
        ],
    }
    template = Template(files("simulator.page").joinpath("page.html").read_text(encoding="utf-8"))
    text = json.dumps(setup).replace("<", "\\u003c")
    return template.substitute(network=network, setup=text).encode()


def _static() -> dict[str, tuple[bytes, str]]:
    """The files of `static`, by name, with their types; small enough to be kept."""
    found = {}
    for entry in files("simulator.page").joinpath("static").iterdir():
        kind = _TYPES.get("." + entry.name.rpartition(".")[2])
        if kind is not None:
            found[entry.name] = (entry.read_bytes(), kind)
    return found

"""Carries out what a fault's rule says."""

import asyncio

import msgspec
from aiohttp import web

from simulator.clock import Clock, sleep
from simulator.errors import ApiError, bad_request, too_many_requests, unauthorized
from simulator.faults.rules import Kind, Rule
from simulator.world.actors import Bot
from simulator.world.world import World


class ServerPage(ApiError):
    """A 5xx whose body is a page, not JSON."""


async def before(rule: Rule, bot: Bot, world: World, clock: Clock) -> None:
    """What happens before the call is done; ApiError when it is then not done at all."""
    seconds = max(1, round(rule.seconds))
    match rule.kind:
        case Kind.TOO_MANY:
            raise too_many_requests(seconds)
        case Kind.DISGUISED:
            raise bad_request(
                f'failed to send message #1 with the error message "Too Many Requests: retry after {seconds}"'
            )
        case Kind.SERVER_ERROR:
            raise ServerPage(rule.status, rule.description or "Bad Gateway")
        case Kind.ERROR:
            raise ApiError(rule.status, rule.description)
        case Kind.SLOW:
            await sleep(clock, rule.seconds)
        case Kind.BLACKHOLE:
            await asyncio.Event().wait()
        case Kind.REVOKE:
            world.revoke(bot)
            raise unauthorized()
        case _:
            return


async def after(request: web.Request, response: web.Response, rule: Rule, clock: Clock) -> web.StreamResponse:
    """What happens to the answer of a call that was done (or refused)."""
    match rule.kind:
        case Kind.SERVER_ERROR:
            return page(rule)
        case Kind.SLOW_ANSWER:
            await sleep(clock, rule.seconds)
        case Kind.RESET_AFTER:
            return reset(request)
        case Kind.TRUNCATED:
            whole = _bytes(response)
            return web.Response(
                status=response.status, body=whole[: len(whole) // 2], content_type="application/json"
            )
        case Kind.CUT:
            return _cut(request, response)
        case Kind.STRANGE:
            return web.Response(body=b'{"ok":true,"result":true}', content_type="application/json")
        case Kind.REORDER:
            return _turned_round(response)
        case _:
            return response
    return response


def page(rule: Rule) -> web.Response:
    """What a proxy in front of Telegram says."""
    title = f"{rule.status} {rule.description or 'Bad Gateway'}"
    text = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body><center><h1>{title}</h1></center></body></html>"
    )
    return web.Response(status=rule.status, text=text, content_type="text/html")


def reset(request: web.Request) -> web.Response:
    """Closes the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _cut(request: web.Request, response: web.Response) -> web.Response:
    whole = _bytes(response)
    head = (
        f"HTTP/1.1 {response.status} OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(whole)}\r\n\r\n"
    )
    if request.transport is not None:
        request.transport.write(head.encode() + whole[: len(whole) // 2])
        request.transport.close()
    return web.Response()


def repeat(response: web.Response, bot: Bot, rule: Rule) -> web.Response:
    """GetUpdates with some of what was confirmed before, once more, in front."""
    again = b",".join(update.body for update in bot.queue.again(rule.count))
    whole = _bytes(response)
    start = b'{"ok":true,"result":['
    if not again or not whole.startswith(start):
        return response
    rest = whole[len(start) :]
    joined = start + again + (b"" if rest.startswith(b"]") else b",") + rest
    return web.Response(body=joined, content_type="application/json")


def _turned_round(response: web.Response) -> web.Response:
    """GetUpdates with the newest first."""
    answer = msgspec.json.decode(_bytes(response))
    if isinstance(answer.get("result"), list):
        answer["result"].reverse()
    return web.Response(
        status=response.status, body=msgspec.json.encode(answer), content_type="application/json"
    )


def _bytes(response: web.Response) -> bytes:
    """The body of an answer that was made here."""
    return response.body if isinstance(response.body, bytes) else b""

"""What a call comes to, whichever way it came: an answer, or a connection that ends."""

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from simulator.errors import ApiError

_ENCODE = msgspec.json.Encoder().encode
JSON = "application/json"
HTML = "text/html; charset=utf-8"


class Answer(msgspec.Struct, gc=False):
    """`retry_after` in seconds, 0 for none."""

    status: int
    body: bytes
    kind: str = JSON
    retry_after: int = 0


class Broken(msgspec.Struct, gc=False):
    """No answer: the connection is closed after these bytes, or at once where there are none."""

    words: bytes = b""


Outcome = Answer | Broken


def accepted(result: Any) -> Answer:
    """A call that was done."""
    return Answer(200, _ENCODE({"ok": True, "result": result}))


def refused(error: ApiError) -> Answer:
    """A refusal in Telegram's form."""
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    retry_after = 0
    if error.parameters:
        body["parameters"] = error.parameters
        retry_after = error.parameters.get("retry_after", 0)
    return Answer(error.code, _ENCODE(body), retry_after=retry_after)


def as_bytes(answer: Answer) -> bytes:
    """As it goes out on the connection."""
    body = answer.body
    if answer.status == 200 and answer.kind is JSON:
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
            len(body),
            body,
        )
    later = f"Retry-After: {answer.retry_after}\r\n" if answer.retry_after else ""
    head = (
        f"HTTP/1.1 {answer.status} {_phrase(answer.status)}\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(body)}\r\n{later}\r\n"
    )
    return head.encode() + body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def as_response(outcome: Outcome, request: web.Request) -> web.Response:
    """As the full server gives it."""
    if isinstance(outcome, Broken):
        if request.transport is not None:
            end(request.transport, outcome)
        return web.Response()
    headers = {"Content-Type": outcome.kind}
    if outcome.retry_after:
        headers["Retry-After"] = str(outcome.retry_after)
    return web.Response(status=outcome.status, body=outcome.body, headers=headers)


def end(transport: Any, broken: Broken) -> None:
    """Closes a connection, as a fault says."""
    if broken.words:
        transport.write(broken.words)
        transport.close()
    else:
        transport.abort()

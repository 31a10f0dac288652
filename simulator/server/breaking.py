"""Carries out what a fault's rule says."""

import asyncio

import msgspec

from simulator.clock import Clock, sleep
from simulator.errors import ApiError, bad_request, too_many_requests, unauthorized
from simulator.faults.rules import Kind, Rule
from simulator.server.answers import HTML, Answer, Broken, Outcome
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


async def after(outcome: Answer, rule: Rule, bot: Bot, clock: Clock) -> Outcome:
    """What happens to the answer of a call that was done (or refused)."""
    match rule.kind:
        case Kind.SERVER_ERROR:
            return page(rule)
        case Kind.SLOW_ANSWER:
            await sleep(clock, rule.seconds)
        case Kind.RESET_AFTER:
            return Broken()
        case Kind.TRUNCATED:
            return Answer(outcome.status, outcome.body[: len(outcome.body) // 2])
        case Kind.CUT:
            return _cut(outcome)
        case Kind.STRANGE:
            return Answer(200, b'{"ok":true,"result":true}')
        case Kind.REORDER:
            return _turned_round(outcome)
        case Kind.DUPLICATE if outcome.status == 200:
            return _repeated(outcome, bot, rule)
        case _:
            return outcome
    return outcome


def page(rule: Rule) -> Answer:
    """What a proxy in front of Telegram says."""
    title = f"{rule.status} {rule.description or 'Bad Gateway'}"
    text = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body><center><h1>{title}</h1></center></body></html>"
    )
    return Answer(rule.status, text.encode(), HTML)


def _cut(answer: Answer) -> Broken:
    whole = answer.body
    head = (
        f"HTTP/1.1 {answer.status} OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(whole)}\r\n\r\n"
    )
    return Broken(head.encode() + whole[: len(whole) // 2])


def _repeated(answer: Answer, bot: Bot, rule: Rule) -> Answer:
    """GetUpdates with some of what was confirmed before, once more, in front."""
    again = b",".join(update.body for update in bot.queue.again(rule.count))
    start = b'{"ok":true,"result":['
    if not again or not answer.body.startswith(start):
        return answer
    rest = answer.body[len(start) :]
    return Answer(200, start + again + (b"" if rest.startswith(b"]") else b",") + rest)


def _turned_round(answer: Answer) -> Answer:
    """GetUpdates with the newest first."""
    said = msgspec.json.decode(answer.body)
    if isinstance(said.get("result"), list):
        said["result"].reverse()
    return Answer(answer.status, msgspec.json.encode(said))

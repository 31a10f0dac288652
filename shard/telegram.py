"""Telegram's Bot API as this shard calls it: one method, raw bytes in and out, typed errors.

Nothing here waits for the budget or repeats a call: the caller does (shard.outbound.pacing,
shard.inbound.polling). The errors carry what it decides with.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import aiohttp
import msgspec

from core.domain.envelope import Lane
from core.domain.errors import UNDECODABLE, DuologueError
from shard.wire import Answered, NotWanted, Outcome, Wire, WireBroken

_QUOTED = re.compile(r"""(["'`«]).*["'`»]|\w+://\S+|@\w+""", re.DOTALL)


class TelegramError(DuologueError):
    """A call to Telegram did not do what it should."""


class TelegramAway(TelegramError):
    """Telegram cannot be reached, or fails.

    `reached`: the call may have been carried out. `arrived`: it may count for Telegram's limits, also
    where it failed there.
    """

    def __init__(self, why: str, *, reached: bool, arrived: bool = False) -> None:
        super().__init__(f"Telegram does not answer as it should: {why}")
        self.reached = reached
        self.arrived = reached or arrived


class NotOurs(TelegramAway):
    """This process does not speak for the token now: the call was not made."""

    def __init__(self) -> None:
        super().__init__("", reached=False)
        self.args = ("nothing is sent while the lease is not valid",)


class TooDeep(TelegramError):
    """An answer nested so deeply that nobody can read it. `body` is all of it."""

    def __init__(self, method: str, body: bytes) -> None:
        super().__init__(f"{method}: an answer of {len(body)} bytes is nested too deeply to be read")
        self.body = body


class TooManyRequests(TelegramError):
    """Wait `retry_after` seconds before this chat is written to again."""

    def __init__(self, method: str, retry_after: float) -> None:
        super().__init__(f"{method}: Telegram asks to wait for {retry_after} s")
        self.retry_after = retry_after


class Refused(TelegramError):
    """Telegram understood and said no; the same call would be refused again."""

    def __init__(self, method: str, code: int, description: str) -> None:
        self.code = code
        self.description = description
        self.plain = _QUOTED.sub("…", description)
        """The description without what Telegram quotes in it: that may be what a person wrote."""
        super().__init__(f"{method}: {code} {self.plain}")


class Unreachable(Refused):
    """The person has blocked the bot, is gone, or never started it (403, or chat not found)."""


class TokenRefused(Refused):
    """401: the token is revoked or was never right."""


class Conflict(Refused):
    """409: another process polls this token, or a webhook is set."""


Result = msgspec.Raw | TelegramError
"""What a call came to."""


class _Parameters(msgspec.Struct):
    retry_after: float | None = None


class _Answer(msgspec.Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    error_code: int = 0
    description: str = ""
    parameters: _Parameters | None = None


_answers = msgspec.json.Decoder(_Answer)
_encode = msgspec.json.encode
_DISGUISED = re.compile(r"Too Many Requests: retry after (\d+)")
_JSON = {"Content-Type": "application/json"}
_UNREACHABLE = ("chat not found", "user not found", "PEER_ID_INVALID")


class Caller(Protocol):
    """Makes one call within the token's budget: what everybody but the sender and the poller is given."""

    def __call__(
        self, method: str, params: dict[str, Any], *, lane: Lane = ..., timeout: float = ...
    ) -> Awaitable[msgspec.Raw]: ...


class Telegram:
    """One token's view of one Bot API server."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        token: str,
        wire: Wire | None = None,
        may: Callable[[], bool] | None = None,
    ) -> None:
        """`wire` carries the JSON calls where there are many; uploads and downloads need the session.

        `may`: whether this process speaks for the token, asked last of all before a JSON call goes out.
        Before an upload it is asked first; whoever sends one asks again when its file is wanted.
        """
        self._session = session
        self._wire = wire
        self._may = may
        self._path = f"/bot{token}/"
        self._base = f"{api_url}/bot{token}/"
        self._files = f"{api_url}/file/bot{token}/"

    async def call(
        self, method: str, params: dict[str, Any] | aiohttp.FormData, *, timeout: float = 30
    ) -> msgspec.Raw:
        """One call; the `result` part of the answer, still encoded.

        Raises TooManyRequests, Unreachable, TokenRefused, Conflict, Refused, TelegramAway, NotOurs, TooDeep.
        """
        outcome: Outcome
        if self._wire is not None and isinstance(params, dict):
            try:
                outcome = await self._wire.post(self._path + method, _encode(params), timeout, self._may)
            except NotWanted:
                raise NotOurs from None
            except WireBroken as error:
                outcome = error
        elif self._may is not None and not self._may():
            raise NotOurs
        else:
            outcome = await self._post(method, params, timeout)
        result = result_of(method, outcome)
        if isinstance(result, TelegramError):
            raise result
        return result

    def call_now(
        self, method: str, params: dict[str, Any], answered: Answered, *, timeout: float = 30
    ) -> bool:
        """As `call`, but calls `answered` with what came back: `result_of` makes sense of it.

        False, and nothing is done, where there is no connection that waits for a call.
        """
        return self._wire is not None and self._wire.post_now(
            self._path + method, _encode(params), timeout, answered
        )

    async def _post(
        self, method: str, params: dict[str, Any] | aiohttp.FormData, timeout: float
    ) -> tuple[int, bytes]:
        reached = False
        try:
            request = (
                self._session.post(
                    self._base + method, data=_encode(params), headers=_JSON, timeout=_limit(timeout)
                )
                if isinstance(params, dict)
                else self._session.post(self._base + method, data=params, timeout=_limit(timeout))
            )
            async with request as response:
                reached = True
                return response.status, await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            connecting = isinstance(error, aiohttp.ClientConnectorError)
            raise TelegramAway(type(error).__name__, reached=reached or not connecting) from None

    async def download(self, path: str) -> aiohttp.ClientResponse:
        """A file that getFile told the path of; the caller closes it. Raises TelegramAway, Refused."""
        try:
            response = await self._session.get(
                self._files + path, timeout=aiohttp.ClientTimeout(total=None, sock_read=30)
            )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TelegramAway(type(error).__name__, reached=False) from None
        if response.status != 200:
            response.close()
            raise Refused("file", response.status, "the file is not to be had")
        return response


def _limit(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, connect=5)


def result_of(method: str, outcome: Outcome) -> Result:
    """The result of a call, or what `Telegram.call` would raise."""
    if isinstance(outcome, WireBroken):
        return TelegramAway(str(outcome), reached=outcome.reached)
    status, body = outcome
    try:
        answer = _answers.decode(body)
    except RecursionError:
        return TooDeep(method, body)
    except UNDECODABLE:
        return TelegramAway(f"{status} with a body that is no JSON", reached=status < 500, arrived=True)
    return answer.result if answer.ok else _error(method, answer)


def _error(method: str, answer: _Answer) -> TelegramError:
    disguised = _DISGUISED.search(answer.description)
    if answer.parameters is not None and answer.parameters.retry_after is not None:
        return TooManyRequests(method, answer.parameters.retry_after)
    if disguised:
        return TooManyRequests(method, float(disguised[1]))
    code, description = answer.error_code, answer.description
    match code:
        case 429:
            return TooManyRequests(method, 1.0)
        case 401:
            return TokenRefused(method, code, description)
        case 409:
            return Conflict(method, code, description)
        case 403:
            return Unreachable(method, code, description)
        case 400 if any(words in description for words in _UNREACHABLE):
            return Unreachable(method, code, description)
        case _ if code >= 500:
            return TelegramAway(f"{code} {description}", reached=False, arrived=True)
        case _:
            return Refused(method, code, description)

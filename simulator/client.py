"""A client of the control API, for tests and benchmarks in another process than the simulator."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

Json = dict[str, Any]


class SimulatorRefused(Exception):
    """The simulator says that something cannot be done; the text says what."""


class BotAccount(msgspec.Struct, frozen=True):
    """A bot as the simulator tells of it."""

    id: int
    token: str
    username: str
    name: str = ""


class Client:
    """Use it as `async with Client(url) as client`. Bots are named by id or @username."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, verb: str, path: str, body: Any = None, **query: Any) -> Any:
        """Any call of the control API; SimulatorRefused carries its error."""
        if self._session is None:
            raise RuntimeError("use the client with `async with`")
        data = None if body is None else msgspec.json.encode(body)
        url = f"{self.url}/control/{path}"
        async with self._session.request(verb, url, data=data, params=query or None) as response:
            answer = msgspec.json.decode(await response.read())
            if response.status != 200:
                raise SimulatorRefused(answer.get("error", str(answer)))
            return answer

    async def bot_call(self, token: str, method: str, **params: Any) -> Json:
        """A call of the Bot API; gives the whole answer, refused or not."""
        if self._session is None:
            raise RuntimeError("use the client with `async with`")
        headers = {"Content-Type": "application/json"}
        data = msgspec.json.encode(params)
        async with self._session.post(
            f"{self.url}/bot{token}/{method}", data=data, headers=headers
        ) as response:
            answer: Json = msgspec.json.decode(await response.read())
            return answer

    async def bots(self) -> list[BotAccount]:
        answer = await self.call("GET", "bots")
        return msgspec.convert(answer["bots"], list[BotAccount])

    async def new_bots(self, count: int = 1) -> list[BotAccount]:
        answer = await self.call("POST", "bots", {"count": count})
        return msgspec.convert(answer["bots"], list[BotAccount])

    async def new_people(self, count: int = 1, **facts: Any) -> list[int]:
        """Ids of new people. `facts`: first_name, language, premium, refuses, …"""
        answer = await self.call("POST", "people", {"count": count, **facts})
        people: list[int] = answer["people"]
        return people

    async def start(self, person: int, bot: int | str, payload: str = "") -> int:
        """Presses START or follows a deep link; the message's id."""
        return await self.send(person, bot, start=payload)

    async def send(self, person: int, bot: int | str, text: str | None = None, **what: Any) -> int:
        """Sends a text, or what `what` says (`media`, `poll`, `body`, `reply_to`, …); the message's id."""
        wanted = {"person": person, "bot": bot, **what}
        if text is not None:
            wanted["text"] = text
        answer = await self.call("POST", "send", wanted)
        message: int = answer["message_id"]
        return message

    async def send_many(self, wanted: Sequence[Json]) -> list[int]:
        """Many sends in one call, in order."""
        return [one["message_id"] for one in await self.call("POST", "send", list(wanted))]

    async def album(self, person: int, bot: int | str, items: Sequence[Json]) -> list[int]:
        """Sends 2 to 10 media as one album."""
        answer = await self.call("POST", "send", {"person": person, "bot": bot, "album": list(items)})
        messages: list[int] = answer["message_ids"]
        return messages

    async def press(self, person: int, bot: int | str, wanted: str, message_id: int | None = None) -> Json:
        """Taps an inline button (by data or text) or a button of the reply keyboard (by text)."""
        body = {"person": person, "bot": bot, "data": wanted, "message_id": message_id}
        answer: Json = await self.call("POST", "press", body)
        return answer

    async def edit(self, person: int, bot: int | str, message_id: int, text: str) -> None:
        await self.call(
            "POST", "edit", {"person": person, "bot": bot, "message_id": message_id, "text": text}
        )

    async def react(self, person: int, bot: int | str, message_id: int, emoji: str = "") -> None:
        """Reacts with one emoji; with none the reaction is taken away."""
        await self.call(
            "POST", "react", {"person": person, "bot": bot, "message_id": message_id, "emoji": emoji}
        )

    async def block(self, person: int, bot: int | str) -> None:
        await self.call("POST", "block", {"person": person, "bot": bot})

    async def unblock(self, person: int, bot: int | str) -> None:
        await self.call("POST", "unblock", {"person": person, "bot": bot})

    async def vanish(self, person: int) -> None:
        """The person deletes the account."""
        await self.call("POST", "vanish", {"person": person})

    async def revoke(self, bot: int | str) -> str:
        """Ends a bot's token; gives the new one."""
        token: str = (await self.call("POST", "revoke", {"bot": bot}))["token"]
        return token

    async def chat(self, person: int, bot: int | str, after: int = 0) -> list[Json]:
        """What was said in a chat after a message id, oldest first: entries as `simulator.server` says."""
        entries: list[Json] = (await self.call("GET", "chat", person=person, bot=bot, after=after))["entries"]
        return entries

    async def keyboard(self, person: int, bot: int | str) -> Json | None:
        """The reply keyboard under the person's text field."""
        shown: Json | None = (await self.call("GET", "chat", person=person, bot=bot))["keyboard"]
        return shown

    async def events(self, after: int, wait: int = 0, people: Sequence[int] = ()) -> tuple[int, list[Json]]:
        """The last number and the events after `after`; waits up to `wait` seconds for the first."""
        query: Json = {"after": after, "wait": wait}
        if people:
            query["person"] = list(people)
        answer = await self.call("GET", "events", **query)
        return answer["last"], answer["events"]

    async def report(self) -> Json:
        answer: Json = await self.call("GET", "report")
        return answer

    async def reset_report(self) -> None:
        await self.call("DELETE", "report")

    async def limits(self, **wanted: Any) -> Json:
        """Sets limits (`cap`, `chat_rate`, `chat_burst`, `hold`, `enforced`, …; `bot` for one bot's cap)."""
        answer: Json = await self.call("POST", "limits", wanted)
        return answer

    async def fault(self, kind: str, **rule: Any) -> int:
        """Puts a fault in force; its id."""
        answer = await self.call("POST", "faults", {"kind": kind, **rule})
        number: int = answer["rules"][0]["id"]
        return number

    async def clear_faults(self) -> None:
        await self.call("DELETE", "faults")

    async def new_channel(self, title: str, bots: Sequence[int | str]) -> int:
        """A channel that the bots administer; its id."""
        channel: int = (await self.call("POST", "channels", {"title": title, "bots": list(bots)}))["id"]
        return channel

    async def digest(self, unique_id: str) -> str:
        """SHA-256 of a file's bytes, in hex."""
        text: str = (await self.call("GET", "file", unique_id=unique_id, digest=1))["sha256"]
        return text

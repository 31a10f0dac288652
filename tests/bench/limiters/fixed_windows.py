"""Fixed windows, counted as teloxide's Throttle counts them with its default limits. See README.md.

Four times a second a worker lets go what its counts allow: 30 a second over all, 1 a second and 20 a
minute in a chat. The second is counted from the oldest entry of the minute on, and ends at the first
that is older than a second, so after a second it counts nothing. Of what waits it sees 30 at a time.
A refused call freezes the worker for as long as Telegram says and then stands in line again, last.
"""

import asyncio
import json
import sys
from collections import Counter, deque

import aiohttp

URL, TOKEN, RATE, CHATS = sys.argv[1:]
OVERALL, CHAT_SECOND, CHAT_MINUTE = 30, 1, 20
DELAY = 0.25


class Throttle:
    """`turn` returns when a call to that chat may go."""

    def __init__(self) -> None:
        self._line: asyncio.Queue[tuple[int, asyncio.Future[None]]] = asyncio.Queue()
        self._seen: list[tuple[int, asyncio.Future[None]]] = []
        self._history: deque[tuple[int, float]] = deque()
        self._minute: Counter[int] = Counter()
        self.frozen_until = 0.0

    async def turn(self, chat: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.put_nowait((chat, turn))
        await turn

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self.frozen_until > loop.time():
                await asyncio.sleep(self.frozen_until - loop.time())
            if not self._seen:
                self._seen.append(await self._line.get())
            while len(self._seen) < OVERALL and not self._line.empty():
                self._seen.append(self._line.get_nowait())
            self._let_go(loop.time())
            await asyncio.sleep(DELAY)

    def _let_go(self, now: float) -> None:
        while self._history and self._history[0][1] < now - 60:
            self._minute[self._history.popleft()[0]] -= 1
        second: Counter[int] = Counter()
        for chat, at in self._history:
            if at <= now - 1:
                break
            second[chat] += 1
        allowed = OVERALL - second.total()
        for one in list(self._seen):
            if allowed <= 0:
                return
            chat, turn = one
            if second[chat] >= CHAT_SECOND or self._minute[chat] >= CHAT_MINUTE:
                continue
            self._seen.remove(one)
            turn.set_result(None)
            second[chat] += 1
            self._minute[chat] += 1
            self._history.append((chat, now))
            allowed -= 1


async def main() -> None:
    chats = [int(chat) for chat in CHATS.split(",")]
    count = {"done": 0, "failed": 0}
    throttle = Throttle()
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(chat: int, text: str) -> None:
            while True:
                await throttle.turn(chat)
                call = session.post(
                    f"{URL}/bot{TOKEN}/sendMessage",
                    data=json.dumps({"chat_id": chat, "text": text}),
                    headers={"Content-Type": "application/json"},
                )
                async with call as response:
                    answer = await response.json()
                if answer["ok"]:
                    count["done"] += 1
                    return
                if answer["error_code"] != 429:
                    count["failed"] += 1
                    return
                throttle.frozen_until = loop.time() + answer["parameters"]["retry_after"]

        working = asyncio.ensure_future(throttle.run())
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        seconds = float(await asyncio.to_thread(sys.stdin.readline))
        ended = loop.run_in_executor(None, sys.stdin.read)
        began = loop.time()
        calls = set()
        for number in range(int(float(RATE) * seconds)):
            await asyncio.sleep(began + number / float(RATE) - loop.time())
            place = number % len(chats)
            calls.add(asyncio.ensure_future(send(chats[place], f"#{place} {number // len(chats)}")))
        await ended
        for call in [working, *calls]:
            call.cancel()
        await asyncio.gather(working, *calls, return_exceptions=True)
    sys.stdout.write(json.dumps(count) + "\n")


if __name__ == "__main__":
    asyncio.run(main())

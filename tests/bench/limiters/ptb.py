# mypy: ignore-errors
"""python-telegram-bot with its AIORateLimiter, as its documentation shows it. See README.md."""

import asyncio
import json
import sys

from telegram.error import TelegramError
from telegram.ext import AIORateLimiter, ApplicationBuilder

URL, TOKEN, RATE, CHATS = sys.argv[1:]


async def main():
    application = (
        ApplicationBuilder().token(TOKEN).base_url(f"{URL}/bot").rate_limiter(AIORateLimiter()).build()
    )
    chats = [int(chat) for chat in CHATS.split(",")]
    count = {"done": 0, "failed": 0}
    async with application:

        async def send(chat, text):
            try:
                await application.bot.send_message(chat, text)
                count["done"] += 1
            except TelegramError:
                count["failed"] += 1

        loop = asyncio.get_running_loop()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        seconds = float(await asyncio.to_thread(sys.stdin.readline))
        ended = loop.run_in_executor(None, sys.stdin.read)
        began, calls = loop.time(), set()
        for number in range(int(float(RATE) * seconds)):
            await asyncio.sleep(began + number / float(RATE) - loop.time())
            place = number % len(chats)
            calls.add(asyncio.ensure_future(send(chats[place], f"#{place} {number // len(chats)}")))
        await ended
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    sys.stdout.write(json.dumps(count) + "\n")


asyncio.run(main())

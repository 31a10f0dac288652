"""A plain relay as peers write it, aiogram and Redis: `relay.py API_URL REDIS_URL TOKEN ...`.

One process polls all bots; whom a person talks with, and on which bot, is looked up in Redis at
each message; the text is sent on at once. Nothing is kept if it dies, nothing is paced.
"""

import asyncio
import sys

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from redis.asyncio import Redis

dispatcher = Dispatcher()


@dispatcher.message()
async def relay(message: Message, redis: "Redis", bots: dict[str, Bot]) -> None:
    """On to the partner, if there is one."""
    partner = str(await redis.get(f"partner:{message.chat.id}") or "")
    if not partner:
        await message.answer("You have no partner yet.")
        return
    bot, _, person = partner.partition(":")
    await bots[bot].send_message(int(person), message.text or "")


async def main() -> None:
    """Poll until killed."""
    url, redis_url, *tokens = sys.argv[1:]
    server = TelegramAPIServer.from_base(url)
    bots = {token.partition(":")[0]: Bot(token, session=AiohttpSession(api=server)) for token in tokens}
    redis = Redis.from_url(redis_url, decode_responses=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    # Without a limit a backlog opens more connections to Redis than its client allows, and messages are lost.
    await dispatcher.start_polling(
        *bots.values(), handle_signals=False, tasks_concurrency_limit=40, redis=redis, bots=bots
    )


if __name__ == "__main__":
    asyncio.run(main())

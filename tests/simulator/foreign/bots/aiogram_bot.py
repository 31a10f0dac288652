# mypy: ignore-errors
"""aiogram, with its own polling: https://aiogram.dev"""

import asyncio
import base64
import os

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

API, TOKEN = os.environ["API"], os.environ["TOKEN"]
dispatcher = Dispatcher()


@dispatcher.message(F.text == "upload")
async def upload(message):
    picture = BufferedInputFile(base64.b64decode(os.environ["PICTURE"]), "p.png")
    await message.answer_photo(picture, caption="uploaded")


@dispatcher.message(F.text == "buttons")
async def buttons(message):
    markup = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Press", callback_data="p")]])
    await message.answer("press", reply_markup=markup)


@dispatcher.callback_query(F.data == "p")
async def pressed(query):
    await query.answer("pressed")
    await query.message.edit_text("pressed")


@dispatcher.message(F.text == "flood")
async def flood(message):
    try:
        await message.answer("flooded")
    except TelegramRetryAfter as error:
        await asyncio.sleep(error.retry_after)
        await message.answer(f"told to wait {error.retry_after}")


@dispatcher.message(F.photo)
async def photo(message, bot):
    data = await bot.download(message.photo[-1])
    await message.answer_photo(message.photo[-1].file_id, caption=f"got {len(data.read())}")


@dispatcher.message(F.text)
async def echo(message):
    parameters = ReplyParameters(message_id=message.message_id)
    await message.answer(f"<b>echo</b>: {message.text}", parse_mode="HTML", reply_parameters=parameters)


async def main():
    bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(API)))
    if os.environ["MODE"] == "polling":
        await dispatcher.start_polling(bot, handle_signals=False)
        return
    port, secret = int(os.environ["PORT"]), os.environ["SECRET"]
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=secret).register(
        app, "/hook"
    )
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token=secret)
    await asyncio.Event().wait()


asyncio.run(main())

# mypy: ignore-errors
"""python-telegram-bot: https://python-telegram-bot.org"""

import asyncio
import base64
import os

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, Update
from telegram.error import RetryAfter
from telegram.ext import Application, CallbackQueryHandler, MessageHandler, filters

API, TOKEN = os.environ["API"], os.environ["TOKEN"]


async def upload(update, context):
    picture = base64.b64decode(os.environ["PICTURE"])
    await update.message.reply_photo(picture, caption="uploaded")


async def buttons(update, context):
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Press", callback_data="p")]])
    await update.message.reply_text("press", reply_markup=markup)


async def pressed(update, context):
    await update.callback_query.answer("pressed")
    await update.callback_query.edit_message_text("pressed")


async def flood(update, context):
    try:
        await update.message.reply_text("flooded")
    except RetryAfter as error:
        seconds = error._retry_after
        await asyncio.sleep(seconds.total_seconds())
        await update.message.reply_text(f"told to wait {int(seconds.total_seconds())}")


async def photo(update, context):
    size = update.message.photo[-1]
    data = await (await size.get_file()).download_as_bytearray()
    await update.message.reply_photo(size.file_id, caption=f"got {len(data)}")


async def echo(update, context):
    parameters = ReplyParameters(update.message.message_id)
    text = f"<b>echo</b>: {update.message.text}"
    await update.message.reply_text(text, parse_mode="HTML", reply_parameters=parameters)


def main():
    application = (
        Application.builder().token(TOKEN).base_url(f"{API}/bot").base_file_url(f"{API}/file/bot").build()
    )
    application.add_handler(MessageHandler(filters.Text(["upload"]), upload))
    application.add_handler(MessageHandler(filters.Text(["buttons"]), buttons))
    application.add_handler(MessageHandler(filters.Text(["flood"]), flood))
    application.add_handler(MessageHandler(filters.PHOTO, photo))
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.add_handler(CallbackQueryHandler(pressed))
    if os.environ["MODE"] == "webhook":
        port = int(os.environ["PORT"])
        application.run_webhook(
            "127.0.0.1",
            port,
            "hook",
            webhook_url=f"http://127.0.0.1:{port}/hook",
            secret_token=os.environ["SECRET"],
            allowed_updates=Update.ALL_TYPES,
        )
    else:
        application.run_polling(allowed_updates=Update.ALL_TYPES)


main()

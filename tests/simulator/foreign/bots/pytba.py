# mypy: ignore-errors
"""pyTelegramBotAPI: https://pytba.readthedocs.io"""

import base64
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import telebot
from telebot import apihelper, types

API, TOKEN = os.environ["API"], os.environ["TOKEN"]
apihelper.API_URL = API + "/bot{0}/{1}"
apihelper.FILE_URL = API + "/file/bot{0}/{1}"
bot = telebot.TeleBot(TOKEN, parse_mode=None)


@bot.message_handler(func=lambda message: message.text == "upload")
def upload(message):
    bot.send_photo(message.chat.id, base64.b64decode(os.environ["PICTURE"]), caption="uploaded")


@bot.message_handler(func=lambda message: message.text == "buttons")
def buttons(message):
    markup = types.InlineKeyboardMarkup()
    markup.add(types.InlineKeyboardButton("Press", callback_data="p"))
    bot.send_message(message.chat.id, "press", reply_markup=markup)


@bot.callback_query_handler(func=lambda call: call.data == "p")
def pressed(call):
    bot.answer_callback_query(call.id, "pressed")
    bot.edit_message_text("pressed", call.message.chat.id, call.message.message_id)


@bot.message_handler(func=lambda message: message.text == "flood")
def flood(message):
    try:
        bot.send_message(message.chat.id, "flooded")
    except apihelper.ApiTelegramException as error:
        if error.error_code != 429:
            raise
        seconds = error.result_json["parameters"]["retry_after"]
        time.sleep(seconds)
        bot.send_message(message.chat.id, f"told to wait {seconds}")


@bot.message_handler(content_types=["photo"])
def photo(message):
    file_id = message.photo[-1].file_id
    data = bot.download_file(bot.get_file(file_id).file_path)
    bot.send_photo(message.chat.id, file_id, caption=f"got {len(data)}")


@bot.message_handler(content_types=["text"])
def echo(message):
    parameters = types.ReplyParameters(message.message_id)
    bot.send_message(
        message.chat.id, f"<b>echo</b>: {message.text}", parse_mode="HTML", reply_parameters=parameters
    )


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        known = self.headers["X-Telegram-Bot-Api-Secret-Token"] == os.environ["SECRET"]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if known:
            bot.process_new_updates([telebot.types.Update.de_json(body.decode())])
        self.send_response(200 if known else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


if os.environ["MODE"] == "webhook":
    port = int(os.environ["PORT"])
    server = HTTPServer(("127.0.0.1", port), Hook)
    bot.set_webhook(f"http://127.0.0.1:{port}/", secret_token=os.environ["SECRET"])
    server.serve_forever()
else:
    bot.infinity_polling(timeout=10, long_polling_timeout=10)

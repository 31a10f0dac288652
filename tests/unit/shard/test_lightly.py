"""aiogram's types in a process of their own, as a shard imports them."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

LOOK = """
import shard.inbound.handling
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Story, Update

assert Update.__pydantic_complete__, "what is validated for each command is built"
assert not Story.__pydantic_complete__, "what is not needed is not"
update = Update.model_validate({
    "update_id": 1,
    "message": {"message_id": 2, "date": 3, "chat": {"id": 4, "type": "private"}, "text": "/find"},
})
assert update.event_type == "message" and update.message.chat.id == 4
button = InlineKeyboardButton(text="Find", callback_data="menu:find")
assert InlineKeyboardMarkup(inline_keyboard=[[button]]).inline_keyboard[0][0].text == "Find"
assert Story.model_validate({"chat": {"id": 4, "type": "private"}, "id": 5}).chat.type == "private"
"""


def test_types_are_built_when_they_are_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

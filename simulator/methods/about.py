"""What a bot says of itself, and what it may ask about chats."""

from typing import Any

import msgspec

from simulator.errors import ApiError, bad_request, forbidden
from simulator.methods.call import Call, Handler
from simulator.world.actors import Json
from simulator.world.chats import Channel
from simulator.world.identity import BotId

_GIFTS = {
    "unlimited_gifts": True,
    "limited_gifts": True,
    "unique_gifts": True,
    "premium_subscription": True,
    "gifts_from_channels": True,
}


def get_me(call: Call) -> Json:
    return call.bot.user_json | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def close(call: Call) -> bool:
    """Ends a wait for updates; there is nothing else to close."""
    call.bot.long_poll.interrupt()
    return True


def _text(kind: str, limit: int) -> tuple[Handler, Handler]:
    """A setter and a getter of one text, per language."""

    def setter(call: Call) -> bool:
        text = call.params.get(kind, "")
        if len(text) > limit:
            raise bad_request(f"bot {kind.replace('_', ' ')} is too long")
        key = (kind, call.params.get("language_code", ""))
        if text:
            call.bot.texts[key] = text
        else:
            call.bot.texts.pop(key, None)
        if key == ("name", ""):
            call.bot.name = text or call.bot.username
            call.bot.refresh()
        return True

    def getter(call: Call) -> Json:
        texts = call.bot.texts
        default = call.bot.name if kind == "name" else ""
        return {kind: texts.get((kind, call.params.get("language_code", "")), texts.get((kind, ""), default))}

    return setter, getter


def _scope(call: Call) -> tuple[str, str]:
    scope = call.params.get("scope") or {"type": "default"}
    return msgspec.json.encode(scope, order="deterministic").decode(), call.params.get("language_code", "")


def set_commands(call: Call) -> bool:
    commands: list[Json] = call.params["commands"]
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        name = command["command"].removeprefix("/")
        if (
            not 1 <= len(name) <= 32
            or not name.replace("_", "a").isalnum()
            or not name.isascii()
            or name != name.lower()
        ):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    call.bot.commands[_scope(call)] = commands
    return True


def get_commands(call: Call) -> list[Json]:
    return call.bot.commands.get(_scope(call), [])


def delete_commands(call: Call) -> bool:
    call.bot.commands.pop(_scope(call), None)
    return True


def set_menu_button(call: Call) -> bool:
    call.bot.menu_buttons[call.params.get("chat_id", 0)] = call.params.get("menu_button") or {
        "type": "default"
    }
    return True


def get_menu_button(call: Call) -> Json:
    buttons = call.bot.menu_buttons
    return buttons.get(call.params.get("chat_id", 0)) or buttons.get(0) or {"type": "commands"}


def set_rights(call: Call) -> bool:
    call.bot.rights[call.params.get("for_channels", False)] = call.params.get("rights", {})
    return True


def get_rights(call: Call) -> Json:
    names = (
        "is_anonymous can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
        "can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories "
        "can_delete_stories can_send_welcome_messages"
    )
    return dict.fromkeys(names.split(), False) | call.bot.rights.get(
        call.params.get("for_channels", False), {}
    )


def get_chat(call: Call) -> Json:
    chat = call.world.chat_to_read(call.bot, call.params["chat_id"])
    shown = chat.chat_json | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}
    if isinstance(chat, Channel):
        return shown
    if not chat.started:
        raise bad_request("chat not found")
    if chat.person.bio:
        shown["bio"] = chat.person.bio
    if "voice" in chat.person.refuses:
        shown["has_restricted_voice_and_video_messages"] = True
    if "forwards" in chat.person.refuses:
        shown["has_private_forwards"] = True
    return shown


def _channel(call: Call) -> Channel:
    chat = call.world.chat_to_read(call.bot, call.params["chat_id"])
    if not isinstance(chat, Channel):
        raise bad_request("there are no administrators in the private chat")
    return chat


def _channel_member(call: Call, channel: Channel, bot_id: int) -> Json:
    bot = call.world.bots.get(BotId(bot_id))
    if bot is None:
        raise bad_request("user not found")
    status = channel.members.get(bot.id, "left")
    shown: Json = {"user": bot.user_json, "status": status}
    if status == "administrator":
        shown |= {"can_be_edited": False} | dict.fromkeys(_ADMIN_RIGHTS, True) | {"is_anonymous": False}
    return shown


_ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
    "can_post_messages",
    "can_edit_messages",
)


def get_member(call: Call) -> Json:
    chat = call.world.chat_to_read(call.bot, call.params["chat_id"])
    if isinstance(chat, Channel):
        return _channel_member(call, chat, call.params["user_id"])
    if call.params["user_id"] not in (chat.person.id, call.bot.id):
        raise bad_request("user not found")
    user = call.bot.user_json if call.params["user_id"] == call.bot.id else chat.person.user_json
    return {"user": user, "status": "member"}


def member_count(call: Call) -> int:
    chat = call.world.chat_to_read(call.bot, call.params["chat_id"])
    return len(chat.members) if isinstance(chat, Channel) else 2


def administrators(call: Call) -> list[Json]:
    channel = _channel(call)
    return [
        _channel_member(call, channel, bot)
        for bot, status in channel.members.items()
        if status == "administrator"
    ]


def leave(call: Call) -> bool:
    chat = call.world.chat_to_read(call.bot, call.params["chat_id"])
    if not isinstance(chat, Channel):
        raise bad_request("chat member status can't be changed in private chats")
    if chat.members.pop(call.bot.id, None) is None:
        raise forbidden("bot is not a member of the channel chat")
    return True


def log_out(call: Call) -> bool:
    if call.bot.webhook is not None:
        raise ApiError(400, "Bad Request: webhook is set")
    return True


METHODS: dict[str, Any] = {
    "getMe": get_me,
    "logOut": log_out,
    "close": close,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setChatMenuButton": set_menu_button,
    "getChatMenuButton": get_menu_button,
    "setMyDefaultAdministratorRights": set_rights,
    "getMyDefaultAdministratorRights": get_rights,
    "getChat": get_chat,
    "getChatMember": get_member,
    "getChatMemberCount": member_count,
    "getChatAdministrators": administrators,
    "leaveChat": leave,
}
for _kind, _name, _limit in (
    ("name", "Name", 64),
    ("description", "Description", 512),
    ("short_description", "ShortDescription", 120),
):
    METHODS[f"setMy{_name}"], METHODS[f"getMy{_name}"] = _text(_kind, _limit)

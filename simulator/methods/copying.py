"""Copying and forwarding, one message or many."""

import itertools
from typing import Any

from simulator.errors import ApiError, bad_request
from simulator.methods.call import Call
from simulator.methods.parts import caption_body, find, post
from simulator.world.actors import Bot, Json
from simulator.world.chats import Channel, Chat
from simulator.world.messages import Message

#: What may be copied, in the form it has today. A game, an invoice, paid media, a giveaway, a story or a
#: service line may not.
_COPYABLE = {"text": str, "poll": dict, "dice": dict, "location": dict, "venue": dict, "contact": dict}
_LEFT_BEHIND = frozenset(
    ("quote", "external_reply", "forward_origin", "effect_id", "media_group_id", "has_protected_content")
)


def _source(call: Call, message_id: int, doing: str) -> Message:
    chat = call.world.chat_to_read(call.bot, call.params["from_chat_id"])
    message = find(chat, message_id, doing)
    if message.body.get("has_protected_content") or (isinstance(chat, Channel) and chat.protected):
        raise bad_request(f"message can't be {'copied' if doing == 'copy' else 'forwarded'}")
    return message


def _copied_body(call: Call, message: Message) -> Json:
    """The content without what tells of its first life."""
    body = {key: value for key, value in message.body.items() if key not in _LEFT_BEHIND}
    if message.attachment is None and not any(isinstance(body.get(k), form) for k, form in _COPYABLE.items()):
        raise bad_request("message can't be copied")
    if "dice" in body:
        faces = {"🏀": 5, "⚽": 5, "🎰": 64}
        body["dice"] = {**body["dice"], "value": call.world.throw(faces.get(body["dice"]["emoji"], 6))}
    if "poll" in body:
        body["poll"] = _new_poll(call, body["poll"])
    if "location" in body:
        body["location"] = {key: body["location"][key] for key in ("latitude", "longitude")}
    return body


def _new_poll(call: Call, poll: Json) -> Json:
    if poll["type"] == "quiz" and "correct_option_ids" not in poll:
        raise bad_request("message can't be copied")
    options = [{**option, "voter_count": 0} for option in poll["options"]]
    return {
        **poll,
        "id": call.world.polls.next_id(),
        "options": options,
        "total_voter_count": 0,
        "is_closed": False,
    }


def copy_message(call: Call) -> Json:
    chat = call.chat()
    message = _source(call, call.params["message_id"], "copy")
    body = _copied_body(call, message)
    if "caption" in call.params and message.attachment is not None:
        for name in ("caption", "caption_entities", "show_caption_above_media"):
            body.pop(name, None)
        body |= caption_body(call.params)
    elif "show_caption_above_media" in call.params:
        body["show_caption_above_media"] = call.params["show_caption_above_media"]
    return {"message_id": post(call, chat, body, message.attachment).id}


def copy_messages(call: Call) -> list[Json]:
    chat = call.chat()
    bare = call.params.get("remove_caption")
    copies = []
    for message, group in _many(call, "copy"):
        body = _copied_body(call, message) | group
        if bare:
            body.pop("caption", None)
            body.pop("caption_entities", None)
        copies.append((body, message))
    return [{"message_id": post(call, chat, body, message.attachment).id} for body, message in copies]


def _many(call: Call, doing: str) -> list[tuple[Message, Json]]:
    """The messages that are there, with the albums they form at their new place."""
    ids: list[int] = call.params["message_ids"]
    if not 1 <= len(ids) <= 100:
        raise bad_request(
            "message identifiers are not specified" if not ids else "too many message identifiers specified"
        )
    if any(later <= earlier for earlier, later in itertools.pairwise(ids)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    albums: dict[str, str] = {}
    found: list[tuple[Message, Json]] = []
    for message_id in ids:
        try:
            message = _source(call, message_id, doing)
        except ApiError:
            continue
        old = message.body.get("media_group_id")
        if old is None:
            found.append((message, {}))
        else:
            if old not in albums:
                albums[old] = call.world.next_album()
            found.append((message, {"media_group_id": albums[old]}))
    if not found:
        raise bad_request(f"there are no messages to {doing}")
    return found


def _forward(call: Call, chat: Chat, message: Message, group: Json) -> Message:
    body = {key: value for key, value in message.body.items() if key not in _LEFT_BEHIND}
    body["forward_origin"] = message.body.get("forward_origin") or _origin(message)
    return post(call, chat, body | group, message.attachment)


def _origin(message: Message) -> Json:
    date = int(message.at)
    if message.author is None:
        return {"type": "channel", "chat": message.chat.chat_json, "message_id": message.id, "date": date}
    if not isinstance(message.author, Bot) and "forwards" in message.author.refuses:
        return {"type": "hidden_user", "sender_user_name": message.author.first_name, "date": date}
    return {"type": "user", "sender_user": message.author.user_json, "date": date}


def forward_message(call: Call) -> Json:
    chat = call.chat()
    message = _source(call, call.params["message_id"], "forward")
    if message.is_service:
        raise bad_request("message can't be forwarded")
    return call.shown(_forward(call, chat, message, {}))


def forward_messages(call: Call) -> list[Json]:
    chat = call.chat()
    return [{"message_id": _forward(call, chat, one, group).id} for one, group in _many(call, "forward")]


METHODS: dict[str, Any] = {
    "copyMessage": copy_message,
    "copyMessages": copy_messages,
    "forwardMessage": forward_message,
    "forwardMessages": forward_messages,
}

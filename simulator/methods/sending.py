"""Everything that sends something new."""

from typing import Any

from simulator.errors import bad_request
from simulator.methods.call import Call, Handler
from simulator.methods.parts import caption_body, formatted, input_file, post, text_body
from simulator.world.actors import Json
from simulator.world.chats import Chat, PrivateChat
from simulator.world.messages import Attachment

_DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
_ACTIONS = frozenset(
    (
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    )
)
_REFUSALS = {"voice": "VOICE_MESSAGES_FORBIDDEN", "video_note": "VOICE_MESSAGES_FORBIDDEN"}
_ALBUM_KINDS = frozenset(("photo", "video", "audio", "document", "live_photo"))
_ALONE = frozenset(("audio", "document"))


def send_message(call: Call) -> Json:
    chat = call.chat()
    return call.shown(post(call, chat, text_body(call.params)))


def _send_file(kind: str) -> Handler:
    def send(call: Call) -> Json:
        chat = call.chat()
        allow(chat, kind)
        params = call.params
        attachment = input_file(call, params[kind], kind, params, params.get("thumbnail"))
        attachment = dressed(call, attachment, params)
        return call.shown(post(call, chat, caption_body(params), attachment))

    return send


def dressed(call: Call, attachment: Attachment, given: Json) -> Attachment:
    """With a video's cover and start, where they are given."""
    if "cover" not in given and "start_timestamp" not in given:
        return attachment
    cover = attachment.cover
    if "cover" in given:
        photo = input_file(call, given["cover"], "photo")
        cover = (*photo.sizes, photo.file)
    extra = dict(attachment.extra)
    if "start_timestamp" in given:
        extra["start_timestamp"] = given["start_timestamp"]
    return Attachment(attachment.kind, attachment.file, attachment.sizes, attachment.thumbnail, cover, extra)


def allow(chat: Chat, kind: str) -> None:
    """ApiError (400) when the person's privacy settings forbid such a message."""
    if isinstance(chat, PrivateChat) and kind in chat.person.refuses:
        raise bad_request(_REFUSALS.get(kind, "CHAT_SEND_MEDIA_FORBIDDEN"))


def send_live_photo(call: Call) -> Json:
    chat = call.chat()
    return call.shown(
        post(call, chat, caption_body(call.params), live_photo(call, call.params, "live_photo"))
    )


def live_photo(call: Call, given: Json, field: str) -> Attachment:
    """A live photo from the field that holds the video and the field `photo`."""
    photo = input_file(call, given["photo"], "photo")
    # No field says how large and how long it is: Telegram looks into the film.
    looked = {"width": photo.file.width, "height": photo.file.height, "duration": 3}
    video = input_file(call, given[field], "live_photo", looked | given)
    if video.cover:
        return video
    return call.world.media.remember(
        Attachment("live_photo", video.file, thumbnail=video.thumbnail, cover=(*photo.sizes, photo.file))
    )


def media_item(call: Call, item: Json) -> tuple[Attachment, Json]:
    """The attachment and the body of one InputMedia."""
    kind = item["type"]
    if kind == "live_photo":
        return live_photo(call, item, "media"), caption_body(item)
    attachment = input_file(call, item["media"], kind, item, item.get("thumbnail"))
    return dressed(call, attachment, item), caption_body(item)


def send_media_group(call: Call) -> list[Json]:
    chat = call.chat()
    items: list[Json] = call.params["media"]
    if not 2 <= len(items) <= 10:
        raise bad_request("there must be 2 to 10 media in an album" if items else "media group is empty")
    kinds = {item["type"] for item in items}
    if not kinds <= _ALBUM_KINDS:
        raise bad_request("can't use media of the specified type in the album")
    if len(kinds) > 1 and kinds & _ALONE:
        kind = next(iter(kinds & _ALONE))
        raise bad_request(f"{kind.capitalize()} can't be mixed with other media types")
    ready = [media_item(call, item) for item in items]
    group = {"media_group_id": call.world.next_album()}
    return [call.shown(post(call, chat, body | group, attachment)) for attachment, body in ready]


def _coordinates(params: Json) -> Json:
    latitude, longitude = params["latitude"], params["longitude"]
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise bad_request("wrong latitude or longitude specified")
    return {"latitude": latitude, "longitude": longitude}


def location_body(params: Json) -> Json:
    """A Location object."""
    where = _coordinates(params)
    where |= {
        name: params[name]
        for name in ("horizontal_accuracy", "live_period", "heading", "proximity_alert_radius")
        if name in params
    }
    return where


def send_location(call: Call) -> Json:
    chat = call.chat()
    return call.shown(post(call, chat, {"location": location_body(call.params)}))


def send_venue(call: Call) -> Json:
    chat = call.chat()
    params = call.params
    venue: Json = {"location": _coordinates(params)}
    for name in (
        "title",
        "address",
        "foursquare_id",
        "foursquare_type",
        "google_place_id",
        "google_place_type",
    ):
        if name in params:
            venue[name] = params[name]
    return call.shown(post(call, chat, {"venue": venue, "location": venue["location"]}))


def send_contact(call: Call) -> Json:
    chat = call.chat()
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: call.params[name] for name in names if name in call.params}
    return call.shown(post(call, chat, {"contact": contact}))


def send_dice(call: Call) -> Json:
    chat = call.chat()
    emoji = call.params.get("emoji", "🎲").rstrip("\ufe0f")
    if emoji not in _DICE:
        raise bad_request("dice emoji is invalid")
    dice = {"emoji": emoji, "value": call.world.throw(_DICE[emoji])}
    return call.shown(post(call, chat, {"dice": dice}))


def send_poll(call: Call) -> Json:
    chat = call.chat()
    params = call.params
    question, entities = formatted(
        params["question"], params.get("question_parse_mode", ""), params.get("question_entities")
    )
    if not question:
        raise bad_request("poll question must be non-empty")
    if len(question) > 300:
        raise bad_request("poll question length must not exceed 300")
    fields: Json = {"question_entities": entities} if entities else {}
    fields["options"] = _options(call, params["options"])
    for name in (
        "allows_multiple_answers",
        "is_anonymous",
        "is_closed",
        "members_only",
        "open_period",
        "close_date",
    ):
        if name in params:
            fields[name] = params[name]
    if params.get("type", "regular") == "quiz":
        fields |= _quiz(params, len(fields["options"]))
    fields["allows_revoting"] = params.get("allows_revoting", params.get("type") != "quiz")
    if params.get("description"):
        text, found = formatted(
            params["description"],
            params.get("description_parse_mode", ""),
            params.get("description_entities"),
        )
        fields["description"] = text
        if found:
            fields["description_entities"] = found
    poll = call.world.polls.create(question, [], fields=fields)
    return call.shown(post(call, chat, {"poll": poll}))


def _options(call: Call, given: list[Json]) -> list[Json]:
    if not 1 <= len(given) <= 12:
        raise bad_request(
            f"poll must have at least {1} option" if not given else "poll can't have more than 12 options"
        )
    options = []
    for number, option in enumerate(given):
        text, entities = formatted(
            option["text"], option.get("text_parse_mode", ""), option.get("text_entities")
        )
        if not text:
            raise bad_request("poll options must be non-empty")
        if len(text) > 100:
            raise bad_request("poll options length must not exceed 100")
        said: Json = {"text": text}
        if entities:
            said["text_entities"] = entities
        options.append(call.world.polls.option(number, said))
    return options


def _quiz(params: Json, options: int) -> Json:
    correct = params.get("correct_option_ids")
    if correct is None and "correct_option_id" in params:
        correct = [params["correct_option_id"]]
    if not correct or any(not 0 <= one < options for one in correct):
        raise bad_request("wrong correct option ID specified")
    fields: Json = {"type": "quiz", "correct_option_ids": correct}
    if params.get("explanation"):
        text, entities = formatted(
            params["explanation"],
            params.get("explanation_parse_mode", ""),
            params.get("explanation_entities"),
        )
        fields["explanation"] = text
        if entities:
            fields["explanation_entities"] = entities
    return fields


def send_chat_action(call: Call) -> bool:
    chat = call.chat()
    action = call.params["action"]
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    if isinstance(chat, PrivateChat):
        for listener in call.world.hooks.on_action:
            listener(chat.person, chat.bot, action)
    return True


METHODS: dict[str, Any] = {
    "sendMessage": send_message,
    "sendLivePhoto": send_live_photo,
    "sendMediaGroup": send_media_group,
    "sendLocation": send_location,
    "sendVenue": send_venue,
    "sendContact": send_contact,
    "sendDice": send_dice,
    "sendPoll": send_poll,
    "sendChatAction": send_chat_action,
} | {
    name: _send_file(kind)
    for name, kind in (
        ("sendPhoto", "photo"),
        ("sendVideo", "video"),
        ("sendAnimation", "animation"),
        ("sendAudio", "audio"),
        ("sendVoice", "voice"),
        ("sendVideoNote", "video_note"),
        ("sendDocument", "document"),
        ("sendSticker", "sticker"),
    )
}

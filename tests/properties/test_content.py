"""Nothing of the writer is in what the reader's bot is told to send, whatever the Bot API holds.

Messages are made from aiogram's types, field by field: every account, chat and signature in them
carries marks. Whatever crosses is put into a call, and the call is searched for the marks.
"""

import datetime as dt
import types
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from aiogram.types import Chat, Message, SharedUser, User
from aiogram.types.base import TelegramObject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain import envelope as envelopes
from core.domain.content import Contact, Media, MediaKind
from core.domain.conversation import Phase, Standing
from core.domain.envelope import Envelope, Lane, Relay
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from shard.inbound import kinds
from shard.inbound.relay import content_of, relay
from shard.inbound.updates import updates
from shard.outbound import compose

MARK = "LEAKED"
NUMBER = 777_000_000_000
READER = PersonId(5)
ALBUMS = (MediaKind.PHOTO, MediaKind.VIDEO, MediaKind.DOCUMENT, MediaKind.AUDIO, MediaKind.LIVE_PHOTO)
CROSSING = ["text", *(kind.value for kind in MediaKind), "poll", "dice", "venue", "location"]

_MARKED_MODELS = (User, Chat, SharedUser)
_MARKED_FIELDS = frozenset(
    """author_signature forward_sender_name forward_signature business_connection_id user_id
    sender_user_name sender_tag vcard""".split()
)
_SURROUNDINGS = frozenset(
    """message_id date chat from_user sender_chat sender_business_bot sender_boost_count via_bot
    forward_origin forward_from forward_from_chat forward_sender_name forward_signature author_signature
    reply_to_message business_connection_id external_reply quote effect_id media_group_id
    has_protected_content caption caption_entities entities has_media_spoiler show_caption_above_media
    link_preview_options edit_date reply_markup sender_tag receiver_user guest_bot_caller_user
    guest_bot_caller_chat""".split()
)
# The shard lets types be built when they are needed (shard.lightly); here their fields are.
Message.model_rebuild()
CONTENT = sorted(set(Message.model_fields) - _SURROUNDINGS)


def _value(annotation: Any, name: str, depth: int) -> st.SearchStrategy[Any]:
    """JSON for one annotation of aiogram's."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        options = [one for one in get_args(annotation) if one is not types.NoneType]
        return st.one_of([_value(one, name, depth) for one in options])
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is list:
        return st.lists(_value(get_args(annotation)[0], name, depth + 1), min_size=1, max_size=1)
    if origin is not None and hasattr(annotation, "__metadata__"):
        return _value(get_args(annotation)[0], name, depth)
    if isinstance(annotation, type) and issubclass(annotation, TelegramObject):
        return _object(annotation, depth + 1)
    if name in _MARKED_FIELDS:
        return st.just(NUMBER if annotation is int else MARK)
    return _PLAIN.get(annotation, st.just("plain"))


_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, 1000),
    float: st.floats(-80, 80),
    bool: st.booleans(),
    str: st.sampled_from(["plain", "😀 text", "a\u0301", "regular", "quiz", "x" * 50]),
    dt.datetime: st.just(1_700_000_000),
}


@st.composite
def _object(draw: st.DrawFn, model: type[TelegramObject], depth: int) -> dict[str, Any]:
    """JSON for one model; optional fields come and go, fewer the deeper."""
    if issubclass(model, _MARKED_MODELS):
        return {
            "id": NUMBER,
            "user_id": NUMBER,
            "is_bot": draw(st.booleans()),
            "type": "private",
        } | dict.fromkeys(("first_name", "last_name", "username", "title"), MARK)
    if issubclass(model, Message):
        return draw(_surroundings())
    made = {}
    model.model_rebuild()
    for name, field in model.model_fields.items():
        if field.is_required() or (depth < 3 and draw(st.booleans())):
            made[field.alias or name] = draw(_value(field.annotation, name, depth))
    if "type" in model.model_fields and "offset" in model.model_fields:
        made |= {"type": draw(st.sampled_from(["bold", "text_mention", "text_link", "from_the_future"]))}
        made |= {"url": draw(st.sampled_from([f"tg://user?id={NUMBER}", "https://example.org"]))}
        made |= {"offset": 0, "length": 1}
    return made


@st.composite
def _surroundings(draw: st.DrawFn) -> dict[str, Any]:
    """What stands around any content: who, where, from where, in reply to what."""
    person = draw(_object(User, 0))
    made: dict[str, Any] = {
        "message_id": draw(st.integers(1, 1000)),
        "date": 1,
        "from": person | {"is_bot": False},
    }
    made["chat"] = draw(_object(Chat, 0))
    for name in sorted(_SURROUNDINGS - {"message_id", "date", "chat", "from_user", "reply_to_message"}):
        if draw(st.booleans()):
            made[name] = draw(_value(Message.model_fields[name].annotation, name, 2))
    return made


@st.composite
def messages(draw: st.DrawFn, content: str) -> dict[str, Any]:
    """A message with this content, perhaps in reply to another."""
    made = draw(_surroundings())
    made[content] = draw(_value(Message.model_fields[content].annotation, content, 0))
    if draw(st.booleans()):
        made["reply_to_message"] = draw(_surroundings())
    return made


@pytest.mark.parametrize("content", CONTENT)
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_of_the_writer_crosses(content: str, data: st.DataObject) -> None:
    message = data.draw(messages(content))
    raw = msgspec.json.encode({"update_id": 1, "message": message})
    call, body = _crossing(raw)
    if call is None or body is None:
        assert kinds.words_for(kinds.kind_of(msgspec.Raw(raw)))
        return
    _is_clean(call)
    amended = compose.amended(READER, MessageId(3), body.content, same_file=False)
    if amended is not None:
        _is_clean(amended)
    if isinstance(body.content, Media) and body.content.kind in ALBUMS:
        _is_clean(compose.album(READER, [body, body], MessageId(3)))
    travelled = envelopes.decode(envelopes.encode(Envelope(envelopes.VERSION, READER, Lane.RELAYED, 0, body)))
    assert travelled.body == body


def _crossing(raw: bytes) -> tuple[compose.Call | None, Relay | None]:
    try:
        message = updates.decode(raw).message
    except msgspec.MsgspecError:
        return None, None
    assert message is not None
    content = content_of(message)
    if content is None:
        return None, None
    standing = Standing(phase=Phase.CHATTING, conversation=ConversationId(9), partner=READER)
    body = relay(message, content, PersonId(NUMBER), standing, BotId(NUMBER))
    return compose.relayed(READER, body, MessageId(3), "en"), body


def _is_clean(call: compose.Call) -> None:
    said = msgspec.json.encode(call.params).decode()
    assert MARK not in said
    assert str(NUMBER) not in said
    for need in call.needs:
        assert MARK not in f"{need.file.name} {need.content.performer} {need.content.title}"


@pytest.mark.parametrize("content", CROSSING)
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_messages_made_so_do_cross(content: str, data: st.DataObject) -> None:
    """The property above would hold of nothing at all, too."""
    raw = msgspec.json.encode({"update_id": 1, "message": data.draw(messages(content))})
    call, _ = _crossing(raw)
    assert call is not None or content in ("poll", "live_photo")


def test_the_marks_would_be_found() -> None:
    with pytest.raises(AssertionError):
        _is_clean(compose.Call("sendMessage", {"text": f"I am {MARK}"}))


@pytest.mark.parametrize("kind", list(MediaKind))
def test_every_kind_of_file_is_made_from_telegrams_own_form(kind: MediaKind) -> None:
    file: Any = {"file_id": "f", "file_unique_id": "u", "file_size": 7, "duration": 2}
    if kind is MediaKind.PHOTO:
        file = [
            file | {"width": 9, "height": 9},
            {"file_id": "s", "file_unique_id": "t", "width": 1, "height": 1},
        ]
    if kind is MediaKind.LIVE_PHOTO:
        file["photo"] = [{"file_id": "p", "file_unique_id": "q", "width": 9, "height": 9}]
    message = {"message_id": 1, "chat": {"id": 1}, kind.value: file, "caption": "c"}
    call, body = _crossing(msgspec.json.encode({"update_id": 1, "message": message}))
    assert call is not None
    assert body is not None
    assert isinstance(body.content, Media)
    assert [need.file.id for need in call.needs] == (["f", "p"] if kind is MediaKind.LIVE_PHOTO else ["f"])


def test_a_contact_is_known_as_one_so_that_its_sender_is_asked() -> None:
    message = {
        "message_id": 1,
        "chat": {"id": 1},
        "contact": {"phone_number": "+1", "first_name": "A", "user_id": 5},
    }
    update = updates.decode(msgspec.json.encode({"update_id": 1, "message": message}))
    assert update.message is not None
    assert content_of(update.message) == Contact("+1", "A")

"""Whatever bytes come from Telegram or out of a stream: they are read, or known to be unreadable."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.content import Entity, Text
from core.domain.conversation import Standing
from core.domain.envelope import VERSION, Envelope, Lane, Notice, Relay, decode, encode
from core.domain.errors import UnreadableEnvelope
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.domain.moving import rehomed, turned_back
from core.state.redis.poison import Kind, shape
from shard.inbound import kinds
from shard.inbound.intake import is_for_partner
from shard.inbound.relay import content_of, relay
from shard.inbound.updates import Update, bare_updates, updates
from shard.outbound import compose

_NAMES = st.sampled_from(
    """update_id message edited_message callback_query message_reaction my_chat_member chat id type from text
    entities caption caption_entities photo video document sticker poll options dice venue location contact
    message_id date file_id file_unique_id offset length url reply_to_message quote position new_reaction
    emoji new_chat_member status data media_group_id link_preview_options question value latitude longitude
    phone_number first_name title address live_photo voice""".split()
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["private", "group", "bold", "text_mention", "kicked", "/report", "🗑", "emoji"]),
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_NAMES, inner, max_size=8)),
    max_leaves=8,
)
_ENTITY = st.fixed_dictionaries(
    {"type": st.sampled_from(["bold", "pre", "text_link", "unheard of"])},
    optional={
        "offset": st.integers(-(2**31), 2**31),
        "length": st.integers(-(2**31), 2**31),
        "url": st.text(max_size=5),
        "user": _JSON,
    },
)
_PERSON = st.fixed_dictionaries({"id": st.integers(1, 2**52), "type": st.just("private")})
_MESSAGE = st.fixed_dictionaries(
    {"message_id": st.integers(1, 2**31), "chat": _PERSON},
    optional={
        "text": st.text(max_size=20),
        "caption": st.text(max_size=20),
        "entities": st.lists(_ENTITY, max_size=4),
        "caption_entities": st.lists(_ENTITY, max_size=4),
        "photo": st.lists(_JSON, max_size=2),
        "poll": _JSON,
        "dice": _JSON,
        "location": _JSON,
        "reply_to_message": _JSON,
        "something new": _JSON,
    },
)
_UPDATE = st.fixed_dictionaries(
    {"update_id": st.integers(1, 2**31)},
    optional={"message": st.one_of(_MESSAGE, _JSON), "edited_message": _MESSAGE, "message_reaction": _JSON},
)


def _read(raw: bytes) -> Update | None:
    """As intake reads it."""
    try:
        return updates.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        with suppress(msgspec.MsgspecError, RecursionError):
            bare_updates.decode(raw)
        return None


def _passes_through(raw: bytes) -> None:
    """All that is done with an update before anything is sent, and the call that is made of it."""
    update = _read(raw)
    shape(raw, Kind.UPDATE)
    if update is None:
        return
    update.person()
    is_for_partner(update)
    kinds.words_for(kinds.kind_of(msgspec.Raw(raw)))
    for message in (update.message, update.edited_message):
        content = content_of(message) if message is not None else None
        if message is None or content is None:
            continue
        body = relay(message, content, PersonId(1), Standing(), BotId(5))
        envelope = Envelope(VERSION, PersonId(2), Lane.RELAYED, 0, body)
        assert decode(encode(envelope)) == envelope
        msgspec.json.encode(compose.relayed(PersonId(2), body, None, "en").params)


@given(_UPDATE)
def test_an_update_of_any_shape_is_read_or_known_to_be_unreadable(update: dict[str, Any]) -> None:
    _passes_through(msgspec.json.encode(update))


@given(_JSON)
def test_so_is_any_other_json(value: Any) -> None:
    _passes_through(msgspec.json.encode(value))


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_so_are_any_bytes(raw: bytes) -> None:
    _passes_through(raw)


def test_so_are_updates_of_extreme_depth_and_size() -> None:
    head = b'{"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1}, '
    for raw in (
        head + b'"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
        head + b'"text": "' + b"x" * 1_000_000 + b'"}}',
        head + b'"entities": [' + b",".join([b'{"type":"bold","offset":0,"length":1}'] * 20_000) + b"]}}",
        b'{"update_id": ' + b"9" * 4_000 + b"}",
    ):
        _passes_through(raw)


_SEEDS = [
    encode(Envelope(VERSION, PersonId(5), Lane.INTERACTIVE, 7, Notice("banned", {"reason": "x"}))),
    encode(
        Envelope(
            *(VERSION, PersonId(6), Lane.RELAYED, 7),
            Relay(
                ConversationId(1), 0, PersonId(5), BotId(7), MessageId(9), Text("a", (Entity("bold", 0, 1),))
            ),
        )
    ),
]


@given(
    st.sampled_from(_SEEDS),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.data(),
)
@settings(max_examples=400)
def test_an_entry_of_any_bytes_is_an_envelope_or_unreadable(
    seed: bytes, changes: list[tuple[int, int]], data: st.DataObject
) -> None:
    raw = bytearray(seed)
    for at, byte in changes:
        raw[at % len(raw)] = byte
    cut = data.draw(st.integers(0, len(raw)))
    for entry in (bytes(raw), bytes(raw[:cut]), bytes(raw[cut:])):
        shape(entry, Kind.ENVELOPE)
        try:
            envelope = decode(entry)
        except UnreadableEnvelope:
            continue
        encode(envelope)
        rehomed(envelope, BotId(3))
        turned_back(envelope, "not_delivered_over", 0)

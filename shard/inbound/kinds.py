"""What cannot cross: which words its sender is told, and under which name it is counted. Pure."""

import msgspec

from core.domain.errors import UNDECODABLE
from shard.inbound.updates import fields

_WORDS = {
    "game": "cannot_game",
    "paid_media": "cannot_paid_media",
    "invoice": "cannot_paid_media",
    "giveaway": "cannot_giveaway",
    "giveaway_created": "cannot_giveaway",
    "giveaway_winners": "cannot_giveaway",
    "giveaway_completed": "cannot_giveaway",
    "story": "cannot_story",
    "checklist": "cannot_checklist",
    "pinned_message": "cannot_pin",
    "poll": "cannot_quiz",
}
_ANY = "kind_cannot_cross"
UNKNOWN = "unknown"

_SURROUNDINGS = frozenset(
    """message_id from sender_chat sender_business_bot business_connection_id chat date edit_date
    message_thread_id is_topic_message forward_origin is_automatic_forward reply_to_message external_reply
    quote reply_to_story via_bot has_protected_content is_from_offline author_signature effect_id
    link_preview_options entities caption caption_entities show_caption_above_media has_media_spoiler
    media_group_id reply_markup sender_boost_count sender_tag is_paid_post paid_star_count""".split()
)
"""Fields that any message may have; what else there is tells its kind."""


def kind_of(raw: msgspec.Raw) -> str:
    """The field that makes the message what it is, "unknown" where there is none."""
    try:
        names = fields.decode(raw).message.keys() - _SURROUNDINGS
    except UNDECODABLE:
        return UNKNOWN
    return min((name for name in names if name in _WORDS), default=min(names, default=UNKNOWN))


def words_for(kind: str) -> str:
    """The text key."""
    return _WORDS.get(kind, _ANY)


def counted_as(kind: str) -> str:
    """The metric's label: a known kind or "other", so that the labels stay few."""
    return kind if kind in _WORDS else "other"

"""From a message to what crosses. Pure.

A content record is built field by field from what may cross; who wrote it, forward headers,
contacts' accounts and whatever a future Telegram adds stay behind because nobody copies them.
"""

from core.domain.content import Content, Entity, File, Media, MediaKind, Text
from core.domain.conversation import Standing
from core.domain.envelope import Relay
from core.domain.ids import BotId, PersonId
from shard.inbound.updates import FileLike, Message, PhotoSize

_FILES = (
    MediaKind.VIDEO,
    MediaKind.ANIMATION,
    MediaKind.VOICE,
    MediaKind.VIDEO_NOTE,
    MediaKind.AUDIO,
    MediaKind.DOCUMENT,
    MediaKind.STICKER,
)
_NAMING = "text_mention"
"""The entity that holds a person's account."""


def relay(message: Message, sender: PersonId, standing: Standing, source: BotId) -> Relay | None:
    """What of the message goes to the partner, or None where its kind cannot cross."""
    content = content_of(message)
    if content is None:
        return None
    replied = message.reply_to_message
    return Relay(
        conversation=standing.conversation,
        side=standing.side,
        sender=sender,
        source=source,
        message=message.message_id,
        content=content,
        reply_to=replied.message_id if replied else None,
        reply_own=bool(replied and replied.from_ and not replied.from_.is_bot),
        quote=message.quote.text if message.quote else None,
        quote_position=message.quote.position if message.quote else 0,
        protected=message.has_protected_content,
        effect=message.effect_id,
    )


def content_of(message: Message) -> Content | None:
    """The content, freed of its author."""
    if message.text is not None:
        return Text(message.text, nameless(message.entities), message.link_preview_options)
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return _media(message, MediaKind.PHOTO, _photo(largest))
    # An animation also comes as a document, so the order of kinds decides.
    for kind in _FILES:
        file: FileLike | None = getattr(message, kind)
        if file is not None:
            return _media(message, kind, file)
    return None


def nameless(entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """All entities but those that name an account."""
    if all(entity.type != _NAMING for entity in entities):
        return entities
    return tuple(entity for entity in entities if entity.type != _NAMING)


def _media(message: Message, kind: MediaKind, file: FileLike) -> Media:
    return Media(
        kind=kind,
        file=File(file.file_id, file.file_unique_id, file.file_size, file.file_name, file.mime_type),
        caption=message.caption,
        entities=nameless(message.caption_entities),
        spoiler=message.has_media_spoiler,
        caption_above=message.show_caption_above_media,
        duration=file.duration,
        width=file.width or file.length,
        height=file.height,
        title=file.title,
        performer=file.performer,
        sticker_set=file.set_name,
        emoji=file.emoji,
        sticker_format="animated" if file.is_animated else "video" if file.is_video else "",
        thumbnail=_file(file.thumbnail) if file.thumbnail else None,
        album=message.media_group_id,
    )


def _photo(size: PhotoSize) -> FileLike:
    return FileLike(size.file_id, size.file_unique_id, size.file_size, width=size.width, height=size.height)


def _file(size: PhotoSize) -> File:
    return File(size.file_id, size.file_unique_id, size.file_size)

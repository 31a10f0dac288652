"""From a message to what crosses. Pure.

A content record is built field by field from what may cross; who wrote it, forward headers,
contacts' accounts and whatever a future Telegram adds stay behind because nobody copies them.
"""

from urllib.parse import urlsplit

import msgspec

from core.domain.content import (
    Choice,
    Contact,
    Content,
    Dice,
    Entity,
    File,
    Location,
    Media,
    MediaKind,
    Poll,
    Text,
    Venue,
)
from core.domain.conversation import Standing
from core.domain.envelope import Amend, React, Relay
from core.domain.ids import BotId, MessageId, PersonId
from shard.inbound.updates import FileLike, Message, PhotoSize, Reacted, Replied
from shard.inbound.updates import Poll as TelegramPoll

_FILES = (
    MediaKind.VIDEO,
    MediaKind.ANIMATION,
    MediaKind.VOICE,
    MediaKind.VIDEO_NOTE,
    MediaKind.AUDIO,
    MediaKind.DOCUMENT,
    MediaKind.STICKER,
)

_CROSSING = frozenset(
    """mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough spoiler
    blockquote expandable_blockquote code pre text_link custom_emoji date_time""".split()
)
"""Kinds of entities that cross. A text_mention names an account; what is unknown might."""


def relay(message: Message, content: Content, sender: PersonId, standing: Standing, source: BotId) -> Relay:
    """What of the message goes to the partner. `reply_there` is left to be filled in."""
    replied, quote = message.reply_to_message, message.quote
    return Relay(
        conversation=standing.conversation,
        side=standing.side,
        sender=sender,
        source=source,
        message=message.message_id,
        content=content,
        reply_to=replied.message_id if replied else None,
        reply_own=bool(replied and _own(replied)),
        quote=quote.text if quote else None,
        quote_position=quote.position if quote else 0,
        protected=message.has_protected_content,
        effect=message.effect_id,
        quote_entities=nameless(quote.entities) if quote else (),
    )


def amend(message: Message, content: Content, sender: PersonId, standing: Standing, source: BotId) -> Amend:
    """What an edited message says now."""
    return Amend(standing.conversation, standing.side, sender, source, message.message_id, content)


def react(
    reacted: Reacted, sender: PersonId, standing: Standing, source: BotId, there: MessageId | None
) -> React:
    """The newest of the person's reactions that a bot can show; a bot has one for each message."""
    shown = next((one for one in reversed(reacted.new_reaction) if one.emoji or one.custom_emoji_id), None)
    return React(
        conversation=standing.conversation,
        side=standing.side,
        sender=sender,
        source=source,
        message=reacted.message_id,
        emoji=shown.emoji if shown else "",
        custom_emoji_id=shown.custom_emoji_id if shown else "",
        there=there,
    )


def content_of(message: Message) -> Content | None:
    """The content, freed of its author; None where its kind cannot cross."""
    if message.text is not None:
        return Text(message.text, nameless(message.entities), message.link_preview_options)
    if message.photo:
        return _media(message, MediaKind.PHOTO, _as_file(_largest(message.photo)))
    if message.live_photo is not None:
        media = _media(message, MediaKind.LIVE_PHOTO, message.live_photo)
        stills = message.live_photo.photo
        return msgspec.structs.replace(media, still=_file(_largest(stills))) if stills else None
    # An animation also comes as a document, so the order of kinds decides.
    for kind in _FILES:
        file: FileLike | None = getattr(message, kind)
        if file is not None:
            return _media(message, kind, file)
    return _bodiless(message)


def _bodiless(message: Message) -> Content | None:
    """What is no file. A venue also comes as a location, so the order of kinds decides."""
    if message.poll is not None:
        return _poll(message.poll)
    if message.dice is not None:
        return Dice(message.dice.emoji, message.dice.value)
    if message.venue is not None:
        venue = message.venue
        return Venue(
            *(venue.location.latitude, venue.location.longitude, venue.title, venue.address),
            *(venue.foursquare_id, venue.foursquare_type, venue.google_place_id, venue.google_place_type),
        )
    if message.location is not None:
        place = message.location
        return Location(
            *(place.latitude, place.longitude, place.horizontal_accuracy, place.live_period),
            *(place.heading, place.proximity_alert_radius),
        )
    if message.contact is not None:
        contact = message.contact
        return Contact(contact.phone_number, contact.first_name, contact.last_name)
    return None


def nameless(entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """All entities but those that name, or might name, an account."""
    if all(map(_harmless, entities)):
        return entities
    return tuple(entity for entity in entities if _harmless(entity))


def _harmless(entity: Entity) -> bool:
    return entity.type in _CROSSING and (entity.url is None or not _names_somebody(entity.url))


def _names_somebody(url: str) -> bool:
    """A link such as tg://user?id=…, by which a client shows an account; the slashes may be missing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    place = (parts.netloc or parts.path).strip("/").partition("/")[0]
    return parts.scheme == "tg" and place.lower() in ("user", "openmessage")


def _own(replied: Replied) -> bool:
    return bool(replied.from_ and not replied.from_.is_bot)


def _poll(poll: TelegramPoll) -> Poll | None:
    """A quiz whose answer Telegram does not tell cannot be made again: None."""
    correct = poll.correct_option_ids
    if not correct and poll.correct_option_id is not None:
        correct = (poll.correct_option_id,)
    if poll.type == "quiz" and not correct:
        return None
    return Poll(
        question=poll.question,
        options=tuple(Choice(one.text, nameless(one.text_entities)) for one in poll.options),
        entities=nameless(poll.question_entities),
        multiple=poll.allows_multiple_answers,
        revoting=poll.allows_revoting,
        correct=correct if poll.type == "quiz" else (),
        explanation=poll.explanation,
        explanation_entities=nameless(poll.explanation_entities),
        description=poll.description,
        description_entities=nameless(poll.description_entities),
        open_period=poll.open_period,
        closed=poll.is_closed,
    )


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
        cover=_file(_largest(file.cover)) if file.cover else None,
        start=file.start_timestamp,
    )


def _largest(sizes: tuple[PhotoSize, ...]) -> PhotoSize:
    return max(sizes, key=lambda size: size.width * size.height)


def _as_file(size: PhotoSize) -> FileLike:
    return FileLike(size.file_id, size.file_unique_id, size.file_size, width=size.width, height=size.height)


def _file(size: PhotoSize) -> File:
    return File(size.file_id, size.file_unique_id, size.file_size)

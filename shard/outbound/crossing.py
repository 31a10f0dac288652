"""From an entry of the stream to a call, and from its answer to what is remembered of it.

Knows the partner's messages by the message map: replies, edits, reactions and taking back all
name a message in its writer's chat, and are about its counterpart in this one.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol, assert_never

import msgspec

from core.domain.content import Content, Dice, Text
from core.domain.content import Media as MediaContent
from core.domain.conversation import Thread
from core.domain.envelope import Amend, Cast, Happening, Notice, React, Relay, Remove, Unsend
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.state.redis.message_map import MessageMap
from core.state.redis.streams import Note
from shard.outbound import compose
from shard.outbound.compose import Call, Sealing
from shard.outbound.lanes import Item
from shard.outbound.media import Media

SHOWN_FILES = 4_000
"""Messages of which is remembered which file they show, so that an edited caption stays cheap."""


class Languages(Protocol):
    """Tells a person's language code, or None where it is not known; never fails."""

    async def language(self, person: PersonId) -> str | None: ...


class Threads(Protocol):
    """Tells between which chats a conversation goes on; None for what came from one that was left."""

    def thread(self, person: PersonId, conversation: ConversationId, source: BotId) -> Thread | None: ...


class _Sent(msgspec.Struct):
    message_id: MessageId


_sent = msgspec.json.Decoder(_Sent)
_many_sent = msgspec.json.Decoder(list[_Sent])
_anything = msgspec.json.Decoder(Any)
_message = msgspec.json.Decoder(dict[str, Any])


def message_id(result: msgspec.Raw) -> MessageId:
    """The number of the message that a send came to."""
    return MessageId(_sent.decode(result).message_id)


class Crossing:
    """`compose` before the call, `delivered` after it."""

    def __init__(
        self, languages: Languages, threads: Threads, messages: MessageMap, media: Media, sealing: Sealing
    ) -> None:
        self._languages = languages
        self._threads = threads
        self._messages = messages
        self._media = media
        self._sealing = sealing
        self._files: OrderedDict[tuple[ConversationId, MessageId], str] = OrderedDict()

    def text(self, item: Item) -> Call | None:
        """The call for a text of which all is at hand; None for anything else."""
        to, body = item.envelope.to, item.envelope.body
        if not isinstance(body, Relay | Cast) or not isinstance(body.content, Text):
            return None
        if isinstance(body, Cast):
            # Whether one is paid for is asked elsewhere.
            return None if body.paid else compose.cast(to, body, None)
        if body.reply_there is None and body.reply_to is not None:
            return None
        return compose.relayed(to, body, body.reply_there, None)

    async def compose(self, parts: Sequence[Item]) -> Call | None:
        """The call for an entry (all parts of an album), its files still to be found.

        None where there is nothing to be done: what it is about was never shown. Raises RedisAway.
        """
        to, body = parts[0].envelope.to, parts[0].envelope.body
        match body:
            case Relay():
                return await self._relayed(to, body, parts)
            case Amend():
                there = await self._there(to, body, body.message)
                if there is None:
                    return None
                same = self._shows(body.conversation, body.message, body.content)
                return compose.amended(to, there, body.content, same_file=same)
            case React():
                there = body.there or await self._there(to, body, body.message)
                return compose.reacted(to, there, body) if there is not None else None
            case Unsend():
                there = await self._there(to, body, body.message)
                return compose.removed(to, [there]) if there is not None else None
            case Remove():
                return compose.removed(to, body.messages)
            case Notice() | Happening():
                return compose.words(to, body, await self._languages.language(to), self._sealing)
            case Cast():
                return compose.cast(to, body, None)
            case _:
                assert_never(body)

    def delivered(self, parts: Sequence[Item], result: msgspec.Raw) -> list[Note]:
        """Telegram said yes: what is to be remembered with the acknowledgement."""
        body = parts[0].envelope.body
        if isinstance(body, Amend):
            return self._learn([body], [result]) if isinstance(body.content, MediaContent) else []
        if isinstance(body, Cast):
            if not isinstance(body.content, MediaContent):
                return []
            return self._media.remember(body.content, _message.decode(result))
        if not isinstance(body, Relay):
            return []
        if len(parts) == 1:
            relays, results = [body], [result]
            pairs = [(body.message, _sent.decode(result).message_id)]
        else:
            relays = [one for part in parts if isinstance(one := part.envelope.body, Relay)]
            results = msgspec.json.decode(result, type=list[msgspec.Raw])
            shown = _many_sent.decode(result)
            pairs = [(one.message, there.message_id) for one, there in zip(relays, shown, strict=False)]
        thread = self._threads.thread(parts[0].envelope.to, body.conversation, body.source)
        notes = self._messages.record(thread, body.side, pairs) if thread is not None else []
        if isinstance(body.content, MediaContent):
            notes += self._learn(relays, results)
        return notes

    def forget_files(self, parts: Sequence[Item]) -> list[Note]:
        """The remembered file ids of these entries are no good; empty where none was remembered."""
        contents = [getattr(part.envelope.body, "content", None) for part in parts]
        return self._media.forget([one for one in contents if isinstance(one, MediaContent)])

    async def _relayed(self, to: PersonId, body: Relay, parts: Sequence[Item]) -> Call:
        reply = body.reply_there
        if reply is None and body.reply_to is not None:
            reply = await self._there(to, body, body.reply_to)
        if len(parts) > 1:
            bodies = [one for part in parts if isinstance(one := part.envelope.body, Relay)]
            return compose.album(to, bodies, reply)
        language = await self._languages.language(to) if isinstance(body.content, Dice) else None
        return compose.relayed(to, body, reply, language)

    async def _there(
        self, to: PersonId, body: Relay | Amend | React | Unsend, message: MessageId
    ) -> MessageId | None:
        """The number in this chat of a message of its writer's."""
        thread = self._threads.thread(to, body.conversation, body.source)
        return None if thread is None else await self._messages.find(thread, body.side, message)

    def _shows(self, conversation: ConversationId, message: MessageId, content: Content) -> bool:
        return (
            isinstance(content, MediaContent)
            and self._files.get((conversation, message)) == content.file.unique_id
        )

    def _learn(self, bodies: Sequence[Relay | Amend], results: Sequence[msgspec.Raw]) -> list[Note]:
        """Which files these messages show, and this bot's ids of those that came from another."""
        notes: list[Note] = []
        for body, result in zip(bodies, results, strict=False):
            content = body.content
            if not isinstance(content, MediaContent):
                continue
            self._files[body.conversation, body.message] = content.file.unique_id
            if len(self._files) > SHOWN_FILES:
                self._files.popitem(last=False)
            message = _anything.decode(result)
            if isinstance(message, dict):
                notes += self._media.remember(content, message)
        return notes


def source_of(item: Item) -> BotId:
    """The bot whose file ids the entry speaks of; 0 where it has no files."""
    body = item.envelope.body
    return body.source if isinstance(body, Relay | Amend | Cast) else BotId(0)

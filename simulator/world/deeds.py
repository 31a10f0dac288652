"""What people do inside a chat with a bot: say, send, tap, edit, react, vote."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulator.errors import ControlError
from simulator.text import utf16
from simulator.text.entities import Entity, tidy, within
from simulator.world.actors import Bot, Json, Person
from simulator.world.callbacks import Tap
from simulator.world.chats import PrivateChat
from simulator.world.identity import MessageId
from simulator.world.messages import Attachment, Message

if TYPE_CHECKING:
    from simulator.world.world import World


class Deeds:
    """Acts of people. Each raises ControlError when a person could not do it in a real client."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def say(
        self,
        person: Person,
        bot: Bot,
        text: str,
        entities: Sequence[Entity] = (),
        *,
        reply_to: int | None = None,
        quote: str = "",
        quote_at: int = 0,
        extra: Json | None = None,
    ) -> Message:
        """Writes a text. `extra` are further fields of the message, such as link_preview_options."""
        text, found = tidy(text, list(entities))
        if not text:
            raise ControlError("a text that is empty cannot be sent")
        if utf16.length(text) > 4096:
            raise ControlError("a text may have 4096 characters; send it in parts")
        body: Json = {"text": text}
        if found:
            body["entities"] = found
        whole = body | (extra or {})
        return self.put(person, bot, whole, reply_to=reply_to, quote=quote, quote_at=quote_at)

    def attach(
        self,
        person: Person,
        bot: Bot,
        attachment: Attachment,
        caption: str = "",
        entities: Sequence[Entity] = (),
        *,
        reply_to: int | None = None,
        quote: str = "",
        quote_at: int = 0,
        extra: Json | None = None,
    ) -> Message:
        """Sends one file, with a caption perhaps."""
        body = self._caption(caption, entities) | (extra or {})
        return self.put(person, bot, body, attachment, reply_to=reply_to, quote=quote, quote_at=quote_at)

    def album(
        self,
        person: Person,
        bot: Bot,
        items: Sequence[tuple[Attachment, str]],
        entities: Sequence[Entity] = (),
        *,
        reply_to: int | None = None,
        quote: str = "",
        quote_at: int = 0,
        extra: Json | None = None,
    ) -> list[Message]:
        """Sends 2 to 10 files, each with its caption, as one album; `entities` are the first caption's."""
        if not 2 <= len(items) <= 10:
            raise ControlError("an album has 2 to 10 items")
        group = {"media_group_id": self._world.next_album()}
        sent = []
        for number, (attachment, caption) in enumerate(items):
            body = self._caption(caption, () if number else entities) | group | (extra or {})
            sent.append(
                self.put(person, bot, body, attachment, reply_to=reply_to, quote=quote, quote_at=quote_at)
            )
        return sent

    def put(
        self,
        person: Person,
        bot: Bot,
        body: Json,
        attachment: Attachment | None = None,
        *,
        reply_to: int | None = None,
        quote: str = "",
        quote_at: int = 0,
    ) -> Message:
        """Sends anything: `body` holds the Bot API's message fields, whatever they are.

        `quote_at`: where the quote begins or later, in UTF-16 code units.
        """
        chat = self._open_chat(person, bot)
        answered = self._find(chat, reply_to) if reply_to is not None else None
        if quote:
            body = body | {"quote": self._quote(answered, quote, quote_at)}
        message = Message(
            chat.next_id(), chat, person, self._world.clock.wall(), body, attachment, reply_to=answered
        )
        chat.started = True
        self._world.keep(message)
        self._world.tell(bot, "message", self._world.show(bot, message), chat.id)
        for listener in self._world.hooks.on_accepted:
            listener(person, bot, message)
        return message

    def edit(
        self,
        person: Person,
        bot: Bot,
        message_id: int,
        *,
        text: str | None = None,
        entities: Sequence[Entity] = (),
        attachment: Attachment | None = None,
    ) -> Message:
        """Changes an own message: its text or caption, or the file in it."""
        chat = self._open_chat(person, bot)
        message = self._find(chat, message_id)
        if message.author is not person:
            raise ControlError("one can edit only what one wrote oneself")
        if attachment is not None:
            message.attachment = attachment
        if text is not None:
            names = ("caption", "caption_entities") if message.attachment else ("text", "entities")
            words, found = tidy(text, list(entities))
            body = {key: value for key, value in message.body.items() if key not in names}
            if words:
                body[names[0]] = words
            if found:
                body[names[1]] = found
            message.body = body
        message.edited_at = self._world.clock.wall()
        message.edits += 1
        self._world.tell(bot, "edited_message", self._world.show(bot, message), chat.id)
        return message

    def press(self, person: Person, bot: Bot, message_id: int | None, wanted: str) -> Tap | Message | str:
        """Taps a button by its data or text.

        An inline button gives a Tap (or its link, if it has one), a button of the keyboard under the
        text field sends what it says.
        """
        chat = self._open_chat(person, bot)
        if message_id is None:
            return self._press_keyboard(person, bot, chat, wanted)
        message = self._find(chat, message_id)
        for button in _buttons(message.markup, "inline_keyboard"):
            if wanted in (button.get("callback_data"), button["text"]):
                return self._tap(chat, message, button)
        raise ControlError(f"message {message_id} has no button {wanted!r}")

    def forge(self, person: Person, bot: Bot, message_id: int, data: str) -> Tap:
        """Presses a button of that message that it never had, as a client can that somebody has changed."""
        chat = self._open_chat(person, bot)
        return self._tapped(chat, self._find(chat, message_id), data)

    def _tap(self, chat: PrivateChat, message: Message, button: Json) -> Tap | str:
        for link in ("url", "copy_text", "web_app", "login_url"):
            if link in button:
                target = button[link]
                return str(target if isinstance(target, str) else target.get("url") or target.get("text"))
        return self._tapped(chat, message, button.get("callback_data", ""))

    def _tapped(self, chat: PrivateChat, message: Message, data: str) -> Tap:
        tap = self._world.callbacks.tapped(chat.bot.id, chat.person.id, message.id, data)
        payload = {
            "id": tap.id,
            "from": chat.person.user_json,
            "message": self._world.show(chat.bot, message),
            "chat_instance": self._world.identity.chat_instance(chat.bot.id, chat.person.id),
            "data": data,
        }
        self._world.tell(chat.bot, "callback_query", payload, chat.id)
        return tap

    def _press_keyboard(self, person: Person, bot: Bot, chat: PrivateChat, wanted: str) -> Message:
        for button in _buttons(chat.keyboard, "keyboard"):
            if button["text"] != wanted:
                continue
            if chat.keyboard is not None and chat.keyboard.get("one_time_keyboard"):
                chat.keyboard = None
            if button.get("request_contact"):
                contact = {
                    "phone_number": person.phone,
                    "first_name": person.first_name,
                    "user_id": person.id,
                }
                return self.put(person, bot, {"contact": contact})
            if button.get("request_location"):
                return self.put(person, bot, {"location": {"latitude": 48.2082, "longitude": 16.3738}})
            return self.say(person, bot, wanted)
        raise ControlError(f"there is no button {wanted!r} under the text field")

    def react(self, person: Person, bot: Bot, message_id: int, reaction: Sequence[Json]) -> Message:
        """Sets the person's reaction to a message; an empty list removes it."""
        chat = self._open_chat(person, bot)
        message = self._find(chat, message_id)
        old, message.person_reaction = message.person_reaction, list(reaction)
        payload = {
            "chat": chat.chat_json,
            "message_id": message.id,
            "user": person.user_json,
            "date": int(self._world.clock.wall()),
            "old_reaction": old,
            "new_reaction": message.person_reaction,
        }
        self._world.tell(bot, "message_reaction", payload, chat.id)
        return message

    def vote(self, person: Person, bot: Bot, message_id: int, options: Sequence[int]) -> Message:
        """Votes in a poll; an empty list takes the vote back."""
        chat = self._open_chat(person, bot)
        message = self._find(chat, message_id)
        poll: Json | None = message.body.get("poll")
        if poll is None:
            raise ControlError(f"message {message_id} is no poll")
        if poll["is_closed"]:
            raise ControlError("the poll is closed")
        if any(not 0 <= option < len(poll["options"]) for option in options):
            raise ControlError(f"the poll has options 0 to {len(poll['options']) - 1}")
        self._world.polls.vote(message, person, list(options))
        return message

    def delete(self, person: Person, bot: Bot, message_ids: Sequence[int]) -> None:
        """Deletes messages for both sides. Bots never hear of it."""
        chat = self._open_chat(person, bot)
        for message_id in message_ids:
            self._find(chat, message_id).deleted = True

    def _caption(self, caption: str, entities: Sequence[Entity]) -> Json:
        if not caption:
            return {}
        words, found = tidy(caption, list(entities))
        if utf16.length(words) > 1024:
            raise ControlError("a caption may have 1024 characters")
        body: Json = {"caption": words} if words else {}
        if found:
            body["caption_entities"] = found
        return body

    def find(self, person: Person, bot: Bot, message_id: int) -> Message:
        """A message of this chat that is still there."""
        return self._find(self._world.private(bot, person), message_id)

    def _open_chat(self, person: Person, bot: Bot) -> PrivateChat:
        chat = self._world.private(bot, person)
        if person.deleted:
            raise ControlError(f"person {person.id} has deleted the account")
        if chat.blocked:
            raise ControlError(f"person {person.id} has blocked @{bot.username}: unblock first")
        return chat

    def _find(self, chat: PrivateChat, message_id: int) -> Message:
        message = chat.messages.get(MessageId(message_id))
        if message is None or message.deleted:
            raise ControlError(f"there is no message {message_id} in this chat")
        return message

    def _quote(self, answered: Message | None, quote: str, at: int) -> Json:
        """As a client makes it: the words, where they stand, and how they look there."""
        body = {} if answered is None else answered.body
        said = str(body.get("text") or body.get("caption") or "")
        place = said.find(quote, utf16.index(said, at) or 0)
        if place < 0:
            raise ControlError("a quote must be part of the message that is replied to")
        start = utf16.length(said[:place])
        made: Json = {"text": quote, "position": start, "is_manual": True}
        looks = within(body.get("entities") or body.get("caption_entities") or (), start, utf16.length(quote))
        return made | {"entities": looks} if looks else made


def _buttons(markup: Json | None, rows: str) -> list[dict[str, Any]]:
    if markup is None:
        return []
    return [{"text": one} if isinstance(one, str) else one for row in markup.get(rows, ()) for one in row]

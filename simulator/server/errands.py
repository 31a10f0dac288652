"""Carries out what the control API is asked for, upon the world."""

import base64
import binascii
from dataclasses import replace

from simulator.errors import ApiError, ControlError
from simulator.server import requests
from simulator.world.actors import Bot, Json, Person
from simulator.world.callbacks import Tap
from simulator.world.media import Source
from simulator.world.messages import Attachment, Message
from simulator.world.samples import png
from simulator.world.world import World

_KINDS = frozenset(
    ("photo", "video", "animation", "audio", "voice", "video_note", "document", "sticker", "live_photo")
)
_FACES = {"🏀": 5, "⚽": 5, "🎰": 64}
_FRAMED = frozenset(("video", "animation", "photo", "live_photo"))


class Errands:
    """One function for each kind of request; all raise ControlError with a clear line."""

    def __init__(self, world: World) -> None:
        self._world = world

    # -- making -------------------------------------------------------------------------------

    def new_bots(self, wanted: requests.NewBots) -> Json:
        made = [self._world.create_bot() for _ in range(wanted.count)]
        made += [self._world.create_bot(one.name, one.username) for one in wanted.named]
        return {"bots": [self.show_bot(bot) for bot in made]}

    @staticmethod
    def show_bot(bot: Bot) -> Json:
        return {"id": bot.id, "token": bot.token, "username": bot.username, "name": bot.name}

    def new_people(self, wanted: requests.NewPeople) -> Json:
        made = [
            self._world.people.create(
                wanted.first_name,
                wanted.last_name,
                wanted.username,
                language=wanted.language,
                premium=wanted.premium,
                refuses=frozenset(wanted.refuses),
            )
            for _ in range(wanted.count)
        ]
        return {"people": [person.id for person in made]}

    def new_channel(self, wanted: requests.NewChannel) -> Json:
        channel = self._world.create_channel(wanted.title, wanted.username, protected=wanted.protected)
        for status, bots in (("member", wanted.readers), ("administrator", wanted.bots)):
            for bot in bots:
                channel.members[self._world.bot(bot).id] = status
        return {"id": channel.id}

    def new_sticker_set(self, wanted: requests.NewStickerSet) -> Json:
        made = self._world.stickers.create(
            wanted.name, wanted.title or wanted.name, wanted.emoji, kind=wanted.kind, form=wanted.form
        )
        ids = [sticker.extra.get("custom_emoji_id") for sticker in made.stickers]
        return {"unique_ids": [sticker.file.unique_id for sticker in made.stickers], "custom_emoji_ids": ids}

    def revoke(self, wanted: requests.OneBot) -> Json:
        return {"token": self._world.revoke(self._world.bot(wanted.bot))}

    def freeze(self, wanted: requests.Freeze) -> Json:
        bot = self._world.bot(wanted.bot)
        bot.frozen = wanted.frozen
        return {"frozen": bot.frozen}

    # -- what people do -----------------------------------------------------------------------

    def _pair(self, person: int, bot: int | str) -> tuple[Person, Bot]:
        return self._world.people.find(person), self._world.bot(bot)

    def send(self, wanted: requests.Send) -> Json:
        person, bot = self._pair(wanted.person, wanted.bot)
        if wanted.album:
            items = [(self._media(one), one) for one in wanted.album]
            sent = self._world.deeds.album(
                person,
                bot,
                [(attachment, one.caption) for attachment, one in items],
                reply_to=wanted.reply_to,
            )
            return {"message_ids": [message.id for message in sent], "message_id": sent[0].id}
        return {"message_id": self._send_one(person, bot, wanted).id}

    def _send_one(self, person: Person, bot: Bot, wanted: requests.Send) -> Message:
        deeds = self._world.deeds
        if wanted.start is not None:
            return self._world.people.open(person, bot, wanted.start)
        if wanted.text is not None:
            return deeds.say(
                person,
                bot,
                wanted.text,
                wanted.entities,
                reply_to=wanted.reply_to,
                quote=wanted.quote,
                extra=wanted.extra,
            )
        if wanted.media is not None:
            media = wanted.media
            extra = dict(wanted.extra)
            if media.spoiler:
                extra["has_media_spoiler"] = True
            if media.caption_above:
                extra["show_caption_above_media"] = True
            return deeds.attach(
                person,
                bot,
                self._media(media),
                media.caption,
                media.entities,
                reply_to=wanted.reply_to,
                quote=wanted.quote,
                extra=extra,
            )
        body = wanted.body
        if wanted.poll is not None:
            poll = self._world.polls.create(
                wanted.poll.question, wanted.poll.options, fields=wanted.poll.fields
            )
            body = {"poll": poll}
        elif wanted.dice:
            body = {"dice": {"emoji": wanted.dice, "value": self._world.throw(_FACES.get(wanted.dice, 6))}}
        if body is None:
            raise ControlError("say what to send: start, text, media, album, poll, dice or body")
        return deeds.put(person, bot, body | wanted.extra, reply_to=wanted.reply_to, quote=wanted.quote)

    def _media(self, spec: requests.MediaSpec) -> Attachment:
        if spec.kind not in _KINDS:
            raise ControlError(f"there is no kind {spec.kind!r}: one of {', '.join(sorted(_KINDS))}")
        if spec.unique_id:
            file = self._world.files.by_unique(spec.unique_id)
            known = None if file is None else self._world.media.of(file)
            if known is None:
                raise ControlError("there is no file of that unique_id")
            return known
        if spec.sticker_set:
            found = self._world.stickers.sets.get(spec.sticker_set)
            if found is None or spec.index >= len(found.stickers):
                raise ControlError(f"there is no sticker {spec.index} in a set {spec.sticker_set}")
            return found.stickers[spec.index]
        return self._new_media(spec)

    def _new_media(self, spec: requests.MediaSpec) -> Attachment:
        framed = spec.kind in _FRAMED
        width = spec.width or (1280 if framed else 384 if spec.kind == "video_note" else 0)
        height = spec.height or (720 if framed else width)
        facts = Source(
            b"",
            spec.name,
            spec.mime,
            width,
            height,
            spec.duration,
            spec.title,
            spec.performer,
            spec.emoji,
        )
        small = Source(png(90, 60, 200, 120, 80)) if spec.thumbnail else None
        media = self._world.media
        try:
            if spec.kind == "live_photo":
                photo = media.made_up("photo", 40_000, facts)
                return media.live_photo(replace(facts, content=b"\0" * (spec.size or 50_000)), photo)
            if not spec.data:
                return media.made_up(spec.kind, spec.size or 20_000, facts, small)
            content = base64.b64decode(spec.data, validate=True)
            return media.make(spec.kind, replace(facts, content=content), small)
        except binascii.Error:
            raise ControlError("data must be Base64") from None
        except ApiError as error:
            raise ControlError(error.description) from None

    def press(self, wanted: requests.Press) -> Json:
        person, bot = self._pair(wanted.person, wanted.bot)
        done = self._world.deeds.press(person, bot, wanted.message_id, wanted.data or wanted.text)
        match done:
            case Tap():
                return {"query_id": done.id}
            case Message():
                return {"message_id": done.id}
            case str():
                return {"url": done}

    def edit(self, wanted: requests.Edit) -> Json:
        person, bot = self._pair(wanted.person, wanted.bot)
        attachment = None if wanted.media is None else self._media(wanted.media)
        self._world.deeds.edit(
            person, bot, wanted.message_id, text=wanted.text, entities=wanted.entities, attachment=attachment
        )
        return {"message_id": wanted.message_id}

    def react(self, wanted: requests.React) -> Json:
        person, bot = self._pair(wanted.person, wanted.bot)
        reaction = wanted.reaction or ([{"type": "emoji", "emoji": wanted.emoji}] if wanted.emoji else [])
        self._world.deeds.react(person, bot, wanted.message_id, reaction)
        return {"reaction": reaction}

    def vote(self, wanted: requests.Vote) -> Json:
        person, bot = self._pair(wanted.person, wanted.bot)
        return {"poll": self._world.deeds.vote(person, bot, wanted.message_id, wanted.options).body["poll"]}

    def delete(self, wanted: requests.Delete) -> Json:
        person, bot = self._pair(wanted.person, wanted.bot)
        self._world.deeds.delete(person, bot, wanted.message_ids)
        return {"deleted": len(wanted.message_ids)}

    def block(self, wanted: requests.Pair) -> Json:
        self._world.people.block(*self._pair(wanted.person, wanted.bot))
        return {"blocked": True}

    def unblock(self, wanted: requests.Pair) -> Json:
        self._world.people.unblock(*self._pair(wanted.person, wanted.bot))
        return {"blocked": False}

    def vanish(self, wanted: requests.OnePerson) -> Json:
        self._world.people.vanish(self._world.people.find(wanted.person))
        return {"deleted": True}

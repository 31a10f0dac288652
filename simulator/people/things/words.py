"""Texts with more in them than one types: every style, a preview, custom emoji, mentions, headers."""

from typing import Final

from simulator.people.things.thing import Part, Thing
from simulator.text import utf16
from simulator.text.entities import tidy
from simulator.world.actors import Json, Person
from simulator.world.world import World

_STYLES: Final = (
    "bold italic underline strikethrough spoiler code pre blockquote expandable_blockquote".split()
)


def _styles(_: World, __: Person) -> list[Part]:
    text, entities = "👋🏽 Every style:\n", list[Json]()
    for kind in _STYLES:
        words = kind.replace("_", " ")
        entity: Json = {"type": kind, "offset": utf16.length(text), "length": len(words)}
        if kind == "pre":
            entity["language"] = "python"
        entities.append(entity)
        text += f"{words}\n"
    link = {"type": "text_link", "offset": utf16.length(text), "length": 4, "url": "https://example.org/"}
    entities.append(link)
    text += "link, #tag, $EUR, @somebody, a@example.org, /help"
    text, entities = tidy(text, entities)
    return [Part({"text": text, "entities": entities})]


def _preview(_: World, __: Person) -> list[Part]:
    address = "https://example.org/garden"
    options = {"url": address, "prefer_large_media": True, "show_above_text": True}
    entities = [{"type": "url", "offset": 4, "length": len(address)}]
    return [Part({"text": f"See {address}", "entities": entities, "link_preview_options": options})]


def _custom_emoji(world: World, _: Person) -> list[Part]:
    emoji, sticker = next(iter(world.stickers.emoji.items()))
    sign = str(sticker.extra["emoji"])
    entity = {"type": "custom_emoji", "offset": 6, "length": utf16.length(sign), "custom_emoji_id": emoji}
    return [Part({"text": f"Hello {sign}", "entities": [entity]})]


def _mention(_: World, person: Person) -> list[Part]:
    """Of the account that writes: the partner must not get to know it."""
    mention = {"type": "text_mention", "offset": 4, "length": 2, "user": person.user_json}
    return [Part({"text": "Ask me", "entities": [mention]})]


def _forwarded(_: World, person: Person) -> list[Part]:
    origin = {"type": "user", "sender_user": person.user_json, "date": 1_700_000_000}
    return [Part({"text": "News that somebody else wrote.", "forward_origin": origin})]


THINGS: Final[dict[str, Thing]] = {
    "styles": Thing("🎨", "Every style", "Texts", _styles),
    "preview": Thing("🔗", "Link preview", "Texts", _preview),
    "emoji": Thing("👋", "Custom emoji", "Texts", _custom_emoji),
    "mention": Thing("🙋", "Mention of me", "Texts", _mention),
    "forwarded": Thing("↪", "Forwarded", "Texts", _forwarded),
}

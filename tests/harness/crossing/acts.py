"""Rows: polls, places, contacts, and what is done to messages that are there."""

from functools import partial

from simulator.world.actors import Json
from simulator.world.messages import Message
from tests.harness.crossing.messages import same, same_file
from tests.harness.crossing.stage import Pair, Row


async def poll(pair: Pair) -> None:
    fields = {"allows_multiple_answers": True, "is_anonymous": False}
    made = pair.writer.world.polls.create("Tea or coffee?", ["tea", "coffee", "both"], fields=fields)
    pair.writer.put({"poll": made})
    seen: Json = (await pair.crossed())[0].body["poll"]
    assert seen["question"] == made["question"], "another question"
    assert [o["text"] for o in seen["options"]] == ["tea", "coffee", "both"], "other options"
    assert seen["allows_multiple_answers"], "one answer only"
    assert seen["is_anonymous"], "votes would be shown"


async def quiz(pair: Pair) -> None:
    fields = {"type": "quiz", "correct_option_ids": [1], "explanation": "because"}
    made = pair.writer.world.polls.create("2 + 2?", ["3", "4"], fields=fields)
    pair.writer.put({"poll": made})
    seen: Json = (await pair.crossed())[0].body["poll"]
    assert (seen["type"], seen["correct_option_ids"]) == ("quiz", [1]), "another answer"
    assert seen["explanation"] == "because", "no explanation"


async def quiz_unknown(pair: Pair) -> None:
    made = pair.writer.world.polls.create("2 + 2?", ["3", "4"], fields={"type": "quiz"})
    pair.writer.put({"poll": made})
    await pair.told("answer of this quiz")


async def dice(pair: Pair) -> None:
    """No bot can throw a given value: it is told in words."""
    pair.writer.put({"dice": {"emoji": "🎯", "value": 5}})
    assert (await pair.crossed())[0].body["text"] == "🎯 5"


async def slot_machine(pair: Pair) -> None:
    pair.writer.put({"dice": {"emoji": "🎰", "value": 64}})
    assert (await pair.crossed())[0].body["text"] == "🎰 7️⃣ 7️⃣ 7️⃣"


async def location(pair: Pair) -> None:
    sent = pair.writer.put({"location": {"latitude": 48.1, "longitude": 16.2, "horizontal_accuracy": 9.0}})
    same(sent, (await pair.crossed())[0], "location")


async def live_location(pair: Pair) -> None:
    """It moves, and it stops."""
    place = {"latitude": 48.1, "longitude": 16.2, "live_period": 900}
    sent = pair.writer.put({"location": place})
    (seen,) = await pair.crossed()
    for moved in ({**place, "latitude": 48.5}, {"latitude": 48.5, "longitude": 16.2}):
        sent.body = {"location": moved}
        pair.writer.edit(sent)
        await pair.becomes(partial(_lies_at, seen, moved), "the place to move")


def _lies_at(message: Message, place: Json) -> bool:
    found: Json = message.body["location"]
    return found == place


async def venue(pair: Pair) -> None:
    place = {"latitude": 48.1, "longitude": 16.2}
    at = {"location": place, "title": "Café", "address": "Street 1", "google_place_id": "x1"}
    sent = pair.writer.put({"venue": at, "location": place})
    same(sent, (await pair.crossed())[0], "venue")


async def contact(pair: Pair) -> None:
    """Asked first; it crosses without the account."""
    card = {"phone_number": "+43111222", "first_name": "Ann", "user_id": pair.writer.person.id}
    pair.writer.put({"contact": card})
    question = await pair.writer.one()
    assert not pair.reader.shown(), "it went unasked"
    pair.writer.press(question, "contact:send")
    seen = (await pair.crossed())[0]
    assert seen.body["contact"] == {"phone_number": "+43111222", "first_name": "Ann"}, "another contact"


async def contact_kept(pair: Pair) -> None:
    pair.writer.put({"contact": {"phone_number": "+43111222", "first_name": "Ann"}})
    pair.writer.press(await pair.writer.one(), "contact:keep")
    await pair.writer.one(1)
    assert not pair.reader.shown(), "it went all the same"


def replies(*, own: bool, quote: str = "") -> Row:
    """To a message of the partner's or of one's own; with a quote perhaps."""

    async def row(pair: Pair) -> None:
        first = pair.writer.say("One two three")
        (seen,) = await pair.crossed()
        if own:
            answer = pair.writer.say("more", reply_to=first.id, quote=quote)
            shown, about = (await pair.crossed(1, 1))[0], seen
        else:
            answer = pair.reader.say("yes", reply_to=seen.id, quote=quote)
            shown, about = await pair.writer.one(), first
        same(answer, shown, "text", "quote")
        assert shown.reply_to is about, "it answers another message"

    return row


async def reply_to_media(pair: Pair) -> None:
    first = pair.writer.attach(pair.writer.file("photo"), "look at this")
    (seen,) = await pair.crossed()
    pair.reader.attach(pair.reader.file("photo"), "and this", reply_to=seen.id, quote="at this")
    shown = await pair.writer.one()
    assert shown.reply_to is first, "it answers another message"
    assert shown.body["quote"]["text"] == "at this", "no quote"


async def edit_text(pair: Pair) -> None:
    sent = pair.writer.say("a mistke")
    (seen,) = await pair.crossed()
    pair.writer.edit(sent, text="a mistake", entities=[{"type": "bold", "offset": 2, "length": 7}])
    await pair.becomes(lambda: seen.body.get("text") == "a mistake", "the edit")
    same(sent, seen, "text", "entities")


async def edit_caption(pair: Pair) -> None:
    sent = pair.writer.attach(pair.writer.file("video"), "a mistke")
    (seen,) = await pair.crossed()
    pair.writer.edit(sent, text="a mistake")
    await pair.becomes(lambda: seen.body.get("caption") == "a mistake", "the edit")
    same_file(sent, seen)


async def edit_media(pair: Pair) -> None:
    sent = pair.writer.attach(pair.writer.file("photo", 3_000), "before")
    (seen,) = await pair.crossed()
    pair.writer.edit(sent, attachment=pair.writer.file("photo", 5_000), text="after")
    await pair.becomes(lambda: seen.body.get("caption") == "after", "the edit")
    same_file(sent, seen)


async def edit_album(pair: Pair) -> None:
    sent = pair.writer.album([(pair.writer.file("photo"), "one"), (pair.writer.file("photo"), "two")])
    seen = await pair.crossed(2)
    pair.writer.edit(sent[1], text="second")
    await pair.becomes(lambda: seen[1].body.get("caption") == "second", "the edit")
    assert seen[0].body["caption"] == "one", "the other one changed"


def reactions(*, own: bool) -> Row:
    """Set, changed, taken away: on the partner's message, or on one's own."""

    async def row(pair: Pair) -> None:
        sent = pair.writer.say("funny")
        (seen,) = await pair.crossed()
        side, here, there = (pair.writer, sent, seen) if own else (pair.reader, seen, sent)
        for wanted in ("👍", "🔥", ""):
            side.react(here, *([wanted] if wanted else []))
            await pair.becomes(partial(_has_reaction, there, wanted), f"the reaction {wanted!r}")

    return row


def _has_reaction(message: Message, emoji: str) -> bool:
    return "".join(one["emoji"] for one in message.bot_reaction) == emoji


def unsend(words: str) -> Row:
    """A reply with these words takes a message back, on both sides."""

    async def row(pair: Pair) -> None:
        sent = pair.writer.say("oh no")
        (seen,) = await pair.crossed()
        command = pair.writer.say(words, reply_to=sent.id)
        await pair.becomes(lambda: seen.deleted and sent.deleted, "both to go")
        await pair.becomes(lambda: command.deleted, "the command to go")
        assert not pair.writer.shown(), "something was said"

    return row


async def unsend_partners(pair: Pair) -> None:
    pair.writer.say("mine")
    (seen,) = await pair.crossed()
    pair.reader.say("🗑", reply_to=seen.id)
    answer = await pair.reader.one(1)
    assert "yourself" in answer.body["text"], "not told why"
    assert not seen.deleted, "it went"


async def clear(pair: Pair) -> None:
    """After the end everything of both goes, on both sides."""
    said = [pair.writer.say("one"), pair.writer.attach(pair.writer.file("photo"))]
    seen = await pair.crossed(2)
    said.append(pair.reader.say("two"))
    seen.append(await pair.writer.one())
    pair.writer.say("/stop")
    pair.writer.press(await pair.writer.one(1), "clear:")
    await pair.becomes(lambda: all(one.deleted for one in (*said, *seen)), "everything to go")


def kept(field: str, value: object) -> Row:
    """A trait of the message itself."""

    async def row(pair: Pair) -> None:
        sent = pair.writer.put({"text": "special", field: value})
        same(sent, (await pair.crossed())[0], "text", field)

    return row


def told(words: str, body: Json) -> Row:
    """Cannot go: the writer hears why, and the conversation goes on."""

    async def row(pair: Pair) -> None:
        pair.writer.put(body)
        await pair.told(words)
        later = pair.writer.say("anyway")
        same(later, (await pair.crossed())[0], "text")

    return row


_ANYTHING = {"title": "x", "description": "y"}

ROWS: list[tuple[str, Row]] = [
    ("poll", poll),
    ("quiz", quiz),
    ("quiz whose answer Telegram hides: told", quiz_unknown),
    ("dice, the value in words", dice),
    ("slot machine, the reels in words", slot_machine),
    ("location", location),
    ("live location moves and stops", live_location),
    ("venue", venue),
    ("contact, asked first", contact),
    ("contact, kept", contact_kept),
    ("reply to the partner", replies(own=False)),
    ("reply to oneself", replies(own=True)),
    ("reply with quote", replies(own=False, quote="two")),
    ("reply to oneself with quote", replies(own=True, quote="three")),
    ("reply to a picture with a picture", reply_to_media),
    ("edit of text", edit_text),
    ("edit of caption", edit_caption),
    ("edit of media", edit_media),
    ("edit inside an album", edit_album),
    ("reactions to the partner", reactions(own=False)),
    ("reactions to oneself", reactions(own=True)),
    ("unsend by 🗑", unsend("🗑️")),
    ("unsend by /unsend", unsend("/unsend")),
    ("unsend of the partner's message: told", unsend_partners),
    ("clear our chat", clear),
    ("effect", kept("effect_id", "5104841245755180586")),
    ("protected content", kept("has_protected_content", True)),
    ("pin: told", told("pin stays", {"pinned_message": {"message_id": 1, "date": 0}})),
    ("game: told", told("games cannot", {"game": _ANYTHING})),
    ("paid media: told", told("paid media", {"paid_media": {"star_count": 1, "paid_media": []}})),
    ("invoice: told", told("invoices", {"invoice": _ANYTHING})),
    ("giveaway: told", told("giveaways", {"giveaway": {"winner_count": 1}})),
    ("story: told", told("stories", {"story": {"id": 1}})),
    ("checklist: told", told("checklists", {"checklist": {"title": "x", "tasks": []}})),
    ("service message: told", told("of this kind", {"message_auto_delete_timer_changed": {}})),
    ("a kind from the future: told", told("of this kind", {"hologram": {"depth": 3}})),
    ("a known kind in a new form: told", told("of this kind", {"dice": "six"})),
]

"""What no bot can pass on, so that one sees what the writer is told."""

from typing import Final

from simulator.people.things.thing import Thing, fixed
from simulator.world.actors import Json

_GROUP: Final = "What cannot cross"
_GAME: Final[Json] = {"title": "Snake", "description": "Eat and grow.", "photo": []}
_BILL: Final[Json] = {
    "title": "Lemonade",
    "description": "Cold.",
    "start_parameter": "x",
    "currency": "XTR",
    "total_amount": 5,
}
_TASKS: Final = [{"id": 1, "text": "Bread"}, {"id": 2, "text": "Cheese"}]

THINGS: Final[dict[str, Thing]] = {
    "game": Thing("🎮", "Game", _GROUP, fixed({"game": _GAME})),
    "paid": Thing("⭐", "Paid media", _GROUP, fixed({"paid_media": {"star_count": 5, "paid_media": []}})),
    "invoice": Thing("🧾", "Invoice", _GROUP, fixed({"invoice": _BILL})),
    "giveaway": Thing("🎁", "Giveaway", _GROUP, fixed({"giveaway": {"chats": [], "winner_count": 3}})),
    "story": Thing("📖", "Story", _GROUP, fixed({"story": {"id": 7}})),
    "checklist": Thing("☑", "Checklist", _GROUP, fixed({"checklist": {"title": "Picnic", "tasks": _TASKS}})),
    "timer": Thing(
        "⏲",
        "Service line",
        _GROUP,
        fixed({"message_auto_delete_timer_changed": {"message_auto_delete_time": 86_400}}),
    ),
    "future": Thing("🛸", "Unknown kind", _GROUP, fixed({"hologram": {"depth": 3}})),
    "odd": Thing("❓", "Unknown form", _GROUP, fixed({"dice": "six"})),
}

"""Which buttons go with which words. A target is callback data (`consent:…`, `menu:…`) or a URL."""

from typing import NamedTuple


class Button(NamedTuple):
    """`label` is a key of the catalogs' LABELS; a button whose `needs` parameter is empty is left out."""

    label: str
    target: str
    needs: str | None = None


_FIND = ((Button("find", "menu:find"),),)
_SEARCHING = ((Button("cancel", "menu:stop:0"),),)
_CHAT = ((Button("next", "menu:next:{conversation}"), Button("stop", "menu:stop:{conversation}")),)

_AFTER = ((Button("find", "menu:find"),), (Button("clear", "clear:{conversation}"),))

BUTTONS: dict[str, tuple[tuple[Button, ...], ...]] = {
    "welcome": ((Button("consent_yes", "consent:yes"),), (Button("consent_no", "consent:no"),)),
    "consent_declined": ((Button("consent_yes", "consent:yes"),),),
    "ready": _FIND,
    "welcome_back": _FIND,
    "searching": _SEARCHING,
    "already_searching": _SEARCHING,
    "still_searching": _SEARCHING,
    "you_left_and_search": (*_SEARCHING, _AFTER[1]),
    "search_cancelled": _FIND,
    "matched": _CHAT,
    "already_chatting": _CHAT,
    "moved_chatting": _CHAT,
    "moved_waiting": _SEARCHING,
    "moved_idle": _FIND,
    "you_left": _AFTER,
    "partner_left": _AFTER,
    "partner_unreachable": _AFTER,
    "not_in_chat": _FIND,
    "chat_lost": _FIND,
    "not_delivered_over": _FIND,
    "contact_ask": (
        (Button("contact_send", "contact:send:{conversation}"),),
        (Button("contact_keep", "contact:keep:{conversation}"),),
    ),
    "file_ask": (
        (Button("file_send", "file:send:{conversation}"),),
        (Button("file_keep", "file:keep:{conversation}"),),
    ),
    "broadcast_ask": (
        (
            Button("broadcast_send", "broadcast:send:{id}"),
            Button("broadcast_cancel", "broadcast:cancel:{id}"),
        ),
        (Button("broadcast_pay", "broadcast:pay:{id}:{stars}", needs="stars"),),
    ),
    "broadcast_running": (
        (Button("broadcast_pause", "broadcast:pause:{id}"), Button("broadcast_stop", "broadcast:stop:{id}")),
        (Button("broadcast_refresh", "broadcast:show:{id}"),),
    ),
    "broadcast_paused": (
        (
            Button("broadcast_resume", "broadcast:resume:{id}"),
            Button("broadcast_stop", "broadcast:stop:{id}"),
        ),
    ),
    "chat_is_elsewhere": ((Button("open_bot", "https://t.me/{username}", needs="username"),),),
    "bot_is_leaving": ((Button("open_bot", "https://t.me/{username}?start={payload}"),),),
    "bot_is_full": ((Button("open_bot", "https://t.me/{username}?start={payload}"),),),
}

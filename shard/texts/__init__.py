"""All words a person sees, by key and language, with the buttons that go with them.

A notice travels as key and parameters and becomes words here, in the recipient's language
(English where a language or a key is missing). Words are Telegram HTML; parameters are escaped.
"""

from html import escape
from typing import NamedTuple

from shard.texts import en, ru
from shard.texts.buttons import BUTTONS

_CATALOGS = {"en": (en.WORDS, en.LABELS), "ru": (ru.WORDS, ru.LABELS)}
_NAMES = {"en": "English", "ru": "русский"}

LANGUAGES = tuple(_CATALOGS)


class Worded(NamedTuple):
    """Ready for Telegram: HTML and rows of buttons as (label, callback data or URL)."""

    html: str
    rows: tuple[tuple[tuple[str, str], ...], ...]


def language(code: str | None) -> str:
    """The catalog for a Telegram language code such as `pt-br`."""
    short = (code or "en").partition("-")[0].lower()
    return short if short in _CATALOGS else "en"


def name_of(code: str | None) -> str:
    """What speakers of that catalog's language call it."""
    return _NAMES[language(code)]


def worded(key: str, params: dict[str, str], code: str | None) -> Worded:
    """The words of a key. An unknown key is an error of ours: KeyError."""
    words, labels = _CATALOGS[language(code)]
    template = words.get(key) or en.WORDS[key]
    html = template.format_map({name: escape(value, quote=False) for name, value in params.items()})
    rows = tuple(
        tuple(
            (
                (labels.get(button.label) or en.LABELS[button.label]).format_map(params),
                button.target.format_map(params),
            )
            for button in row
        )
        for row in BUTTONS.get(key, ())
        if all(button.needs is None or params.get(button.needs) for button in row)
    )
    return Worded(html, rows)

"""Every word there is: present in English, complete in the other languages, and what Telegram takes."""

import re
import string
from pathlib import Path

import pytest

import shard
from core.domain.conversation import Change, Phase
from shard.texts import LANGUAGES, en, language, ru, worded
from shard.texts.buttons import BUTTONS

CATALOGS = {"en": en, "ru": ru}
PARAMS = {
    "conversation": "4294967297",
    "username": "some_bot",
    "payload": "stay",
    "until": "",
    "reason": "spam & <b>scams</b>",
    "language": "en",
    "table": "a < b",
    "id": "7",
}


def _names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_language_is_offered() -> None:
    assert set(LANGUAGES) == set(CATALOGS)


@pytest.mark.parametrize("code", CATALOGS)
def test_a_language_has_every_key_with_the_same_parameters(code: str) -> None:
    catalog = CATALOGS[code]
    assert set(catalog.WORDS) == set(en.WORDS)
    assert set(catalog.LABELS) == set(en.LABELS)
    for key, template in catalog.WORDS.items():
        assert _names(template) == _names(en.WORDS[key]), key


def test_every_change_of_a_standing_and_every_key_in_the_code_has_words() -> None:
    used = {change.value for change in Change if not change.silent} - {Change.MOVED.value}
    used |= {f"moved_{phase}" for phase in Phase}
    for file in Path(shard.__file__).parent.rglob("*.py"):
        used |= set(re.findall(r'\.say\(\s*"([a-z_]+)"', file.read_text()))
        used |= set(re.findall(r'turn_back\([^)"]*"([a-z_]+)"', file.read_text()))
    assert used <= set(en.WORDS)


@pytest.mark.parametrize("code", CATALOGS)
@pytest.mark.parametrize("key", sorted(en.WORDS))
def test_words_are_well_formed_and_fit_into_telegram(key: str, code: str) -> None:
    said = worded(key, {name: PARAMS.get(name, "x") for name in _names(en.WORDS[key])} | PARAMS, code)
    assert 0 < len(said.html) <= 4096
    assert "{" not in said.html
    tags = re.findall(r"<(/?)(\w+)", said.html)
    assert {name for _, name in tags} <= {"b", "i", "code", "pre", "blockquote"}
    assert sum(1 if not closing else -1 for closing, _ in tags) == 0
    for row in said.rows:
        for label, target in row:
            assert 0 < len(label) <= 40
            assert "{" not in target
            assert "://" in target or len(target.encode()) <= 64


def test_parameters_cannot_smuggle_markup() -> None:
    assert "&lt;b&gt;scams" in worded("banned", PARAMS, "en").html


def test_buttons_belong_to_words() -> None:
    assert set(BUTTONS) <= set(en.WORDS)


@pytest.mark.parametrize(
    ("code", "expected"), [("ru", "ru"), ("ru-RU", "ru"), ("pt-br", "en"), ("", "en"), (None, "en")]
)
def test_a_language_code_finds_its_catalog(code: str | None, expected: str) -> None:
    assert language(code) == expected

"""Texts, entities and parse modes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ApiError
from simulator.text import html, markdown, utf16
from simulator.text.entities import tidy


def _entity(kind: str, offset: int, length: int, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **fields}


@pytest.mark.parametrize(
    ("text", "units"), [("", 0), ("abc", 3), ("héé", 3), ("😀", 2), ("a😀b", 4), ("👨‍👩‍👧", 8), ("𝒳y", 3)]
)
def test_lengths_are_in_utf16(text: str, units: int) -> None:
    assert utf16.length(text) == units == len(text.encode("utf-16-le")) // 2


def test_cutting_and_finding_by_utf16() -> None:
    assert utf16.cut("a😀bc", 1, 3) == "😀"
    assert utf16.index("a😀bc", 3) == 2
    assert utf16.index("a😀bc", 2) is None
    assert utf16.index("a😀", 3) == 2
    assert utf16.index("a😀", 4) is None


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("<b>bold</b>", "bold", [_entity("bold", 0, 4)]),
        ("😀<i>x</i>", "😀x", [_entity("italic", 2, 1)]),
        ("<b>a<i>b</i></b>", "ab", [_entity("italic", 1, 1), _entity("bold", 0, 2)]),
        ("a &lt; b &amp; c &#33;", "a < b & c !", []),
        (
            "<a href='https://x.org?a=1&amp;b=2'>x</a>",
            "x",
            [_entity("text_link", 0, 1, url="https://x.org?a=1&b=2")],
        ),
        ("<tg-spoiler>s</tg-spoiler>", "s", [_entity("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">s</span>', "s", [_entity("spoiler", 0, 1)]),
        ("<u>u</u><s>s</s>", "us", [_entity("underline", 0, 1), _entity("strikethrough", 1, 1)]),
        ("<code>c</code>", "c", [_entity("code", 0, 1)]),
        ('<pre><code class="language-py">c</code></pre>', "c", [_entity("pre", 0, 1, language="py")]),
        ("<blockquote>q</blockquote>", "q", [_entity("blockquote", 0, 1)]),
        ("<blockquote expandable>q</blockquote>", "q", [_entity("expandable_blockquote", 0, 1)]),
        (
            '<tg-emoji emoji-id="53">👍</tg-emoji>',
            "👍",
            [_entity("custom_emoji", 0, 2, custom_emoji_id="53")],
        ),
        ("a & b &nope; c", "a & b &nope; c", []),
    ],
)
def test_html(text: str, plain: str, entities: list[dict[str, Any]]) -> None:
    assert html.parse(text) == (plain, entities)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<x>x</x>", 'Unsupported start tag "x" at byte offset 0'),
        ("é<b>x</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b", "Unclosed start tag at byte offset 0"),
    ],
)
def test_html_that_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ApiError) as error:
        html.parse(text)
    assert error.value.description == f"Bad Request: can't parse entities: {words}"


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("*b* _i_ __u__ ~s~ ||p||", "b i u s p", ["bold", "italic", "underline", "strikethrough", "spoiler"]),
        ("`c` ```py\nx```", "c x", ["code", "pre"]),
        (r"1\.5 \* 2 \= 3", "1.5 * 2 = 3", []),
        ("[a](https://x.org/\\))", "a", ["text_link"]),
        ("![👍](tg://emoji?id=53)", "👍", ["custom_emoji"]),
        (">q1\n>q2\nno", "q1\nq2\nno", ["blockquote"]),
        (">q1\n>q2||", "q1\nq2", ["expandable_blockquote"]),
        ("*a_b_*", "ab", ["bold", "italic"]),
    ],
)
def test_markdown_v2(text: str, plain: str, entities: list[str]) -> None:
    got, found = markdown.parse(text)
    assert got == plain
    assert [entity["type"] for entity in found] == entities


def test_markdown_v2_offsets_and_fields() -> None:
    assert markdown.parse("😀 *x* ```py\nz```") == (
        "😀 x z",
        [_entity("bold", 3, 1), _entity("pre", 5, 1, language="py")],
    )
    assert markdown.parse("[a](http://x.org/)")[1] == [_entity("text_link", 0, 1, url="http://x.org/")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("*x", "Can't find end of Bold entity at byte offset 0"),
        ("é_x", "Can't find end of Italic entity at byte offset 2"),
        ("`x", "Can't find end of Code entity at byte offset 0"),
    ],
)
def test_markdown_v2_that_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ApiError) as error:
        markdown.parse(text)
    assert error.value.description == f"Bad Request: can't parse entities: {words}"


def test_the_older_markdown() -> None:
    text, entities = markdown.parse_legacy("*b* _i_ `c` [t](http://x.org) a_b".replace(" a_b", ""))
    assert text == "b i c t"
    assert [entity["type"] for entity in entities] == ["bold", "italic", "code", "text_link"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("/start now", {"bot_command": "/start"}),
        ("see https://x.org/a?b=c, yes", {"url": "https://x.org/a?b=c"}),
        ("ask @someone_here please", {"mention": "@someone_here"}),
        ("#tag and $USD", {"hashtag": "#tag", "cashtag": "$USD"}),
        ("mail me@x.org", {"email": "me@x.org"}),
        ("and/or 3/4 a@b 1.5", {}),
        ("😀 example.com", {"url": "example.com"}),
    ],
)
def test_what_is_found_in_a_text(text: str, kinds: dict[str, str]) -> None:
    plain, entities = tidy(text, [])
    found = {one["type"]: utf16.cut(plain, one["offset"], one["offset"] + one["length"]) for one in entities}
    assert found == kinds


def test_nothing_is_found_inside_code() -> None:
    assert tidy("/start", [_entity("code", 0, 6)])[1] == [_entity("code", 0, 6)]


def test_white_space_around_goes_and_entities_move_along() -> None:
    assert tidy("  ab  ", [_entity("bold", 2, 4)]) == ("ab", [_entity("bold", 0, 2)])
    assert tidy("  ab", [_entity("bold", 0, 4)]) == ("  ab", [_entity("bold", 0, 4)])


def test_entities_are_cut_at_the_end_and_dropped_beyond() -> None:
    assert tidy("abc", [_entity("bold", 1, 100), _entity("italic", 3, 5)])[1] == [_entity("bold", 1, 2)]


_ANY = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["bold", "italic", "code", "spoiler", "url", "hashtag"]),
            "offset": st.integers(0, 40),
            "length": st.integers(0, 40),
        }
    ),
    max_size=4,
)


@given(st.text("ab 😀\n@/#.é𝒳", max_size=30), _ANY)
def test_entities_always_stand_inside_the_text(text: str, entities: list[dict[str, Any]]) -> None:
    try:
        plain, kept = tidy(text, entities)
    except ApiError:
        return
    assert plain == plain.rstrip()
    assert kept == sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))
    for entity in kept:
        start, stop = entity["offset"], entity["offset"] + entity["length"]
        assert 0 <= start < stop <= utf16.length(plain)
        assert utf16.index(plain, start) is not None
        assert utf16.index(plain, stop) is not None


@pytest.mark.parametrize(
    "entity",
    [
        _entity("bold", 1, 1),
        _entity("sparkling", 0, 2),
        _entity("text_link", 0, 2),
        _entity("custom_emoji", 0, 2),
        _entity("bold", -1, 2),
    ],
)
def test_entities_that_are_wrong(entity: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="400 Bad Request: can't parse"):
        tidy("😀!", [entity])

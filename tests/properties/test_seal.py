"""Only what was sealed for a person at a bot opens there, whatever is typed into it."""

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import BotId, PersonId
from core.domain.seal import LENGTH, Seal, unsealed

SECRET, OTHER = "s" * 32, "o" * 32
people = st.integers(min_value=1, max_value=2**52).map(PersonId)
bots = st.integers(min_value=1, max_value=2**52).map(BotId)
in_links = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=40)
payloads = st.one_of(st.text(max_size=40), in_links)


@given(bots, people, payloads)
def test_what_was_given_comes_back(bot: BotId, person: PersonId, payload: str) -> None:
    seal = Seal(bot, SECRET)
    assert seal.pressed(person, seal.button(person, payload)) == payload
    assert unsealed(seal.button(person, payload)) == payload


@given(bots, bots, people, in_links)
def test_a_link_is_followed_at_the_bot_it_leads_to(
    here: BotId, there: BotId, person: PersonId, payload: str
) -> None:
    link = Seal(here, SECRET).link(there, person, payload)
    assert Seal(there, SECRET).followed(person, link) == payload
    assert (Seal(here, SECRET).followed(person, link) == payload) == (here == there)


@given(bots, people, people, bots, payloads)
def test_nobody_else_can_press_it_and_at_no_other_bot(
    bot: BotId, person: PersonId, other: PersonId, other_bot: BotId, payload: str
) -> None:
    data = Seal(bot, SECRET).button(person, payload)
    assert (Seal(bot, SECRET).pressed(other, data) is None) == (other != person)
    assert (Seal(other_bot, SECRET).pressed(person, data) is None) == (other_bot != bot)
    assert Seal(bot, OTHER).pressed(person, data) is None
    assert Seal(bot, SECRET).followed(person, data) is None, "a button is no link"


@given(bots, people, payloads, st.integers(min_value=0, max_value=60), st.characters())
def test_a_change_of_any_character_is_seen(
    bot: BotId, person: PersonId, payload: str, at: int, character: str
) -> None:
    seal = Seal(bot, SECRET)
    data = seal.button(person, payload)
    at %= len(data)
    changed = data[:at] + character + data[at + 1 :]
    assert (seal.pressed(person, changed) is None) == (changed != data)
    assert seal.pressed(person, data[:-1]) is None
    assert seal.pressed(person, data + "A") is None


@given(bots, people, st.text(max_size=80))
def test_whatever_is_typed_is_refused_and_breaks_nothing(bot: BotId, person: PersonId, text: str) -> None:
    seal = Seal(bot, SECRET)
    assert seal.pressed(person, text) is None
    assert seal.followed(person, text) is None


@given(bots, people, payloads)
def test_with_a_new_secret_the_buttons_of_the_old_one_hold_as_long_as_it_is_named(
    bot: BotId, person: PersonId, payload: str
) -> None:
    old, new = Seal(bot, OTHER), Seal(bot, SECRET, OTHER)
    assert new.pressed(person, old.button(person, payload)) == payload
    assert new.button(person, payload) == Seal(bot, SECRET).button(person, payload)
    assert Seal(bot, SECRET).pressed(person, old.button(person, payload)) is None


@given(bots, people)
def test_they_fit_into_telegram(bot: BotId, person: PersonId) -> None:
    seal = Seal(bot, SECRET)
    longest = f"contact:send:{2**63 - 1}"
    assert len(seal.button(person, longest)) <= LENGTH
    link = seal.link(bot, person, "stay")
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", link)

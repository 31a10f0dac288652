"""What chatters say."""

import random

import pytest

from simulator.people import topics
from simulator.people.talk import Heard, Leave, SayPhoto, SaySticker, SayText, Talk, Turn, likings


def _talk(seed: int) -> Talk:
    rng = random.Random(seed)
    return Talk(rng, likings(rng))


def _words(turns: list[Turn]) -> str:
    return " ".join(turn.text for turn in turns if isinstance(turn, SayText))


def _reading(turns: list[Turn]) -> tuple[Heard, str] | None:
    """What the partner makes of it: the last thing said."""
    heard = None
    for turn in turns:
        match turn:
            case SayText():
                heard = (Heard.TEXT, turn.text)
            case SayPhoto():
                heard = (Heard.PHOTO, turn.caption)
            case SaySticker():
                heard = (Heard.STICKER, "")
            case _:
                pass
    return heard


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda topic: topic.name)
def test_a_question_is_answered_with_what_the_person_likes(topic: topics.Topic) -> None:
    for seed, question in enumerate(topic.questions):
        rng = random.Random(seed)
        facts = likings(rng)
        answer = _words(Talk(rng, facts).answer(Heard.TEXT, question))
        assert facts[topic.name].lower() in answer.lower()


def test_what_about_you_means_the_question_just_asked() -> None:
    rng = random.Random(5)
    facts = likings(rng)
    talk = Talk(rng, facts)
    talk.answer(Heard.TEXT, "Do you have any pets?")
    talk._told.clear()
    assert facts["pet"].lower() in _words(talk.answer(Heard.TEXT, "I have a turtle. And you?")).lower()


@pytest.mark.parametrize("seed", range(30))
def test_two_of_them_keep_a_conversation_going_until_one_leaves(seed: int) -> None:
    sides = [_talk(seed), _talk(seed + 1000)]
    turns, speaker, rounds = sides[0].open(), 0, 0
    while Leave() not in turns:
        reading = _reading(turns)
        assert reading is not None, "somebody had nothing to say"
        assert all(turn.text for turn in turns if isinstance(turn, SayText))
        speaker = 1 - speaker
        turns = sides[speaker].answer(*reading)
        rounds += 1
    assert 10 < rounds < 70
    assert turns[-1] == Leave()


def test_goodbye_is_answered_and_ends_it() -> None:
    turns = _talk(1).answer(Heard.TEXT, "Bye, it was nice!")
    assert turns[-1] == Leave()
    assert "Bye" in _words(turns)


def test_the_same_seed_says_the_same() -> None:
    lines = ["hello", "how are you?", "what music do you like?", "cool"]
    first, second = (_talk(7) for _ in range(2))
    assert [first.answer(Heard.TEXT, line) for line in lines] == [
        second.answer(Heard.TEXT, line) for line in lines
    ]

"""What the virtual people talk about: short questions, answers and remarks for each topic."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of small talk.

    `words` show that somebody speaks of it; an answer has `{fact}` in it, which is what this person likes;
    `remarks` are said about the other's answer.
    """

    name: str
    words: frozenset[str]
    questions: tuple[str, ...]
    facts: tuple[str, ...]
    answers: tuple[str, ...]
    remarks: tuple[str, ...]


def _topic(
    name: str,
    words: str,
    questions: tuple[str, ...],
    facts: tuple[str, ...],
    answers: tuple[str, ...],
    remarks: tuple[str, ...],
) -> Topic:
    return Topic(name, frozenset(words.split()), questions, facts, answers, remarks)


TOPICS: Final = (
    _topic(
        "music",
        "music song songs band bands listen listening album concert sing guitar piano playlist",
        (
            "What music do you listen to?",
            "Any song stuck in your head lately?",
            "What should I add to my playlist?",
        ),
        ("old jazz", "indie rock", "film scores", "lo-fi beats", "Brazilian bossa nova", "loud punk"),
        ("Mostly {fact} these days.", "I keep going back to {fact}.", "{fact}, all day long 🎧"),
        ("Oh, nice taste!", "I'll give that a listen.", "That suits a rainy evening."),
    ),
    _topic(
        "food",
        "food sweet salty eat eating cook cooking dinner lunch breakfast dish pizza soup recipe hungry",
        ("What's the best thing you can cook?", "What did you eat today?", "Sweet or salty?"),
        (
            "a good mushroom risotto",
            "dumplings",
            "pancakes at midnight",
            "a spicy noodle soup",
            "anything with cheese",
        ),
        ("I'd say {fact}.", "For me it's {fact} 😋", "Easy: {fact}."),
        ("Now I'm hungry.", "Sounds delicious.", "Save me a plate!"),
    ),
    _topic(
        "weekend",
        "weekend day saturday sunday plans plan tonight tomorrow friday holiday free",
        ("Any plans for the weekend?", "What are you up to tonight?", "What do you do on a free day?"),
        (
            "a long walk by the river",
            "sleeping in",
            "a board game night",
            "fixing my bike",
            "visiting my sister",
        ),
        ("I'm looking forward to {fact}.", "Probably {fact}.", "Nothing big, {fact}."),
        ("That sounds lovely.", "Perfect way to spend a day.", "I could use that too."),
    ),
    _topic(
        "film",
        "film films couch movie movies series show watch watching watched cinema episode actor",
        ("Seen a good film lately?", "What series are you watching?", "Cinema or couch?"),
        (
            "slow science fiction",
            "heist movies",
            "anything with a dog in it",
            "old black and white films",
            "baking shows",
        ),
        ("I never get tired of {fact}.", "Lately it's {fact}.", "{fact}, no contest 🍿"),
        ("Adding it to my list.", "I haven't seen that one yet!", "Good choice."),
    ),
    _topic(
        "book",
        "book books paper screen read reading novel author story library poem",
        ("Are you reading anything?", "What book would you give a stranger?", "Paper or screen?"),
        (
            "a detective story",
            "short stories",
            "a book about octopuses",
            "old diaries",
            "the same fantasy series again",
        ),
        ("Right now {fact}.", "I just started {fact} 📖", "Always {fact}."),
        ("I should read more too.", "That sounds like a good one.", "Noted!"),
    ),
    _topic(
        "pet",
        "pet pets dog dogs cat cats puppy kitten animal animals rabbit parrot",
        ("Do you have any pets?", "Cats or dogs?"),
        (
            "a lazy orange cat",
            "a very proud parrot",
            "two rabbits",
            "the neighbour's dog, who visits",
            "a small grey cat",
        ),
        ("I have {fact}.", "There's {fact} in my life 🐾", "Well, {fact} counts, I think."),
        ("Aww!", "Give them a pat from me.", "I'm jealous now."),
    ),
    _topic(
        "travel",
        "travel trip travelled country city abroad sea beach mountains flight train visit visited",
        ("If you could travel anywhere, where to?", "Sea or mountains?", "Best trip you ever made?"),
        ("Lisbon", "the north of Norway", "a tiny island in Greece", "Kyoto", "the Alps, by night train"),
        ("{fact}! I still dream about it.", "I'd say {fact}.", "{fact}, without thinking twice ✈️"),
        ("I've always wanted to go there.", "Take me with you!", "Sounds wonderful."),
    ),
    _topic(
        "weather",
        "weather rain raining sunny sun snow snowing cold hot warm wind cloudy",
        ("How's the weather where you are?", "Is it sunny on your side?"),
        ("grey but cosy", "sunny and windy", "raining since morning", "surprisingly warm", "cold and clear"),
        ("It's {fact} here.", "Here it's {fact}.", "{fact}, as usual."),
        ("Good weather for tea.", "Could be worse!", "Enjoy it."),
    ),
    _topic(
        "work",
        "work working job study studying school university boss office exam career student",
        ("Do you work or study?", "Does your job keep you busy?"),
        (
            "teaching kids to swim",
            "drawing maps",
            "studying biology",
            "running a small bakery",
            "fixing other people's code",
        ),
        ("I spend my days {fact}.", "Mostly {fact}.", "{fact}, and I quite like it."),
        ("That must be interesting.", "Respect!", "I'd love to try that for a day."),
    ),
    _topic(
        "hobby",
        "hobby hobbies fun play playing game games sport sports run running draw drawing garden bike photo",
        ("What do you do for fun?", "Picked up any new hobby?", "Do you play anything?"),
        ("climbing", "growing tomatoes", "chess, badly", "taking photos of the sky", "learning the ukulele"),
        ("I'm into {fact}.", "These days it's {fact}.", "{fact}! It clears my head."),
        ("That's so cool.", "How long have you been doing that?", "I should try it."),
    ),
)

GREETINGS: Final = (
    "Hi! 👋",
    "Hey there!",
    "Hello stranger 🙂",
    "Hi, nice to meet you!",
    "Hey, how's it going?",
)
MOODS: Final = (
    "Pretty good, thanks!",
    "A bit sleepy, but fine 😄",
    "Great, just had a coffee.",
    "All good here.",
    "Not bad at all!",
)
PUZZLED: Final = (
    "Good question, let me think…",
    "Hmm, hard to say!",
    "Never thought about it, honestly.",
    "Depends on the day 😄",
)
REMARKS: Final = (
    "I see!",
    "Haha, true.",
    "Oh really?",
    "Makes sense.",
    "Tell me more!",
    "Same here.",
    "Nice!",
)
BACK: Final = ("And you?", "What about you?", "You?")
ABOUT_PHOTO: Final = ("Wow, did you take that?", "Beautiful shot!", "Love the colours.", "Where is that?")
ABOUT_STICKER: Final = ("😄", "Haha, love it", "Cute!", "🙂")
ABOUT_MEDIA: Final = ("Oh, thanks for sharing!", "Nice one!", "Let me have a look 👀")
PHOTO_WORDS: Final = (
    "Look what I saw today",
    "My view right now",
    "Took this last week",
    "Thought you'd like this",
)
THANKS: Final = ("Thank you!", "Thanks! I was lucky with the light.", "Glad you like it 🙂")
FAREWELLS: Final = (
    "Got to run, nice talking to you!",
    "I have to go, take care 👋",
    "Bye for now, that was fun!",
)

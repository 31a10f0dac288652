"""What ids, tokens and file ids look like: all derived from a seed, so that they come again."""

import base64
import hashlib
import re
import struct
from typing import NewType

BotId = NewType("BotId", int)
PersonId = NewType("PersonId", int)
ChannelId = NewType("ChannelId", int)
MessageId = NewType("MessageId", int)

TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{2,100}")

_FIRST_PERSON = 5_100_000_000
_FIRST_BOT = 710_000_000
_FIRST_CHANNEL = -1_002_000_000_000
_FILE = struct.Struct(">BQQ")
_PREFIX = {
    "photo": "AgACAgIAAxkB",
    "video": "BAACAgIAAxkB",
    "document": "BQACAgIAAxkB",
    "sticker": "CAACAgIAAxkB",
    "voice": "AwACAgIAAxkB",
    "audio": "CQACAgIAAxkB",
    "animation": "CgACAgIAAxkB",
    "video_note": "DQACAgIAAxkB",
    "thumbnail": "AAMCAgADGQEA",
    "live_photo": "EAACAgIAAxkB",
}
KINDS = tuple(_PREFIX)
_KIND_NUMBER = {kind: number for number, kind in enumerate(KINDS)}


class Identity:
    """Makes every id of one world. Two identities of one seed make the same ones."""

    def __init__(self, seed: str) -> None:
        self._key = hashlib.blake2b(seed.encode(), digest_size=32).digest()

    def person(self, number: int) -> PersonId:
        """The id of the `number`th person, spread a little so that neighbours do not look alike."""
        return PersonId(_FIRST_PERSON + number * 97 + self._small("person", number, 97))

    def channel(self, number: int) -> ChannelId:
        return ChannelId(_FIRST_CHANNEL - number * 89 - self._small("channel", number, 89))

    def bot(self, number: int) -> BotId:
        return BotId(_FIRST_BOT + number * 8_191 + self._small("bot", number, 8_191))

    def token(self, bot: BotId, generation: int) -> str:
        """Looks like Telegram's (digits, a colon, 35 characters) but never begins with AA as those do."""
        digest = self._digest("token", f"{bot}.{generation}", 24)
        return f"{bot}:SIM{base64.urlsafe_b64encode(digest).decode()}"

    def first_update(self, bot: BotId, at: float) -> int:
        """Where a queue that is made at this Unix time begins: above all that an earlier one gave out.

        Who listens remembers what was heard, also over a restart of this simulator.
        """
        return 100_000_000 + (self._small("update", bot, 800_000_000) + int(at * 200)) % 2_000_000_000

    def callback_id(self, number: int) -> str:
        return str(int.from_bytes(self._digest("callback", str(number), 8)) >> 1)

    def chat_instance(self, bot: BotId, person: PersonId) -> str:
        return str(-(int.from_bytes(self._digest("instance", f"{bot}.{person}", 8)) >> 1))

    def unique_id(self, kind: str, number: int) -> str:
        """The same for every bot. Not to be used for sending."""
        digest = self._digest("file", str(number), 9)
        return ("AQAD" if kind in ("photo", "thumbnail") else "AgAD") + base64.urlsafe_b64encode(
            digest
        ).decode()

    def file_id(self, kind: str, bot: BotId, number: int) -> str:
        """One bot's id of a file."""
        body = _FILE.pack(_KIND_NUMBER[kind], bot, number)
        seal = hashlib.blake2b(body, digest_size=10, key=self._key).digest()
        text = base64.urlsafe_b64encode(body + seal + b"\0" * 12).decode()
        return f"{_PREFIX[kind]}{text}"

    def open_file_id(self, text: str) -> tuple[str, BotId, int] | None:
        """Kind, bot and number behind a file id; None when it was not made here."""
        try:
            raw = base64.urlsafe_b64decode(text[12:].encode())
            number, bot, file = _FILE.unpack(raw[: _FILE.size])
        except (ValueError, struct.error):
            return None
        body = raw[: _FILE.size]
        if raw[_FILE.size : _FILE.size + 10] != hashlib.blake2b(body, digest_size=10, key=self._key).digest():
            return None
        return KINDS[number], BotId(bot), file

    def dice(self, number: int, sides: int) -> int:
        """A throw: 1 to `sides`."""
        return 1 + self._small("dice", number, sides)

    def _digest(self, what: str, which: str, size: int) -> bytes:
        return hashlib.blake2b(f"{what}:{which}".encode(), digest_size=size, key=self._key).digest()

    def _small(self, what: str, which: int, below: int) -> int:
        return int.from_bytes(self._digest(what, str(which), 8)) % below

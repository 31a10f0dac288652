"""What could not be read or sent, put aside so that it stops nothing: `{shard:<bot>}:poison`.

It is what people wrote, so it lies there encrypted with a key derived from the network's secret, for
seven days at most and not more than 500 of it a bot; of what is larger than 64 kB only the beginning.
Operators see its shape (`shape`), and the content only where they ask for it and hold the secret.

Replaying is asked for here and done by whoever does it always: an envelope goes back into the stream,
an update into a list that the bot's shard takes in like one from Telegram. What is still not readable
is put aside again.
"""

import re
import zlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from core.domain.errors import UNDECODABLE, DuologueError, StaleEpoch
from core.domain.ids import BotId, EntryId, Epoch
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import ASIDE, QUARANTINE, REPLAY
from core.state.sealing import Safe

KEPT = 500
KEPT_MS = 7 * 24 * 3600 * 1000
LARGEST = 65_536
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")


class Kind(StrEnum):
    """What was put aside."""

    ENVELOPE = "envelope"
    UPDATE = "update"


class Poisoned(NamedTuple):
    """One thing that lies aside. `size` in bytes; `whole` is false where only its beginning is kept.

    `plain` is what the version before left as it was, unsealed.
    """

    bot: BotId
    id: EntryId
    at: int
    kind: Kind
    why: str
    size: int
    whole: bool
    sealed: bytes
    plain: bytes = b""


class Unopened(DuologueError):
    """It was put aside under another secret."""


class PoisonCipher:
    """Seals what is put aside."""

    def __init__(self, secret: str, *older: str) -> None:
        """`older` secrets open only."""
        self._safe = Safe("duologue poison", secret, *older)

    def seal(self, bot: BotId, content: bytes) -> bytes:
        """For Redis."""
        return self._safe.seal(zlib.compress(content), str(bot))

    def open(self, one: Poisoned) -> bytes:
        """The content. Raises Unopened."""
        if one.plain:
            return one.plain
        opened = self._safe.open(one.sealed, str(one.bot))
        if opened is None:
            raise Unopened(
                f"{one.id} was put aside under another DUOLOGUE_SECRET_KEY: name that one in "
                "DUOLOGUE_OLDER_SECRET_KEYS to read it"
            )
        return zlib.decompress(opened.content)


class PoisonBox:
    """One bot's. All raise RedisAway."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId, cipher: PoisonCipher) -> None:
        self._client = client
        self._bot = bot
        self._cipher = cipher
        self._inbox, self._poison, self._epoch = keys.inbox(bot), keys.poison(bot), keys.epoch(bot)
        self._fences = keys.fences(bot)
        self._replays = keys.replays(bot)

    async def take_out(self, epoch: Epoch, entry: EntryId, content: bytes, why: str) -> None:
        """An entry of the stream moves here. Raises StaleEpoch."""
        reply = await self._client.run(
            QUARANTINE,
            (self._inbox, self._poison, self._epoch, self._fences),
            (epoch, entry, KEPT, KEPT_MS, *self._fields(Kind.ENVELOPE, content, why)),
        )
        if reply == -1:
            raise StaleEpoch(str(self._bot), epoch)

    async def keep(self, content: bytes, why: str) -> None:
        """An update that could not be read."""
        await self._client.run(
            ASIDE, (self._poison,), (KEPT, KEPT_MS, *self._fields(Kind.UPDATE, content, why))
        )

    async def all(self) -> list[Poisoned]:
        """Everything that lies here, oldest first."""
        entries = await self._client.command("XRANGE", self._poison, "-", "+")
        return [_read(self._bot, id_, fields) for id_, fields in entries]

    async def replay(self, one: Poisoned) -> None:
        """Have it worked through again; it leaves this place. Raises Unopened."""
        content = self._cipher.open(one)
        to = self._inbox if one.kind is Kind.ENVELOPE else self._replays
        await self._client.run(REPLAY, (self._poison, to), (one.id, content))

    async def drop(self, one: Poisoned) -> None:
        """Forget it."""
        await self._client.command("XDEL", self._poison, one.id)

    async def replayed(self, count: int) -> list[tuple[EntryId, bytes]]:
        """Updates that somebody wants to be taken in again."""
        entries = await self._client.command("XRANGE", self._replays, "-", "+", "COUNT", count)
        return [(EntryId(id_.decode()), fields[1]) for id_, fields in entries]

    async def taken_in(self, entries: Sequence[EntryId]) -> None:
        """These are safe, or put aside again."""
        await self._client.command("XDEL", self._replays, *entries)

    def _fields(self, kind: Kind, content: bytes, why: str) -> tuple[str | bytes | int, ...]:
        sealed = self._cipher.seal(self._bot, content[:LARGEST])
        return "kind", kind.value, "why", wordless(why), "size", len(content), "s", sealed


def wordless(why: str) -> str:
    """A reason without anything that may be content: what stands in quotes is left out."""
    return _QUOTED.sub("…", why)[:200]


def shape(content: bytes, kind: Kind) -> Any:
    """What it is built like: names of fields, types and lengths; never a value."""
    try:
        decode = msgspec.msgpack.decode if kind is Kind.ENVELOPE else msgspec.json.decode
        return _shape(decode(content), 6)
    except (*UNDECODABLE, ValueError):
        return f"{len(content)} bytes that cannot be decoded"


def _shape(value: Any, depth: int) -> Any:
    match value:
        case dict() if depth:
            return {str(name)[:64]: _shape(one, depth - 1) for name, one in list(value.items())[:100]}
        case list() if depth:
            return [_shape(one, depth - 1) for one in value[:100]]
        case str() | bytes() | list() | dict():
            return f"{type(value).__name__} of {len(value)}"
        case _:
            return type(value).__name__


def _read(bot: BotId, id_: bytes, fields: Sequence[bytes]) -> Poisoned:
    named = dict(zip(fields[::2], fields[1::2], strict=True))
    plain = named.get(b"e", b"")
    size = int(named.get(b"size", len(plain)))
    return Poisoned(
        bot=bot,
        id=EntryId(id_.decode()),
        at=int(id_.split(b"-")[0]),
        kind=Kind(named.get(b"kind", b"envelope").decode()),
        why=wordless(named.get(b"why", b"").decode(errors="replace")),
        size=size,
        whole=size <= LARGEST,
        sealed=named.get(b"s", b""),
        plain=plain,
    )

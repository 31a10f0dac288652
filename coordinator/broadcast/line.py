"""One bot's part of a broadcast, as the leader knows it. Pure: no clock, no store."""

from collections import deque
from collections.abc import Sequence

from core.domain.ids import BotId, PersonId
from core.state.postgres.audience import Member, Portion
from core.state.redis.casts import Fed, Helping

WINDOW = 20
"""Envelopes of a broadcast that lie in a shard's stream at most: under a second's worth."""

PAID_WINDOW = 200
"""As many where they may go as paid ones."""

GRANT = 200
"""Paid messages that one bot is granted at once at most: twenty Stars."""

PAGE = 500
"""People read from PostgreSQL at once."""


class Line:
    """`looked` is false until Redis has said how far it is; `credit` is to go with the next helping."""

    def __init__(self, portion: Portion) -> None:
        self.bot: BotId = portion.bot
        self.noted = portion
        self._fed = Fed(*portion[1:], credit=0)
        self.credit = 0
        self._page: deque[Member] = deque()
        self._read_to = self._reached = portion.cursor
        self.looked = False
        self.all_read = False

    @property
    def portion(self) -> Portion:
        """How far it is, for PostgreSQL."""
        return Portion(self.bot, *self._fed[:-1])

    @property
    def under_way(self) -> int:
        """How many lie in the stream."""
        return self._fed.under_way

    def wants_credit(self, share: int) -> bool:
        """Whether the bot has used up half of such a grant."""
        return self.looked and not self.fed_all and self._fed.credit + self.credit <= share // 2

    @property
    def fed_all(self) -> bool:
        """Whether nobody is left to be fed."""
        return self.looked and self.all_read and not self._page

    @property
    def read_from(self) -> PersonId | None:
        """Behind whom the next page begins; None while there is no need for one."""
        short = self.looked and not self.all_read and len(self._page) < PAID_WINDOW
        return self._read_to if short else None

    def read(self, page: Sequence[Member]) -> None:
        """The page that was asked for: a full one, unless it is the last."""
        self._page.extend(page)
        self.all_read = len(page) < PAGE
        if page:
            self._read_to = page[-1].person

    def next(self) -> list[Member]:
        """Who is to be fed now: nobody until half of what lay in the stream has gone, then as many as fit.

        However small a helping is, it wakes its shard up, and shards that wake up together make chats wait.
        """
        if not self.looked:
            return []
        window = PAID_WINDOW if self._fed.credit > 0 else WINDOW
        room, some = window - self.under_way, []
        if 2 * room < window:
            return []
        for member in self._page:
            room -= member.fed
            if room < 0:
                break
            some.append(member)
        return some

    def helping(self, some: Sequence[Member], payloads: tuple[bytes, ...]) -> Helping:
        """These people as they go to Redis; nobody: only look."""
        before = self._fed.cursor if self.looked else PersonId(0)
        after = some[-1].person if some else before
        credit, self.credit = self.credit, 0
        skipped = sum(member.belongs and not member.open for member in some)
        return Helping(self.bot, before, after, skipped, payloads, credit)

    def fed(self, some: Sequence[Member], answer: Fed) -> None:
        """What Redis says after a helping of these people."""
        expected = some[-1].person if some else self._fed.cursor
        if self.looked and answer.cursor == expected:
            for _ in some:
                self._page.popleft()
        else:
            # The first look, or Redis knows better: read on from there; where it forgot, from what we know.
            self._page.clear()
            self._read_to = max(answer.cursor, self._reached)
            self.all_read = False
        self._fed = answer
        self._reached = max(self._reached, answer.cursor)
        self.looked = True

    def doubt(self) -> None:
        """Nothing is known about the last helping: look first."""
        self.looked = False

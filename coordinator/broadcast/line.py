"""One bot's part of a broadcast, as the leader knows it. Pure: the time is handed in."""

from collections import deque
from collections.abc import Sequence

from core.domain.ids import BotId, PersonId
from core.state.postgres.audience import Member, Portion
from core.state.redis.casts import Fed, Helping

WINDOW = 40
"""Envelopes of a broadcast that lie in a shard's stream at most: two seconds' worth, where nobody chats."""

PAID_WINDOW = 200
"""As many where they may go as paid ones."""

GRANT = 200
"""Paid messages that one bot is granted at once at most: twenty Stars."""

PAGE = 500
"""People read from PostgreSQL at once."""

SOONEST_SECONDS, LATEST_SECONDS = 0.4, 3.0
"""When a bot is looked at again, at the earliest and the latest: each look wakes Redis and the leader up."""

UNKNOWN_SECONDS = 1.0
"""When, while nothing goes."""


class Line:
    """`looked` is false until Redis has said how far it is; `credit` is to go with the next helping.

    `due_at`: when half of what lies in the stream will have gone, at the pace seen last.
    """

    def __init__(self, portion: Portion) -> None:
        self.bot: BotId = portion.bot
        self.noted = portion
        self._fed = Fed(*portion[1:], credit=0)
        self.credit = 0
        self._page: deque[Member] = deque()
        self._read_to = self._reached = portion.cursor
        self.looked = False
        self.all_read = False
        self._fed_at = self.due_at = float("-inf")

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
        """Who is to be fed now: as many as fit, half a window at least. Redis takes them when they do fit.

        However small a helping is, it wakes its shard up, and shards that wake up together make chats wait.
        """
        some: list[Member] = []
        if not self.looked:
            return some
        room = max(self._window - self.under_way, self._window // 2)
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
        return Helping(self.bot, before, after, skipped, payloads, credit, self._window)

    def fed(self, some: Sequence[Member], answer: Fed, now: float) -> None:
        """What Redis says after a helping of these people."""
        passed = now - self._fed_at
        pace = (answer.counted - self._fed.counted) / passed if self.looked and passed > 0 else 0.0
        expected = some[-1].person if some else self._fed.cursor
        if self.looked and answer.cursor == expected:
            for _ in some:
                self._page.popleft()
        elif not (self.looked and answer.cursor == self._fed.cursor):
            # The first look, or Redis knows better: read on from there; where it forgot, from what we know.
            # (Where the cursor stands as it stood they did not fit, and are offered again.)
            self._page.clear()
            self._read_to = max(answer.cursor, self._reached)
            self.all_read = False
        self._fed = answer
        self._reached = max(self._reached, answer.cursor)
        self.looked = True
        too_many = self.under_way - self._window // 2
        wait = too_many / pace if pace > 0 else UNKNOWN_SECONDS
        self._fed_at = now
        self.due_at = now + min(LATEST_SECONDS, max(SOONEST_SECONDS, wait if too_many > 0 else 0.0))

    def rest(self, now: float) -> None:
        """It had its turn; where Redis was not asked, nothing more is known."""
        self.due_at = now + SOONEST_SECONDS

    def doubt(self) -> None:
        """Nothing is known about the last helping: look first."""
        self.looked = False

    @property
    def _window(self) -> int:
        return PAID_WINDOW if self._fed.credit > 0 else WINDOW

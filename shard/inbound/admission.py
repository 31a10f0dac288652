"""Who may chat, and where: consent, age, bans, and the way to a bot with room for newcomers.

Needs PostgreSQL only for people whom no cache knows; while it is away they are told to try
again in a minute, and everybody else goes on.
"""

import structlog

from core.domain.assignment import choose
from core.domain.conversation import Standing
from core.domain.errors import RedisAway, StoreAway
from core.domain.fleet import BotState, Directory
from core.domain.ids import BotId
from core.domain.person import Person
from core.domain.seal import Seal
from core.service.clock import Clock
from core.state.people import People
from core.state.postgres.pool import DatabaseAway
from core.state.postgres.reach import Reach
from core.state.postgres.reports import Complaint, Evidence, Reports
from core.state.redis.fleet import Fleet
from shard.inbound.desk import Desk

DIRECTORY_SECONDS = 2.0
STAY = "stay"
"""The deep link's payload for those whom another bot sent here."""

_LEAVING = (BotState.DRAINING, BotState.RETIRED)

log = structlog.get_logger(__name__)


class Admission:
    """The gate that handlers ask. Whatever it tells a person goes through the desk."""

    def __init__(
        self,
        bot: BotId,
        people: People,
        reach: Reach,
        reports: Reports,
        fleet: Fleet,
        seal: Seal,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._people = people
        self._reach = reach
        self._reports = reports
        self._fleet = fleet
        self._seal = seal
        self._clock = clock
        self._directory = Directory(at=0, waiting=0)
        self._directory_until = float("-inf")

    async def welcome(self, desk: Desk, payload: str) -> Person | None:
        """Answer /start of somebody new, or return who is known and may go on."""
        await self.note_reach(desk, blocked=False)
        try:
            person = await self._people.get(desk.person)
        except StoreAway:
            desk.say("try_later")
            return None
        if person is not None and person.consented:
            if not person.banned(self._clock.wall()):
                return person
            _turn_away(desk, person)
            return None
        if self._seal.followed(desk.person, payload) != STAY and await self._sent_elsewhere(desk):
            return None
        desk.say("welcome")
        return None

    async def accept(self, desk: Desk, language: str | None) -> None:
        """The person is of age and agrees."""
        try:
            await self._people.consent(desk.person, language or "en", self._bot)
        except DatabaseAway:
            desk.say("try_later")
            return
        desk.say("ready")

    async def may_chat(self, desk: Desk) -> bool:
        """Whether the person has agreed and is not banned; if not, they are told, and are in no chat."""
        try:
            person = await self._people.get(desk.person)
        except StoreAway:
            desk.say("try_later")
            return False
        if person is not None and person.consented and not person.banned(self._clock.wall()):
            return True
        # A search that this very update began may be under way, also when this is its repeat.
        await desk.end()
        if person is None or not person.consented:
            desk.say("consent_first")
        else:
            _turn_away(desk, person)
        return False

    async def may_still_chat(self, desk: Desk) -> bool:
        """The same, asked when a search has begun. Raises RedisAway.

        Somebody may have shut the person out, which this process has not heard yet, and have ended what they
        were in before the search was there.
        """
        await self._people.hear_of(desk.person)
        return await self.may_chat(desk)

    async def sent_off(self, desk: Desk) -> bool:
        """Where this bot is drained or has retired nobody begins a chat: show the way to another one."""
        entry = (await self._newest_directory()).find(self._bot)
        if entry is None or entry.state not in _LEAVING:
            return False
        if not await self._sent_elsewhere(desk, "bot_is_leaving"):
            desk.say("no_bot_has_room")
        return True

    async def report(self, desk: Desk, standing: Standing, reason: str, evidence: Evidence | None) -> None:
        """Take note of a complaint about the present or last partner, with a message of theirs."""
        complaint = Complaint(desk.person, standing.partner, standing.conversation)
        try:
            await self._reports.add(complaint, reason, evidence)
        except DatabaseAway:
            desk.say("try_later")
            return
        desk.say("reported_with" if evidence is not None else "reported")

    async def note_reach(self, desk: Desk, *, blocked: bool) -> None:
        """Remember that the person blocked or opened this bot: a figure, so it may be missed."""
        try:
            note = self._reach.blocked if blocked else self._reach.opened
            await note(desk.person, self._bot)
        except DatabaseAway as error:
            log.info("a change of reach was not written down", why=str(error))

    async def username(self, bot: BotId) -> str:
        """A bot's username, "" where it is not known."""
        entry = (await self._newest_directory()).find(bot)
        return entry.username if entry else ""

    async def _sent_elsewhere(self, desk: Desk, key: str = "bot_is_full") -> bool:
        """Where this bot takes nobody more: show the way to one that has room."""
        directory = await self._newest_directory()
        entry = directory.find(choose(directory.bots, self._bot, desk.person))
        if entry is None or entry.bot == self._bot:
            return False
        payload = self._seal.link(entry.bot, desk.person, STAY)
        desk.say(key, username=entry.username, payload=payload)
        return True

    async def _newest_directory(self) -> Directory:
        if self._directory_until < self._clock.monotonic():
            try:
                self._directory = await self._fleet.directory()
                self._directory_until = self._clock.monotonic() + DIRECTORY_SECONDS
            except RedisAway as error:
                log.debug("the directory is not to be had", why=str(error))
        return self._directory


def _turn_away(desk: Desk, person: Person) -> None:
    desk.say("banned", until=person.ban_ends, reason=person.ban_reason)

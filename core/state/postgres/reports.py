"""Complaints of people about a partner, and the messages that they reported."""

import datetime as dt
from typing import NamedTuple

import msgspec

from core.domain.errors import DuologueError
from core.domain.ids import ConversationId, MessageId, PersonId
from core.state.postgres.pool import Database
from core.state.sealing import Safe

REASON_LENGTH = 1000
"""Characters of a reason, or of a message, that are kept."""

EVIDENCE_MOST = 10
"""Messages kept of one report."""

EVIDENCE_DAYS = 30
"""So long at most, as /privacy says; what is decided about before is deleted before."""


class Reported(NamedTuple):
    """Somebody about whom there are open reports; the reason of the newest one, how many messages it has."""

    person: PersonId
    times: int
    last: dt.datetime
    reason: str
    messages: int


class Complaint(NamedTuple):
    """Of one person about another, in one conversation."""

    reporter: PersonId
    reported: PersonId
    conversation: ConversationId


class Evidence(msgspec.Struct, frozen=True):
    """A message as it was shown to who reported it: its kind in Telegram's word, its text or caption."""

    message: MessageId
    kind: str
    text: str


class Shown(NamedTuple):
    """A reported message, opened; None where no key of ours opens it."""

    at: dt.datetime
    evidence: Evidence | None


class EvidenceCipher:
    """Seals what was reported, bound to who reported it where."""

    def __init__(self, secret: str, *older: str) -> None:
        """`older` secrets open only."""
        self._safe = Safe("duologue evidence", secret, *older)

    def seal(self, complaint: Complaint, evidence: Evidence) -> bytes:
        """For the table."""
        return self._safe.seal(msgspec.json.encode(evidence), _place(complaint))

    def open(self, complaint: Complaint, sealed: bytes) -> Evidence | None:
        """None: no key of ours opens it."""
        opened = self._safe.open(sealed, _place(complaint))
        return msgspec.json.decode(opened.content, type=Evidence) if opened is not None else None


class Reports:
    """The tables `reports`, one a person and conversation (a second one adds nothing), and `evidence`."""

    def __init__(self, database: Database, cipher: EvidenceCipher | None = None) -> None:
        """`cipher` None: for those who never touch what was said."""
        self._database = database
        self._cipher = cipher

    async def add(self, complaint: Complaint, reason: str, evidence: Evidence | None = None) -> None:
        """Take note of a complaint, with a message of who is complained about. Raises DatabaseAway."""
        reporter, reported, conversation = complaint
        await self._database.execute(
            """INSERT INTO reports (reporter, reported, conversation, reason) VALUES ($1, $2, $3, $4)
               ON CONFLICT (reporter, conversation) DO NOTHING""",
            *(reporter, reported, conversation, reason.replace("\0", "")[:REASON_LENGTH]),
        )
        if evidence is not None:
            await self._keep(complaint, evidence)

    async def open(self, count: int) -> list[Reported]:
        """Who has open reports, those with the most first. Raises DatabaseAway."""
        rows = await self._database.fetch(
            """SELECT reported, count(*) AS times, max(at) AS last,
                      (array_agg(reason ORDER BY at DESC))[1] AS why,
                      (SELECT count(*) FROM evidence WHERE evidence.reported = reports.reported) AS messages
               FROM reports WHERE closed_at IS NULL
               GROUP BY reported ORDER BY times DESC, last DESC LIMIT $1""",
            count,
        )
        return [
            Reported(PersonId(row["reported"]), row["times"], row["last"], row["why"], row["messages"])
            for row in rows
        ]

    async def evidence(self, reported: PersonId) -> list[Shown]:
        """The messages of somebody that were reported, oldest first. Raises DatabaseAway."""
        cipher = self._opener()
        rows = await self._database.fetch(
            "SELECT reporter, conversation, at, sealed FROM evidence WHERE reported = $1 ORDER BY at",
            reported,
        )
        return [
            Shown(
                row["at"],
                cipher.open(Complaint(row["reporter"], reported, row["conversation"]), row["sealed"]),
            )
            for row in rows
        ]

    async def close(self, reported: PersonId) -> int:
        """All reports about this person are dealt with, what was kept is deleted; how many were open.

        Raises DatabaseAway.
        """
        return await self._database.execute(
            """WITH gone AS (DELETE FROM evidence WHERE reported = $1)
               UPDATE reports SET closed_at = now() WHERE reported = $1 AND closed_at IS NULL""",
            reported,
        )

    async def forget(self) -> int:
        """Delete the messages that were kept long enough; how many. Raises DatabaseAway."""
        return await self._database.execute(
            "DELETE FROM evidence WHERE at < now() - make_interval(days => $1)", EVIDENCE_DAYS
        )

    async def _keep(self, complaint: Complaint, evidence: Evidence) -> None:
        """Nothing where the report was closed already: nobody would look at it, nobody would delete it."""
        cut = msgspec.structs.replace(evidence, text=evidence.text[:REASON_LENGTH])
        await self._database.execute(
            """INSERT INTO evidence (reporter, reported, conversation, message, sealed)
               SELECT $1, $2, $3, $4, $5 FROM reports
               WHERE reporter = $1 AND conversation = $3 AND closed_at IS NULL
                     AND (SELECT count(*) FROM evidence WHERE reporter = $1 AND conversation = $3) < $6
               ON CONFLICT DO NOTHING""",
            *complaint,
            *(evidence.message, self._opener().seal(complaint, cut), EVIDENCE_MOST),
        )

    def _opener(self) -> EvidenceCipher:
        if self._cipher is None:
            raise DuologueError("this needs DUOLOGUE_SECRET_KEY, with which reported messages are encrypted")
        return self._cipher


def _place(complaint: Complaint) -> str:
    return f"{complaint.reporter}:{complaint.reported}:{complaint.conversation}"

"""Complaints of people about a partner."""

import datetime as dt
from typing import NamedTuple

from core.domain.ids import ConversationId, PersonId
from core.state.postgres.pool import Database

REASON_LENGTH = 1000
"""Characters of a reason that are kept."""


class Reported(NamedTuple):
    """Somebody about whom there are open reports; the reason of the newest one."""

    person: PersonId
    times: int
    last: dt.datetime
    reason: str


class Reports:
    """The table `reports`: one a person and conversation; a second one adds nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, reporter: PersonId, reported: PersonId, conversation: ConversationId, reason: str
    ) -> None:
        """Take note of a complaint. Raises DatabaseAway."""
        await self._database.execute(
            """INSERT INTO reports (reporter, reported, conversation, reason) VALUES ($1, $2, $3, $4)
               ON CONFLICT (reporter, conversation) DO NOTHING""",
            *(reporter, reported, conversation, reason.replace("\0", "")[:REASON_LENGTH]),
        )

    async def open(self, count: int) -> list[Reported]:
        """Who has open reports, those with the most first. Raises DatabaseAway."""
        rows = await self._database.fetch(
            """SELECT reported, count(*) AS times, max(at) AS last,
                      (array_agg(reason ORDER BY at DESC))[1] AS why
               FROM reports WHERE closed_at IS NULL
               GROUP BY reported ORDER BY times DESC, last DESC LIMIT $1""",
            count,
        )
        return [Reported(PersonId(row["reported"]), row["times"], row["last"], row["why"]) for row in rows]

    async def close(self, reported: PersonId) -> int:
        """All reports about this person are dealt with; how many were open. Raises DatabaseAway."""
        return await self._database.execute(
            "UPDATE reports SET closed_at = now() WHERE reported = $1 AND closed_at IS NULL", reported
        )

"""Complaints of people about a partner."""

from core.domain.ids import ConversationId, PersonId
from core.state.postgres.pool import Database

REASON_LENGTH = 1000
"""Characters of a reason that are kept."""


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

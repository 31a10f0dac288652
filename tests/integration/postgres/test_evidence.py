"""Messages that were reported: kept encrypted, shown to who decides, deleted then or after their time."""

import pytest

from core.domain.errors import DuologueError
from core.domain.ids import ConversationId, MessageId, PersonId
from core.state.postgres.pool import Database
from core.state.postgres.reports import EVIDENCE_MOST, Complaint, Evidence, EvidenceCipher, Reports

OLD, NEW = "o" * 32, "n" * 32
ANNA, BEN, RUDE, OTHER = PersonId(1), PersonId(2), PersonId(9), PersonId(10)
ONE = Complaint(ANNA, RUDE, ConversationId(1))


def said(number: int, text: str = "words nobody else may read") -> Evidence:
    return Evidence(MessageId(number), "text", text)


@pytest.fixture
def reports(database: Database) -> Reports:
    return Reports(database, EvidenceCipher(OLD))


async def texts(reports: Reports, person: PersonId = RUDE) -> list[str | None]:
    return [one.evidence.text if one.evidence else None for one in await reports.evidence(person)]


async def test_a_message_is_kept_once_and_not_readable_in_the_database(
    reports: Reports, database: Database
) -> None:
    for evidence in (said(5), said(5), said(6, "x" * 5000)):
        await reports.add(ONE, "rude", evidence)
    assert await texts(reports) == ["words nobody else may read", "x" * 1000]
    rows = await database.fetch("SELECT sealed FROM evidence")
    assert not [row for row in rows if b"nobody" in row["sealed"]]
    [person] = await reports.open(10)
    assert (person.times, person.messages) == (1, 2)


async def test_what_was_sealed_for_one_report_does_not_open_in_another(
    reports: Reports, database: Database
) -> None:
    await reports.add(ONE, "rude", said(5))
    await database.execute("UPDATE evidence SET reporter = $1", BEN)
    assert await texts(reports) == [None]


async def test_it_opens_with_an_older_key_and_with_no_other(database: Database, reports: Reports) -> None:
    await reports.add(ONE, "rude", said(5, "kept"))
    assert await texts(Reports(database, EvidenceCipher(NEW, OLD))) == ["kept"]
    assert await texts(Reports(database, EvidenceCipher(NEW))) == [None]
    with pytest.raises(DuologueError, match="DUOLOGUE_SECRET_KEY"):
        await Reports(database).evidence(RUDE)


async def test_one_report_keeps_a_few_messages_only(reports: Reports) -> None:
    for number in range(EVIDENCE_MOST + 3):
        await reports.add(ONE, "rude", said(number))
    assert len(await reports.evidence(RUDE)) == EVIDENCE_MOST


async def test_it_is_deleted_with_the_decision_and_kept_for_no_closed_report(reports: Reports) -> None:
    await reports.add(ONE, "rude", said(5))
    await reports.add(Complaint(ANNA, OTHER, ConversationId(2)), "rude", said(7, "another's"))
    assert await reports.close(RUDE) == 1
    assert await texts(reports) == []
    assert await texts(reports, OTHER) == ["another's"]
    await reports.add(ONE, "rude", said(6))
    assert await texts(reports) == [], "nobody would look at it any more"


async def test_it_is_deleted_after_its_time(reports: Reports, database: Database) -> None:
    for number, age in ((5, "29 days 23 hours"), (6, "30 days 1 hour")):
        await reports.add(ONE, "rude", said(number, age))
        await database.execute(
            "UPDATE evidence SET at = now() - $1::text::interval WHERE message = $2", age, number
        )
    assert await reports.forget() == 1
    assert await texts(reports) == ["29 days 23 hours"]

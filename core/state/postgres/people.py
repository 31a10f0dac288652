"""People, as PostgreSQL keeps them."""

import datetime
from collections.abc import Sequence

import asyncpg

from core.domain.ids import BotId, PersonId
from core.domain.person import Person
from core.state.postgres.pool import Database

_COLUMNS = "id, language, consented_at, home_bot, banned_until, ban_reason"


class PeopleTable:
    """The table `people`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_many(self, people: Sequence[PersonId]) -> dict[PersonId, Person]:
        """Those of the people that are known. Raises DatabaseAway."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM people WHERE id = ANY($1::bigint[])", list(people)
        )
        return {PersonId(row["id"]): _person(row) for row in rows}

    async def consent(self, person: PersonId, language: str, home: BotId) -> Person:
        """The person is of age and agrees to the rules; said twice, the first time counts."""
        row = await self._database.fetchrow(
            f"""INSERT INTO people (id, language, consented_at, home_bot) VALUES ($1, $2, now(), $3)
                ON CONFLICT (id) DO UPDATE
                SET language = excluded.language, consented_at = coalesce(people.consented_at, now()),
                    home_bot = coalesce(people.home_bot, excluded.home_bot)
                RETURNING {_COLUMNS}""",
            *(person, language, home),
        )
        assert row is not None, "RETURNING gives a row"
        return _person(row)

    async def ban(self, person: PersonId, until: datetime.datetime | None, reason: str) -> Person:
        """Shut somebody out until then (None: for good)."""
        row = await self._database.fetchrow(
            f"""INSERT INTO people (id, banned_until, ban_reason) VALUES ($1, coalesce($2, 'infinity'::timestamptz), $3)
                ON CONFLICT (id) DO UPDATE
                SET banned_until = excluded.banned_until, ban_reason = excluded.ban_reason
                RETURNING {_COLUMNS}""",
            *(person, until, reason),
        )
        assert row is not None, "RETURNING gives a row"
        return _person(row)


def _person(row: asyncpg.Record) -> Person:
    banned = row["banned_until"]
    return Person(
        id=PersonId(row["id"]),
        language=row["language"],
        consented=row["consented_at"] is not None,
        home=BotId(row["home_bot"] or 0),
        banned_until=banned.timestamp()
        if banned is not None and banned.year < 9999
        else (float("inf") if banned is not None else 0.0),
        ban_reason=row["ban_reason"],
    )

"""People, as PostgreSQL keeps them. Whoever changes one tells the caches: see core.state.people."""

from collections.abc import Mapping, Sequence

import asyncpg

from core.domain.ids import BotId, PersonId
from core.domain.person import Person
from core.state.postgres.pool import Database


class PeopleTable:
    """The table `people`. Each method returns the rows as they are after it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_many(self, people: Sequence[PersonId]) -> dict[PersonId, Person]:
        """Those of the people that are known; of a replica while the server is away. Raises DatabaseAway."""
        # As text: for an array the library would first ask about its type, on each connection.
        rows = await self._database.fetch_even_old(
            """SELECT *, coalesce(extract(epoch FROM banned_until), 0)::float8 AS banned
               FROM people WHERE id = ANY(string_to_array($1, ',')::bigint[])""",
            ",".join(map(str, people)),
        )
        return {PersonId(row["id"]): _person(row) for row in rows}

    async def consent(self, person: PersonId, language: str, home: BotId) -> Person:
        """The person is of age and agrees to the rules; said twice, the first time counts."""
        row = await self._database.one(
            """INSERT INTO people (id, language, consented_at, home_bot) VALUES ($1, $2, now(), $3)
               ON CONFLICT (id) DO UPDATE
               SET language = excluded.language, consented_at = coalesce(people.consented_at, now()),
                   home_bot = coalesce(people.home_bot, excluded.home_bot), version = people.version + 1
               RETURNING *, coalesce(extract(epoch FROM banned_until), 0)::float8 AS banned""",
            *(person, language, home),
        )
        return _person(row)

    async def ban(self, person: PersonId, until: float, reason: str) -> Person:
        """Shut somebody out until that second since 1970 (infinity: for good); a past one lets them in."""
        row = await self._database.one(
            """INSERT INTO people (id, banned_until, ban_reason) VALUES ($1, to_timestamp($2), $3)
               ON CONFLICT (id) DO UPDATE
               SET banned_until = excluded.banned_until, ban_reason = excluded.ban_reason,
                   version = people.version + 1
               RETURNING *, coalesce(extract(epoch FROM banned_until), 0)::float8 AS banned""",
            *(person, until, reason),
        )
        return _person(row)

    async def forget(self, person: PersonId) -> Person | None:
        """Keep nothing of the person but the number, and a ban until it is over; None: nobody we know.

        The row stays, so that caches can tell what is newer.
        """
        row = await self._database.fetchrow(
            """WITH nowhere AS (DELETE FROM reach WHERE person = $1),
                    unread AS (DELETE FROM evidence WHERE reported = $1)
               UPDATE people SET language = 'en', consented_at = NULL, home_bot = NULL, version = version + 1
               WHERE id = $1
               RETURNING *, coalesce(extract(epoch FROM banned_until), 0)::float8 AS banned""",
            person,
        )
        return _person(row) if row is not None else None

    async def rehome(self, homes: Mapping[PersonId, BotId], gone: BotId) -> list[Person]:
        """Another home for those of these people whose home was the bot that is gone."""
        rows = await self._database.fetch(
            """UPDATE people SET home_bot = new.bot, version = people.version + 1
               FROM unnest(string_to_array($1, ',')::bigint[], string_to_array($2, ',')::bigint[])
                    AS new (person, bot)
               WHERE people.id = new.person AND people.home_bot = $3
               RETURNING people.*, coalesce(extract(epoch FROM banned_until), 0)::float8 AS banned""",
            *(",".join(map(str, homes)), ",".join(map(str, homes.values())), gone),
        )
        return [_person(row) for row in rows]


def _person(row: asyncpg.Record) -> Person:
    return Person(
        id=PersonId(row["id"]),
        language=row["language"],
        consented=row["consented_at"] is not None,
        home=BotId(row["home_bot"] or 0),
        banned_until=row["banned"],
        ban_reason=row["ban_reason"],
        version=row["version"],
    )

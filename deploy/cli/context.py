"""What a command works with: the settings, and where the servers of a running `up` are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from config.settings import Settings, load
from core.domain.errors import DuologueError
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from deploy.home import Home, running

_Result = TypeVar("_Result")


class NothingRuns(DuologueError):
    """No server is set, and no `up` runs that has one."""


def found_settings() -> Settings:
    """The settings; servers that are not set are those of the `up` that runs.

    Raises SettingsError, FolderUnusable.
    """
    settings = load()
    up = running(settings.data_dir)
    if up is None:
        return settings
    found = settings.filled(
        database_url=settings.database_url or up.database_url,
        redis_url=settings.redis_url or up.redis_url,
        telegram_api_url=up.telegram_api_url,
    )
    if settings.secret_key is None and settings.database_url is None and up.database_url is not None:
        found = found.filled(secret_key=Home(settings.data_dir, demo=up.demo).secret_key(settings))
    return found


def require(settings: Settings, what: str, variable: str) -> str:
    """A URL of the settings. Raises NothingRuns."""
    url: str | None = getattr(settings, what)
    if url is None:
        raise NothingRuns(
            f"no `duologue up` runs on {settings.data_dir}, and {variable} is not set: "
            f"start it (`make up`), or set {variable}"
        )
    return url


@asynccontextmanager
async def open_bots(settings: Settings) -> AsyncIterator[Bots]:
    """The table of bots. Raises NothingRuns, DatabaseAway."""
    cipher = TokenCipher(*settings.secrets) if settings.secrets else None
    async with Database(require(settings, "database_url", "DUOLOGUE_DATABASE_URL"), size=1) as database:
        yield Bots(database, cipher)


def run(work: Callable[[Settings], Awaitable[_Result]]) -> _Result:
    """Do `work` with the settings of this moment."""

    async def main() -> _Result:
        return await work(found_settings())

    return asyncio.run(main())

"""PostgreSQL and Redis: of our own where none is set; those that are set must answer."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from config.settings import Settings
from core.domain.errors import DuologueError, RedisAway
from core.state.postgres.pool import connect
from core.state.redis.client import RedisClient
from deploy.accounts import make_roles, write_acl
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis
from deploy.embedded.server import EmbeddedServer
from deploy.home import Home
from deploy.supervisor.progress import Screen

SERVER_END_S = 0.9
"""How long one may take to end in order."""


class Servers(NamedTuple):
    """Where both are, and which of them are ours."""

    database_url: str
    redis_url: str
    postgres: EmbeddedPostgres | None
    redis: EmbeddedRedis | None

    @property
    def own(self) -> tuple[EmbeddedServer, ...]:
        """Those that are ours."""
        return tuple(server for server in (self.redis, self.postgres) if server is not None)


@asynccontextmanager
async def servers(settings: Settings, home: Home, screen: Screen) -> AsyncIterator[Servers]:
    """Both, until the block ends. Raises DuologueError."""
    postgres: EmbeddedPostgres | None = None
    redis: EmbeddedRedis | None = None
    starts: list[Coroutine[None, None, None]] = []
    redis_url, database_url = settings.redis_url, settings.database_url
    if redis_url is None:
        users = write_acl(home.work / "redis" / "users.acl", settings.key_prefix)
        redis = EmbeddedRedis(home.work / "redis", _redis_settings(settings) | {"aclfile": str(users)})
        redis_url = redis.url
    else:
        starts.append(_reach_redis(redis_url, settings))
    if database_url is None:
        postgres = EmbeddedPostgres(home.work / "postgres")
        database_url = postgres.url
    else:
        starts.append(_reach_postgres(database_url))
    found = Servers(database_url, redis_url, postgres, redis)
    async with AsyncExitStack() as ends:
        async with asyncio.TaskGroup() as group:
            for server in found.own:
                ends.push_async_callback(server.stop, SERVER_END_S)
                group.create_task(_start(server, screen), name=server.name)
            for start in starts:
                group.create_task(start)
        if postgres is not None:
            await make_roles(postgres.url)
        yield found


async def _start(server: EmbeddedServer, screen: Screen) -> None:
    with screen.step(f"Starting {server.name}", f"{server.name} runs"):
        await server.start()


async def _reach_redis(url: str, settings: Settings) -> None:
    async with RedisClient(url, settings.durability, connections=1) as client:
        try:
            await client.open()
        except RedisAway as error:
            raise DuologueError(f"{error}: check DUOLOGUE_REDIS_URL and that the server runs") from None


async def _reach_postgres(url: str) -> None:
    connection = await connect(url)
    await connection.close()


def _redis_settings(settings: Settings) -> dict[str, str]:
    return {"appendfsync": "everysec"} if settings.durability == "fast" else {}

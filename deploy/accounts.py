"""The accounts that shards and coordinators have at the servers, with as few rights as they need.

Written down in `redis/users.acl` and `postgres/roles.sql`, for any server; what they may do with which table
is given by each migration. Servers of our own need no passwords: their sockets are in a private folder.
"""

from importlib import resources
from pathlib import Path

from config.settings import Settings
from core.state.postgres.pool import connect
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis

SHARD, COORDINATOR = "duologue_shard", "duologue_coordinator"
_PREFIX = "duo:"
"""The key prefix that the file is written with."""


def acl(prefix: str) -> str:
    """Redis' users for keys that begin so, without passwords."""
    lines = resources.files("deploy").joinpath("redis", "users.acl").read_text().splitlines()
    users = [" ".join(map(_open, line.split(" "))) for line in lines if line.startswith("user ")]
    return "\n".join(user.replace(_PREFIX, prefix) for user in users) + "\n"


def write_acl(path: Path, prefix: str) -> Path:
    """The same as a file for a server's `aclfile`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(acl(prefix))
    return path


async def make_roles(database_url: str) -> None:
    """PostgreSQL's accounts, by one that may create others. Before the migrations. Raises DatabaseAway."""
    connection = await connect(database_url)
    try:
        await connection.execute(resources.files("deploy").joinpath("postgres", "roles.sql").read_text())
    finally:
        await connection.close()


def with_accounts(
    settings: Settings, postgres: EmbeddedPostgres | None, redis: EmbeddedRedis | None
) -> Settings:
    """The settings, with these accounts at those servers that are our own."""
    found = {}
    if postgres is not None:
        found["shard_database_url"] = postgres.url_as(SHARD)
        found["coordinator_database_url"] = postgres.url_as(COORDINATOR)
    if redis is not None:
        found["shard_redis_url"] = redis.url_as(SHARD)
        found["coordinator_redis_url"] = redis.url_as(COORDINATOR)
    return settings.model_copy(update=found)


def _open(word: str) -> str:
    return "nopass" if word.startswith(">") else word

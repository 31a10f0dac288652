"""PostgreSQL and a Redis-compatible server of our own, for a machine that has none.

The programs come in wheels; starting, stopping and tuning them is ours. Each server has one
folder: `data`, `server.log`, `lock`, and its unix socket, in the folder's `run` or, where the
path would be too long for a socket, in a short one under the system's temporary folder. There
is no TCP port and no password: who may enter the folder may use the server.

Invariants:
- One server a folder. A file lock is inherited by every process of the server, so it is free
  exactly when the last of them has ended, whatever way they went.
- A server ends when the process that started it does, also by kill -9 (Linux): see `launch`.
- A half-made data folder is never taken for a whole one: it is made beside and renamed.

When a server dies its data is as after a power cut; `start` on the same object recovers it.
"""

from deploy.embedded.folders import FolderTaken, FolderUnusable
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.redis import EmbeddedRedis
from deploy.embedded.server import ServerFailed

__all__ = ["EmbeddedPostgres", "EmbeddedRedis", "FolderTaken", "FolderUnusable", "ServerFailed"]

"""Files that a local Bot API server keeps on its disk, under names that may be told to another shard.

The server's own path holds the token, and its file name is the server's. So a second name is made
for the file, a hard link beside the tokens' folders: that path goes to the other shard, and its last
part is what the partner is shown. Where the disk does not allow it, the file is streamed instead.

Links are removed after an hour, and what a process before left is removed at the first new one.
"""

import os
import re
import secrets
import shutil
from collections import deque
from pathlib import Path

from core.domain.ids import BotId
from core.service.clock import Clock

KEPT_SECONDS = 3_600.0
_FOLDER = "duologue"
_LONGEST = 120
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")


class Links:
    """One bot's links."""

    def __init__(self, bot: BotId, token: str, clock: Clock) -> None:
        self._bot = bot
        self._token = token
        self._clock = clock
        self._made: deque[tuple[float, Path]] = deque()
        self._begun = False

    def place(self, path: str, name: str) -> str | None:
        """A path of that name to the same file; None where there can be none."""
        parts = Path(path).parts
        root = Path(*parts[: parts.index(self._token)]) if self._token in parts else Path(path).parent
        home = root / _FOLDER / str(self._bot)
        self._tidy(home)
        folder = home / secrets.token_hex(8)
        try:
            folder.mkdir(parents=True)
            link = folder / (_UNSAFE.sub("_", name).lstrip(".")[-_LONGEST:] or "file")
            os.link(path, link)
        except OSError:
            return None
        self._made.append((self._clock.monotonic(), folder))
        return str(link)

    def _tidy(self, home: Path) -> None:
        if not self._begun:
            self._begun = True
            shutil.rmtree(home, ignore_errors=True)
        while self._made and self._made[0][0] < self._clock.monotonic() - KEPT_SECONDS:
            shutil.rmtree(self._made.popleft()[1], ignore_errors=True)

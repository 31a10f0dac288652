"""The Lua scripts, each loaded from a file of its own; who calls one stands in its first lines."""

import hashlib
from importlib import resources

_FOLDER = resources.files("core.state.redis") / "lua"
_COMMON = (_FOLDER / "common.lua").read_text()


class Script:
    """One script: its whole text and the SHA-1 by which a server knows it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = f"{_COMMON}\n{(_FOLDER / f'{name}.lua').read_text()}"
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


APPEND = Script("append")
SETTLE = Script("settle")
QUARANTINE = Script("quarantine")
LEASE_TAKE = Script("lease_take")
LEASE_RENEW = Script("lease_renew")
LEASE_RELEASE = Script("lease_release")
FIND = Script("find")
LEAVE = Script("leave")
MATCH = Script("match")
PUBLISH = Script("publish")
MAP_NOTE = Script("map_note")
FILE_NOTE = Script("file_note")

"""The Lua scripts, each loaded from a file of its own; who calls one stands in its first lines.

A server makes everything in a script anew at each call, so a script gets of `common.lua` only what
it uses: that is a fifth of what the hot ones cost.
"""

import hashlib
import re
from importlib import resources

_FOLDER = resources.files("core.state.redis") / "lua"
_DEFINED = re.compile(r"^local (?:function )?(\w+)", re.MULTILINE)
_COMMON = [
    (defined[1], part)
    for part in (_FOLDER / "common.lua").read_text().split("\n\n")
    if (defined := _DEFINED.search(part))
]


def _with_common(text: str) -> str:
    """The script after the parts of `common.lua` that it needs, and those that these need."""
    for name, part in reversed(_COMMON):
        if re.search(rf"^[^-]*\b{name}\b", text, re.MULTILINE):
            text = f"{part}\n\n{text}"
    return text


class Script:
    """One script: its whole text and the SHA-1 by which a server knows it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = _with_common((_FOLDER / f"{name}.lua").read_text())
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


APPEND = Script("append")
SETTLE = Script("settle")
QUARANTINE = Script("quarantine")
ASIDE = Script("aside")
REPLAY = Script("replay")
LEASE_TAKE = Script("lease_take")
LEASE_RENEW = Script("lease_renew")
LEASE_RELEASE = Script("lease_release")
FIND = Script("find")
LEAVE = Script("leave")
MATCH = Script("match")
MOVE = Script("move")
FENCE = Script("fence")
PLAN = Script("plan")
GATE = Script("gate")
PUBLISH = Script("publish")
WORDS = Script("words")
FILE_NOTE = Script("file_note")
VAULT_TAKE = Script("vault_take")
VAULT_DONE = Script("vault_done")
FEED = Script("feed")
TALLY = Script("tally")
PAY = Script("pay")

"""`make security`: no token, key or password in any file, but for those made up for tests.

Only the words here are let through, each with its reason. A real secret never comes here: it is revoked.
"""

import sys
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import get_plugins, transient_settings

KINDS = (
    "TelegramBotTokenDetector",
    "PrivateKeyDetector",
    "BasicAuthDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "AWSKeyDetector",
    "JwtTokenDetector",
)
"""What an operator or developer of this project may have at hand. Entropy is left out: locks and pictures."""

OUTSIDE_TESTS = ("KeywordDetector",)
"""Whatever is called a password; tests are full of those, none of them real."""

MADE_UP = {
    "12345678:abcdefghijklmnopqrstuvwxyzABCDEFGHI": "the alphabet, as a token that is refused",
    "123456789:SIM00000000000000000000000000000000": "a token of the simulator that no bot has",
    "password": "the word itself, in what says how a URL looks",
    "secret-word": "shows that a password is not repeated in an error",
    "hidden-word": "shows that a refused setting is not repeated",
    "p%40ss": "a password with a sign that URLs write otherwise",
}

ROOTS = ("config", "core", "coordinator", "shard", "simulator", "deploy", "tests", "docs", ".ci")
NOT_TEXT = frozenset((".png", ".pyc"))
_MYSELF = "tests/secret_scan.py"


def main() -> int:
    """Print what was found; 1 where there is something."""
    here = Path(__file__).resolve().parent.parent
    files = [str(path.relative_to(here)) for path in _files(here)]
    with Pool(2) as pool:
        found = sorted(line for lines in pool.map(_found, files, chunksize=16) for line in lines)
    for line in found:
        print(line)  # noqa: T201 it is a command
    return 1 if found else 0


def _files(here: Path) -> Iterator[Path]:
    # requirements.lock is nothing but hashes.
    yield from (path for path in here.iterdir() if path.is_file() and path.name != "requirements.lock")
    for root in ROOTS:
        for path in (here / root).rglob("*"):
            if path.is_file() and path.suffix not in NOT_TEXT and "node_modules" not in path.parts:
                yield path


def _found(file: str) -> list[str]:
    kinds = KINDS if file.startswith("tests/") else (*KINDS, *OUTSIDE_TESTS)
    with transient_settings({"plugins_used": [{"name": name} for name in kinds]}):
        text = Path(file).read_text(encoding="utf-8")
        # Line by line costs ten times as much, so only where there may be something.
        if not any(True for plugin in get_plugins() for _ in plugin.analyze_string(text)):
            return []
        # The value is never printed: where it stands is enough.
        return [
            f"{file}:{one.line_number}: {one.type}"
            for one in scan_file(file)
            if one.secret_value not in MADE_UP and file != _MYSELF
        ]


if __name__ == "__main__":
    sys.exit(main())

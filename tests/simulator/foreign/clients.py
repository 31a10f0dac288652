"""Gets the foreign clients, each into an environment of its own outside the repository."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

BOTS = Path(__file__).parent / "bots"
_PATIENCE = 240


class NotInstallable(Exception):
    """A client cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A client: its packages and the bot that is written with it."""

    name: str
    script: str
    packages: tuple[str, ...]
    npm: bool = False


FOREIGN = (
    Foreign("grammY", "grammy.mjs", ("grammy@1.46.0",), npm=True),
    Foreign("Telegraf", "telegraf.mjs", ("telegraf@4.16.3",), npm=True),
    Foreign("python-telegram-bot", "ptb.py", ("python-telegram-bot[webhooks]==22.8",)),
    Foreign("pyTelegramBotAPI", "pytba.py", ("pyTelegramBotAPI==4.37.1",)),
    Foreign("aiogram", "aiogram_bot.py", ()),
)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "duologue-test-clients"


def command(foreign: Foreign) -> tuple[list[str], dict[str, str]]:
    """How to start a client's bot: the words and what its environment needs. Installs what is missing."""
    script = str(BOTS / foreign.script)
    if not foreign.packages:
        return [sys.executable, script], {}
    mark = hashlib.sha256(" ".join((*foreign.packages, sys.version)).encode()).hexdigest()[:12]
    home = _cache() / f"{foreign.name.lower()}-env-{mark}"
    if not home.exists():
        _make(foreign, home)
    if foreign.npm:
        return [_program("node"), script], {"MODULES": str(home / "package.json")}
    return [str(home / "bin" / "python"), script], {}


def _make(foreign: Foreign, home: Path) -> None:
    """Installs beside the place and moves it there in one step, so that two can do it at once."""
    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=home.parent, prefix=f"{home.name}-"))
    try:
        _install(foreign, draft)
        if not home.exists():
            draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _install(foreign: Foreign, home: Path) -> None:
    if foreign.npm:
        _program("node")
        (home / "package.json").write_text('{"private": true}')
        flags = (
            "--no-save",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--fetch-retries=1",
        )
        _run([_program("npm"), "install", *flags, "--prefix", str(home), *foreign.packages])
        return
    python = str(home / "bin" / "python")
    uv = Path(sys.executable).parent / "uv"
    if uv.exists():
        _run([sys.executable, "-m", "venv", "--without-pip", str(home)])
        _run([str(uv), "pip", "install", "-q", "--python", python, *foreign.packages])
    else:
        _run([sys.executable, "-m", "venv", str(home)])
        _run([python, "-m", "pip", "install", "-q", "--retries=1", *foreign.packages])


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotInstallable(f"{name} is not installed")
    return found


def _run(words: list[str]) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstallable(f"{words[0]}: {error}") from error
    if done.returncode:
        raise NotInstallable(f"{' '.join(words[:3])} failed: {done.stderr.strip()[-300:]}")

"""The units for systemd: what they start exists, they never give up, and may read their settings."""

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

import deploy
from config.settings import ENV_FILE, variables
from deploy.cli import run

FOLDER = Path(deploy.__file__).parent / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
SETTINGS = "/etc/duologue.env"


def sections(unit: Path) -> dict[str, dict[str, list[str]]]:
    """What a unit says, by section and name; a name may come several times."""
    found: dict[str, dict[str, list[str]]] = {}
    lines = [line for line in unit.read_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        else:
            name, _, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_its_command_and_settings_exist(unit: Path) -> None:
    service = sections(unit)["Service"]
    [start] = service["ExecStart"]
    assert callable(getattr(run, start.split()[1]))
    given = dict(line.split("=", 1) for line in service["Environment"])
    assert given.pop(ENV_FILE) == SETTINGS
    assert {name for name in given if name.startswith("DUOLOGUE_")} <= set(variables())
    assert set(given) - set(variables()) <= {"METRICS_PORT"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_is_started_again_for_as_long_as_it_takes(unit: Path) -> None:
    told = sections(unit)
    assert told["Service"]["Restart"] == ["always"]
    # Where this is left out, five starts within ten seconds are the last.
    assert told["Unit"]["StartLimitIntervalSec"] == ["0"]


def test_by_the_recipe_its_user_can_read_the_settings_and_others_cannot(tmp_path: Path) -> None:
    comments = [line for line in (FOLDER / "duologue.service").read_text().splitlines() if line[:1] == "#"]
    recipe = [line[1:].strip() for line in comments]
    [makes_user] = [number for number, line in enumerate(recipe) if line.startswith("useradd ")]
    [copies] = [number for number, line in enumerate(recipe) if line.endswith(f" {SETTINGS}")]
    assert makes_user < copies, "a file can be given to those only who are there"
    assert [user for unit in UNITS for user in sections(unit)["Service"]["User"]] == ["duologue"] * len(UNITS)

    group = 65534 if os.geteuid() == 0 else os.getegid()
    copy = tmp_path / "duologue.env"
    place = {SETTINGS: str(copy), "duologue": str(group)}
    words = [place.get(word, word) for word in shlex.split(recipe[copies])]
    subprocess.run(words, check=True, cwd=FOLDER.parents[1])
    status = copy.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o640, group)

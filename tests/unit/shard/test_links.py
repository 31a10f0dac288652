"""Paths that may be told: the same file, without the token and the server's name for it."""

from pathlib import Path

import pytest

from core.domain.ids import BotId
from core.service.clock import SystemClock
from shard.links import KEPT_SECONDS, Links

TOKEN = "7:secret"


class HandClock(SystemClock):
    """A clock that is moved by hand."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def _file(root: Path) -> Path:
    path = root / TOKEN / "documents" / "file_12.pdf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"content")
    return path


@pytest.mark.parametrize(
    ("name", "shown"), [("a b.pdf", "a b.pdf"), ("../../x\n.pdf", "_.._x_.pdf"), ("..", "file")]
)
def test_a_link_has_the_name_asked_for_and_no_token(tmp_path: Path, name: str, shown: str) -> None:
    link = Links(BotId(7), TOKEN, HandClock()).place(str(_file(tmp_path)), name)
    assert link is not None
    assert Path(link).name == shown
    assert Path(link).resolve().is_relative_to(tmp_path)
    assert TOKEN not in link
    assert Path(link).read_bytes() == b"content"


def test_links_go_after_an_hour_and_those_of_the_process_before_at_once(tmp_path: Path) -> None:
    path, clock = str(_file(tmp_path)), HandClock()
    before = Links(BotId(7), TOKEN, clock).place(path, "before")
    links = Links(BotId(7), TOKEN, clock)
    first = links.place(path, "first")
    assert before is not None
    assert first is not None
    assert not Path(before).exists()
    clock.now += KEPT_SECONDS + 1
    assert links.place(path, "second") is not None
    assert not Path(first).exists()
    assert Path(path).exists()


def test_where_the_disk_does_not_allow_it_there_is_none(tmp_path: Path) -> None:
    assert Links(BotId(7), TOKEN, HandClock()).place(str(tmp_path / TOKEN / "gone"), "x") is None

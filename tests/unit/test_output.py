"""What the command line prints of others' words."""

import pytest

from deploy.cli.output import print_table


def test_a_cell_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", ">n"), [("@evil\x1b[2J\x1b]0;title\x07\r\n\x9bbot\u202e", 1), ("[red]plain", 2)])
    shown = capsys.readouterr().out
    assert not set(shown) & set("\x1b\x07\r\x9b\u202e")
    assert "[red]plain" in shown
    assert len(shown.splitlines()) == 3

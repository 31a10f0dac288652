"""Folders with short paths, so that sockets fit in."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)

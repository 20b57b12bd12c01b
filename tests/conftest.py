"""What several test folders need: the repository's files."""

import subprocess
from pathlib import Path

import pytest

from course.places import ROOT


@pytest.fixture(scope="session")
def our_files() -> list[Path]:
    """Every file that is committed or could be: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]

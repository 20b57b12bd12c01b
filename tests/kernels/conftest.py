"""What the tests of kernels share: the kinds of sandbox that run here, and warm rooms."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import Process, Sandbox, View, probe
from course.places import ROOT


@pytest.fixture(params=["bwrap", "landlock"], scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of sandbox that runs on this machine."""
    if reason := probe(request.param):
        pytest.skip(f"no {request.param} here: {reason}")
    return request.param


@pytest.fixture(scope="session")
def shared(kind: str) -> Iterator[Sandbox]:
    """One room of each kind, with a file laid out. Take `room`, which cleans it."""
    with Sandbox(kind, View(), Limits(seconds=120, memory_mb=1500)) as room:
        room.prepare(["numpy"], {"data/list.csv": b"a,b\n1,2\n"}, ["given = 7"])
        yield room


@pytest.fixture
def room(shared: Sandbox) -> Iterator[Sandbox]:
    """A warm room as the next notebook finds it."""
    shared.clean()
    yield shared
    shared.clean()


@pytest.fixture
def run() -> Callable[[Process, str], str]:
    """Run a cell in a process; what it printed, and the name of the error if it failed."""

    def run(process: Process, source: str, seconds: float = 120.0) -> str:
        reply = process.ask({"do": "run", "source": source}, seconds)
        return "".join(
            out["text"] if out["output_type"] == "stream" else out.get("ename", "")
            for out in reply["outputs"]
        ).strip()

    return run


@pytest.fixture
def alone(tmp_path: Path) -> Callable[..., str]:
    """Run Python code in a process of its own, without root's rights; what it printed."""

    def alone(code: str, *arguments: object) -> str:
        nobody = {"user": 61_999, "group": 61_999, "extra_groups": []}
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            **(nobody if psutil.Process().uids().effective == 0 else {}),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return alone


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder with one file that anybody may read and write: only a wall can forbid it."""
    place = tmp_path / "open"
    place.mkdir()
    (place / "secret.txt").write_text("the model answer")
    for path in (place, place / "secret.txt"):
        path.chmod(0o777)
    for above in (tmp_path, *tmp_path.parents):
        if above.stat().st_uid == psutil.Process().uids().effective and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o005)
    return place

"""Where hostile notebooks are graded: our folder outside, services not to be reached."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import little_course
import pytest

from autograder.kernels.sandbox import probe
from autograder.runner import one

REPOSITORY = Path(__file__).parents[2]


class Place:
    """What lies around a sandbox: `fill` puts its paths and numbers into a case's code."""

    def __init__(self, kind: str, root: Path):
        self.kind, self.root = kind, root
        self.before: dict[str, dict] = {}  # an honest notebook's result, by the limits given
        self.outside, self.shelf = root / "outside", root / "shelf"
        self.outside.mkdir()
        os.chmod(self.outside, 0o777)
        for name in ("gradebook.db", "other.ipynb"):
            (self.outside / name).write_text("ours")
            os.chmod(self.outside / name, 0o666)
        (self.shelf / "solutions").mkdir(parents=True)
        (self.shelf / "solutions" / "t1.py").write_text("ours")
        (self.shelf / "data.csv").write_text("ours")
        self.abstract = f"threats-{os.getpid()}-{kind}"
        self.services = [
            _bound(str(self.outside / "service"), socket.SOCK_STREAM),
            _bound("\0" + self.abstract, socket.SOCK_STREAM),
            _bound(str(self.outside / "post"), socket.SOCK_DGRAM),
        ]
        web = socket.create_server(("127.0.0.1", 0))
        self.services.append(web)
        self.words = {
            "@OUTSIDE@": str(self.outside),
            "@SHELF@": str(self.shelf),
            "@WORKER@": str(os.getpid()),
            "@ABSTRACT@": self.abstract,
            "@PORT@": str(web.getsockname()[1]),
        }

    def fill(self, code: str) -> str:
        for word, value in self.words.items():
            code = code.replace(word, value)
        return code

    @property
    def settings(self) -> dict:
        given = little_course.settings(self.kind, REPOSITORY)
        given["read"].append(str(self.shelf))
        return given | {"hide": [str(self.shelf / "solutions")]}

    def as_it_stands(self) -> list[tuple]:
        """Names, contents, rights and dates of everything outside."""
        return [
            (path.name, about.st_mode, about.st_mtime_ns, about.st_size)
            for path in sorted(self.outside.iterdir())
            for about in [path.stat()]
        ]

    def close(self) -> None:
        for service in self.services:
            service.close()


def _bound(address: str, kind: int) -> socket.socket:
    service = socket.socket(socket.AF_UNIX, kind)
    service.bind(address)
    if not address.startswith("\0"):
        os.chmod(address, 0o777)
    if kind == socket.SOCK_STREAM:
        service.listen()
    return service


@pytest.fixture(scope="session", params=["bwrap", "landlock"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if reason := probe(request.param):
        pytest.skip(f"{request.param} does not run on this machine: {reason}")
    # Not under pytest's own folder, which only its owner may enter: rights alone would protect.
    root = Path(tempfile.mkdtemp(prefix="threats-"))
    os.chmod(root, 0o755)
    os.environ["THREATS_TOKEN"] = "ours"
    made = Place(request.param, root)
    yield made
    one.close_rooms()
    made.close()
    del os.environ["THREATS_TOKEN"]
    shutil.rmtree(root)

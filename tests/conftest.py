"""What all test folders share: the repository's files, and how workers divide the tests."""

import re
import sqlite3
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import nbgrader.api
import pytest
import sqlalchemy
from nbgrader.nbgraderformat import common

from autograder.classroom import Course
from autograder.runner import one
from course.places import ROOT

#: Tests that take minutes, longest first, and which part of a test's name says what stays on
#: one worker: a sandbox's kind, a module, what is killed. Elsewhere a file stays together.
LONG = {
    "tests/threats/test_threats.py": r"bwrap|landlock",
    "tests/answers/test_bank.py": r"\[.+\]",
    "tests/runner/test_kills.py": r"\w+",
    "tests/runner/test_rooms.py": r"bwrap|landlock",
    "tests/kernels/test_provisioner.py": r"bwrap|landlock",
    "tests/autograder/test_bench.py": "$",
}


@pytest.fixture(scope="session", autouse=True)
def quick_nbgrader() -> None:
    """Gradebooks of tests are new and short-lived: no need to ask for nbgrader's version each
    time, by a program, nor to wait for the disk. A kill loses nothing by it. nbgrader's schema,
    too, is looked over once and not again for each cell."""
    nbgrader.api.get_alembic_version = cache(nbgrader.api.get_alembic_version)
    kind = common.jsonschema.Draft4Validator
    look_over, seen = kind.check_schema, []

    def look_over_once(schema: dict, *options: object) -> None:
        if schema not in seen:
            look_over(schema, *options)
            seen.append(schema)

    kind.check_schema = look_over_once

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
    def wait_for_no_disk(connection, _) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")


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


@pytest.fixture(scope="session")
def fork_kernels() -> Callable[[Course, list[Path]], None]:
    """Have these notebooks of a course run in kernels that are forked from a warm one, with
    what the engine's sandboxes see: it saves loading pandas for each."""

    def fork_kernels(course: Course, notebooks: list[Path]) -> None:
        settings = course.engine.settings("auto")
        given = course.config.SandboxProvisioner
        given.read, given.hide = settings["read"], settings["hide"]
        sources = [nbformat.read(path, as_version=4) for path in notebooks]
        loaded = [*settings["modules"], *(name for nb in sources for name in one.imports(nb))]
        given.modules = list(dict.fromkeys(loaded))

    return fork_kernels


@pytest.fixture
def tell(record_property) -> Callable[[str], None]:
    """Say what was counted, in a line below all tests."""
    return lambda line: record_property("told", line)


def pytest_terminal_summary(terminalreporter) -> None:
    reports = [one for many in terminalreporter.stats.values() for one in many]
    told = [
        line
        for one in reports
        if getattr(one, "when", "") == "call"
        for key, line in one.user_properties
        if key == "told"
    ]
    if told:
        terminalreporter.section("what was counted")
        terminalreporter.write_line("\n".join(told))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that all workers are done at about the same time."""
    places = {path: place for place, path in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """With `-n 3` a file's tests, or those of one part of it, run on one worker, in order."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    return Scheduling(config, log)


def unit(nodeid: str) -> str:
    """What a test must not be parted from: its file, or its part of a long one."""
    path, _, name = nodeid.partition("::")
    part = re.search(LONG.get(path, "$"), name)
    return f"{path} {part[0]}" if part else path

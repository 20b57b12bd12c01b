"""The light course, released once; classes of it; what a gradebook and a log hold, as data."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from autograder.classroom import Course

sys.path.insert(0, str(Path(__file__).parent))
import light as light_course
import postgres as postgres_server

#: Everything that makes a mark, without ids, which are drawn at random.
ROWS = """
SELECT s.student_id, a.name, n.name, c.name, c.type, g.auto_score, g.manual_score,
       g.extra_credit, CASE WHEN g.needs_manual_grade THEN 1 ELSE 0 END, s.timestamp
FROM submitted_assignment s
JOIN assignment a ON a.id = s.assignment_id
JOIN submitted_notebook m ON m.assignment_id = s.id
JOIN notebook n ON n.id = m.notebook_id
JOIN grade g ON g.notebook_id = m.id
JOIN base_cell c ON c.id = g.cell_id
"""
COMMENTS = """
SELECT s.student_id, n.name, c.name, k.auto_comment, k.manual_comment
FROM submitted_assignment s
JOIN submitted_notebook m ON m.assignment_id = s.id
JOIN notebook n ON n.id = m.notebook_id
JOIN comment k ON k.notebook_id = m.id
JOIN base_cell c ON c.id = k.cell_id
"""


@pytest.fixture(scope="session")
def light():
    return light_course


@pytest.fixture(scope="session")
def released_light(tmp_path_factory) -> Course:
    """The light course, released; tests only copy it."""
    return light_course.make(tmp_path_factory.mktemp("light"))


@pytest.fixture
def a_class(tmp_path, released_light) -> Callable[..., Course]:
    """A new classroom with a class of some size."""

    def a_class(count: int, name: str = "class") -> Course:
        course = light_course.copy(released_light, tmp_path / name)
        light_course.hand_in(course, count)
        return course

    return a_class


def rows(course: Course) -> list[tuple]:
    """Every row of the gradebook that makes a mark, sorted."""
    with course.gradebook() as gb:
        found = [*gb.db.execute(text(ROWS)), *gb.db.execute(text(COMMENTS))]
    # One database gives a time as an object, the other as text with microseconds.
    return sorted(tuple(str(value).removesuffix(".000000") for value in row) for row in found)


def verdicts(course: Course) -> dict[tuple[str, str], tuple]:
    """The last word of the log on every submission: its result and its verdicts' hashes."""
    return {
        (one["folder"], one["module"]): (one["result"], one["reason"], one["verdicts"])
        for one in course.events("grade")
    }


@pytest.fixture(scope="session")
def outcome() -> Callable[[Course], tuple]:
    """What a class came to: rows of the gradebook, last words of the log, graded notebooks."""

    def outcome(course: Course) -> tuple:
        graded = course.step("autograded")
        notebooks = {
            path.relative_to(graded).as_posix(): path.read_text("utf-8").strip()
            for path in sorted(graded.rglob("*.ipynb"))
        }
        return rows(course), verdicts(course), notebooks

    return outcome


@pytest.fixture
def mildip() -> Iterator[Callable[..., subprocess.Popen]]:
    """Start `mildip` in a course folder; whatever still runs at the end is ended."""
    started = []

    def mildip(course: Course, *arguments: object) -> subprocess.Popen:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(light_course.mildip(course, *arguments, **streams))
        return started[-1]

    yield mildip
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def below() -> Callable[[int], list[psutil.Process]]:
    """All processes below one of ours, however deep."""

    def below(pid: int) -> list[psutil.Process]:
        try:
            return psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    return below


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[postgres_server.Server]:
    """A throw-away PostgreSQL."""
    reason = postgres_server.missing()
    if reason:
        pytest.skip(reason)
    with postgres_server.Server() as server:
        yield server


@pytest.fixture
def database(server) -> Callable[[Course], Course]:
    """The same course with an empty database of its own, set where an instructor sets it."""

    def database(course: Course) -> Course:
        url = server.database()
        config = course.root / "nbgrader_config.py"
        config.write_text(config.read_text() + f'\nc.CourseDirectory.db_url = "{url}"\n')
        return Course(course.root)

    return database

"""A light course made in code, whose notebooks cost milliseconds, and classes of any size.

Every learner's notebook differs, so that no two share a result. `pandas` is nowhere in it.
"""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.classroom import Course
from autograder.release import release
from autograder.settings import CONFIG_FILE

MODULE, NAME = "m01_light", "light"

DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
DOUBLE_CHECK = """\
assert double(2) == 4
### BEGIN HIDDEN TESTS
assert double("ab") == "abab"
### END HIDDEN TESTS"""
COUNT = "def count(words):\n    ### BEGIN SOLUTION\n    return len(words)\n    ### END SOLUTION"
COUNT_CHECK = "assert count(['a', 'b']) == 2"

RIGHT_COUNT = "def count(words):\n    return len(words)"

#: What learners hand in, in turn: `double`, `count`, the written answer, and how it ends.
MANNERS = (
    ("def double(x):\n    return x + x", RIGHT_COUNT, "Mine.", "graded"),
    ("def double(x):\n    return 4", RIGHT_COUNT, "", "graded"),
    ("def double(x):\n    return x * 2", "def count(words):\n    return 0", "Words.", "graded"),
    ("def double(x): return 2 *", "def count(words):\n    return 2", "", "graded"),
    ("import os\nos._exit(3)", RIGHT_COUNT, "Left.", "died"),
    (None, None, None, "refused"),
)


def _cell(kind, name: str, source: str, points: float | None = None, solution: bool = False):
    cell = kind(source, id=name)
    cell.metadata["nbgrader"] = {
        "grade_id": name,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "schema_version": 3,
        "cell_type": cell.cell_type,
    }
    if points is not None:
        cell.metadata.nbgrader["points"] = points
    return cell


def source() -> NotebookNode:
    """The instructor's notebook."""
    cells = [
        _cell(new_code_cell, "setup", "base = 1"),
        _cell(new_code_cell, "t1", DOUBLE, solution=True),
        _cell(new_code_cell, "t1_check", DOUBLE_CHECK, 2),
        _cell(new_code_cell, "t2", COUNT, solution=True),
        _cell(new_code_cell, "t2_check", COUNT_CHECK, 1.5),
        _cell(new_markdown_cell, "t3", "A model answer.", 4, solution=True),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def make(root: Path) -> Course:
    """The course, released, without learners."""
    folder = root / "sources" / MODULE
    folder.mkdir(parents=True)
    nbformat.write(source(), folder / f"{NAME}.ipynb")
    course = Course.make(root / "class", root / "sources", CONFIG_FILE)
    release(course, MODULE)
    return course


def copy(course: Course, target: Path) -> Course:
    shutil.copytree(course.root, target)
    return Course(target)


def mildip(course: Course, *arguments: object, **streams: object) -> subprocess.Popen:
    """Start `mildip` in the course's folder, as an instructor does."""
    program = Path(sysconfig.get_path("scripts"), "mildip")
    return subprocess.Popen([program, *map(str, arguments)], cwd=course.root, **streams)


def hand_in(course: Course, count: int, first: int = 1) -> None:
    """A class of `count` whose work lies where `mildip collect` puts it."""
    (path,) = (course.step("release") / MODULE).glob("*.ipynb")
    released = path.read_text("utf-8")
    roster = course.room / "roster.csv"
    if not roster.exists():
        roster.write_text("learner,name,email,folder\n")
    with roster.open("a", encoding="utf-8") as rows:
        for number in range(first, first + count):
            folder = f"learner-{number:05d}"
            rows.write(f"{folder},Learner {number},,{folder}\n")
            place = course.step("submitted") / folder / MODULE
            place.mkdir(parents=True)
            (place / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC\n")
            (place / f"{NAME}.ipynb").write_text(handed_in(released, number), encoding="utf-8")


def handed_in(released: str, number: int) -> str:
    """The notebook of learner `number`, as text; every sixth is damaged."""
    double, count, words, _ = MANNERS[number % len(MANNERS)]
    if double is None:
        return released[:-200] + f"  {number}"
    nb = nbformat.reads(released, as_version=4)
    texts = {"t1": f"{double}\n# {number}", "t2": count, "t3": words}
    for cell in nb.cells:
        cell.source = texts.get(cell.id) or cell.source
    return nbformat.writes(nb)


def expected(number: int) -> str:
    """How the work of learner `number` is to come out."""
    return MANNERS[number % len(MANNERS)][-1]

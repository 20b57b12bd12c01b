"""A tiny course made in code: two modules without military content.

Its check cells follow the contract of the real ones (three exceptions written for learners,
one report by display) but define it themselves, so that these tests need no `course`.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder import gradebook, grading
from autograder.classroom import Course
from autograder.feedback import write_feedback
from autograder.intake.collect import collect_folder
from autograder.release import release

HIDDEN = "quokka"  # stands in hidden tests only, so no page may hold it

SETUP = """
from IPython.display import display


class NotYet(AssertionError):
    pass


class Broke(AssertionError):
    pass


def report(*names):
    lines = [{"name": n, "outcome": "right", "hidden": False, "message": ""} for n in names]
    display(
        {"text/plain": "ok", "application/vnd.mildip.checks+json": {"task": "t", "lines": lines}},
        raw=True,
    )
""".strip()

DOUBLE = '''
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
'''.strip()

DOUBLE_CHECK = f'''
"""Task 1.1: twice a number."""
try:
    value = double(2)
except Exception as error:
    raise Broke(f"your code raised {{type(error).__name__}}") from None
if value != 4:
    raise NotYet("twice 2 was expected to be 4")
### BEGIN HIDDEN TESTS
if double("{HIDDEN}") != "{HIDDEN}{HIDDEN}":
    raise NotYet("text can be doubled too")
### END HIDDEN TESTS
report("twice 2 is 4")
'''.strip()

PLAIN_CHECK = f'''
assert double(0) == 0
### BEGIN HIDDEN TESTS
assert double(["{HIDDEN}"]) == ["{HIDDEN}", "{HIDDEN}"]
### END HIDDEN TESTS
'''.strip()

SHOUT = '''
def shout(text):
    """text in capitals."""
    ### BEGIN SOLUTION
    return text.upper()
    ### END SOLUTION
'''.strip()

SHOUT_CHECK = f'''
"""Task 2.1: capitals."""
assert shout("a") == "A"
### BEGIN HIDDEN TESTS
assert shout("{HIDDEN}") == "{HIDDEN}".upper()
### END HIDDEN TESTS
'''.strip()


def labelled(cell: NotebookNode, grade_id: str, points: float | None = None, **flags: bool):
    """The cell with nbgrader's metadata."""
    label = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    label |= {"grade_id": grade_id, "schema_version": 3, "cell_type": cell.cell_type}
    if points is not None:
        label["points"] = points
    cell.metadata["nbgrader"] = label
    cell["id"] = grade_id
    return cell


def for_self_study(cell: NotebookNode) -> NotebookNode:
    cell.metadata["tags"] = ["self-study"]
    return cell


def reading(grade_id: str, source: str, printed: str) -> NotebookNode:
    cell = new_code_cell(source, outputs=[new_output("stream", text=printed)], execution_count=7)
    return labelled(cell, grade_id, locked=True)


def sums() -> NotebookNode:
    return _notebook(
        new_markdown_cell("# Sums for beginners"),
        labelled(new_code_cell(SETUP), "m01_setup", locked=True),
        reading("m01_look", "print('a look at the data')", "a look at the data\n"),
        new_markdown_cell("## Task 1.1: double"),
        labelled(new_code_cell(DOUBLE), "m01_t1", solution=True),
        labelled(new_code_cell(DOUBLE_CHECK), "m01_t1_check", 2, grade=True, locked=True),
        labelled(new_code_cell(PLAIN_CHECK), "m01_t1_check_more", 1.5, grade=True, locked=True),
        for_self_study(new_code_cell("print('only alone')", id="alone")),
        new_markdown_cell("## Task 1.2: in words"),
        labelled(
            new_markdown_cell("### BEGIN SOLUTION\nA model answer.\n### END SOLUTION"),
            "m01_t2",
            10,
            grade=True,
            solution=True,
        ),
    )


def words() -> NotebookNode:
    return _notebook(
        new_markdown_cell("# Words"),
        labelled(new_code_cell(SHOUT), "m02_t1", solution=True),
        labelled(new_code_cell(SHOUT_CHECK), "m02_t1_check", 3, grade=True, locked=True),
    )


def _notebook(*cells: NotebookNode) -> NotebookNode:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=list(cells), metadata={"kernelspec": kernel})


def write_sources(folder: Path) -> Path:
    """The two modules as an instructor's `notebooks` folder."""
    for module, notebook in (("m01_sums", sums()), ("m02_words", words())):
        (folder / module).mkdir(parents=True)
        name = module.split("_", 1)[1]
        nbformat.write(notebook, folder / module / f"{name}.ipynb")
    (folder / "m02_words" / "list.txt").write_text("a supporting file\n")
    return folder


@pytest.fixture(scope="session")
def tiny():
    """The helpers of this file."""
    return sys.modules[__name__]


@pytest.fixture
def sources(tmp_path) -> Path:
    return write_sources(tmp_path / "sources")


@pytest.fixture
def course(tmp_path, sources) -> Course:
    """The fixture course, not yet released."""
    return Course.make(tmp_path / "class", sources)


@pytest.fixture(scope="session")
def released_once(tmp_path_factory) -> Course:
    """The fixture course with both modules released; tests only read it."""
    top = tmp_path_factory.mktemp("released")
    course = Course.make(top / "class", write_sources(top / "sources"))
    for module in course.modules():
        release(course, module)
    return course


@pytest.fixture
def open_course(tmp_path, released_once) -> Course:
    """A copy of the released course, to work in."""
    shutil.copytree(released_once.root, tmp_path / "class")
    return Course(tmp_path / "class")


def stock(course: Course, *arguments: str) -> None:
    """Run nbgrader's own command in the course folder, the environment not activated."""
    done = subprocess.run(
        [Path(sysconfig.get_path("scripts"), "nbgrader"), *arguments],
        cwd=course.root,
        env={"PATH": "/usr/bin:/bin", "HOME": str(course.root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def released(course: Course, module: str = "m01_sums") -> NotebookNode:
    """The seminar edition of a module, to be answered."""
    (path,) = (course.step("release") / module).glob("*.ipynb")
    return nbformat.read(path, as_version=4)


def answered(nb: NotebookNode, **sources: str) -> NotebookNode:
    """The notebook with the text of some cells replaced, by grade id."""
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in sources:
            cell.source = sources.pop(name)
    assert not sources, f"no such cells: {sorted(sources)}"
    return nb


def hand_in(
    folder: Path,
    learner: str,
    nb: NotebookNode | bytes,
    name: str = "sums",
    at: float | None = None,
) -> Path:
    """Write a learner's file as an instructor finds it in a folder of downloads."""
    path = folder / learner / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(nb if isinstance(nb, bytes) else nbformat.writes(nb).encode())
    if at is not None:
        os.utime(path, (at, at))
    return path


RIGHT = "def double(x):\n    return x + x"

WRONG = "def double(x):\n    return 2 * x + 1"

# Tells what it is called with in every way it can.
TALKER = """
import sys
from IPython.display import display

def double(x):
    open("leak.html", "a").write(f"{x} {In}")
    print("printed", x)
    display({"text/plain": f"displayed {x}"}, raw=True)
    forged = {"lines": [{"name": f"forged {x}", "outcome": "right", "message": f"{x}"}]}
    display({"text/plain": "", "application/vnd.mildip.checks+json": forged}, raw=True)
    if x != 2:
        raise type(f"Made_up_{x}", (Exception,), {})(f"raised {x}")
    return 4
"""

SCRIPTS = """<script>alert(1)</script> <img src=x onerror="alert(2)">
<a href="javascript:alert(3)">link</a> and **bold** words.

# A heading of my own
"""


def talkative(nb: NotebookNode) -> NotebookNode:
    """Later cells of the learner print what earlier cells were called with."""
    nb = answered(nb, m01_t1=TALKER)
    nb.cells.append(new_code_cell("print(open('leak.html').read(), In)"))
    return nb


def scripted(nb: NotebookNode) -> NotebookNode:
    """Scripts in a markdown answer and in every kind of output."""
    nb = answered(nb, m01_t1=RIGHT, m01_t2=SCRIPTS)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(4)"><script>alert(5)</script></svg>'
    )
    cell = next(cell for cell in nb.cells if cell.get("id") == "m01_t1")
    cell.outputs = [
        new_output("display_data", {"text/html": SCRIPTS + "<table><tr><td>12</td></tr></table>"}),
        new_output("display_data", {"text/html": "<iframe src='data:text/html,x'></iframe>"}),
        new_output("display_data", {"image/svg+xml": svg}),
        new_output("display_data", {"image/png": '"><script>alert(6)</script>'}),
        new_output("display_data", {"application/javascript": "alert(7)"}),
        new_output("stream", text="<script>alert(8)</script>" + "x" * 1_000_000),
        new_output("error", ename="<script>", evalue="alert(9)", traceback=["<script>"]),
    ]
    return nb


def tampered(nb: NotebookNode) -> NotebookNode:
    """Labels changed in every way that paid under stock nbgrader; a check copied twice."""
    nb = answered(nb, m01_t1=WRONG, m01_t2="My words.")
    cells = {cell.get("id"): cell for cell in nb.cells}
    copied = new_code_cell(cells["m01_t1_check"].source, metadata=cells["m01_t1_check"].metadata)
    nb.cells.insert(0, copied)
    cells["m01_t1_check"].metadata.nbgrader.points = 200
    cells["m01_t1_check_more"].metadata.nbgrader |= {"solution": True, "schema_version": 99}
    cells["m01_t1_check_more"].source = "1.5"
    cells["m01_t2"].metadata.nbgrader |= {"solution": False, "locked": False}
    cells["m01_t2"]["cell_type"] = "code"
    cells["m01_t2"] |= {"outputs": [], "execution_count": None}
    nb.metadata.kernelspec = {"name": "other", "display_name": "Other", "language": "other"}
    return nb


def without_check(nb: NotebookNode) -> NotebookNode:
    nb = answered(nb, m01_t1=RIGHT)
    nb.cells = [cell for cell in nb.cells if cell.get("id") != "m01_t1_check_more"]
    return nb


@pytest.fixture(scope="session")
def graded(tmp_path_factory, released_once) -> Course:
    """A class that was graded and got its feedback; tests only read it."""
    top = tmp_path_factory.mktemp("graded")
    shutil.copytree(released_once.root, top / "class")
    course, source = Course(top / "class"), top / "in"
    (course.room / "schedule.toml").write_text("m01_sums = 2026-03-01T13:00:00+01:00\n")
    release(course, "m01_sums")
    due = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
    for learner, nb in {
        "right": answered(released(course), m01_t1=RIGHT, m01_t2="My words."),
        "wrong": answered(released(course), m01_t1=WRONG),
        "untouched": released(course),
        "talkative": talkative(released(course)),
        "scripted": scripted(released(course)),
        "tampered": tampered(released(course)),
        "without check": without_check(released(course)),
        "quitting": answered(released(course), m01_t1="import os\nos._exit(0)"),
        "damaged": b'{"cells": [',
    }.items():
        late = 3600 if learner == "wrong" else -60
        hand_in(source, learner, nb, at=due + late)
    collect_folder(course, source)
    for _ in grading.grade(course, grading.pending(course), grading.How(workers=0)):
        pass
    for row in gradebook.rows(course):
        write_feedback(course, row)
    return course


BANK_SUMS = '''
[[m01_t1]]
name = "adds"
loses = []
code = """
def double(x):
    return x + x
"""
[[m01_t1]]
name = "knows numbers only"
loses = ["m01_t1_check", "m01_t1_check_more"]
code = "def double(x): return int(x) * 2"
[[m01_t1]]
name = "knows text and numbers, but no lists"
loses = ["m01_t1_check_more"]
code = "def double(x): return x * 2 if isinstance(x, (int, str)) else None"
'''

BANK_WORDS = """
[[m02_t1]]
name = "upper"
loses = []
code = "def shout(text): return text.upper()"
[[m02_t1]]
name = "swaps"
loses = []
code = "def shout(text): return text.swapcase()"
[[m02_t1]]
name = "knows one letter"
loses = ["m02_t1_check"]
code = "def shout(text): return 'A'"
"""

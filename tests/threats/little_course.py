"""A course of one small notebook, made in code: four checked tasks and a written one.

Every case of the suite starts from its released form. It is ordinary nbgrader: nothing here
is of the real course but the words of two checks; the others are plain asserts. The last
passes a function of its own to the answer.
"""

import copy
import json
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

MODULE = "m99_little"
#: A number that stands in hidden checks only: wherever it shows up, something leaked.
SECRET = 917_353
POINTS = {"t1_check": 2.0, "t2_check": 3.0, "t4_check": 1.0, "t5_check": 1.0, "t3": 4.0}

_SETUP = """\
import pandas as pd

from course.check import expect, probe, task

counts = pd.DataFrame({"state": ["A", "B", "C"], "people": [1, 2, 3]})
"""
_T1 = '''\
def doubled(number):
    """Twice the number."""
    ### BEGIN SOLUTION
    return number * 2
    ### END SOLUTION
'''
_T1_CHECK = f'''\
"""Task 1: twice the number."""
with task("t1", doubled):
    expect(doubled, "a small number").on(2).equals(4)
    ### BEGIN HIDDEN TESTS
    probe(doubled, "a large number", hint="Think of them.").on({SECRET}).equals({2 * SECRET})
    ### END HIDDEN TESTS
'''
_T2 = '''\
def total(frame):
    """The sum of the column `people`."""
    ### BEGIN SOLUTION
    return int(frame["people"].sum())
    ### END SOLUTION
'''
_T2_CHECK = f'''\
"""Task 2: the sum of a column."""
with task("t2", total):
    expect(total, "the column shown").on(counts).equals(6)
    expect(total, "the data stay as they are").on(counts).keeps_input()
    ### BEGIN HIDDEN TESTS
    other = pd.DataFrame({{"state": ["D", "E"], "people": [{SECRET}, 1]}})
    probe(total, "another column", hint="Use `frame`.").on(other).equals({SECRET + 1})
    ### END HIDDEN TESTS
'''
_T4 = """\
def tripled(number):
    ### BEGIN SOLUTION
    return number * 3
    ### END SOLUTION
"""
_T4_CHECK = f"""\
assert tripled(2) == 6
### BEGIN HIDDEN TESTS
assert tripled({SECRET}) == {3 * SECRET}
### END HIDDEN TESTS
"""

_T5 = """\
def applied(change, number):
    ### BEGIN SOLUTION
    return change(number)
    ### END SOLUTION
"""
_T5_CHECK = f"""\
assert applied(lambda number: number + 1, 2) == 3
### BEGIN HIDDEN TESTS
assert applied(lambda number: number * {SECRET}, 2) == {2 * SECRET}
### END HIDDEN TESTS
"""


def _marked(cell: NotebookNode, name: str, points: float | None, solution: bool) -> NotebookNode:
    cell.id = name
    cell.metadata["nbgrader"] = {
        "grade_id": name,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "schema_version": 3,
    }
    if points is not None:
        cell.metadata.nbgrader["points"] = points
    return cell


def source() -> NotebookNode:
    """The instructor's notebook."""
    cells = [
        _marked(new_markdown_cell("# A little course"), "title", None, False),
        _marked(new_code_cell(_SETUP), "setup", None, False),
        _marked(new_code_cell(_T1), "t1", None, True),
        _marked(new_code_cell(_T1_CHECK), "t1_check", POINTS["t1_check"], False),
        _marked(new_code_cell(_T2), "t2", None, True),
        _marked(new_code_cell(_T2_CHECK), "t2_check", POINTS["t2_check"], False),
        _marked(new_code_cell(_T4), "t4", None, True),
        _marked(new_code_cell(_T4_CHECK), "t4_check", POINTS["t4_check"], False),
        _marked(new_code_cell(_T5), "t5", None, True),
        _marked(new_code_cell(_T5_CHECK), "t5_check", POINTS["t5_check"], False),
        _marked(new_markdown_cell("Because it is so."), "t3", POINTS["t3"], True),
    ]
    nb = new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return nb


def released() -> NotebookNode:
    """What learners fetch: no solutions, no hidden checks."""
    nb = copy.deepcopy(source())
    for cell in nb.cells:
        cell.source = _without(cell.source, "SOLUTION", "...")
        cell.source = _without(cell.source, "HIDDEN TESTS", "")
    nb.cells[-1].source = "*Write your answer here.*"
    nb.metadata["mildip"] = {"edition": "0123456789ab", "kind": "seminar", "module": MODULE}
    return nb


def answered(**texts: str) -> NotebookNode:
    """The released notebook with right answers, but for those given by cell id."""
    right = {cell.id: cell.source for cell in source().cells}
    right = {name: right[name] for name in ("t1", "t2", "t4", "t5", "t3")} | texts
    nb = released()
    for cell in nb.cells:
        cell.source = right.get(cell.id, cell.source)
    return nb


def job(submission: NotebookNode | str, settings: dict) -> bytes:
    """A job for `grade_one`."""
    text = submission if isinstance(submission, str) else json.dumps(submission)
    return json.dumps(
        {
            "source": nbformat.writes(source()),
            "released": nbformat.writes(released()),
            "submission": text,
            "files": {"notes.txt": b"ours".hex()},
            "settings": settings,
            "module": MODULE,
            "notebook": "little",
        }
    ).encode()


def settings(kind: str, repository: Path) -> dict:
    """Small limits, so that every case is over soon."""
    return {
        "sandbox": kind,
        "read": [str(repository / "course")],
        "cell_seconds": 2,
        "notebook_seconds": 8,
        "limits": {
            "seconds": 20, "memory_mb": 2000, "processes": 64, "file_mb": 20,
            "files": 5000, "open_files": 128, "output_mb": 0.2,
        },
    }  # fmt: skip


def _without(text: str, what: str, stub: str) -> str:
    pattern = rf"(?ms)^([ \t]*)### BEGIN {what}.*?### END {what}\n?"
    return re.sub(pattern, rf"\g<1>{stub}\n" if stub else "", text)

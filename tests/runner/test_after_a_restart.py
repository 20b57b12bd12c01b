"""Covers what later checks give when an answer has ended the learner's program before.

Leaves out how programs end otherwise: tests/threats has those.
"""

import json

import pytest
from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook

from autograder.kernels.sandbox import probe
from autograder.runner.one import close_rooms, grade_one, pack

SETUP = "import pandas as pd\ntable = pd.DataFrame({'people': [1, 2, 3]})"
COUNT = "def count(frame):\n    return len(frame)"
QUIT = """
def first(frame):
    if len(frame) == 2:
        import os
        os._exit(0)
    return 1
"""
CHECK_FIRST = "assert first(table) == 1\nassert first(table.head(2)) == 1"


def cell(source: str, name: str, **flags: bool):
    label = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    label |= {"grade_id": name, "schema_version": 3, "cell_type": "code"}
    if label["grade"]:
        label["points"] = 1
    return new_code_cell(source, id=name, metadata={"nbgrader": label})


def notebook(first: str) -> str:
    cells = [
        cell(SETUP, "setup", locked=True),
        cell(first, "first", solution=True),
        cell(CHECK_FIRST, "first_check", grade=True, locked=True),
        cell(COUNT, "count", solution=True),
        cell("assert count(table) == 3", "count_check", grade=True, locked=True),
    ]
    return writes(new_notebook(cells=cells))


@pytest.mark.parametrize(
    ("first", "points"), [("def first(frame):\n    return 1", 1.0), (QUIT, 0.0)]
)
def test_does_a_table_sent_before_the_end_reach_the_program_started_again(first, points):
    kind = "landlock" if probe("bwrap") else "bwrap"
    right = notebook("def first(frame):\n    return 1")
    job = pack(
        source=right,
        released=notebook("def first(frame):\n    ..."),
        submission=notebook(first),
        files={},
        settings={"sandbox": kind},
        module="m01_tables",
        notebook="tables",
    )
    try:
        result = json.loads(grade_one(job))
    finally:
        close_rooms()
    assert result["scores"] == {"first_check": points, "count_check": 1.0}

"""Does the grader withstand hostile and unlucky notebooks, and do neighbours not notice?

Every case of `hostile.py` is graded between two honest notebooks in the same worker, in each
kind of sandbox; the one after a case is the one before the next. What is left out: archives and
folders as they are collected (see `tests/autograder/test_collect.py`) and the page of the
feedback as a whole.
"""

import json
import os
import re
import time
from pathlib import Path

import little_course
import nbformat
import psutil
import pytest
import stock
from hostile import FULL, GROUPS, T1, Case
from little_course import SECRET
from nbformat.v4 import new_code_cell, new_notebook

from autograder.feedback.clean import cell_html
from autograder.intake import rebuild
from autograder.kernels import sandbox
from autograder.marking.verdict import verdict
from autograder.runner.one import grade_one

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.slow

CASES = [pytest.param(case, id=case.name) for group in GROUPS.values() for case in group]

#: The notebook's limit, what the checks may take after it, and a machine that is slow.
LONGEST = 8 + 14 + 8


#: For cases that are not about time: a disk or a core may be busy for seconds.
PATIENT = {"cell_seconds": 20, "notebook_seconds": 60}


HONEST = little_course.answered(t1=T1)


def graded(place, submission, **other: float) -> dict:
    return json.loads(grade_one(little_course.job(submission, place.settings | other)))


def shown(result: dict) -> str:
    """All a learner may come to see: the outputs of answers, and sentences about checks."""
    if "notebook" not in result:
        return ""
    parts = []
    for cell in nbformat.reads(result["notebook"], 4).cells:
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code":
            parts.append(repr(verdict(cell, 0, 1)))
        else:
            parts.append(json.dumps(cell.get("outputs", [])))
    return "\n".join(parts)


def inhabitants() -> set[int]:
    """Processes that come from this one or run under a sandbox's id."""
    found = {one.pid for one in psutil.Process().children(recursive=True)}
    if os.geteuid() == 0:
        found |= {one.pid for one in psutil.process_iter(["uids"]) if _ours(one.info["uids"])}
    return found


def left_behind(living: set[int]) -> set[int]:
    """New processes, if there are more than before: a room may have been made anew.

    One that was just killed is given some time to be gone."""
    until = time.monotonic() + 10
    while len(now := inhabitants()) > len(living) and time.monotonic() < until:
        time.sleep(0.02)
    return now - living if len(now) > len(living) else set()


def _ours(uids) -> bool:
    return uids is not None and uids.real in map(sandbox._id, range(sandbox.SEATS))


@pytest.mark.parametrize("case", CASES)
def test_does_a_hostile_notebook_gain_read_or_disturb_nothing(place, case: Case):
    if case.only not in ("", place.kind):
        pytest.skip(f"about {case.only} alone")
    patience = PATIENT if case.result == "graded" else {}
    before = place.before.get(str(patience)) or graded(place, HONEST, **patience)
    assert before["scores"] == FULL
    place.before[str(patience)] = before
    outside, living = place.as_it_stands(), inhabitants()

    texts = {name: place.fill(text) for name, text in case.texts.items()}
    notebook = little_course.answered(**texts)
    began = time.monotonic()
    result = graded(place, case.edit(notebook) if case.edit else notebook, **patience)
    took = time.monotonic() - began

    assert result["result"] in case.result.split(" or "), result.get("detail", result.get("reason"))
    assert result["scores"] == case.scores
    if case.reason is None:
        assert not result.get("reason")
    else:
        assert case.reason in result["reason"]
    seen = shown(result)
    assert case.shows in seen
    assert "GOT" not in seen
    assert str(SECRET) not in seen
    for part in nbformat.reads(result["notebook"], 4).cells if "notebook" in result else []:
        assert not re.search(r"<script|<[^>]*\son\w+=|href=.javascript", cell_html(part), re.I)
    json.dumps(result).encode("ascii")
    assert took < LONGEST
    assert not left_behind(living)
    assert place.as_it_stands() == outside

    neighbour = HONEST
    if case.spy:
        neighbour = little_course.answered(t1=f"{place.fill(case.spy)}\n{T1}")
    after = graded(place, neighbour, **patience)
    if not case.spy:
        assert {**after, "seconds": 0, "cells": 0, "notebook": 0} == {
            **before,
            "seconds": 0,
            "cells": 0,
            "notebook": 0,
        }
    assert after["scores"] == FULL
    assert "GOT" not in shown(after)
    assert not left_behind(living)


def test_does_grading_twice_give_the_same_result(place):
    code = "import random\nprint(random.random(), hash('x'), {'a', 'b', 'c'})\n"
    notebook = little_course.answered(t1=code + T1)
    first, second = (graded(place, notebook) for _ in range(2))
    assert first["scores"] == FULL
    assert [shown(first), first["scores"]] == [shown(second), second["scores"]]


def test_is_code_beyond_what_anybody_writes_left_unparsed(monkeypatch):
    parsed = []
    monkeypatch.setattr(rebuild, "defined_names", lambda code: parsed.append(len(code)) or set())
    cells = [new_code_cell("x = 1\n" * 20_000) for _ in range(40)]
    rebuild.rebuild(little_course.source(), little_course.released(), new_notebook(cells=cells))
    assert sum(parsed) <= rebuild.MOST_CODE + 1000


def test_do_the_tables_say_what_is_tested_here_and_what_stock_did():
    text = stock.TABLES.read_text("utf-8")
    assert stock.tables(text, {}) == text
    assert "| not run |" not in text

"""Covers what learners get: both editions of every lesson hold no solution and no hidden check,
keep the outputs of reading cells, and an untouched copy earns nothing.

Leaves out how a release is made and kept for any nbgrader course (tests/autograder).
"""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.classroom import Course
from autograder.release import Release, release
from course import lesson, syllabus
from course.places import CONFIG, NOTEBOOKS

SECRET = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.S)


@pytest.fixture(scope="session")
def course(tmp_path_factory, fork_kernels) -> Course:
    """A classroom whose kernels are forked from one that has loaded what the lessons import."""
    root = tmp_path_factory.mktemp("class") / "course"
    course = Course.make(root, NOTEBOOKS, CONFIG.read_text("utf-8"))
    fork_kernels(course, [module.notebook for module in syllabus.modules()])
    # The capstone's checks read the text of the notebook as it was saved.
    course.config.SandboxProvisioner.files = [syllabus.module("m15").notebook.name]
    return course


@pytest.fixture(scope="session", params=[module.id for module in syllabus.modules()])
def released(request, course) -> Release:
    return release(course, syllabus.module(request.param).folder)


@pytest.fixture(params=["seminar", "self_study"])
def edition(request, released) -> Path:
    """A released notebook of each kind."""
    return next(getattr(released, request.param).glob("*.ipynb"))


def source_of(released: Release) -> nbformat.NotebookNode:
    return nbformat.read(syllabus.module(released.module).notebook, as_version=4)


def secret_lines(nb: nbformat.NotebookNode) -> set[str]:
    """Lines of solutions and hidden checks that stand nowhere else in the lesson."""
    secret = [
        line for c in nb.cells for _, part in SECRET.findall(c.source) for line in part.split("\n")
    ]
    shown = "\n".join(SECRET.sub("", cell.source) for cell in nb.cells)
    return {line.strip() for line in secret if len(line.strip()) > 12 and line.strip() not in shown}


def test_does_an_edition_hold_no_line_of_a_solution_or_a_hidden_check(released, edition):
    text = "\n".join(cell.source for cell in nbformat.read(edition, as_version=4).cells)
    raw = edition.read_text("utf-8")
    secrets = secret_lines(source_of(released))
    assert len(secrets) > 20 or not released.automatic_points
    assert [line for line in secrets if line in text] == []
    assert "BEGIN SOLUTION" not in raw
    assert "HIDDEN TESTS" not in raw


def test_do_work_cells_come_without_outputs_and_reading_cells_with_them(released, edition):
    stored = {cell.id: cell.get("outputs") for cell in source_of(released).cells}
    for cell in nbformat.read(edition, as_version=4).cells:
        if cell.cell_type == "code" and cell.id in stored:
            # What the instructor's copy says about keeping and marking is of no use to others.
            own = lesson.SELF_STUDY.match(cell.id) or "own-output" in cell.metadata.get("tags", [])
            reading = lesson.role(cell.id) == "locked" and not own
            assert bool(cell.outputs) == (reading and bool(stored[cell.id])), cell.id


def test_is_marking_ones_own_work_for_the_self_study_edition_only(released):
    kinds = {}
    for kind in ("seminar", "self_study"):
        path = next(getattr(released, kind).glob("*.ipynb"))
        kinds[kind] = "mark_my_work" in path.read_text("utf-8")
    assert kinds == {"seminar": False, "self_study": True}


def test_says_each_edition_which_one_it_is(released, edition):
    said = nbformat.read(edition, as_version=4).metadata.mildip
    kind = "self-study" if edition.parent == released.self_study else "seminar"
    assert said == {"edition": released.edition, "kind": kind, "module": released.module}
    assert re.fullmatch(r"[0-9a-f]{12}", released.edition)


def test_are_the_points_of_the_gradebook_those_of_the_lesson(released):
    total = sum(lesson.points(source_of(released)).values())
    assert released.automatic_points + released.written_points == total


@pytest.mark.slow
def test_runs_an_untouched_copy_through_and_earns_nothing(course, released):
    path = next(released.seminar.glob("*.ipynb"))
    nb = nbformat.read(path, as_version=4)
    NotebookClient(
        nb,
        config=course.config,
        kernel_name="mildip-sandbox",
        timeout=120,
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    outcome = {}
    for cell in nb.cells:
        if cell.cell_type == "code":
            errors = [o.ename for o in cell.outputs if o.output_type == "error"]
            outcome.setdefault(lesson.role(cell.id), {})[cell.id] = errors
            assert not any(o.get("name") == "stderr" for o in cell.outputs), cell.id
    checks = outcome.pop("check")
    assert {i: e for role in outcome.values() for i, e in role.items() if e} == {}
    assert {i: e for i, e in checks.items() if e != ["NotAttempted"]} == {}

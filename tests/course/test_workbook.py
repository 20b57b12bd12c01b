"""Covers course/workbook.py: answers kept and restored, what is refused and why, the warning
that the kernel ran something newer than the saved file, comparing after an attempt, progress.

Leaves out the marking itself (tests/autograder) and downloads in a browser (tests/browser).
"""

import json
import re
import shutil
import tomllib
from importlib.resources import files

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder import alone
from course import lesson, syllabus, workbook
from course.places import ROOT

ORIENTATION = syllabus.module("m00")


@pytest.fixture(autouse=True)
def no_grading(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


@pytest.fixture
def folder(tmp_path):
    """A learner's folder with the saved notebook of module 00."""
    nb = nbformat.read(ORIENTATION.notebook, as_version=4)
    nb.metadata["mildip"] = {
        "edition": "0123456789ab",
        "kind": "self-study",
        "module": ORIENTATION.folder,
    }
    place = tmp_path / ORIENTATION.folder
    place.mkdir()
    nbformat.write(nb, place / ORIENTATION.notebook.name)
    return place


def saved(folder):
    return nbformat.read(folder / ORIENTATION.notebook.name, as_version=4)


def write(folder, **sources):
    nb = saved(folder)
    for cell in nb.cells:
        cell.source = sources.get(cell.id, cell.source)
    nbformat.write(nb, folder / ORIENTATION.notebook.name)


# Keep and restore.


def test_do_kept_answers_come_back_into_a_fresh_copy(folder, capsys):
    work = {
        "m00_t1": 'n_states = 12  # "counted" \\ é ✓',
        "m00_predict_answer": "I guess `merge`.\n\nIt has two tables.",
        "m00_declaration": "",
    }
    fresh = folder / ORIENTATION.notebook.name
    shutil.copy(fresh, folder.parent / "fresh")
    write(folder, **work)
    before = workbook.answers(saved(folder))
    workbook.keep_my_work("m00", folder)
    shutil.copy(folder.parent / "fresh", fresh)
    assert workbook.answers(saved(folder)) != before
    workbook.restore_my_work(folder / "m00-my-work.json", folder)
    assert workbook.answers(saved(folder)) == before
    assert work.items() <= before.items()
    assert "another edition" not in capsys.readouterr().out


def test_does_restoring_leave_the_former_notebook_aside(folder):
    workbook.keep_my_work("m00", folder)
    write(folder, m00_t1="n_states = 99")
    workbook.restore_my_work(folder / "m00-my-work.json", folder)
    aside = nbformat.read(folder / "orientation-before-restore.ipynb", as_version=4)
    assert workbook.answers(aside)["m00_t1"] == "n_states = 99"


def test_does_restoring_say_if_the_lesson_is_another_edition(folder, capsys):
    workbook.keep_my_work("m00", folder)
    nb = saved(folder)
    nb.metadata["mildip"]["edition"] = "ba9876543210"
    nbformat.write(nb, folder / ORIENTATION.notebook.name)
    workbook.restore_my_work(folder / "m00-my-work.json", folder)
    assert "another edition" in capsys.readouterr().out


def test_can_restoring_change_only_cells_a_learner_may_write_in(folder):
    before = {cell.id: cell.source for cell in saved(folder).cells}
    forged = dict.fromkeys(before, "print('mine now')")
    work = {"module": "m00", "edition": "0123456789ab", "answers": forged}
    (folder / "forged.json").write_text(json.dumps(work), "utf-8")
    workbook.restore_my_work(folder / "forged.json", folder)
    after = saved(folder)
    changed = {cell.id for cell in after.cells if cell.source != before[cell.id]}
    assert changed == {c for c in before if lesson.role(c) in ("answer", "free")}
    assert len(changed) > 5


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"answers": 3}', '{"module": "m00"}', "PK\x03\x04"]
)
def test_is_a_file_that_was_not_kept_refused_and_nothing_changed(folder, text):
    (folder / "odd.json").write_text(text, "utf-8")
    before = (folder / ORIENTATION.notebook.name).read_bytes()
    with pytest.raises(workbook.NoWork, match=r"odd\.json was not made by keep_my_work"):
        workbook.restore_my_work(folder / "odd.json", folder)
    assert (folder / ORIENTATION.notebook.name).read_bytes() == before


def test_does_a_missing_file_say_where_to_put_it(folder):
    with pytest.raises(workbook.NoWork, match="Upload it beside the notebook"):
        workbook.restore_my_work(folder / "nowhere.json", folder)


def test_does_a_missing_notebook_say_how_to_save_it(tmp_path):
    with pytest.raises(workbook.NoWork, match=r"Ctrl\+S.*orientation\.ipynb"):
        workbook.keep_my_work("m00", tmp_path)


def test_does_a_damaged_notebook_say_so(folder):
    (folder / ORIENTATION.notebook.name).write_text('{"cells": [', "utf-8")
    with pytest.raises(workbook.NoWork, match="not a readable notebook"):
        workbook.keep_my_work("m00", folder)


def test_is_a_renamed_notebook_found_by_what_it_carries(folder):
    (folder / ORIENTATION.notebook.name).rename(folder / "my own name.ipynb")
    assert workbook.saved_notebook(ORIENTATION, folder).name == "my own name.ipynb"


def test_is_the_instructors_notebook_left_alone(capsys):
    before = sorted(ORIENTATION.notebook.parent.iterdir())
    workbook.keep_my_work("m00", ORIENTATION.notebook.parent)
    assert "instructor's notebook" in capsys.readouterr().out
    assert sorted(ORIENTATION.notebook.parent.iterdir()) == before


@pytest.mark.parametrize(
    "use",
    [
        lambda folder: workbook.keep_my_work("m00", folder),
        lambda folder: workbook.mark_my_work("m00", folder),
        lambda folder: workbook.compare_my_answer("m00_t9", folder),
    ],
)
def test_does_nothing_happen_while_work_is_being_checked(use, folder, monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    before = sorted(folder.iterdir())
    use(folder)
    assert capsys.readouterr().out == "Left out while the work is being checked.\n"
    assert sorted(folder.iterdir()) == before


# Newer in the kernel.


class Shell:
    def __init__(self, *runs):
        self.user_ns = {"In": ["", *runs]}


STUB = "def share(c):\n    ..."
DONE = "def share(c):\n    return 1"


@pytest.mark.parametrize(
    ("stored", "runs", "newer"),
    [
        (STUB, [DONE], ["m00_t1"]),
        (DONE, [DONE], []),
        (DONE, [STUB, DONE], []),
        (DONE, [DONE, STUB], ["m00_t1"]),
        (DONE, [], []),
        (DONE, ["def other(c):\n    return 1", "share(3)"], []),
        (DONE, [DONE + "\n\n"], []),
        ("", ["x = 1"], []),
        ("answer_1 = None", ["answer_1 = 'b'"], ["m00_t1"]),
    ],
)
def test_is_a_run_newer_than_the_saved_text_noticed(stored, runs, newer, monkeypatch):
    monkeypatch.setattr(workbook, "get_ipython", lambda: Shell(*runs))
    nb = new_notebook(cells=[new_code_cell(stored, id="m00_t1"), new_code_cell(id="m00_try_a")])
    assert workbook._newer_in_kernel(nb) == newer


def test_does_keeping_warn_that_something_newer_was_run(folder, monkeypatch, capsys):
    write(folder, m00_t1="n_states = None")
    monkeypatch.setattr(workbook, "get_ipython", lambda: Shell("n_states = len(states)"))
    workbook.keep_my_work("m00", folder)
    assert "Attention: m00_t1" in capsys.readouterr().out


# Marks and progress.

ROWS = [
    {
        "name": "Task 0.1: a | b",
        "points": 1.5,
        "max": 2,
        "outcome": "not yet",
        "message": "✗ not yet · <b>x</b>: look | again\nand again",
    },
    {"name": "Task 0.2: c", "points": 1, "max": 1, "outcome": "right", "message": ""},
]


def test_do_marks_become_a_table_and_a_note_of_progress(folder, monkeypatch):
    shown = []
    monkeypatch.setattr(alone, "mark", lambda *_, **__: ROWS)
    monkeypatch.setattr(workbook, "display", shown.append)
    workbook.mark_my_work("m00", folder)
    table = shown[0].data
    assert "**2.5 of 3 points marked by checks.**" in table
    assert "Written answers are not marked here" in table
    assert "<b>" not in table
    assert "look \\| again<br>and again" in table
    assert workbook.my_progress(folder.parent) == {"m00": {"points": 2.5, "max": 3}}


def test_is_progress_empty_before_anything_was_marked(tmp_path):
    assert workbook.my_progress(tmp_path) == {}


# Comparing after an attempt.


def specimens() -> dict[str, list[dict]]:
    """The three answers of every written task for which there are any."""
    shelf = files("course").joinpath("specimens")
    found = {}
    for page in sorted(shelf.iterdir(), key=str):
        found |= tomllib.loads(page.read_text("utf-8"))
    return found


@pytest.mark.parametrize(("task", "three"), specimens().items(), ids=specimens())
def test_are_specimens_weak_sound_and_strong_and_about_as_long_as_asked(task, three):
    marks = [sum(one["levels"]) / len(one["levels"]) for one in three]
    assert len(three) == 3
    assert marks == sorted(set(marks))
    assert marks[0] < 2.5 < marks[1] < marks[2]
    module = syllabus.module(task.split("_")[0])
    asked = next(
        c.source for c in nbformat.read(module.notebook, 4).cells if c.id == f"{task}_prompt"
    )
    length = int(re.search(r"(\d+) words", asked)[1])
    for one in three:
        assert all(level in (1, 2, 3, 4) for level in one["levels"])
        assert 0.75 * length < len(one["text"].split()) < 1.25 * length
        assert one["why"].strip().endswith(".")
        assert len(one["text"].split()) > workbook.ENOUGH_WORDS


def graded() -> dict[str, list[dict]]:
    """The six answers of every written task by which graders compare notes."""
    found = {}
    for page in sorted(ROOT.joinpath("docs", "teaching", "specimens").glob("*.toml")):
        found |= tomllib.loads(page.read_text("utf-8"))
    return found


@pytest.mark.parametrize(("task", "six"), graded().items(), ids=graded())
def test_do_six_other_specimens_span_the_scale_in_no_order(task, six):
    marks = [sum(one["levels"]) / len(one["levels"]) for one in six]
    assert len(six) == 6
    assert marks != sorted(marks)
    assert min(marks) < 2.25
    assert len([mark for mark in marks if mark >= 3.5]) >= 2
    assert not {one["text"] for one in six} & {one["text"] for one in specimens()[task]}
    for one in six:
        assert all(level in (1, 2, 3, 4) for level in one["levels"])
        assert one["why"].strip().endswith(".")
        assert len(one["text"].split()) > workbook.ENOUGH_WORDS


@pytest.fixture
def essay(tmp_path):
    """A learner's folder of module 07 with a written answer of some words."""
    module = syllabus.module("m07")

    def make(words: int):
        nb = new_notebook(cells=[new_markdown_cell("word " * words, id="m07_t9")])
        nb.metadata["mildip"] = {"edition": "0", "kind": "self-study", "module": module.folder}
        nbformat.write(nb, tmp_path / module.notebook.name)
        return tmp_path

    return make


def test_does_comparing_wait_for_an_attempt(essay, capsys):
    workbook.compare_my_answer("m07_t9", essay(workbook.ENOUGH_WORDS - 1))
    told = capsys.readouterr().out
    assert f"has {workbook.ENOUGH_WORDS - 1} words" in told
    assert "Model answer" not in told


def test_does_comparing_show_three_specimens_and_the_model_after_an_attempt(essay, monkeypatch):
    shown = []
    monkeypatch.setattr(workbook, "display", shown.append)
    workbook.compare_my_answer("m07_t9", essay(workbook.ENOUGH_WORDS))
    text = shown[0].data
    assert text.count("<details>") == 3
    assert "#### Model answer" in text
    assert "For the reader who marks" not in text
    assert "### BEGIN" not in text

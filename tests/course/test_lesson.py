"""Covers course/lesson.py: what a cell is by its id, the metadata that follow, every notebook
there and back as a script, the cells that are made, the bank's answers against the checks.

Leaves out running a notebook (nbval, in `make test`) and whether the lessons keep the house
rules (tests/notebooks).
"""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import lesson, syllabus

MODULES = syllabus.modules()


def head(key: str, points: float | None = None, kind: str = "") -> str:
    worth = "" if points is None else f" points={points}"
    return f'# %%{kind} key="{key}"{worth}\n'


# Roles and metadata.


@pytest.mark.parametrize(
    ("cell_id", "role"),
    [
        ("m07_t3", "answer"),
        ("m07_t12", "answer"),
        ("m07_t3_check", "check"),
        ("m07_t3_check_ties", "check"),
        ("m07_t3_hints", "locked"),
        ("m07_t3_prompt", "locked"),
        ("m07_predict_answer", "free"),
        ("m07_declaration", "free"),
        ("m07_key", "free"),
        ("m07_try_plot", "free"),
        ("m07_setup", "locked"),
        ("m07_keep", "locked"),
        ("m07_mark", "locked"),
        ("t3_check", "locked"),
    ],
)
def test_does_the_id_say_what_a_cell_is(cell_id, role):
    assert lesson.role(cell_id) == role


@pytest.mark.parametrize(
    ("cell_id", "task"),
    [
        ("m07_t3", "m07_t3"),
        ("m07_t3_check_ties", "m07_t3"),
        ("m07_t12_hints", "m07_t12"),
        ("m07_setup", None),
    ],
)
def test_does_the_id_say_to_which_task_a_cell_belongs(cell_id, task):
    assert lesson.task_of(cell_id) == task


def dressed(*cells, **points) -> dict:
    nb = lesson.dress(new_notebook(cells=list(cells)), points)
    return {cell.id: cell.metadata for cell in nb.cells}


def test_do_metadata_follow_from_ids_and_points():
    got = dressed(
        new_code_cell(id="m07_setup"),
        new_code_cell(id="m07_t1"),
        new_code_cell(id="m07_t1_check"),
        new_markdown_cell(id="m07_t9"),
        new_markdown_cell(id="m07_declaration"),
        m07_t1_check=0.25,
        m07_t9=10,
    )
    flags = {
        cell_id: tuple(
            data.get("nbgrader", {}).get(name) for name in ("grade", "solution", "locked")
        )
        for cell_id, data in got.items()
    }
    assert flags == {
        "m07_setup": (False, False, True),
        "m07_t1": (False, True, False),
        "m07_t1_check": (True, False, True),
        "m07_t9": (True, True, False),
        "m07_declaration": (None, None, None),
    }
    assert got["m07_t1_check"].nbgrader.points == 0.25
    assert "points" not in got["m07_t1"].nbgrader


def test_are_locked_cells_neither_edited_nor_deleted_and_answers_both():
    got = dressed(new_code_cell(id="m07_setup"), new_code_cell(id="m07_t1"))
    assert (got["m07_setup"].editable, got["m07_setup"].deletable) == (False, False)
    assert "editable" not in got["m07_t1"]


def test_is_a_cell_for_learners_alone_tagged():
    got = dressed(new_code_cell(id="m07_mark"), new_code_cell(id="m07_keep"))
    assert got["m07_mark"].tags == ["self-study"]
    assert got["m07_keep"]["tags"] == ["own-output"]


def test_does_a_graded_cell_without_points_say_which():
    with pytest.raises(ValueError, match="m07_t1_check is graded but states no points"):
        dressed(new_code_cell(id="m07_t1_check"))


# There and back.


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.id)
def test_does_a_notebook_survive_the_way_to_a_script_and_back(module):
    nb = nbformat.read(module.notebook, as_version=4)
    found, again = lesson.pack(lesson.unpack(nb))
    assert found == module

    def plain(notebook):
        return [(c.id, c.cell_type, c.source, c.metadata) for c in notebook.cells]

    assert plain(again) == plain(nb)
    assert lesson.points(again) == lesson.points(nb)
    assert again.metadata == nb.metadata
    assert all(cell.outputs == [] for cell in again.cells if cell.cell_type == "code")


def test_does_a_cell_without_a_key_show_itself():
    with pytest.raises(ValueError, match=r"has no key=(?s:.*)x = 3"):
        lesson.pack(head("m00_setup") + "x = 1\n\n# %%\nx = 3\n")


def test_does_a_script_of_an_unknown_module_list_the_nearest():
    with pytest.raises(syllabus.UnknownModule):
        lesson.pack(head("m99_setup") + "x = 1\n")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.id)
def test_does_every_link_within_a_lesson_lead_to_a_heading(module):
    nb = nbformat.read(module.notebook, as_version=4)
    prose = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    headings = {
        title.replace("`", "").replace(" ", "-")
        for source in prose
        for title in re.findall(r"^#+ (.+)$", source, re.M)
    }
    links = [link for source in prose for link in re.findall(r"\]\(#([^) ]+)", source)]
    assert [link for link in links if link not in headings] == []
    assert links or module.id != "m00"


# Cells that are made.

SCRIPT = "\n".join(
    [
        head("m07_title", kind=" [markdown]") + "# # Title\n",
        head("m07_glance", kind=" [markdown]") + "# (made)\n",
        head("m07_t1_prompt", kind=" [markdown]") + "# ### Task 7.1 · 3 points · O7.1\n",
        head("m07_t1") + "x = None\n",
        head("m07_t1_check", 3) + '"""Task 7.1: x."""\n',
        head("m07_t2_prompt", kind=" [markdown]") + "# ### Task 7.2 · 10 points · O7.1 O7.2\n",
        head("m07_t2", 10, " [markdown]") + "# text\n",
        head("m07_cando", kind=" [markdown]") + "# (made)\n",
        head("m07_sources", kind=" [markdown]") + "# (made)\n",
    ]
)


@pytest.fixture
def made() -> dict[str, str]:
    return {cell.id: cell.source for cell in lesson.pack(SCRIPT)[1].cells}


def test_are_points_and_times_made_from_what_is_there(made):
    module = syllabus.module("m07")
    assert "13: 3 marked by checks, 10 by a reader" in made["m07_glance"]
    assert f"{module.minutes_to_read} minutes to read" in made["m07_glance"]
    assert "after task 7.1" in made["m07_glance"]


def test_does_each_objective_name_the_tasks_that_show_it(made):
    lines = made["m07_cando"].split("\n")
    assert any("O7.1" in line and line.endswith("Shown in tasks 7.1, 7.2.") for line in lines)
    assert any("O7.2" in line and line.endswith("Shown in task 7.2.") for line in lines)
    assert any("O7.3" in line and "Shown" not in line for line in lines)


def test_are_readings_and_data_cited(made):
    module = syllabus.module("m07")
    assert all(syllabus.cite(key) in made["m07_sources"] for key in module.readings)
    assert all(f"`{name}`" in made["m07_sources"] for name in module.datasets)


# The bank against the checks.

ORIENTATION = syllabus.module("m00")


@pytest.mark.parametrize(
    ("code", "lost", "said"),
    [
        ("n_states = len(states)", [], ""),
        ("n_states = 11", ["m00_t1_check"], "NotYet"),
        ("n_states = None", ["m00_t1_check"], "NotAttempted"),
        ("n_states = None\nn_states = twelve", ["m00_t1_check"], "NotAttempted"),
        ("m_states = 12", ["m00_t1_check"], "NameError"),
    ],
)
def test_does_an_answer_lose_the_checks_it_fails(code, lost, said):
    failed = lesson.lost_checks(ORIENTATION, "m00_t1", code)
    assert list(failed) == lost
    assert all(sentence.startswith(said) for sentence in failed.values())


def test_does_the_bench_print_an_answer_that_loses_other_checks_than_it_says(monkeypatch, capsys):
    answers = [
        {"name": "right", "loses": [], "code": "n_states = 12"},
        {"name": "thought right", "loses": [], "code": "n_states = 11"},
    ]
    monkeypatch.setattr(lesson, "bank", lambda module: {"m00_t1": answers})
    assert not lesson.try_bank(ORIENTATION)
    told = capsys.readouterr().out
    assert "thought right" in told
    assert "· right" not in told
    assert "2 answers, 1 surprises" in told


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.id)
def test_has_every_autograded_task_right_and_wrong_answers(module):
    nb = nbformat.read(module.notebook, as_version=4)
    tasks = [c.id for c in nb.cells if lesson.role(c.id) == "answer" and c.cell_type == "code"]
    checks = {c.id for c in nb.cells if lesson.role(c.id) == "check"}
    bank = lesson.bank(module)
    assert list(bank) == tasks
    for task, answers in bank.items():
        lost = [one["loses"] for one in answers]
        mine = {check for check in checks if lesson.task_of(check) == task}
        assert lost.count([]) >= 2, task
        assert len(lost) - lost.count([]) >= (3 if module.id == "m00" else 5), task
        assert set().union(*lost) == mine, task
        assert lost[0] == [], task
        assert len({one["name"] for one in answers}) == len(answers), task

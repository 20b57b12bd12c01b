"""The editions a class gets: what is left out, what is kept, what the gradebook learns.

Left out: the real modules, which the notebook tests look at byte by byte.
"""

import shutil

import nbformat
import pytest

from autograder.classroom import Problem
from autograder.editions import edition
from autograder.release import release, write_edition

SECRETS = ["BEGIN SOLUTION", "return 2 * x", "A model answer", "BEGIN HIDDEN", "quokka"]


def by_id(nb) -> dict:
    return {cell.get("id"): cell for cell in nb.cells}


def test_does_the_release_hold_no_solution_and_no_hidden_test(released_once):
    editions = (released_once.room / "editions").rglob("*.ipynb")
    kept = [path for path in editions if "source" not in path.parts]
    released = list(released_once.step("release").rglob("*.ipynb"))
    assert len(kept) == 4 and len(released) == 2
    for path in kept + released:
        text = path.read_text("utf-8")
        assert not [secret for secret in SECRETS if secret in text]


def test_are_outputs_kept_in_reading_cells_only(open_course, tiny):
    source = open_course.step("source") / "m01_sums" / "sums.ipynb"
    nb = nbformat.read(source, as_version=4)
    for name in ("m01_t1", "m01_t1_check"):
        by_id(nb)[name].outputs = [nbformat.v4.new_output("stream", text="quokka")]
    nbformat.write(nb, source)
    release(open_course, "m01_sums")
    cells = by_id(tiny.released(open_course))
    assert cells["m01_look"].outputs[0].text == "a look at the data\n"
    assert cells["m01_t1"].outputs == cells["m01_t1_check"].outputs == []


def test_does_the_notebook_carry_the_edition_that_is_kept(released_once, tiny):
    name = edition(released_once.step("source") / "m01_sums")
    stamp = tiny.released(released_once).metadata.mildip
    assert stamp == {"edition": name, "kind": "seminar", "module": "m01_sums"}
    (kept,) = (released_once.room / "editions" / "m01_sums").iterdir()
    assert {path.name for path in kept.iterdir()} == {"source", "seminar", "self-study"}
    assert kept.name == name == edition(kept / "source")


def test_does_any_change_of_the_source_make_another_edition(sources):
    folder = sources / "m02_words"
    before = edition(folder)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "words.ipynb").write_text("{}")
    assert edition(folder) == before
    (folder / "list.txt").write_text("another supporting file\n")
    after = edition(folder)
    (folder / "list.txt").rename(folder / "names.txt")
    assert len({before, after, edition(folder)}) == 3


def test_is_an_older_edition_kept_when_the_source_is_corrected(open_course):
    first = release(open_course, "m02_words").edition
    (open_course.step("source") / "m02_words" / "list.txt").write_text("corrected\n")
    second = release(open_course, "m02_words").edition
    kept = {path.name for path in (open_course.room / "editions" / "m02_words").iterdir()}
    assert kept == {first, second}


def test_does_only_the_self_study_edition_have_its_own_cells(released_once, tiny):
    (kept,) = (released_once.room / "editions" / "m01_sums").iterdir()
    seminar = tiny.released(released_once)
    alone = nbformat.read(kept / "self-study" / "sums.ipynb", as_version=4)
    assert alone.metadata.mildip == {**seminar.metadata.mildip, "kind": "self-study"}
    ids = [cell.get("id") for cell in alone.cells]
    assert "alone" not in by_id(seminar)
    assert ids.index("alone") == ids.index("m01_t1_check_more") + 1
    assert [cell for cell in alone.cells if cell.get("id") != "alone"] == seminar.cells


def test_do_points_and_due_date_come_from_source_and_schedule(open_course):
    open_course.room.mkdir(exist_ok=True)
    (open_course.room / "schedule.toml").write_text("m01 = 2026-03-01T23:59:00+01:00\n")
    made = release(open_course, "m01_sums")
    assert (made.automatic_points, made.written_points) == (3.5, 10)
    with open_course.gradebook() as gb:
        assignment = gb.find_assignment("m01_sums")
        assert assignment.max_score == 13.5
        assert assignment.duedate.isoformat() == "2026-03-01T22:59:00"


def test_does_a_source_that_nbgrader_refuses_say_why(open_course):
    path = open_course.step("source") / "m01_sums" / "sums.ipynb"
    nb = nbformat.read(path, as_version=4)
    by_id(nb)["m01_t1"].source = "### BEGIN SOLUTION\nnever closed"
    nbformat.write(nb, path)
    with pytest.raises(Problem, match=r"m01_sums was not released.*no end solution"):
        release(open_course, "m01_sums")


def test_is_a_learners_work_never_overwritten(released_once, tmp_path):
    (edition_folder,) = (released_once.room / "editions" / "m01_sums").glob("*/self-study")
    written, kept = write_edition(edition_folder, tmp_path / "mine")
    assert [path.name for path in written] == ["sums.ipynb"] and kept == []
    written[0].write_text("my work")
    assert write_edition(edition_folder, tmp_path / "mine") == ([], written)
    assert written[0].read_text() == "my work"


def test_does_stock_nbgrader_release_the_same_notebook(open_course, tiny):
    path = open_course.step("release") / "m02_words" / "words.ipynb"
    ours = path.read_bytes()
    shutil.rmtree(open_course.room)
    tiny.stock(open_course, "generate_assignment", "m02_words")
    assert path.read_bytes() == ours

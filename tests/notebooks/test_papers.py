"""Covers the two worked papers of the capstone: they are made from the capstone as it is now,
their lines are clean, their references known, their numbers printed by their own code, their
stored outputs current, and the engine gives them every automatic mark.

Leaves out whether they are good (docs/teaching/capstone.md gives their levels and why).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import papers
import pytest

from autograder import stock
from autograder.classroom import Course
from autograder.intake.collect import collect_folder
from autograder.kernels import sandbox
from autograder.release import release
from autograder.runner import course as desk
from autograder.runner import one
from course import lesson, paper, workbook
from course.places import CONFIG, NOTEBOOKS

RENEW = "run `python tests/notebooks/papers.py`"
NUMBER = re.compile(r"(?<![\w.,`-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w`])")
YEAR = re.compile(r"(1[89]|20)\d\d")
#: Said, not computed: items of a list, a day, a version, a unit, own forecasts.
SAID = {
    "brief": {"1", "2", "3", "31", "1,000", "5.1", "95"},
    "story": {"182", "105", "106", "31", "40", "55", "1,000"},
}


@pytest.fixture(params=papers.PAPERS)
def name(request) -> str:
    return request.param


@pytest.fixture
def kept(name):
    return nbformat.read(papers.PAPERS[name], as_version=4)


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Iterator[Course]:
    """A classroom with the capstone released."""
    root = tmp_path_factory.mktemp("papers") / "course"
    course = Course.make(root, NOTEBOOKS, CONFIG.read_text("utf-8"))
    release(course, papers.CAPSTONE.folder)
    yield course
    one.close_rooms()


def handed_in(course: Course, texts: dict[str, str]) -> nbformat.NotebookNode:
    """The seminar edition with these answers in it."""
    path = course.step("release") / papers.CAPSTONE.folder / papers.CAPSTONE.notebook.name
    return workbook.put_back(nbformat.read(path, as_version=4), texts)


def by_the_engine(course: Course, nb: nbformat.NotebookNode) -> dict:
    """What the engine gives: its result, as `grade_one` returns it."""
    edition = desk.edition(course, papers.CAPSTONE.folder, papers.CAPSTONE.notebook.stem, "")
    settings = course.engine.settings(sandbox.choose())
    return json.loads(one.grade_one(edition.job(nbformat.writes(nb), settings)))


def shown(nb) -> dict[str, str]:
    """What each code cell prints and which kinds of things it shows."""
    found = {}
    for cell in nb.cells:
        if cell.cell_type == "code":
            said = [o.get("text", "") + o.get("ename", "") for o in cell.outputs]
            kinds = [",".join(sorted(o.get("data", {}))) for o in cell.outputs]
            found[cell.id] = "\n".join(said + kinds)
    return found


def test_is_the_paper_made_from_the_capstone_as_it_is(name, kept):
    now = papers.paper(name)
    assert [(c.id, c.source) for c in kept.cells] == [(c.id, c.source) for c in now.cells], RENEW


def test_have_the_two_papers_different_routes_families_and_regions():
    brief, story = (
        paper.read(nbformat.read(path, as_version=4)) for path in papers.PAPERS.values()
    )
    assert (brief.route, story.route) == ("A", "B")
    assert "Republic of Korea" in brief.text and "Korea" not in story.text
    assert "Africa" in story.text


def test_is_nothing_amiss_with_a_worked_paper(kept):
    written = paper.read(kept)
    lines = [*written.length(), *written.sources(), *written.datasets(), *written.reach()]
    assert [line for line in lines if line[1]] == []
    assert written.to_look_up() == []


def test_shows_a_worked_paper_no_error_and_every_check_right(kept):
    outputs = [(c.id, o) for c in kept.cells if c.cell_type == "code" for o in c.outputs]
    assert [i for i, o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    assert all("✗" not in o.get("data", {}).get("text/plain", "") for _, o in outputs)


def test_is_each_number_of_the_text_printed_by_the_papers_own_code(name, kept):
    written = paper.read(kept)
    printed = [float(n.replace(",", "")) for n in NUMBER.findall("\n".join(shown(kept).values()))]
    loose = []
    for part in ("t4", "t5", "t6", "t8", "t9"):
        text = re.sub(r"\[[^]]*\]|figures? \d|\d\d? (?=[A-Z][a-z]+ (?:1[89]|20)\d\d)", "",
                      written.parts[part])  # fmt: skip
        for number in NUMBER.findall(text):
            if YEAR.fullmatch(number) or number in SAID[name]:
                continue
            value, digits = float(number.replace(",", "")), len(number.partition(".")[2])
            if not any(round(one, digits) == value for one in printed):
                loose.append((part, number))
    assert loose == []


@pytest.mark.slow
def test_are_the_stored_outputs_of_a_paper_current(name, kept):
    assert shown(papers.run(papers.paper(name))) == shown(kept), RENEW


@pytest.mark.slow
def test_does_the_engine_give_a_worked_paper_every_automatic_mark(course, kept):
    result = by_the_engine(course, handed_in(course, workbook.answers(kept)))
    assert result["result"] == "graded", result
    worth = lesson.points(papers.capstone())
    written = {i for i in worth if lesson.role(i) == "answer"}
    assert {i: p for i, p in result["scores"].items() if i not in written} == {
        i: p for i, p in worth.items() if i not in written
    }
    assert {result["scores"][i] for i in written} == {None}
    graded = nbformat.reads(result["notebook"], as_version=4)
    assert {cell: said for cell, said in errors(graded).items() if said} == {}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["engine", "stock nbgrader"])
def test_is_the_text_of_a_paper_read(how, course, tmp_path):
    nb = handed_in(course, papers.own_answers("story") | {"m15_t5": "Too short."})
    if how == "engine":
        graded = nbformat.reads(by_the_engine(course, nb)["notebook"], as_version=4)
    else:
        graded = by_stock(course, nb, tmp_path)
    found = {i: said for i, said in errors(graded).items() if i.startswith("m15_t10_check")}
    (said,) = found.pop("m15_t10_check_length")
    assert "the text has 900 to 1100 words: it has" in said
    assert set(map(tuple, found.values())) == {()}


def errors(nb: nbformat.NotebookNode) -> dict[str, list[str]]:
    """What the errors of each code cell say."""
    return {
        cell.id: [out.evalue for out in cell.outputs if out.output_type == "error"]
        for cell in nb.cells
        if cell.cell_type == "code"
    }


def by_stock(course: Course, nb: nbformat.NotebookNode, aside: Path) -> nbformat.NotebookNode:
    from nbgrader.converters import Autograde

    module, name = papers.CAPSTONE.folder, papers.CAPSTONE.notebook.name
    (aside / "in" / "ada").mkdir(parents=True)
    nbformat.write(nb, aside / "in" / "ada" / name)
    collect_folder(course, aside / "in", [module])
    stocked = Course(course.root)
    del stocked.config["Autograde"]
    folder = course.roster.enrol("ada").folder
    stock.run(Autograde, stocked, module, folder, force=True)
    return nbformat.read(course.step("autograded") / folder / module / name, as_version=4)

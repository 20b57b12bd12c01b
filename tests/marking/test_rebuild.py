"""Rebuilding a submission from our source: what is taken over, from where, and what is not.

Left out: limits before parsing (tests/autograder/test_gate) and running what was rebuilt.
"""

import copy
import warnings

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.intake.rebuild import defined_names, grade_id, is_answer, rebuild, used_names


def labelled(cell: NotebookNode, name: str, **flags: object) -> NotebookNode:
    label = {"grade": False, "solution": False, "locked": False, "task": False}
    cell.metadata["nbgrader"] = {**label, "grade_id": name, "schema_version": 3, **flags}
    cell["id"] = name
    return cell


def text(source: str, name: str) -> NotebookNode:
    return labelled(new_markdown_cell(source), name, locked=True)


def answer(source: str, name: str) -> NotebookNode:
    return labelled(new_code_cell(source), name, solution=True)


def check(source: str, name: str) -> NotebookNode:
    return labelled(new_code_cell(source), name, grade=True, locked=True, points=2)


@pytest.fixture
def source() -> NotebookNode:
    hints = new_markdown_cell("Hint one.", metadata={"tags": ["self-study"]})
    written = labelled(new_markdown_cell("A model answer."), "t3", grade=True, solution=True,
                       points=5)  # fmt: skip
    return new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "mildip": {"edition": "0"},
        },
        cells=[
            text("# Two tasks", "title"),
            labelled(new_code_cell("import math"), "setup", locked=True),
            text("## Task 1: a circle has an area; give it for any radius.", "p1"),
            answer("def area(r):\n    return math.pi * r**2", "t1"),
            check("assert area(1) > 3\n### BEGIN HIDDEN TESTS\nassert area(0) == 0\n"
                  "### END HIDDEN TESTS", "t1_check"),
            hints,
            text("## Task 2: the longest word of a sentence, the first of several.", "p2"),
            answer("def longest(words):\n    return max(words.split(), key=len)", "t2"),
            check("assert longest('a bb') == 'bb'", "t2_check"),
            text("## Task 3: what did you learn about circles and words?", "p3"),
            written,
        ],
    )  # fmt: skip


STUBS = {"t1": "def area(r):\n    ...", "t2": "def longest(words):\n    ...", "t3": "Your words."}
DONE = {
    "t1": "def area(r):\n    return 3.14 * r * r",
    "t2": "def longest(words):\n    return sorted(words.split(), key=len)[-1]",
    "t3": "Much.",
}


@pytest.fixture
def released(source: NotebookNode) -> NotebookNode:
    nb = copy.deepcopy(source)
    nb.cells = [cell for cell in nb.cells if "self-study" not in cell.metadata.get("tags", [])]
    for cell in nb.cells:
        cell.source = STUBS.get(cell.id, cell.source).split("### BEGIN HIDDEN")[0].strip()
    return nb


@pytest.fixture
def done(released: NotebookNode) -> NotebookNode:
    nb = copy.deepcopy(released)
    for cell in nb.cells:
        cell.source = DONE.get(cell.id, cell.source)
    return nb


def at(nb: NotebookNode, name: str) -> NotebookNode:
    (cell,) = [cell for cell in nb.cells if grade_id(cell) == name]
    return cell


def answers(nb: NotebookNode) -> dict[str, str]:
    return {grade_id(cell): cell.source for cell in nb.cells if is_answer(cell)}


def own(nb: NotebookNode) -> list[str]:
    """The learner's own cells, each with what stands before it."""
    return [
        f"{grade_id(nb.cells[place - 1]) if place else 'top'}: {cell.source}"
        for place, cell in enumerate(nb.cells)
        if "nbgrader" not in cell.metadata
    ]


def stripped(nb: NotebookNode) -> NotebookNode:
    """As after Colab or copy and paste: the cells' metadata and ids are gone."""
    return new_notebook(
        cells=[
            new_code_cell(cell.source)
            if cell.cell_type == "code"
            else new_markdown_cell(cell.source)
            for cell in nb.cells
        ]
    )


def test_are_answers_taken_and_all_else_is_ours(source, released, done):
    rebuilt = rebuild(source, released, done)
    assert answers(rebuilt.nb) == DONE
    assert set(rebuilt.found.values()) == {"id"} and rebuilt.drift == []
    for name in ("title", "setup", "p1", "t1_check", "p2", "t2_check", "p3"):
        assert at(rebuilt.nb, name).source == at(source, name).source
    assert own(rebuilt.nb) == []
    assert "mildip" not in rebuilt.nb.metadata


def test_is_nothing_of_the_arguments_changed(source, released, done):
    before = [nbformat.writes(nb) for nb in (source, released, done)]
    rebuild(source, released, done)
    assert [nbformat.writes(nb) for nb in (source, released, done)] == before


def test_is_an_untouched_answer_known_as_such(source, released, done):
    at(done, "t2").source = STUBS["t2"] + "\n\n"
    rebuilt = rebuild(source, released, done).nb
    flags = {name: at(rebuilt, name).metadata.mildip.untouched for name in DONE}
    assert flags == {"t1": False, "t2": True, "t3": False}


def test_are_outputs_counts_and_claims_of_the_submission_ignored(source, released, done):
    cell = at(done, "t1")
    cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="full marks")], 9
    cell.metadata.nbgrader.points = 100
    cell.metadata.nbgrader.grade = True
    cell.metadata["mildip"] = {"untouched": False}
    at(done, "t2").source = STUBS["t2"]
    at(done, "t2").metadata["mildip"] = {"untouched": False}
    at(done, "t1_check").source = "pass"
    at(done, "t1_check").metadata.nbgrader.points = 100
    done.metadata.kernelspec = {"name": "other", "display_name": "Other"}
    nb = rebuild(source, released, done).nb
    assert at(nb, "t1").outputs == [] and at(nb, "t1").execution_count is None
    assert at(nb, "t1").metadata.nbgrader == at(source, "t1").metadata.nbgrader
    assert at(nb, "t2").metadata.mildip.untouched
    assert at(nb, "t1_check").source == at(source, "t1_check").source
    assert at(nb, "t1_check").metadata.nbgrader.points == 2
    assert nb.metadata.kernelspec.name == "python3"


def test_are_self_study_cells_left_out(source, released, done):
    done.cells.insert(5, new_markdown_cell("Hint one.", metadata={"tags": ["self-study"]}))
    nb = rebuild(source, released, done).nb
    assert not any("self-study" in cell.metadata.get("tags", []) for cell in nb.cells)


def test_are_answers_found_by_cell_id_when_labels_are_gone(source, released, done):
    for cell in done.cells:
        cell.metadata = NotebookNode()
    rebuilt = rebuild(source, released, done)
    assert answers(rebuilt.nb) == DONE and rebuilt.drift == [] and own(rebuilt.nb) == []


def test_are_answers_found_by_names_and_place_in_a_bare_copy(source, released, done):
    rebuilt = rebuild(source, released, stripped(done))
    assert answers(rebuilt.nb) == DONE
    assert rebuilt.found == {"t1": "names", "t2": "names", "t3": "place"}
    assert own(rebuilt.nb) == []
    assert rebuilt.drift == [
        "t1 was found by the names it defines",
        "t2 was found by the names it defines",
        "t3 was found by its place",
    ]


def test_is_an_answer_found_by_place_behind_a_prompt_that_was_touched(source, released, done):
    bare = stripped(done)
    bare.cells[5].source = bare.cells[5].source.replace("longest", "very longest")
    bare.cells[6].source = "find = lambda words: words"
    rebuilt = rebuild(source, released, bare)
    assert answers(rebuilt.nb)["t2"] == "find = lambda words: words"
    assert rebuilt.found["t2"] == "place"


def test_does_a_reordered_notebook_come_back_in_our_order(source, released, done):
    done.cells.reverse()
    nb = rebuild(source, released, done).nb
    expected = [grade_id(cell) for cell in released.cells]
    assert [grade_id(cell) for cell in nb.cells] == expected and answers(nb) == DONE


def test_does_a_bare_copy_in_another_order_give_each_answer_its_place(source, released, done):
    bare = stripped(done)
    bare.cells = [*bare.cells[5:8], *bare.cells[:5], *bare.cells[8:]]
    assert answers(rebuild(source, released, bare).nb) == DONE


def test_does_the_last_of_several_copies_count_and_the_others_stay(source, released, done):
    again = copy.deepcopy(at(done, "t1"))
    again.source = "def area(r):\n    return 0"
    done.cells.append(again)
    rebuilt = rebuild(source, released, done)
    assert answers(rebuilt.nb)["t1"] == "def area(r):\n    return 0"
    assert [DONE["t1"] in cell for cell in own(rebuilt.nb)] == [True]


def test_is_a_copied_check_dropped(source, released, done):
    done.cells.insert(0, copy.deepcopy(at(done, "t1_check")))
    nb = rebuild(source, released, done).nb
    assert sum("assert area" in cell.source for cell in nb.cells) == 1 and own(nb) == []


def test_is_a_deleted_answer_missing_and_a_deleted_check_restored(source, released, done):
    done.cells = [cell for cell in done.cells if cell.id not in ("t1", "t2_check", "setup")]
    rebuilt = rebuild(source, released, done)
    assert at(rebuilt.nb, "t1").source == STUBS["t1"]
    assert at(rebuilt.nb, "t1").metadata.mildip.untouched
    assert at(rebuilt.nb, "t2_check").source == at(source, "t2_check").source
    assert rebuilt.drift == ["t1 was not found; counted as not attempted"]


def test_does_a_retyped_answer_keep_its_text_and_our_kind(source, released, done):
    at(done, "t1")["cell_type"] = "markdown"
    at(done, "t3")["cell_type"] = "code"
    nb = rebuild(source, released, done).nb
    assert (at(nb, "t1").cell_type, at(nb, "t3").cell_type) == ("code", "markdown")
    assert answers(nb) == DONE


def test_is_a_check_relabelled_as_an_answer_still_ours(source, released, done):
    at(done, "t1_check").metadata.nbgrader |= {"solution": True, "grade": False, "locked": False}
    at(done, "t1_check").source = "assert True"
    nb = rebuild(source, released, done).nb
    assert at(nb, "t1_check").source == at(source, "t1_check").source
    assert at(nb, "t1_check").metadata.nbgrader.grade


def test_do_extra_cells_ride_along_behind_what_they_stood_behind(source, released, done):
    places = {cell.id: place for place, cell in enumerate(done.cells)}
    for name in ("t2", "p1", "setup"):
        done.cells.insert(places[name] + 1, new_code_cell(f"after_{name} = 1"))
    done.cells.insert(0, new_code_cell("first = 1"))
    done.cells.append(new_markdown_cell("last words"))
    assert own(rebuild(source, released, done).nb) == [
        "top: first = 1",
        "setup: after_setup = 1",
        "p1: after_p1 = 1",
        "t2: after_t2 = 1",
        "t3: last words",
    ]


def test_do_several_extra_cells_keep_their_order(source, released, done):
    place = next(i for i, cell in enumerate(done.cells) if cell.id == "t1")
    done.cells[place:place] = [new_code_cell("a = 1"), new_code_cell("b = a")]
    assert [line.split(": ")[1] for line in own(rebuild(source, released, done).nb)] == [
        "a = 1",
        "b = a",
    ]


def test_does_an_extra_cell_keep_nothing_it_claims(source, released, done):
    claim = check("print('mine')", "made_up")
    claim.metadata["tags"] = ["raises-exception"]
    done.cells.append(claim)
    rebuilt = rebuild(source, released, done).nb
    assert rebuilt.cells[-1].source == "print('mine')"
    assert rebuilt.cells[-1].metadata == {}


@pytest.mark.parametrize(
    "label",
    [None, 5, "locked", [], {"grade_id": None}, {"grade_id": 7}, {"grade_id": ["t1"]}, {}],
    ids=str,
)
def test_is_a_senseless_label_read_as_none(source, released, done, label):
    for cell in done.cells:
        cell.metadata["nbgrader"] = label
    assert answers(rebuild(source, released, done).nb) == DONE


def test_is_a_notebook_without_cells_all_not_attempted(source, released):
    rebuilt = rebuild(source, released, new_notebook())
    assert answers(rebuilt.nb) == STUBS and set(rebuilt.found.values()) == {"missing"}


def test_is_anothers_notebook_not_taken_for_answers(source, released):
    foreign = new_notebook(cells=[new_code_cell("import os"), new_markdown_cell("A diary.")])
    rebuilt = rebuild(source, released, foreign)
    assert answers(rebuilt.nb) == STUBS and set(rebuilt.found.values()) == {"missing"}
    assert len(own(rebuilt.nb)) == 2


def test_does_our_own_source_give_our_own_answers(source, released):
    rebuilt = rebuild(source, released, source)
    assert answers(rebuilt.nb) == answers(source) and own(rebuilt.nb) == []


def test_can_what_was_rebuilt_be_written_and_read_without_a_warning(source, released, done):
    done.cells.append(new_code_cell("mine = 1"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = nbformat.reads(nbformat.writes(rebuild(source, released, done).nb), 4)
    nbformat.validate(again)
    ids = [cell.id for cell in again.cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a = b = 1", {"a", "b"}),
        ("a, (b, *c) = 1, (2, 3)", {"a", "b", "c"}),
        ("def f(x):\n    inner = 1", {"f"}),
        ("class C:\n    field = 1", {"C"}),
        ("async def f(): pass", {"f"}),
        ("import a.b, c as d\nfrom e import f as g", {"a", "d", "g"}),
        ("for i in x:\n    total = i", {"i", "total"}),
        ("with x as y: pass", {"y"}),
        ("if (n := 1): m = 2", {"n", "m"}),
        ("a += 1", {"a"}),
        ("x: int = 1", {"x"}),
        ("[i for i in x]", set()),
        ("lambda y: y", set()),
        ("x.a = 1\nx[0] = 2", set()),
        ("%matplotlib inline\n!ls\nz = 1", {"z"}),
        ("def broken(:", set()),
        ("x = '\0'", set()),
        ("", set()),
    ],
)
def test_are_the_names_a_cell_defines_those_at_its_top(code, names):
    assert defined_names(code) == names


def test_are_all_names_a_cell_uses_found():
    assert used_names("%time\nf(a, b=c)[d].e") == {"f", "a", "c", "d"}
    assert used_names("def broken(:") == set()


def test_is_code_nested_without_end_no_names_rather_than_an_error():
    deep = "(" * 5000 + ")" * 5000
    assert defined_names(deep) == set() and used_names(deep) == set()

"""Covers course/tally.py: what an answer is, which lines of a review count as recomputed, each
module and all together, and that the front page says the same.

Leaves out points, which belong to any nbgrader course (tests/autograder/test_cli).
"""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import data, syllabus, tally
from course.places import ROOT

ALL = [module.folder for module in syllabus.modules()]


@pytest.mark.parametrize(
    ("answer", "check", "kind"),
    [
        (new_markdown_cell("text", id="m07_t1"), "", "written"),
        (new_code_cell("def f(x):\n    return x", id="m07_t1"), "expect(f).on(1)", "code"),
        (new_code_cell("answers = {'a': None}", id="m07_t1"), "expect(answers)", "concept"),
        (new_code_cell("def f(x):\n    return x", id="m07_t1"), "expect(f).labelled()", "figure"),
    ],
)
def test_is_an_answer_of_its_kind(answer, check, kind):
    cells = [answer, new_code_cell(check, id="m07_t1_check"), new_code_cell(".panels(", id="x")]
    assert tally.kind(new_notebook(cells=cells), answer) == kind


def test_counts_a_line_of_the_review_only_if_its_test_exists(tmp_path, monkeypatch):
    monkeypatch.setattr(tally, "ROOT", tmp_path)
    monkeypatch.setattr(tally, "_tests", lambda: {"test_is_it_so"})
    module = syllabus.module("m07")
    assert tally.figures(module) is None
    (tmp_path / "tests").mkdir()
    assert tally.figures(module) == 0
    page = tmp_path / "docs" / "review" / "m07.md"
    page.parent.mkdir(parents=True)
    page.write_text(
        "# Review\n\n| 1 | `test_is_it_so` |\n\n## Figures\n\n| figure | test |\n| --- | --- |\n"
        "| 7 | `test_is_it_so[a]`, `test_is_it_so` |\n| 8 | `test_is_it_not` |\n| 9 | the same |\n"
        "\n## Notes\n\n| 5 | `test_is_it_so` |\n",
        "utf-8",
    )
    assert tally.figures(module) == 1


def test_do_modules_add_up_and_data_count_once():
    each, total = tally.tally(ALL)
    assert list(each) == ALL
    for name in ("figures", "bank_answers", "minutes"):
        assert total[name] == sum(one[name] for one in each.values()) > 0
    used = {name for module in syllabus.modules() for name in module.datasets}
    assert total["datasets"] == len(used)
    assert total["rows"] == sum(len(data.load(name)) for name in used)
    assert total["tasks"]["figure"] >= len(ALL) - 2


def test_does_a_module_of_another_course_count_for_nothing():
    assert tally.tally(["m01_sums"]) == ({}, {})


def test_has_each_graded_module_data_answers_figures_and_time():
    each, _ = tally.tally(ALL)
    for folder, one in each.items():
        # The capstone has one code task; all else in it is written.
        assert one["bank_answers"] > (20 if folder == "m15_capstone" else 30), folder
        assert one["rows"] > 100, folder
        assert one["figures"] >= 5 or folder.split("_")[0] in {"m00", "m15"}, folder


def test_are_the_numbers_of_the_front_page_those_of_the_course():
    line = tally.line(tally.tally(ALL)[1])
    shown = (ROOT / "README.md").read_text("utf-8")
    assert line in shown, f"put in what `python -m course.tally` prints: {line}"

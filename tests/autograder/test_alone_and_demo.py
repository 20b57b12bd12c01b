"""A learner alone, and the demo: both must give the same marks as a class gets.

Left out: the size of the real demo, which `make demo` times.
"""

import os

import pytest

from autograder import demo
from autograder.alone import mark
from autograder.classroom import Problem, WrongUsage
from autograder.grading import How


def test_does_a_learner_alone_get_the_marks_of_a_class(released_once, tiny, tmp_path):
    source = released_once.step("source") / "m01_sums" / "sums.ipynb"
    nb = tiny.answered(tiny.released(released_once), m01_t1=tiny.WRONG)
    path = tiny.hand_in(tmp_path, "me", nb, "my own name")
    assert mark(path, source) == [
        {
            "task": "m01_t1",
            "check": "m01_t1_check",
            "name": "Task 1.1: twice a number.",
            "points": 0.0,
            "max": 2.0,
            "outcome": "not yet",
            "message": "twice 2 was expected to be 4",
        },
        {
            "task": "m01_t1",
            "check": "m01_t1_check_more",
            "name": "m01_t1_check_more",
            "points": 0.0,
            "max": 1.5,
            "outcome": "did not pass",
            "message": "This check did not pass (AssertionError).",
        },
    ]


def test_does_a_damaged_notebook_alone_say_what_to_do(released_once, tmp_path):
    source = released_once.step("source") / "m01_sums" / "sums.ipynb"
    (tmp_path / "sums.ipynb").write_text("{")
    with pytest.raises(Problem, match="cut off"):
        mark(tmp_path / "sums.ipynb", source)


def test_does_nobody_mark_alone_as_root_without_walls(released_once, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    source = released_once.step("source") / "m01_sums" / "sums.ipynb"
    with pytest.raises(WrongUsage, match="not done as root"):
        mark(tmp_path / "sums.ipynb", source, how=How(sandbox="none"))


def test_does_the_demo_need_an_answer_bank(course, tmp_path):
    with pytest.raises(Problem, match="no answer bank"):
        demo.banks(course, tmp_path)


@pytest.mark.slow
def test_has_every_learner_of_the_demo_the_mark_that_is_due(course, tiny, tmp_path):
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "m01_sums.toml").write_text(tiny.BANK_SUMS)
    (tmp_path / "bank" / "m02_words.toml").write_text(tiny.BANK_WORDS)
    counted = {}

    def track(what, count):
        counted[what] = [0, count]

        def step():
            counted[what][0] += 1

        return step

    found = demo.run(course, tmp_path / "bank", track)
    assert len(found) == 2 * len(demo.CLASS) and 8 <= len(demo.CLASS) <= 12
    assert [one for one in found if not one.same] == []
    assert {"refused", "graded"} <= {one.status for one in found}
    assert {one.has for one in found} == {0, 3, 3.5}
    assert all(done == count for done, count in counted.values())
    assert (course.room / "report.html").exists() and (course.room / "marks.csv").exists()
    assert len(list(course.step("feedback").rglob("*.html"))) == len(found)


def test_does_the_demo_need_a_module_with_points(course, tiny, tmp_path):
    (tmp_path / "m01_sums.toml").write_text(tiny.BANK_SUMS)
    with pytest.raises(Problem, match="points and an answer bank"):
        demo.run(course, tmp_path, lambda what, count: lambda: None, ["m02_words"])


@pytest.mark.parametrize(
    ("has", "differing", "same"),
    [(3.0, [], True), (3.0, ["a", "b"], False), (2.0, ["a"], False), (None, [], False)],
)
def test_does_a_wrong_mark_show(has, differing, same):
    made = demo.Outcome(demo.CLASS[0], "m", has, 3.0, 4.0, "graded", differing)
    assert made.same == same

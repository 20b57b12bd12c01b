"""Covers `mildip bench` run tiny: its keys, their kinds, and that all gradings give the same.

Leaves out how fast anything is: rates depend on the machine, and `docs/speed.md` has some.
"""

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from autograder import bench
from autograder.cli import app
from autograder.settings import CONFIG_FILE
from course import places

KEYS = {
    "stock_per_s",
    "engine_one_worker_per_s",
    "engine_per_s",
    "floor_per_s",
    "ratio_to_stock",
    "share_of_floor",
    "kernel_pss_mb",
}


@pytest.fixture(scope="module")
def measured(tiny, tmp_path_factory) -> dict:
    """What `mildip bench --json` prints for a course of two tiny modules, one with a bank."""
    top = tmp_path_factory.mktemp("bench")
    (top / "bank").mkdir()
    (top / "bank" / "m01_sums.toml").write_text(tiny.BANK_SUMS)
    (top / "config.py").write_text(CONFIG_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "NOTEBOOKS", tiny.write_sources(top / "sources"))
        patch.setattr(places, "ANSWERS", top / "bank")
        patch.setattr(places, "CONFIG", top / "config.py")
        done = CliRunner().invoke(app, ["bench", "--short", "3", "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.slow
def test_does_each_course_have_every_figure(measured):
    assert set(measured) == {"short", "real"}
    for course in measured.values():
        assert course.keys() >= KEYS
        assert all(course[key] > 0 for key in KEYS)
        assert set(course["modules"]) and course["submissions"] == 3


@pytest.mark.slow
def test_do_stock_nbgrader_and_the_engine_give_the_same_marks(measured):
    for course in measured.values():
        assert course["marks_equal"] is True, course["marks_differing"]


@pytest.mark.slow
def test_are_the_ratios_those_of_the_rates(measured):
    for course in measured.values():
        ratio = course["engine_per_s"] / course["stock_per_s"]
        share = course["engine_per_s"] / course["floor_per_s"]
        assert course["ratio_to_stock"] == pytest.approx(ratio)
        assert course["share_of_floor"] == pytest.approx(share)


def test_are_right_and_wrong_answers_handed_in(tmp_path):
    course, handed_in = bench.short_course(tmp_path / "short", 3)
    (notebooks,) = handed_in.values()
    texts = [tuple(cell.source for cell in nb.cells) for nb in notebooks]
    assert len(set(texts)) == 3
    assert course.modules() == list(handed_in)


def test_is_a_mark_that_differs_told_with_learner_and_check():
    one = {"ann": {"t1": 1.0, "t2": 0.0}, "bob": {"t1": 1.0}}
    other = {"ann": {"t1": 1.0, "t2": None}, "bob": {"t1": 1.0}}
    assert bench._differing(one, other) == {"ann: t2"}
    assert bench._differing(one, one) == set()


def test_do_modules_together_weigh_by_their_time():
    slow = dict.fromkeys((f.name for f in dataclasses.fields(bench.Speed)), 1.0)
    slow |= {"submissions": 10, "marks_equal": True, "marks_differing": []}
    fast = slow | {"engine_per_s": 4.0, "kernel_pss_mb": 3.0}
    both = bench.together({"slow": bench.Speed(**slow), "fast": bench.Speed(**fast)})
    assert both.engine_per_s == pytest.approx(20 / (10 / 1 + 10 / 4))
    assert both.ratio_to_stock == pytest.approx(both.engine_per_s / both.stock_per_s)
    assert both.kernel_pss_mb == 3.0 and both.submissions == 20

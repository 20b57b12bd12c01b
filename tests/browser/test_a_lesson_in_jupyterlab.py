"""Covers one learner's way through a lesson in JupyterLab in Chromium: run, read a check, fail it,
mend it, press Validate, keep the work.

Leaves out the content of other lessons (tests/notebooks) and grading (tests/autograder).
"""

import json

import pytest

from course.check import MORE_LATER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TASK, CHECK = "m07_t2", "m07_t2_check"

WRONG = """def total_uniformed(c, date):
    return int(c[c["date"] == date]["troops"].sum())
"""
RIGHT = """def total_uniformed(c, date):
    rows = c[c["date"] == date]
    return int(sum(rows[kind].fillna(0).sum() for kind in ["troops", "police", "experts"]))
"""


def test_can_a_learner_fail_a_check_mend_it_validate_and_keep_the_work(open_lesson, lab, tmp_path):
    lesson = open_lesson("m07")

    lesson.cell("m07_t1").locator(".jp-InputPrompt").click()
    lesson.choose("Run", "Run All Above Selected Cell")
    lesson.run("m07_t1")
    assert "not attempted" in lesson.run("m07_t1_check_people")

    lesson.run(TASK)
    said = lesson.run(CHECK)
    assert "○ not attempted" in said
    assert "Traceback" not in said

    lesson.write(TASK, WRONG)
    lesson.run(TASK)
    said = lesson.run(CHECK)
    assert "✓ right · a whole number" in said
    assert "✗ not yet · the sanity number" in said
    assert "Traceback" not in said
    lesson.page.screenshot(path=tmp_path / "not-yet.png")

    lesson.write(TASK, "def total_uniformed(c, date):\n    return c.nothing_like_it\n")
    lesson.run(TASK)
    said = lesson.run(CHECK)
    assert "! broke" in said
    assert "AttributeError" in said

    lesson.write(TASK, RIGHT)
    lesson.run(TASK)
    said = lesson.run(CHECK)
    assert "✓ right · the sanity number" in said
    assert MORE_LATER in said
    assert "not yet" not in said
    lesson.page.screenshot(path=tmp_path / "right.png")

    lesson.page.get_by_role("button", name="Validate").click()
    dialog = lesson.page.locator(".jp-Dialog", has_text="Validation Results")
    dialog.wait_for(timeout=120_000)
    shown = dialog.inner_text()
    lesson.page.screenshot(path=tmp_path / "validate.png")
    assert "not attempted · m07_t1" in shown
    assert "not attempted · m07_t2" not in shown
    assert "HIDDEN" not in shown
    dialog.get_by_role("button", name="Ok").click()

    assert "Kept" in lesson.run("m07_keep")
    kept = json.loads(
        (lab.folder / "m07_un_peacekeeping_who_serves" / "m07-my-work.json").read_text()
    )
    assert kept["answers"][TASK] == RIGHT.rstrip("\n") or kept["answers"][TASK] == RIGHT

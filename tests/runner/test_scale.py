"""The measurements of `scale.py`, small: they run, and every work comes out as it is to.

Left out: figures. They are measured by hand on a quiet machine and stand in docs/scale.md.
"""

import pytest
import scale

from autograder import gradebook, grading
from autograder.grading import How


@pytest.mark.slow
def test_does_a_class_come_out_as_expected_with_figures(released_light, tmp_path, tell):
    found = scale.a_class(released_light, tmp_path, 24)
    assert found["submissions"] == found["as_expected"] == 24
    assert found["per_s"] > 0 and len(found["parent_mb"]) == 2
    tell(str(found))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_does_a_large_gradebook_hold_each_submission_once(
    kind, released_light, light, tmp_path, request, tell
):
    course = light.copy(released_light, tmp_path / "class")
    if kind == "postgresql":
        course = request.getfixturevalue("database")(course)
        scale.release(course, light.MODULE)
    found = scale.big_gradebook(course, 200)
    assert len(gradebook.submissions(course)) == found["submissions"] == 200
    tell(f"{kind} {found}")


def test_are_no_more_jobs_read_ahead_than_workers_need(a_class, light, monkeypatch):
    course = a_class(12)
    read = []
    whole = grading._bytes_or_refusal
    monkeypatch.setattr(
        grading, "_bytes_or_refusal", lambda *given: read.append(1) or whole(*given)
    )
    results = grading.grade(course, grading.pending(course), How(workers=0))
    next(results)
    assert len(read) < 12
    assert len(list(results)) == 11

"""Grading: whose marks come out how, what an attack on the labels earns, what is tried again.

One small class is graded once (see `conftest.py`). Left out: hostile code, which has its own
suite in `tests/threats`.
"""

import os

import nbformat
import pytest

from autograder import gradebook, grading
from autograder.classroom import Problem, WrongUsage
from autograder.grading import How, Job, grade, pending
from autograder.intake.collect import collect_folder
from autograder.release import release
from autograder.runner import run as runner


def row(course, learner):
    return next(r for r in gradebook.rows(course) if (r.learner, r.module) == (learner, "m01_sums"))


def marks(course, learner) -> dict:
    with course.gradebook() as gb:
        submission = gb.find_submission("m01_sums", course.roster.enrol(learner).folder)
        return {mark.cell: mark.points for mark in gradebook.marks(submission)}


def graded_again(course, source) -> list:
    collect_folder(course, source)
    return list(grade(course, pending(course), How(workers=0)))


@pytest.mark.parametrize(
    ("learner", "status", "automatic", "written"),
    [
        ("right", "written part not yet graded", 3.5, None),
        ("wrong", "graded", 0, 0),
        ("untouched", "graded", 0, 0),
        ("talkative", "graded", 0, 0),
        ("tampered", "written part not yet graded", 0, None),
        ("without check", "graded", 3.5, 0),
        ("quitting", "died", 0, 0),
        ("damaged", "refused", 0, 0),
    ],
)
def test_does_each_learner_get_the_mark_due(graded, learner, status, automatic, written):
    got = row(graded, learner)
    assert (got.status, got.automatic, got.written) == (status, automatic, written)
    assert (got.automatic_max, got.written_max) == (3.5, 10)
    assert got.total == (None if written is None else automatic + written)


def test_does_everyone_have_a_mark_for_every_check(graded):
    for learner in ("without check", "quitting", "damaged"):
        assert set(marks(graded, learner)) == {"m01_t1_check", "m01_t1_check_more", "m01_t2"}
        assert None not in marks(graded, learner).values()


def test_does_a_reason_come_with_every_refusal(graded):
    assert "cut off" in row(graded, "damaged").reason
    assert "exit()" in row(graded, "quitting").reason
    assert row(graded, "right").reason is None


def test_is_late_late_and_in_time_not(graded):
    assert row(graded, "wrong").late_seconds == 3600
    assert row(graded, "right").late_seconds == 0


def test_is_a_learner_without_work_on_the_list_without_marks(graded):
    rows = [r for r in gradebook.rows(graded) if r.module == "m02_words"]
    assert {r.status for r in rows} == {"not handed in"}
    assert {(r.automatic, r.written, r.total) for r in rows} == {(None, None, None)}


def test_does_the_log_say_who_what_and_how_long(graded):
    events = {event["learner"]: event for event in graded.events("grade")}
    assert events["right"]["result"] == "graded"
    assert events["right"]["edition"] == grading.released_edition(graded, "m01_sums")
    assert len(events["right"]["submission"]) == 12 and events["right"]["seconds"] > 0
    assert events["right"]["sandbox"] in ("bwrap", "landlock")
    assert set(events["right"]["cells"]["sums"]) >= {"m01_t1", "m01_t1_check"}


def test_is_nothing_graded_twice(graded):
    assert pending(graded) == []


def test_does_the_learners_code_leave_no_file_behind(graded):
    folder = graded.roster.enrol("talkative").folder
    left = {path.name for path in (graded.step("autograded") / folder).rglob("*.*")}
    assert left == {"sums.ipynb", "timestamp.txt"}  # nbgrader tells a new attempt by the latter


def test_do_old_marks_not_survive_a_refused_attempt(open_course, tiny, tmp_path):
    nb = tiny.answered(tiny.released(open_course), m01_t1=tiny.RIGHT, m01_t2="My words.")
    tiny.hand_in(tmp_path / "in", "ann", nb, at=1_000_000)
    assert [one.result for one in graded_again(open_course, tmp_path / "in")] == ["graded"]
    with open_course.gradebook() as gb:
        gb.find_grade("m01_t2", "sums", "m01_sums", "learner-001").manual_score = 8
        gb.db.commit()
    assert row(open_course, "ann").total == 11.5

    tiny.hand_in(tmp_path / "in", "ann", nbformat.writes(nb).encode()[:-200], at=1_000_060)
    collect_folder(open_course, tmp_path / "in")
    waiting = row(open_course, "ann")
    assert (waiting.status, waiting.automatic, waiting.total) == ("not graded yet", None, None)
    assert [one.result for one in graded_again(open_course, tmp_path / "in")] == ["refused"]
    assert set(marks(open_course, "ann").values()) == {0.0}
    assert not (open_course.step("autograded") / "learner-001" / "m01_sums").exists()

    tiny.hand_in(tmp_path / "in", "ann", nb, at=1_000_120)
    assert [one.result for one in graded_again(open_course, tmp_path / "in")] == ["graded"]
    assert (row(open_course, "ann").automatic, row(open_course, "ann").written) == (3.5, None)


def test_is_work_graded_again_when_the_lesson_is_corrected(open_course, tiny, tmp_path):
    answer = "def shout(text):\n    return text.upper()"
    nb = tiny.answered(tiny.released(open_course, "m02_words"), m02_t1=answer)
    tiny.hand_in(tmp_path / "in", "ann", nb, "words")
    graded_again(open_course, tmp_path / "in")
    source = open_course.step("source") / "m02_words" / "words.ipynb"
    corrected = nbformat.read(source, as_version=4)
    corrected.cells[2].source += "\nassert shout('') == 'nothing'"
    nbformat.write(corrected, source)
    assert pending(open_course) == []
    release(open_course, "m02_words")
    (again,) = grade(open_course, pending(open_course), How(workers=0))
    (result,) = [r for r in gradebook.rows(open_course) if r.module == "m02_words"]
    # The edition handed in is the one it is judged by: a later correction harms nobody.
    assert (again.result, result.automatic) == ("graded", 3)


def test_is_work_graded_again_when_the_gradebook_is_lost(open_course, tiny, tmp_path):
    tiny.hand_in(tmp_path / "in", "ann", b"not a notebook")
    assert len(graded_again(open_course, tmp_path / "in")) == 1 and not pending(open_course)
    (open_course.room / "gradebook.db").unlink()
    release(open_course, "m01_sums")
    assert row(open_course, "ann").status == "not graded yet" and len(pending(open_course)) == 1


def test_is_trouble_of_ours_never_a_zero_and_tried_again(open_course, tiny, tmp_path, monkeypatch):
    tiny.hand_in(
        tmp_path / "in", "ann", tiny.answered(tiny.released(open_course), m01_t1=tiny.RIGHT)
    )
    collect_folder(open_course, tmp_path / "in")
    list(grade(open_course, [], How(workers=0)))
    tried = []

    def full_disk(job):
        tried.append(job)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner.run, "__defaults__", (full_disk,))
    (result,) = grade(open_course, pending(open_course), How(workers=0))
    assert result.result == "infrastructure" and "No space left" in result.detail
    assert len(tried) == runner.TRIES
    assert row(open_course, "ann").automatic is None
    monkeypatch.undo()
    (result,) = grade(open_course, pending(open_course), How(workers=0))
    assert result.result == "graded" and row(open_course, "ann").automatic == 3.5


def test_is_grading_without_walls_as_root_refused_before_anything_runs(open_course, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    job = Job("learner-001", "m01_sums", "e", "s")
    with pytest.raises(WrongUsage, match="not done as root"):
        grade(open_course, [job], How(sandbox="none"))
    assert list(open_course.events("grade")) == []


def test_is_an_unknown_sandbox_refused(open_course):
    with pytest.raises(WrongUsage, match="bwrap, landlock, none"):
        grade(open_course, [], How(sandbox="jail"))


def test_does_the_same_work_cost_nothing_twice(open_course, tiny, tmp_path, monkeypatch):
    nb = tiny.answered(tiny.released(open_course), m01_t1=tiny.RIGHT)
    for learner in ("ann", "bo"):
        tiny.hand_in(tmp_path / "in", learner, nb)
        (result,) = graded_again(open_course, tmp_path / "in")
        assert result.result == "graded" and row(open_course, learner).automatic == 3.5
        monkeypatch.setattr(runner.run, "__defaults__", (None,))  # nothing is run from now on
    first, second = open_course.events("grade")
    assert first["verdicts"] == second["verdicts"] and first["learner"] != second["learner"]


def test_is_the_gradebook_copied_before_a_run(open_course, tiny, tmp_path):
    tiny.hand_in(tmp_path / "in", "ann", tiny.released(open_course))
    before = (open_course.room / "gradebook.db").read_bytes()
    graded_again(open_course, tmp_path / "in")
    (copy,) = (open_course.room / "backups").glob("gradebook-*.db")
    assert copy.read_bytes() == before


def test_do_shards_merge_to_what_one_run_gives(open_course, tiny, tmp_path):
    for learner, answer in {"ann": tiny.RIGHT, "bo": tiny.WRONG, "cy": tiny.RIGHT}.items():
        tiny.hand_in(
            tmp_path / "in", learner, tiny.answered(tiny.released(open_course), m01_t1=answer)
        )
    collect_folder(open_course, tmp_path / "in")
    jobs = pending(open_course)
    for part in range(2):
        path = open_course.room / "shards" / f"{part}.jsonl"
        share = grading.shard(jobs, part, 2)
        list(grading.grade_to_file(open_course, share, path, How(workers=0)))
        assert row(open_course, "ann").status == "not graded yet"
    paths = sorted((open_course.room / "shards").glob("*.jsonl"))
    assert len(list(grading.merge(open_course, paths))) == 3
    assert [row(open_course, x).automatic for x in ("ann", "bo", "cy")] == [3.5, 0, 3.5]
    assert list(grading.merge(open_course, paths)) == []


def test_does_work_for_a_module_never_released_say_so(course):
    (course.step("submitted") / "learner-001" / "m01_sums").mkdir(parents=True)
    with pytest.raises(Problem, match="mildip release m01_sums"):
        pending(course)


def test_does_an_empty_folder_count_as_no_notebook(open_course):
    folder = open_course.step("submitted") / "learner-001" / "m01_sums"
    folder.mkdir(parents=True)
    (result,) = grade(open_course, pending(open_course), How(workers=0))
    assert result.result == "refused" and "sums.ipynb is not among" in result.reason

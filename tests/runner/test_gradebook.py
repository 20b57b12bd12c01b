"""The gradebook's writer, into SQLite and PostgreSQL: whole rows, one transaction, nothing kept.

nbgrader's own functions say what must come of it. Also the whole cycle on PostgreSQL and what
becomes of backups there. Left out: rates, which `scale.py` measures by hand.
"""

import pytest
from nbgrader.api import MissingEntry
from sqlalchemy import event

from autograder import gradebook, grading
from autograder.classroom import Course, Learner, Problem
from autograder.exports.csv import as_csv
from autograder.feedback import write_feedback
from autograder.grading import How
from autograder.release import release

ANN = Learner("ann", "Ann", "ann@example.org", "learner-00001")
RIGHT = {"t1_check": 2.0, "t2_check": 1.5, "t3": None}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, released_light, light, tmp_path) -> Course:
    """The light course in either database, released, without learners."""
    course = light.copy(released_light, tmp_path / "class")
    if request.param == "postgresql":
        course = request.getfixturevalue("database")(course)
        release(course, light.MODULE)
    return course


def marks(gb, light) -> dict:
    gb.db.expire_all()
    submission = gb.find_submission(light.MODULE, ANN.folder)
    return {one.cell: (one.points, one.by_hand) for one in gradebook.marks(submission)}


def test_does_a_first_attempt_get_the_rows_that_nbgrader_makes(empty, light):
    with empty.gradebook() as gb:
        gb.update_or_create_student("other")
        theirs = gb.add_submission(light.MODULE, "other")
        gradebook.write_scores(gb, ANN, light.MODULE, None, {light.NAME: RIGHT})
        ours = gb.find_submission(light.MODULE, ANN.folder)
        for rows in ("grades", "comments"):
            there = [getattr(one.notebooks[0], rows) for one in (ours, theirs)]
            assert len({tuple(sorted((r.name, r.cell.type) for r in one)) for one in there}) == 1
        assert marks(gb, light) == {
            "t1_check": (2.0, False), "t2_check": (1.5, False), "t3": (None, False)
        }  # fmt: skip
        student = gb.find_student(ANN.folder)
        assert (student.first_name, student.email) == ("Ann", "ann@example.org")
        assert (ours.score, ours.needs_manual_grade, ours.max_score) == (3.5, True, 7.5)


def test_is_nothing_carried_over_but_what_a_reader_gave(empty, light):
    with empty.gradebook() as gb:
        gradebook.write_scores(gb, ANN, light.MODULE, None, {light.NAME: RIGHT})
        gb.find_grade("t3", light.NAME, light.MODULE, ANN.folder).manual_score = 3
        gb.find_grade("t1_check", light.NAME, light.MODULE, ANN.folder).extra_credit = 1
        gb.db.commit()
        again = {"t1_check": 0.0, "t2_check": 1.5, "t3": None}
        gradebook.write_scores(gb, ANN, light.MODULE, None, {light.NAME: again})
        assert marks(gb, light)["t3"] == (3.0, True)
        assert marks(gb, light)["t1_check"] == (1.0, False)  # none earned, one given by a reader
        grade = gb.find_grade("t3", light.NAME, light.MODULE, ANN.folder)
        assert grade.needs_manual_grade  # the reader is asked again


def test_does_a_refused_attempt_cost_every_mark(empty, light):
    with empty.gradebook() as gb:
        gradebook.write_scores(gb, ANN, light.MODULE, None, {light.NAME: RIGHT})
        gb.find_grade("t3", light.NAME, light.MODULE, ANN.folder).manual_score = 3
        gb.db.commit()
        missing = gradebook.write_scores(gb, ANN, light.MODULE, None, {light.NAME: {}})
        assert missing == {light.NAME: ["t1_check", "t2_check", "t3"]}
        assert set(marks(gb, light).values()) == {(0.0, False)}


def test_is_an_empty_written_answer_commented_as_nbgrader_does(empty, light):
    with empty.gradebook() as gb:
        for score, comment in ((0.0, "No response."), (None, None)):
            scores = {light.NAME: RIGHT | {"t3": score}}
            gradebook.write_scores(gb, ANN, light.MODULE, None, scores)
            gb.db.expire_all()
            found = gb.find_comment("t3", light.NAME, light.MODULE, ANN.folder)
            assert found.comment == comment


def test_is_a_submission_written_in_one_transaction(empty, light):
    with empty.gradebook() as gb:
        commits = []
        event.listen(gb.engine, "commit", commits.append)
        for _ in range(2):
            commits.clear()
            gradebook.write_scores(gb, ANN, light.MODULE, None, {light.NAME: RIGHT})
            assert len(commits) == 1


def test_does_a_failure_half_way_leave_nothing(empty, light):
    with empty.gradebook() as gb:

        @event.listens_for(gb.engine, "before_cursor_execute")
        def fail(conn, cursor, statement, *rest):
            if statement.startswith("UPDATE grade"):
                raise InterruptedError("killed here")

        with pytest.raises(InterruptedError):
            gradebook.write_scores(gb, ANN, light.MODULE, None, {light.NAME: RIGHT})
    with empty.gradebook() as gb, pytest.raises(MissingEntry):
        gb.find_submission(light.MODULE, ANN.folder)
    assert gradebook.submissions(empty) == set()


def test_is_a_module_that_is_not_in_the_gradebook_an_error(empty):
    with empty.gradebook() as gb, pytest.raises(MissingEntry, match="m99"):
        gradebook.write_scores(gb, ANN, "m99", None, {})


@pytest.mark.slow
def test_does_the_whole_cycle_run_on_postgresql(
    released_light, light, tmp_path, database, outcome, a_class
):
    course = database(light.copy(released_light, tmp_path / "on postgresql"))
    release(course, light.MODULE)
    light.hand_in(course, 6)
    lite = a_class(6)
    for one in (course, lite):
        list(grading.grade(one, grading.pending(one), How(workers=0)))
    assert outcome(course) == outcome(lite)
    assert gradebook.rows(course) == gradebook.rows(lite)
    assert as_csv(gradebook.rows(course)) == as_csv(gradebook.rows(lite))
    for row in gradebook.rows(course):
        assert write_feedback(course, row)
    # A server has backups of its own; only a file is copied aside.
    assert not (course.room / "backups").exists() and (lite.room / "backups").exists()

    # What formgrader asks for when it shows a class, an assignment and a submission.
    answers = []
    for one in (course, lite):
        with one.gradebook() as gb:
            students = gb.student_dicts()
            submissions = gb.submission_dicts(light.MODULE)
            notebooks = gb.notebook_submission_dicts(light.NAME, light.MODULE)
            (assignment,) = gb.assignments
            average = gb.average_assignment_score(light.MODULE)
        for row in (*submissions, *notebooks, *students):
            row.pop("id", None)
        answers.append(
            [
                sorted(map(str, submissions)),
                sorted(map(str, notebooks)),
                len(students),
                assignment.num_submissions,
                average,
            ]
        )
    assert answers[0] == answers[1]


def test_does_a_database_that_is_gone_say_so_and_keep_what_was_graded(
    released_light, light, tmp_path, database, server
):
    course = database(light.copy(released_light, tmp_path / "class"))
    release(course, light.MODULE)
    light.hand_in(course, 4)
    results = grading.grade(course, grading.pending(course), How(workers=0))
    first = next(results)
    server.kill()
    with pytest.raises(Problem, match=r"(?s)does not answer.*the same command does the rest"):
        list(results)
    server.start()
    assert first.job not in grading.pending(course)
    assert len(list(grading.grade(course, grading.pending(course), How(workers=0)))) == 3

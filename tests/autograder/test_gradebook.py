"""The class as the gradebook has it: equal to what nbgrader's own objects say, in few queries.

Left out: how marks are written, which tests/runner/test_gradebook.py shows on both databases.
"""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import event

from autograder import gradebook
from autograder.classroom import Course, Learner
from autograder.gradebook import Mark
from autograder.insight.report import report


def as_nbgrader_says(submission) -> list[Mark]:
    """The marks of a submission, walked object by object."""
    found = []
    for notebook in submission.notebooks:
        answers = {cell.name for cell in notebook.notebook.solution_cells}
        comments = {comment.name: comment.manual_comment for comment in notebook.comments}
        for grade in notebook.grades:
            nobody_yet = grade.auto_score is None and grade.manual_score is None
            awaited = grade.needs_manual_grade and grade.manual_score is None
            found.append(
                Mark(
                    notebook=notebook.name,
                    cell=grade.name,
                    written=grade.name in answers or grade.cell_type != "code",
                    points=None if nobody_yet or awaited else grade.score,
                    max_points=grade.max_score,
                    by_hand=grade.manual_score is not None,
                    comment=comments.get(grade.name),
                )
            )
    return sorted(found, key=lambda mark: (mark.notebook, mark.cell))


@pytest.fixture(scope="module")
def marked(graded, tmp_path_factory) -> Course:
    """The graded class after readers gave points, extra points, comments and more time."""
    root = tmp_path_factory.mktemp("marked") / "class"
    shutil.copytree(graded.root, root)
    course = Course(root)
    with course.gradebook() as gb:

        def find(kind, learner, cell):
            look = gb.find_grade if kind == "grade" else gb.find_comment
            return look(cell, "sums", "m01_sums", course.roster.enrol(learner).folder)

        find("grade", "right", "m01_t2").manual_score = 7.5
        find("grade", "right", "m01_t2").needs_manual_grade = False
        find("comment", "right", "m01_t2").manual_comment = "Say who did not contribute."
        find("grade", "wrong", "m01_t1_check").manual_score = 1.0
        find("grade", "wrong", "m01_t1_check_more").extra_credit = 0.25
        find("grade", "tampered", "m01_t2").extra_credit = 2.0
        find("grade", "untouched", "m01_t1_check").auto_score = None
        gb.find_submission("m01_sums", course.roster.enrol("wrong").folder).extension = timedelta(
            minutes=45
        )
        gb.add_task_cell("m01_t3", "sums", "m01_sums", max_score=4, cell_type="markdown")
        # Made after the task was: it has a row for it too, and an empty comment.
        late = Learner("late", "", "", course.roster.enrol("late").folder)
        at = datetime(2026, 3, 2, 12, 0, 0, 900_000, tzinfo=UTC)
        scores = {"m01_t1_check": 2.0, "m01_t1_check_more": 0.0, "m01_t2": 0.0, "m01_t3": None}
        gradebook.write_scores(gb, late, "m01_sums", at, {"sums": scores})
    return course


def test_are_the_marks_of_a_class_those_that_nbgrader_has(marked):
    with marked.gradebook() as gb:
        theirs = {
            (one.student.id, one.assignment.name): as_nbgrader_says(one)
            for assignment in gb.assignments
            for one in assignment.submissions
        }
        ours = {(folder, module): found for folder, module, found in gradebook.class_marks(gb.db)}
        alone = {
            key: gradebook.marks(gb.find_submission(module, folder))
            for key in theirs
            for folder, module in [key]
        }
    assert ours == alone == theirs
    given = {(mark.cell, mark.points, mark.comment) for found in ours.values() for mark in found}
    assert given >= {
        ("m01_t2", 7.5, "Say who did not contribute."),
        ("m01_t1_check_more", 0.25, None),
        ("m01_t3", None, None),
        ("m01_t2", None, None),
    }


def test_are_the_sums_of_a_class_those_that_nbgrader_has(marked):
    rows = {row.folder: row for row in gradebook.rows(marked, ["m01_sums"])}
    with marked.gradebook() as gb:
        for submission in gb.assignment_submissions("m01_sums"):
            row, marks = rows[submission.student.id], as_nbgrader_says(submission)
            assert row.late_seconds == int(submission.total_seconds_late)
            if row.status == "not handed in":  # rows in the gradebook, but no work to show
                assert (row.learner, row.automatic, row.total) == ("late", None, None)
            else:
                assert vars(row).items() >= gradebook.sums(marks).items()
            assert row.automatic_max == sum(m.max_points for m in marks if not m.written)
        assert row.automatic_max + row.written_max == submission.assignment.max_score == 17.5
    assert rows[marked.roster.enrol("right").folder].total == 11.0
    assert rows[marked.roster.enrol("wrong").folder].late_seconds == 900


def statements(course: Course, monkeypatch) -> int:
    """How many statements rows and report send."""
    count = []
    opened = Gradebook.__init__

    def watched(self, *arguments, **options):
        opened(self, *arguments, **options)
        event.listen(self.engine, "before_cursor_execute", lambda *_: count.append(1))

    with monkeypatch.context() as patch:
        patch.setattr(Gradebook, "__init__", watched)
        gradebook.rows(course)
        report(course)
    return len(count)


def test_does_a_larger_class_need_no_more_queries(marked, tmp_path, monkeypatch):
    shutil.copytree(marked.root, tmp_path / "class")
    course = Course(tmp_path / "class")
    before = statements(course, monkeypatch)
    with course.gradebook() as gb:
        for number in range(60):
            learner = course.roster.enrol(f"another {number}")
            gradebook.write_scores(gb, learner, "m01_sums", None, {"sums": {"m01_t1_check": 2.0}})
    assert statements(course, monkeypatch) == before <= 30

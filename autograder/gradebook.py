"""What nbgrader's gradebook says, and the few things we write into it ourselves."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbgrader.utils import parse_utc
from sqlalchemy import insert, select, update

from autograder.classroom import Course, Learner
from autograder.editions import edition

if TYPE_CHECKING:
    from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment

#: Every check counts zero: there was nothing to run.
ZERO = ("refused",)
#: Trouble on our side: there is no mark, and it is tried again.
NO_MARK = ("infrastructure",)
#: Results, mildest first. "timed out" and "died" keep the marks of what ran.
SEVERITY = ("graded", "timed out", "died", "refused", "infrastructure")


@dataclass(frozen=True)
class Mark:
    """One graded cell of one submission. `points` is None until somebody marks it."""

    notebook: str
    cell: str
    written: bool
    points: float | None
    max_points: float
    by_hand: bool
    comment: str | None


@dataclass(frozen=True)
class Row:
    """One learner and module. None stands for a mark that does not exist yet."""

    learner: str
    name: str
    folder: str
    module: str
    automatic: float | None
    automatic_max: float
    written: float | None
    written_max: float
    total: float | None
    late_seconds: int
    status: str
    reason: str | None


def marks(submission: "SubmittedAssignment") -> list[Mark]:
    """All marks of one submission, in the order of the gradebook's cells."""
    found = []
    for notebook in submission.notebooks:
        answers = {cell.name for cell in notebook.notebook.solution_cells}
        comments = {comment.name: comment.manual_comment for comment in notebook.comments}
        for grade in notebook.grades:
            found.append(
                Mark(
                    notebook=notebook.name,
                    cell=grade.name,
                    written=grade.name in answers or grade.cell_type != "code",
                    points=_points(grade),
                    max_points=grade.max_score,
                    by_hand=grade.manual_score is not None,
                    comment=comments.get(grade.name),
                )
            )
    return found


def _points(grade: "Grade") -> float | None:
    if grade.auto_score is None and grade.manual_score is None:
        return None
    if grade.needs_manual_grade and grade.manual_score is None:
        return None
    return grade.score


def rows(course: Course, modules: list[str] | None = None) -> list[Row]:
    """The class, a row for every learner on the roster and every released module."""
    last = last_results(course)
    found = []
    with course.gradebook() as gb:
        released = {one.name: one for one in gb.assignments}
        submissions = {
            (one.student.id, name): one for name in released for one in released[name].submissions
        }
        for learner in course.roster:
            for module in modules or sorted(released):
                if module not in released:
                    continue
                submission = submissions.get((learner.folder, module))
                result = last.get((learner.folder, module), {})
                handed_in = course.step("submitted") / learner.folder / module
                values = sums(marks(submission)) if submission else {}
                status = _status(handed_in, result, values)
                if status in ("not handed in", "not graded yet", *NO_MARK):
                    values |= {"automatic": None, "written": None, "total": None}
                found.append(
                    Row(
                        learner=learner.learner,
                        name=learner.name,
                        folder=learner.folder,
                        module=module,
                        automatic=values.get("automatic"),
                        automatic_max=worth(released[module], written=False),
                        written=values.get("written"),
                        written_max=worth(released[module], written=True),
                        total=values.get("total"),
                        late_seconds=int(submission.total_seconds_late) if submission else 0,
                        status=status,
                        reason=None if status == "not graded yet" else result.get("reason"),
                    )
                )
    return found


def last_results(course: Course) -> dict[tuple[str, str], dict]:
    """The last grading event of every (folder, module)."""
    return {(event["folder"], event["module"]): event for event in course.events("grade")}


def submissions(course: Course) -> set[tuple[str, str]]:
    """Every (folder, module) that the gradebook has rows for."""
    from nbgrader.api import Assignment, SubmittedAssignment

    table = SubmittedAssignment.__table__
    wanted = select(table.c.student_id, Assignment.name).join(
        Assignment, table.c.assignment_id == Assignment.id
    )
    with course.gradebook() as gb:
        return {tuple(row) for row in gb.db.execute(wanted)}


def sums(cells: list[Mark]) -> dict[str, float | None]:
    """`automatic`, `written` (None while a reader is awaited) and `total` of some marks."""
    automatic = float(sum(cell.points or 0 for cell in cells if not cell.written))
    by_reader = [cell for cell in cells if cell.written]
    waiting = any(cell.points is None for cell in by_reader if cell.max_points)
    written = None if waiting else float(sum(cell.points or 0 for cell in by_reader))
    total = None if written is None else automatic + written
    return {"automatic": automatic, "written": written, "total": total}


def _status(handed_in: Path, result: dict, values: dict) -> str:
    if not handed_in.exists():
        return "not handed in"
    if not values or result.get("submission") != edition(handed_in):
        return "not graded yet"
    if result["result"] != "graded":
        return result["result"]
    return "graded" if values.get("written") is not None else "written part not yet graded"


def worth(assignment: "Assignment", written: bool) -> float:
    """Points to be had in a module: of its checks, or of what a reader marks."""
    points = 0.0
    for notebook in assignment.notebooks:
        answers = {cell.name for cell in notebook.solution_cells}
        for cell in [*notebook.grade_cells, *notebook.task_cells]:
            if (cell.name in answers or cell.cell_type != "code") == written:
                points += cell.max_score
    return points


def write_scores(
    gb: "Gradebook",
    learner: Learner,
    module: str,
    at: datetime | None,
    scores: dict[str, dict[str, float | None]],
) -> dict[str, list[str]]:
    """Write one submission whole, in one transaction: learner, time, a row for every graded cell.

    `scores` holds, by notebook and cell, points or None where a reader is awaited. Cells that
    the gradebook expects and `scores` does not know count zero; they are returned by notebook.
    Nothing is left of what an earlier attempt earned by itself. What a reader gave by hand
    stays, as in nbgrader, and is asked for again."""
    from nbgrader.api import BaseCell, Comment, Grade, Notebook, SubmittedNotebook

    def of_submission(kind, *columns):
        return gb.db.execute(
            select(kind.id, BaseCell.name, Notebook.name.label("notebook"), *columns)
            .join(BaseCell, kind.cell_id == BaseCell.id)
            .join(SubmittedNotebook, kind.notebook_id == SubmittedNotebook.id)
            .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
            .where(SubmittedNotebook.assignment_id == submission)
            .order_by(BaseCell.name)
        )

    _put_student(gb, learner)
    submission = _put_submission(gb, learner.folder, module, at)
    missing: dict[str, list[str]] = {}
    grades, empty = [], set()
    for row in of_submission(Grade, Grade.cell_type, Grade.manual_score, Grade.extra_credit):
        known = row.name in scores.get(row.notebook, {})
        score = scores[row.notebook][row.name] if known else 0.0
        by_hand = known and row.manual_score is not None
        grades.append(
            {
                "id": row.id,
                "auto_score": score,
                "manual_score": row.manual_score if known else None,
                "extra_credit": row.extra_credit if known else None,
                "needs_manual_grade": score is None or by_hand,
            }
        )
        if not known:
            missing.setdefault(row.notebook, []).append(row.name)
        if score == 0 and row.cell_type != "code":
            empty.add((row.notebook, row.name))
    comments = [
        {"id": row.id, "auto_comment": "No response." if row[2:0:-1] in empty else None}
        for row in of_submission(Comment)
    ]
    for kind, rows in ((Grade, grades), (Comment, comments)):
        if rows:
            gb.db.execute(update(kind), rows)
    gb.db.commit()
    return missing


def _put_student(gb: "Gradebook", learner: Learner) -> None:
    from nbgrader.api import Student

    table = Student.__table__
    wanted = {
        "first_name": learner.shown,
        "email": learner.email or None,
        "lms_user_id": learner.learner,
    }
    there = gb.db.execute(
        select(*(table.c[name] for name in wanted)).where(table.c.id == learner.folder)
    ).one_or_none()
    if there is None:
        gb.db.execute(insert(table).values(id=learner.folder, **wanted))
    elif there._asdict() != wanted:
        gb.db.execute(update(table).where(table.c.id == learner.folder).values(wanted))


def _put_submission(gb: "Gradebook", folder: str, module: str, at: datetime | None) -> str:
    """The id of the submission's row; made with all the rows below it if there is none.

    nbgrader's own functions commit after every step, so that a kill leaves half a submission;
    they also take two to three times as long."""
    from nbgrader.api import (
        Assignment,
        BaseCell,
        Comment,
        Grade,
        Notebook,
        SubmittedAssignment,
        SubmittedNotebook,
        new_uuid,
    )

    assignment = gb.db.scalar(select(Assignment.id).where(Assignment.name == module))
    if assignment is None:
        gb.find_assignment(module)  # raises MissingEntry
    table = SubmittedAssignment.__table__
    mine = (table.c.assignment_id == assignment) & (table.c.student_id == folder)
    there = gb.db.scalar(select(table.c.id).where(mine))
    if there:
        gb.db.execute(update(table).where(mine).values(timestamp=parse_utc(at)))
        return there

    submission = new_uuid()
    gb.db.execute(
        insert(table).values(
            id=submission, assignment_id=assignment, student_id=folder, timestamp=parse_utc(at)
        )
    )
    notebooks = {
        id: new_uuid()
        for id in gb.db.scalars(select(Notebook.id).where(Notebook.assignment_id == assignment))
    }
    cells = gb.db.execute(
        select(BaseCell.id, BaseCell.type, BaseCell.notebook_id).where(
            BaseCell.notebook_id.in_(notebooks)
        )
    ).all()
    rows = [
        {"id": new_uuid(), "cell_id": id, "notebook_id": notebooks[notebook], "kind": kind}
        for id, kind, notebook in cells
    ]
    for kind, wanted in (
        (
            SubmittedNotebook,
            [
                {"id": mine, "notebook_id": id, "assignment_id": submission}
                for id, mine in notebooks.items()
            ],
        ),
        (Grade, [row for row in rows if row["kind"] != "SolutionCell"]),
        (Comment, [row for row in rows if row["kind"] != "GradeCell"]),
    ):
        columns = kind.__table__.c.keys()
        if wanted:
            gb.db.execute(
                insert(kind.__table__),
                [{name: row[name] for name in row if name in columns} for row in wanted],
            )
    return submission

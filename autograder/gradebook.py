"""What nbgrader's gradebook says, and the few things we write into it ourselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader.utils import parse_utc
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, object_session

from autograder.classroom import Course, Learner
from autograder.editions import edition

if TYPE_CHECKING:
    from nbgrader.api import Gradebook, SubmittedAssignment

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
    """All marks of one submission, sorted by notebook and cell."""
    db, module = object_session(submission), submission.assignment.name
    return [
        mark for _, _, found in class_marks(db, [module], submission.student_id) for mark in found
    ]


def class_marks(
    db: Session, modules: list[str] | None = None, folder: str | None = None
) -> Iterator[tuple[str, str, list[Mark]]]:
    """Folder, module and marks of every submission that has any; or of one folder only.

    As many queries for a class as for one learner."""
    from nbgrader.api import (
        Assignment,
        BaseCell,
        Comment,
        Grade,
        SubmittedAssignment,
        SubmittedNotebook,
    )

    def of_these(query):
        query = (
            query.join(SubmittedAssignment)
            .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
            .order_by(SubmittedAssignment.id)
        )
        if folder is not None:
            query = query.where(SubmittedAssignment.student_id == folder)
        return query if modules is None else query.where(Assignment.name.in_(modules))

    cells = _cells(db, modules)
    said = of_these(
        select(Comment.notebook_id, BaseCell.name, Comment.manual_comment)
        .where(Comment.manual_comment.is_not(None))
        .join(BaseCell, Comment.cell_id == BaseCell.id)
        .join(SubmittedNotebook, Comment.notebook_id == SubmittedNotebook.id)
    )
    comments = {(row.notebook_id, row.name): row.manual_comment for row in db.execute(said)}
    given = of_these(
        select(
            Grade.notebook_id,
            Grade.cell_id,
            Grade.auto_score,
            Grade.manual_score,
            Grade.extra_credit,
            Grade.needs_manual_grade,
            SubmittedNotebook.assignment_id.label("submission"),
            SubmittedAssignment.student_id,
        ).join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
    )
    for _, grades in groupby(db.execute(given), lambda row: row.submission):
        found = []
        for row in grades:
            cell = cells[row.cell_id]
            found.append(
                Mark(
                    notebook=cell.notebook,
                    cell=cell.name,
                    written=cell.written,
                    points=_points(row),
                    max_points=cell.max_points,
                    by_hand=row.manual_score is not None,
                    comment=comments.get((row.notebook_id, cell.name)),
                )
            )
        yield row.student_id, cell.module, sorted(found, key=lambda one: (one.notebook, one.cell))


@dataclass(frozen=True)
class _Cell:
    """A graded cell of the source. A reader marks it if it is `written`."""

    module: str
    notebook: str
    name: str
    written: bool
    max_points: float


def _cells(db: Session, modules: list[str] | None = None) -> dict[str, _Cell]:
    """Every graded cell by its id in the gradebook."""
    from nbgrader.api import Assignment, GradeCell, Notebook, SolutionCell, TaskCell

    def of_these(kind, *columns):
        query = (
            select(kind.id, kind.name, kind.notebook_id, *columns)
            .join(Notebook, kind.notebook_id == Notebook.id)
            .join(Assignment, Notebook.assignment_id == Assignment.id)
        )
        return db.execute(query if modules is None else query.where(Assignment.name.in_(modules)))

    answers = {(row.notebook_id, row.name) for row in of_these(SolutionCell)}
    about = Notebook.name.label("notebook"), Assignment.name.label("module")
    return {
        row.id: _Cell(
            module=row.module,
            notebook=row.notebook,
            name=row.name,
            written=(row.notebook_id, row.name) in answers or row.cell_type != "code",
            max_points=row.max_score,
        )
        for kind in (GradeCell, TaskCell)
        for row in of_these(kind, kind.max_score, kind.cell_type, *about)
    }


def _points(grade: Any) -> float | None:
    """As nbgrader's `Grade.score`, but None where nobody has marked yet."""
    given = grade.auto_score if grade.manual_score is None else grade.manual_score
    if given is None or (grade.needs_manual_grade and grade.manual_score is None):
        return None
    return given + (grade.extra_credit or 0.0)


def rows(course: Course, modules: list[str] | None = None) -> list[Row]:
    """The class, a row for every learner on the roster and every released module."""
    last = last_results(course)
    with course.gradebook() as gb:
        points = worth(gb.db)
        late = _seconds_late(gb.db)
        earned = {
            (folder, module): sums(found) for folder, module, found in class_marks(gb.db, modules)
        }
    found = []
    for learner in course.roster:
        for module in modules or sorted(points):
            if module not in points:
                continue
            key = learner.folder, module
            result = last.get(key, {})
            values = earned.get(key, sums([])) if key in late else {}
            status = _status(course.step("submitted") / learner.folder / module, result, values)
            if status in ("not handed in", "not graded yet", *NO_MARK):
                values = {}
            found.append(
                Row(
                    learner=learner.learner,
                    name=learner.name,
                    folder=learner.folder,
                    module=module,
                    automatic=values.get("automatic"),
                    automatic_max=points[module][0],
                    written=values.get("written"),
                    written_max=points[module][1],
                    total=values.get("total"),
                    late_seconds=late.get(key, 0),
                    status=status,
                    reason=None if status == "not graded yet" else result.get("reason"),
                )
            )
    return found


def _seconds_late(db: Session) -> dict[tuple[str, str], int]:
    """For every submission (folder, module) whole seconds after the due date, as nbgrader
    counts them; 0 if in time."""
    from nbgrader.api import Assignment, SubmittedAssignment

    wanted = select(
        SubmittedAssignment.student_id,
        SubmittedAssignment.timestamp,
        SubmittedAssignment.extension,
        Assignment.name,
        Assignment.duedate,
    ).join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
    found = {}
    for row in db.execute(wanted):
        late = timedelta()
        if row.timestamp and row.duedate:
            late = row.timestamp - row.duedate - (row.extension or timedelta())
        found[row.student_id, row.name] = max(0, int(late.total_seconds()))
    return found


def last_results(course: Course) -> dict[tuple[str, str], dict]:
    """The last grading event of every (folder, module); not to be changed by who reads it."""
    log = course.room / "log.jsonl"
    about = log.stat() if log.exists() else None
    return _last_results(course.root, about and (about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=1)
def _last_results(root: Path, _as_of: tuple[int, int] | None) -> dict[tuple[str, str], dict]:
    """Read once for as long as the log stays as it is: each feedback page asks for it."""
    return {(event["folder"], event["module"]): event for event in Course(root).events("grade")}


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


def worth(db: Session, modules: list[str] | None = None) -> dict[str, tuple[float, float]]:
    """Points to be had in each released module: of its checks, and of what a reader marks."""
    from nbgrader.api import Assignment

    names = modules or db.scalars(select(Assignment.name))
    points = dict.fromkeys(names, (0.0, 0.0))
    for cell in _cells(db, modules).values():
        automatic, written = points[cell.module]
        if cell.written:
            points[cell.module] = automatic, written + cell.max_points
        else:
            points[cell.module] = automatic + cell.max_points, written
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
    from nbgrader.api import Assignment, BaseCell, Comment, Grade, Notebook, SubmittedNotebook

    def of_submission(kind, *columns):
        return gb.db.execute(
            select(kind.id, BaseCell.name, Notebook.name.label("notebook"), *columns)
            .join(BaseCell, kind.cell_id == BaseCell.id)
            .join(SubmittedNotebook, kind.notebook_id == SubmittedNotebook.id)
            .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
            .where(SubmittedNotebook.assignment_id == submission)
            # Known anyway, but only so can every step use an index: nbgrader's tables have none
            # by submission alone, and a class of thousands would be read for each mark.
            .where(Notebook.assignment_id == assignment, BaseCell.notebook_id == Notebook.id)
            .order_by(BaseCell.name)
        )

    _put_student(gb, learner)
    assignment = gb.db.scalar(select(Assignment.id).where(Assignment.name == module))
    if assignment is None:
        gb.find_assignment(module)  # raises MissingEntry
    submission = _put_submission(gb, learner.folder, assignment, at)
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


def _put_submission(gb: "Gradebook", folder: str, assignment: str, at: datetime | None) -> str:
    """The id of the submission's row; made with all the rows below it if there is none.

    nbgrader's own functions commit after every step, so that a kill leaves half a submission;
    they also take two to three times as long."""
    from nbgrader.api import (
        BaseCell,
        Comment,
        Grade,
        Notebook,
        SubmittedAssignment,
        SubmittedNotebook,
        new_uuid,
    )

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

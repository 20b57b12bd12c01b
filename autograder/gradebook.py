"""What nbgrader's gradebook says, and the few things we write into it ourselves."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.classroom import Course
from autograder.editions import edition

if TYPE_CHECKING:
    from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment

#: Results of grading that are the notebook's doing: every check counts zero.
ZERO = ("refused", "died", "timed out")
#: Results that may be ours: there is no mark, somebody must look, and it is tried again.
NO_MARK = ("failed", "infrastructure")


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


def open_submission(
    course: Course, gb: "Gradebook", folder: str, module: str, at: datetime | None
) -> "SubmittedAssignment":
    """The submission's rows, with nothing left of what an earlier attempt earned by itself.

    What a reader gave by hand stays, as in nbgrader, and is asked for again."""
    learner = course.roster.by_folder(folder)
    gb.update_or_create_student(
        folder, first_name=learner.shown, email=learner.email or None, lms_user_id=learner.learner
    )
    submission = gb.update_or_create_submission(module, folder, timestamp=at)
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            grade.auto_score, grade.needs_manual_grade = None, True
        for comment in notebook.comments:
            comment.auto_comment = None
    gb.db.commit()
    return submission


def zero(gb: "Gradebook", folder: str, module: str) -> None:
    """Nothing for any cell, and nothing left to a reader."""
    for notebook in gb.find_submission(module, folder).notebooks:
        for grade in notebook.grades:
            grade.auto_score, grade.needs_manual_grade = 0.0, False
            grade.manual_score = grade.extra_credit = None
    gb.db.commit()


def settle_missing(
    gb: "Gradebook", folder: str, module: str, present: set[tuple[str, str]]
) -> list[str]:
    """Zero for graded cells not among `present` (notebook, id); returns their ids, sorted.

    nbgrader leaves such cells without a mark."""
    missing = []
    for notebook in gb.find_submission(module, folder).notebooks:
        for grade in notebook.grades:
            if (notebook.name, grade.name) not in present:
                grade.auto_score, grade.needs_manual_grade = 0.0, False
                missing.append(grade.name)
    gb.db.commit()
    return sorted(missing)

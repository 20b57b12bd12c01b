"""Grade what was handed in: nbgrader's autograde for one learner and module at a time."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbgrader.converters import Autograde
from nbgrader.preprocessors.execute import UnresponsiveKernelError
from nbgrader.utils import parse_utc
from sqlalchemy.exc import SQLAlchemyError

from autograder import gradebook
from autograder.classroom import Course, Problem, WrongUsage
from autograder.editions import edition
from autograder.intake.gate import Refused, parse, read, stamp
from autograder.stock import run

TRUST = (
    "Grading runs the learners' code with your rights. Until it runs in a sandbox, "
    "grade only work you trust."
)

SAID = {
    "died": "The notebook ended the program that runs it, so nothing could be marked. "
    "Look for exit(), quit() or very large data; then hand it in again.",
    "timed out": "A cell ran on and could not be stopped. Look for a loop without an end; "
    "then hand it in again.",
    "failed": "The notebook could not be graded. Your instructor has been told why and will "
    "look at it; you need do nothing.",
    "infrastructure": "Something went wrong on our side; the work was not marked. "
    "It will be tried again.",
}


@dataclass(frozen=True)
class Job:
    """One submission to grade: whose folder, which module, which edition to grade by."""

    folder: str
    module: str
    edition: str
    submission: str


@dataclass(frozen=True)
class Result:
    """How one job came out: graded, refused, died, timed out, failed, infrastructure.

    `reason` is for the learner, `detail` and `warnings` for the instructor."""

    job: Job
    result: str
    seconds: float
    reason: str | None = None
    detail: str | None = None
    warnings: list[str] = field(default_factory=list)


def pending(course: Course, modules: list[str] | None = None) -> list[Job]:
    """Submissions not yet graded: new, changed, or graded by an edition since corrected.

    Raises Problem if there is work for a module that was never released here."""
    last = gradebook.last_results(course)
    with course.gradebook() as gb:
        marked = {(one.student.id, a.name) for a in gb.assignments for one in a.submissions}
    jobs = []
    for path in sorted(course.step("submitted").glob("*/*")):
        if not path.is_dir() or path.name not in (modules or course.modules()):
            continue
        job = Job(path.parent.name, path.name, released_edition(course, path.name), edition(path))
        done = last.get((job.folder, job.module), {})
        same = (done.get("edition"), done.get("submission")) == (job.edition, job.submission)
        stands = same and (job.folder, job.module) in marked
        if not stands or done["result"] in gradebook.NO_MARK:
            jobs.append(job)
    return jobs


def released_edition(course: Course, module: str) -> str:
    """The edition the gradebook's checks come from. Raises Problem if there is none."""
    for path in sorted((course.step("release") / module).glob("*.ipynb")):
        return stamp(nbformat.read(path, as_version=4)).get("edition", "")
    raise Problem(f"{module} has not been released here. Run `mildip release {module}` first.")


def grade(course: Course, jobs: list[Job], own_answers: bool = False) -> Iterator[Result]:
    """Grade the jobs one by one; a job that fails never stops the others.

    `own_answers` says that the work is the project's own, so that root may run it.
    Raises WrongUsage at once, before any job, if it is not and we are root."""
    if os.geteuid() == 0 and not own_answers:
        raise WrongUsage(f"{TRUST} It is not done as root: change to an ordinary user.")
    return (grade_one(course, job) for job in jobs)


def grade_one(course: Course, job: Job) -> Result:
    """Grade one submission, write its marks and log what happened."""
    began = time.monotonic()
    folder = course.step("submitted") / job.folder / job.module
    for leftover in ("autograded", "feedback"):
        shutil.rmtree(course.step(leftover) / job.folder / job.module, ignore_errors=True)
    detail, warnings = None, []
    try:
        with course.gradebook() as gb:
            gradebook.open_submission(course, gb, job.folder, job.module, _timestamp(folder))
        warnings += _gate(course, job, folder)
        run(Autograde, course, job.module, job.folder, force=True)
        autograded = course.step("autograded") / job.folder / job.module
        _sweep(autograded, folder, course.step("source") / job.module)
        with course.gradebook() as gb:
            missing = gradebook.settle_missing(gb, job.folder, job.module, _labelled(autograded))
        warnings += [f"{cell} was missing and counts zero" for cell in missing]
        result, reason = "graded", None
    except Refused as refusal:
        result, reason = "refused", str(refusal)
    except Exception as error:  # whatever it is, it is this learner's row and nobody else's
        result = _kind(error)
        reason, detail = SAID[result], f"{type(error).__name__}: {error}"[:2000]
    if result in gradebook.ZERO:
        with course.gradebook() as gb:
            gradebook.zero(gb, job.folder, job.module)
    seconds = round(time.monotonic() - began, 2)
    course.log(
        "grade",
        learner=course.roster.by_folder(job.folder).learner,
        folder=job.folder,
        module=job.module,
        edition=job.edition,
        submission=job.submission,
        result=result,
        reason=reason,
        detail=detail,
        seconds=seconds,
    )
    return Result(job, result, seconds, reason, detail, warnings)


def _gate(course: Course, job: Job, folder: Path) -> list[str]:
    """Let the submission through or raise Refused. Returns warnings for the instructor."""
    note = folder / "refused.txt"
    if note.exists():
        raise Refused(note.read_text("utf-8"))
    expected = course.notebooks(job.module)
    present = [name for name in expected if os.path.lexists(folder / f"{name}.ipynb")]
    if not present:
        raise Refused(f"{expected[0]}.ipynb is not among the files handed in. Hand it in.")
    warnings = []
    for name in present:
        held = stamp(parse(read(folder / f"{name}.ipynb"), job.module)).get("edition")
        if held and held != job.edition:
            warnings.append(
                f"{name} is of edition {str(held)[:12]}; the present one, {job.edition}, marked it"
            )
    return warnings


def _sweep(autograded: Path, *given: Path) -> None:
    """Remove files that the learner's code left behind: nbgrader hands them out again."""
    known = {path.relative_to(top) for top in given for path in top.rglob("*")}
    for path in autograded.rglob("*"):
        if not path.is_dir() and path.relative_to(autograded) not in known:
            path.unlink()


def _labelled(folder: Path) -> set[tuple[str, str]]:
    return {
        (path.stem, cell.metadata.nbgrader.grade_id)
        for path in folder.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if "nbgrader" in cell.metadata
    }


def _kind(error: Exception) -> str:
    if isinstance(error, DeadKernelError):
        return "died"
    if isinstance(error, UnresponsiveKernelError | CellTimeoutError):
        return "timed out"
    if isinstance(error, SQLAlchemyError | OSError | NoSuchKernel | MemoryError):
        return "infrastructure"
    return "failed"


def _timestamp(folder: Path) -> datetime | None:
    path = folder / "timestamp.txt"
    return parse_utc(path.read_text().strip()) if path.exists() else None

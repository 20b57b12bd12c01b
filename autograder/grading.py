"""Grade what was handed in: every submission through the engine, its marks into the gradebook."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbgrader.utils import parse_utc

from autograder import gradebook
from autograder.classroom import Course, Problem, WrongUsage
from autograder.editions import edition
from autograder.intake.gate import Refused, stamp
from autograder.kernels import sandbox
from autograder.runner import course as desk
from autograder.runner import run as runner
from autograder.runner import verdict

NO_WALLS = "Without a sandbox the learners' code runs with your rights: grade only work you trust."

SAID = {
    "infrastructure": "Something went wrong on our side; the work was not marked. "
    "It will be tried again.",
}

#: Backups of the gradebook that are kept, newest first.
BACKUPS = 10


@dataclass(frozen=True)
class Job:
    """One submission to grade: whose folder, which module, which edition is the present one."""

    folder: str
    module: str
    edition: str
    submission: str


@dataclass(frozen=True)
class How:
    """Where jobs run. `workers` is how many at once, one more than cores if None, and 0 is in this
    process. `sandbox` as in `mildip grade --sandbox`; None takes the course's own.

    `own_answers` says that the work is the project's own, so that root may do without walls;
    `backup` that the gradebook is copied aside first."""

    workers: int | None = None
    dask: str | None = None
    sandbox: str | None = None
    own_answers: bool = False
    backup: bool = True


@dataclass(frozen=True)
class Result:
    """How one job came out: graded, refused, timed out, died, infrastructure.

    `reason` is for the learner, `detail` and `warnings` for the instructor."""

    job: Job
    result: str
    seconds: float
    reason: str | None = None
    detail: str | None = None
    warnings: list[str] = field(default_factory=list)


def pending(course: Course, modules: list[str] | None = None) -> list[Job]:
    """Submissions not yet graded: new, changed, or graded by an edition since corrected.

    Sorted by module, so that a worker's warm rooms serve many. Raises Problem if there is
    work for a module that was never released here."""
    last = gradebook.last_results(course)
    marked = gradebook.submissions(course)
    editions: dict[str, str] = {}
    jobs = []
    for path in sorted(course.step("submitted").glob("*/*"), key=lambda p: (p.name, p)):
        if not path.is_dir() or path.name not in (modules or course.modules()):
            continue
        if path.name not in editions:
            editions[path.name] = released_edition(course, path.name)
        job = Job(path.parent.name, path.name, editions[path.name], edition(path))
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


def grade(course: Course, jobs: list[Job], how: How | None = None) -> Iterator[Result]:
    """Grade the jobs, in the order they finish; one that fails never stops the others.

    Raises WrongUsage or Problem at once, before any job, if nothing may or can be run."""
    how = how or How()
    kind = _sandbox(course, how)
    return _grade(course, jobs, how, kind)


def _sandbox(course: Course, how: How) -> str:
    wanted = how.sandbox or course.engine.sandbox
    if wanted not in ("auto", *sandbox.KINDS):
        raise WrongUsage(
            f"There is no sandbox {wanted!r}. There are: auto, {', '.join(sandbox.KINDS)}."
        )
    if wanted == "none" and os.geteuid() == 0 and not how.own_answers:
        raise WrongUsage(f"{NO_WALLS} It is not done as root: change to an ordinary user.")
    try:
        return sandbox.choose(wanted)
    except sandbox.NoSandbox as error:
        raise Problem(str(error)) from error


def _grade(course: Course, jobs: list[Job], how: How, kind: str) -> Iterator[Result]:
    if not jobs:
        return
    if how.backup:
        backup(course)
    with course.gradebook() as gb:
        for job, results, warnings in _graded(course, jobs, how, kind):
            yield _settled(course, gb, job, results, kind, warnings)


def _graded(
    course: Course, jobs: list[Job], how: How, kind: str
) -> Iterator[tuple[Job, dict[str, dict], list[str]]]:
    """Each job with the results of its notebooks and what is amiss with its module."""
    cache = desk.Cache(course.room / "cache" if course.engine.cache else None)
    started = course.engine.settings(kind)
    expected = {module: course.notebooks(module) for module in {job.module for job in jobs}}
    settings: dict[tuple[str, str], dict] = {}
    amiss: dict[str, list[str]] = {module: [] for module in expected}
    work: dict[tuple[Job, str], bytes] = {}
    parts: dict[Job, dict[str, dict]] = {}

    def to_run() -> Iterator[tuple[tuple[Job, str], bytes | dict]]:
        """What must be run, as bytes; what is known already, as its result."""
        for job in jobs:
            for name in expected[job.module]:
                if (job.module, name) not in settings:
                    present = desk.edition(course, job.module, name, job.edition)
                    settings[job.module, name], found = desk.calibrated(present, started, cache)
                    amiss[job.module] += found
                data = _bytes_or_refusal(course, job, name, settings[job.module, name])
                found = data if isinstance(data, dict) else cache.find(data)
                if found is None:
                    work[job, name] = data
                yield (job, name), found or data

    def whole(key: tuple[Job, str], result: dict) -> Iterator[tuple]:
        job, name = key
        parts.setdefault(job, {})[name] = result
        if len(parts[job]) == len(expected[job.module]):
            yield job, parts.pop(job), amiss[job.module]

    count = runner.workers() if how.workers is None else max(1, how.workers)
    if how.dask:
        place = runner.dask(how.dask)
    else:
        place = runner.serial() if how.workers == 0 else runner.pool(count)
    with place as executor:
        for key, result in runner.run(to_run(), executor, count):
            if key in work:
                cache.keep(work.pop(key), result)
            yield from whole(key, result)


def _bytes_or_refusal(course: Course, job: Job, name: str, settings: dict) -> bytes | dict:
    """The job's bytes, or the result of a submission that cannot even be read."""
    path = course.step("submitted") / job.folder / job.module / f"{name}.ipynb"
    note = path.parent / "refused.txt"
    try:
        if note.exists():
            raise Refused(note.read_text("utf-8"))
        if not os.path.lexists(path):
            raise Refused(f"{name}.ipynb is not among the files handed in. Hand it in.")
        text = desk.submission(path)
    except Refused as refusal:
        return {"result": "refused", "reason": str(refusal), "scores": {}, "seconds": 0.0}
    claimed = desk.claimed_edition(text) or job.edition
    return desk.edition(course, job.module, name, claimed).job(text, settings)


def _settled(
    course: Course, gb, job: Job, results: dict[str, dict], kind: str, warnings: list[str]
) -> Result:
    """Write all notebooks of one submission and log how it came out."""
    summary = _summary(job, results, warnings)
    if summary.result != "infrastructure":
        for leftover in ("autograded", "feedback"):
            shutil.rmtree(course.step(leftover) / job.folder / job.module, ignore_errors=True)
        at = _timestamp(course.step("submitted") / job.folder / job.module)
        missing = desk.settle(course, gb, job.folder, job.module, at, results)
        summary.warnings.extend(
            f"{cell} is not in the edition handed in; it counts zero"
            for name, cells in missing.items()
            for cell in cells
            if name in results and results[name]["result"] not in gradebook.ZERO
        )
    course.log(
        "grade",
        learner=course.roster.by_folder(job.folder).learner,
        folder=job.folder,
        module=job.module,
        edition=job.edition,
        submission=job.submission,
        result=summary.result,
        reason=summary.reason,
        detail=summary.detail,
        sandbox=kind,
        verdicts={name: verdict.fingerprint(one) for name, one in results.items()},
        seconds=summary.seconds,
        cells={name: one.get("cells", {}) for name, one in results.items()},
    )
    return summary


def _summary(job: Job, results: dict[str, dict], warnings: list[str]) -> Result:
    worst = max(results.values(), key=lambda one: gradebook.SEVERITY.index(one["result"]))
    return Result(
        job,
        worst["result"],
        round(sum(one["seconds"] for one in results.values()), 3),
        worst.get("reason") or SAID.get(worst["result"]),
        worst.get("detail"),
        [*warnings, *(note for one in results.values() for note in one.get("drift", []))],
    )


def grade_to_file(
    course: Course, jobs: list[Job], path: Path, how: How | None = None
) -> Iterator[Result]:
    """Grade one shard: results as lines of a file, nothing into the gradebook."""
    kind = _sandbox(course, how or How())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        for job, results, warnings in _graded(course, jobs, how or How(), kind):
            line = {"job": asdict(job), "results": results, "sandbox": kind, "warnings": warnings}
            file.write(json.dumps(line) + "\n")
            yield _summary(job, results, warnings)
    draft.replace(path)


def merge(course: Course, paths: list[Path]) -> Iterator[Result]:
    """Write the results of shards into the gradebook, each submission once.

    A result of work that has been handed in anew since is left out."""
    backup(course)
    waiting = {job: job for job in pending(course)}
    with course.gradebook() as gb:
        for path in paths:
            with path.open(encoding="utf-8") as file:
                for line in map(json.loads, file):
                    job = Job(**line["job"])
                    if waiting.pop(job, None):
                        yield _settled(
                            course, gb, job, line["results"], line["sandbox"], line["warnings"]
                        )


def backup(course: Course) -> Path | None:
    """Copy the gradebook aside before anything is written; SQLite only."""
    url = course.config.CourseDirectory.db_url
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.exists():
        return None
    folder = course.room / "backups"
    folder.mkdir(exist_ok=True)
    copy = folder / f"gradebook-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.db"
    shutil.copyfile(path, copy)
    for old in sorted(folder.glob("gradebook-*.db"))[:-BACKUPS]:
        old.unlink()
    return copy


def _timestamp(folder: Path) -> datetime | None:
    path = folder / "timestamp.txt"
    return parse_utc(path.read_text().strip()) if path.exists() else None


def shard(jobs: Iterable[Job], part: int, of: int) -> list[Job]:
    """The jobs of one part, the same parts on every machine."""
    return [job for job in jobs if int(job.submission, 16) % of == part]

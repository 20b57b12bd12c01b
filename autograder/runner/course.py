"""Between a course on disk and the runner: jobs out of submissions, results into the gradebook.

Only the process that calls `settle` writes: one transaction a notebook, a row for every
graded cell, nothing carried over from an earlier attempt.
"""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from traitlets import Bool, Dict, Float, List, Unicode
from traitlets.config import Configurable

from autograder import gradebook
from autograder.classroom import Course, Problem
from autograder.editions import source_files
from autograder.intake.gate import Refused, parse, read, stamp
from autograder.intake.rebuild import grade_id, is_graded, label
from autograder.runner import one
from autograder.runner import run as runner

#: Raised whenever the engine would judge the same bytes otherwise; part of the cache's key.
ENGINE = "3"

LEAST_SECONDS, TIMES_REFERENCE = 20.0, 10.0


class Engine(Configurable):
    """How the engine runs, set in `nbgrader_config.py` as `c.Engine.…`."""

    sandbox = Unicode("auto", help="auto, bwrap, landlock or none").tag(config=True)
    read = List(Unicode(), help="Folders and files the inside may read.").tag(config=True)
    hide = List(Unicode(), help="What is masked within them.").tag(config=True)
    modules = List(
        Unicode(),
        help="Libraries to load once, before any notebook, besides those that a lesson imports.",
    ).tag(config=True)
    as_data = Unicode(
        "", help="A function that turns what cannot cross (a figure, say) into plain data."
    ).tag(config=True)
    limits = Dict(help="Limits of kernels.confine that differ from the defaults.").tag(config=True)
    notebook_seconds = Float(300.0, help="The most one notebook may take.").tag(config=True)
    cache = Bool(True, help="Keep results, so that the same work costs nothing twice.").tag(
        config=True
    )

    def settings(self, kind: str) -> dict:
        """The runner's settings with a sandbox kind that was chosen."""
        limits = {**one.Limits().as_dict(), **self.limits}
        return asdict(
            one.Settings(
                sandbox=kind,
                read=tuple(self.read),
                hide=tuple(self.hide),
                modules=tuple(self.modules),
                as_data=self.as_data,
                notebook_seconds=self.notebook_seconds,
                limits=limits,
            )
        )


@dataclass(frozen=True)
class Edition:
    """One notebook of one edition of a module: our source, what was released, files beside."""

    module: str
    notebook: str
    name: str
    source: str
    released: str
    files: tuple[tuple[str, str], ...]

    def job(self, submission: str, settings: dict) -> bytes:
        return one.pack(
            module=self.module,
            notebook=self.notebook,
            source=self.source,
            released=self.released,
            files=dict(self.files),
            submission=submission,
            settings=settings,
        )


@lru_cache(maxsize=64)
def edition(course: Course, module: str, notebook: str, name: str) -> Edition:
    """An edition as it was kept at its release; the present one if that is not known.

    Raises Problem if the module was never released here."""
    kept = course.room / "editions" / module / name if name.isalnum() else None
    if kept is not None and (kept / "source").is_dir():
        source, released = kept / "source", kept / "seminar"
    else:
        source, released = course.step("source") / module, course.step("release") / module
        name = ""
    try:
        texts = [(folder / f"{notebook}.ipynb").read_text("utf-8") for folder in (source, released)]
    except FileNotFoundError:
        raise Problem(
            f"{module} has not been released here. Run `mildip release {module}` first."
        ) from None
    beside = tuple(
        (path.relative_to(source).as_posix(), path.read_bytes().hex())
        for path in source_files(source)
        if path.suffix != ".ipynb"
    )
    return Edition(module, notebook, name, *texts, beside)


def submission(path: Path) -> str:
    """What was handed in, as text that keeps every byte. Raises Refused."""
    return read(path).decode("utf-8", "surrogateescape")


def claimed_edition(text: str) -> str:
    """The edition a submission says it is of; only ever used to look one up."""
    try:
        found = stamp(parse(text.encode("utf-8", "surrogateescape"))).get("edition")
    except Refused:
        return ""
    return found if isinstance(found, str) and found.isalnum() and len(found) <= 40 else ""


def calibrated(edition: Edition, settings: dict, cache: "Cache") -> tuple[dict, list[str]]:
    """Settings with the time limit that the reference solution calls for, and what is amiss
    with it: ten times its slowest cell, at least twenty seconds."""
    result = cache.graded(edition.job(edition.source, settings))
    if result["result"] == "infrastructure":
        raise Problem(f"{edition.module}: the reference solution cannot be run. {result['detail']}")
    slowest = max(result.get("cells", {}).values(), default=0.0)
    seconds = max(LEAST_SECONDS, round(TIMES_REFERENCE * slowest))
    worth = points(edition.source)
    amiss = [
        f"the reference solution of {edition.module} does not earn {name}"
        for name, score in result["scores"].items()
        if score is not None and score < worth[name]
    ]
    return {**settings, "cell_seconds": seconds}, amiss


def points(source: str) -> dict[str, float]:
    """Points of every graded cell of a source notebook."""
    cells = nbformat.reads(source, 4).cells
    return {grade_id(cell): float(label(cell)["points"]) for cell in cells if is_graded(cell)}


class Cache:
    """Results by the hash of everything they depend on, in `classroom/cache/`."""

    def __init__(self, folder: Path | None):
        self.folder = folder

    def key(self, job: bytes) -> Path | None:
        if self.folder is None:
            return None
        name = hashlib.sha256(ENGINE.encode() + job).hexdigest()
        return self.folder / name[:2] / f"{name[2:]}.json.gz"

    def find(self, job: bytes) -> dict | None:
        path = self.key(job)
        # What a power cut left half-written counts as not there.
        with contextlib.suppress(OSError, EOFError, ValueError, zlib.error):
            if path is not None:
                return json.loads(gzip.decompress(path.read_bytes()))
        return None

    def keep(self, job: bytes, result: dict) -> None:
        path = self.key(job)
        if path is not None and result["result"] != "infrastructure":
            path.parent.mkdir(parents=True, exist_ok=True)
            # Shards on one disk may keep the same result at the same time.
            draft = path.with_suffix(f".{os.getpid()}.draft")
            draft.write_bytes(gzip.compress(json.dumps(result).encode(), 3))
            draft.replace(path)

    def graded(self, job: bytes) -> dict:
        """From the cache, or graded here and now."""
        result = self.find(job)
        if result is None:
            ((_, result),) = runner.run([(None, job)], runner.Here, 1, one.grade_one)
            one.close_rooms()
            self.keep(job, result)
        return result


def settle(
    course: Course,
    gb: Gradebook,
    folder: str,
    module: str,
    at: datetime | None,
    results: dict[str, dict],
) -> dict[str, list[str]]:
    """Write the results of one submission: the graded notebooks, then all its marks at once.

    Returns, by notebook, graded cells that the gradebook expects and the result does not
    know; they count zero."""
    for name, result in results.items():
        if "notebook" in result:
            target = course.step("autograded") / folder / module / f"{name}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_suffix(".draft")
            draft.write_text(result["notebook"], encoding="utf-8")
            draft.replace(target)
            # By this nbgrader tells whether somebody has handed in anew.
            if (at_file := course.step("submitted") / folder / module / "timestamp.txt").exists():
                shutil.copyfile(at_file, target.with_name(at_file.name))
    scores = {
        name: {} if result["result"] in gradebook.ZERO else result["scores"]
        for name, result in results.items()
    }
    return gradebook.write_scores(gb, course.roster.by_folder(folder), module, at, scores)

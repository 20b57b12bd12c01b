"""From the instructor's notebook to the editions a class gets."""

import copy
import shutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.classroom import Course, Problem
from autograder.editions import edition, source_files
from autograder.gradebook import worth
from autograder.intake.rebuild import is_for_self_study
from autograder.stock import run


@dataclass(frozen=True)
class Release:
    """What came of releasing a module; `points` are automatic and written."""

    module: str
    edition: str
    seminar: Path
    self_study: Path
    automatic_points: float
    written_points: float


class ClearWorkOutput(NbGraderPreprocessor):
    """Clear outputs where a learner works; locked reading cells keep theirs."""

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.cell_type == "code":
            reading = utils.is_locked(cell) and not utils.is_grade(cell)
            reading = reading and "own-output" not in cell.metadata.get("tags", [])
            cell.execution_count = None
            cell.outputs = cell.outputs if reading else []
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = None
        return cell, resources


class Stamp(NbGraderPreprocessor):
    """Write into a released notebook which edition of which module it is."""

    def preprocess(self, nb, resources):
        nb.metadata["mildip"] = {
            "edition": edition(Path(resources["metadata"]["path"])),
            "kind": "seminar",
            "module": resources["nbgrader"]["assignment"],
        }
        return nb, resources


class SeminarOnly(NbGraderPreprocessor):
    """Leave out the cells that only the self-study edition has."""

    def preprocess(self, nb, resources):
        nb.cells = [cell for cell in nb.cells if not is_for_self_study(cell)]
        return nb, resources


def self_study(seminar: NotebookNode, source: NotebookNode) -> NotebookNode:
    """The seminar edition with the source's self-study cells back in their places."""
    nb = copy.deepcopy(seminar)
    nb.metadata["mildip"] = {**nb.metadata.get("mildip", {}), "kind": "self-study"}
    following: dict[str | None, list[NotebookNode]] = defaultdict(list)
    last = None
    for cell in copy.deepcopy(source.cells):
        if is_for_self_study(cell):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
            following[last].append(cell)
        else:
            last = cell.get("id")
    cells = following.pop(None, [])
    for cell in nb.cells:
        cells += [cell, *following.pop(cell.get("id"), [])]
    nb.cells = cells
    return nb


def release(course: Course, module: str, exchange: bool = False) -> Release:
    """Make and keep both editions of a module; set its points and due date in the gradebook.

    Raises Problem if nbgrader refuses the source or there is no exchange to release to."""
    source, seminar = course.step("source") / module, course.step("release") / module
    try:
        run(GenerateAssignment, course, module, force=True)
    except Exception as error:
        raise Problem(f"{module} was not released. {type(error).__name__}: {error}") from error

    name = edition(source)
    kept = course.room / "editions" / module / name
    shutil.rmtree(kept, ignore_errors=True)
    for path in source_files(source):
        _copy(path, kept / "source" / path.relative_to(source))
    for path in source_files(seminar):
        _copy(path, kept / "seminar" / path.relative_to(seminar))
        target = kept / "self-study" / path.relative_to(seminar)
        _copy(path, target)
        if path.suffix == ".ipynb" and (source / path.name).exists():
            made = self_study(_notebook(path), _notebook(source / path.name))
            nbformat.write(made, target)

    with course.gradebook() as gb:
        due = course.due(module)
        assignment = gb.find_assignment(module)
        # nbgrader keeps times in UTC, without a zone
        assignment.duedate = due.astimezone(UTC).replace(tzinfo=None) if due else None
        gb.db.commit()
        points = worth(gb.db, [module])[module]
    if exchange:
        _to_exchange(course, module)
    course.log("release", module=module, edition=name)
    return Release(module, name, seminar, kept / "self-study", *points)


def write_edition(edition_folder: Path, target: Path) -> tuple[list[Path], list[Path]]:
    """Copy an edition to where a learner works. What is there already is never overwritten.

    Returns the files written, and those left alone because they differ from the edition."""
    written, kept = [], []
    for path in source_files(edition_folder):
        place = target / path.relative_to(edition_folder)
        if not place.exists():
            _copy(path, place)
            written.append(place)
        elif place.read_bytes() != path.read_bytes():
            kept.append(place)
    return written, kept


def _notebook(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def _to_exchange(course: Course, module: str) -> None:
    coursedir = CourseDirectory(config=course.config, assignment_id=module)
    factory = ExchangeFactory(config=course.config)
    try:
        factory.ReleaseAssignment(coursedir=coursedir, config=course.config, force=True).start()
    except Exception as error:
        raise Problem(
            f"{module} was made, but not released to the exchange at "
            f"{course.config.Exchange.root}: {error}"
        ) from error

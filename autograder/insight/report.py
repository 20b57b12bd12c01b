"""The class on one page: marks, what came late or not at all, and which checks were hard."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader

from autograder import gradebook
from autograder.classroom import Course
from autograder.feedback.page import duration, number
from autograder.gradebook import Row
from autograder.headings import heading
from autograder.marking.verdict import check_name

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"number": number, "duration": duration}


@dataclass(frozen=True)
class CheckShare:
    """How many of the `of` learners whose work was graded got a check right."""

    check: str
    name: str
    right: int
    of: int

    @property
    def percent(self) -> int:
        return round(100 * self.right / self.of) if self.of else 0


@dataclass(frozen=True)
class ModuleReport:
    """One module: its title and its checks in the order of the notebook."""

    module: str
    title: str
    checks: list[CheckShare]


@dataclass(frozen=True)
class Report:
    """Everything the page shows, as plain data."""

    rows: list[Row]
    modules: list[ModuleReport]

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)

    @property
    def late(self) -> list[Row]:
        return [row for row in self.rows if row.late_seconds]

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.reason]


def report(course: Course, modules: list[str] | None = None) -> Report:
    """Read the gradebook; nothing is written."""
    rows = gradebook.rows(course, modules)
    right: Counter = Counter()
    of: Counter = Counter()
    graded = {(row.folder, row.module) for row in rows if row.status not in gradebook.ZERO}
    with course.gradebook() as gb:
        released = sorted(gradebook.worth(gb.db))
        for folder, module, marks in gradebook.class_marks(gb.db, modules):
            for mark in marks if (folder, module) in graded else ():
                if not mark.written and mark.points is not None:
                    of[module, mark.cell] += 1
                    right[module, mark.cell] += mark.points == mark.max_points
    names = [name for name in released if not modules or name in modules]
    return Report(rows, [_module(course, name, right, of) for name in names])


def as_html(found: Report) -> str:
    """The report as one HTML page that fetches nothing."""
    return _TEMPLATES.get_template("report.html.j2").render(report=found)


def _module(course: Course, module: str, right: Counter, of: Counter) -> ModuleReport:
    title, checks = module, []
    for name in course.notebooks(module):
        nb = nbformat.read(course.step("source") / module / f"{name}.ipynb", as_version=4)
        title = heading(nb, title)
        for cell in nb.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if (key := (module, grade_id)) in of:
                shown = check_name(cell.source, grade_id)
                checks.append(CheckShare(grade_id, shown, right[key], of[key]))
    return ModuleReport(module, title, checks)

"""The main job from start to finish: a class whose answers come from the answer bank."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder import bank, gradebook, grading
from autograder.bank import Answer, Bank
from autograder.classroom import Course, Problem
from autograder.exports.csv import as_csv
from autograder.feedback import write_feedback
from autograder.insight.report import as_html, report
from autograder.intake.collect import collect_folder
from autograder.release import release

Due = dict[tuple[str, str], dict[str, float]]  # (learner, module) -> check -> points

#: Code that some learners invent; it must cost them its task and nobody else anything.
HOSTILE = {
    "never ends": "while True:\n    pass",
    "ends the program": "import os\nos._exit(0)",
    "looks for the answers": (
        "import pathlib\n"
        "found = []\n"
        "for top in ('/home', '/srv', '/var', '..'):\n"
        "    found += pathlib.Path(top).rglob('*.ipynb')\n"
        "raise SystemExit(f'{len(found)} notebooks found')"
    ),
}

WORDS = "An answer of a few words, which a reader is to mark."


@dataclass(frozen=True)
class Member:
    """One invented learner: an id as an LMS might give it, and how this one works."""

    learner: str
    manner: str
    choose: Callable[[Bank], dict[str, Answer]]
    hands_in: str = "whole"  # or "half" of the file, or "none"
    late: bool = False
    writes: bool = True


@dataclass(frozen=True)
class Outcome:
    """The mark a learner has in a module, and the mark there should be.

    `differing` names the checks that did not give what the bank says."""

    member: Member
    module: str
    has: float | None
    should: float
    out_of: float
    status: str
    differing: list[str]

    @property
    def same(self) -> bool:
        return self.has == self.should and not self.differing


def _right(answers: list[Answer], nth: int = 0) -> Answer:
    good = [answer for answer in answers if answer.right]
    return good[min(nth, len(good) - 1)]


def _wrong(answers: list[Answer]) -> Answer:
    return next((answer for answer in answers if not answer.right), answers[0])


def _all(pick: Callable[[list[Answer]], Answer]) -> Callable[[Bank], dict[str, Answer]]:
    return lambda bank: {task: pick(answers) for task, answers in bank.items()}


def _half(answers: Bank) -> dict[str, Answer]:
    """Every other task wrong, with its last wrong answer."""
    return {
        task: _wrong(given[::-1]) if number % 2 else _right(given)
        for number, (task, given) in enumerate(answers.items())
    }


def _hostile(manner: str) -> Callable[[Bank], dict[str, Answer]]:
    """Right throughout, but for the first task."""

    def choose(bank: Bank) -> dict[str, Answer]:
        chosen = _all(_right)(bank)
        first = next(iter(bank))
        loses = tuple(sorted({check for answer in bank[first] for check in answer.loses}))
        return chosen | {first: Answer(manner, loses, HOSTILE[manner])}

    return choose


#: Modules shown if none are named: the cycle is the same for all, and people wait for it.
SHOWN = 3

CLASS = [
    Member("amara", "right", _all(_right)),
    Member("Guo, Mei", "right, written differently", _all(lambda a: _right(a, 1))),
    Member("zoë o'brien", "right, but late", _all(_right), late=True),
    Member("=SUM(E1)", "partly right", _half),
    Member("farah[2]", "wrong", _all(_wrong)),
    Member("hassan", "untouched", lambda answers: {}, writes=False),
    Member("ines", "damaged file", _all(_right), hands_in="half"),
    Member("klaus", "never ends", _hostile("never ends")),
    Member("lena", "ends the program", _hostile("ends the program")),
    Member("mo", "looks for the answers", _hostile("looks for the answers")),
    Member("juan", "no notebook", _all(_right), hands_in="none"),
]


def banks(course: Course, answers: Path) -> dict[str, Bank]:
    """The answer bank of every module that has one. Raises Problem if none has."""
    shelves = {module: answers / f"{module}.toml" for module in course.modules()}
    found = {module: bank.read(path) for module, path in shelves.items() if path.exists()}
    if not found:
        raise Problem(f"There is no answer bank in {answers} for any module of this course.")
    return found


def hand_in(course: Course, given: dict[str, Bank], due: datetime) -> Due:
    """Write what the class hands in to `handed-in/`; returns the automatic marks due."""
    expected = {}
    for module, answers in given.items():
        (name,) = course.notebooks(module)
        released = course.step("release") / module / f"{name}.ipynb"
        nb = nbformat.read(released, as_version=4)
        for member in CLASS:
            filled, points = bank.fill(nb, member.choose(answers))
            data = nbformat.writes(_written(filled) if member.writes else filled).encode()
            when = due + timedelta(hours=5 if member.late else -2)
            folder = course.root / "handed-in" / member.learner / module
            folder.mkdir(parents=True)
            path = folder / f"{name}.ipynb"
            if member.hands_in == "none":
                path, data = folder / "notes.txt", b"Is it this file?\n"
            path.write_bytes(data[: len(data) // 2] if member.hands_in == "half" else data)
            for place in (path, folder):
                os.utime(place, (when.timestamp(), when.timestamp()))
            gradable = points if member.hands_in == "whole" else dict.fromkeys(points, 0.0)
            expected[member.learner, module] = gradable
    return expected


def outcomes(course: Course, expected: Due) -> list[Outcome]:
    """For every learner and module: the mark there is, and the mark the bank says is due."""
    members = {member.learner: member for member in CLASS}
    found = []
    with course.gradebook() as gb:
        for row in gradebook.rows(course):
            if due := expected.get((row.learner, row.module)):
                marks = gradebook.marks(gb.find_submission(row.module, row.folder))
                has = {mark.cell: mark.points for mark in marks if not mark.written}
                found.append(
                    Outcome(
                        members[row.learner],
                        row.module,
                        row.automatic,
                        sum(due.values()),
                        row.automatic_max,
                        row.status,
                        sorted(x for x in has.keys() | due.keys() if has.get(x) != due.get(x)),
                    )
                )
    return found


def run(
    course: Course,
    answers: Path,
    track: Callable[[str, int], Callable[[], None]],
    modules: list[str] | None = None,
) -> list[Outcome]:
    """The whole cycle. `track(what, count)` gives a function to call after each of `count`.

    Of a course with many modules the first SHOWN that have points, if none are named."""
    given = banks(course, answers)
    graded = [module for module in given if _has_points(course, module)]
    chosen = [module for module in modules or graded[:SHOWN] if module in graded]
    if not chosen:
        raise Problem("None of these modules has both points and an answer bank.")
    given = {module: given[module] for module in chosen}
    due = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    course.room.mkdir(exist_ok=True)
    (course.room / "schedule.toml").write_text(
        "".join(f"{module} = {due.isoformat()}\n" for module in given), encoding="utf-8"
    )
    step = track("Release", len(given))
    for module in given:
        release(course, module)
        step()
    step = track("Collect", 1)
    expected = hand_in(course, given, due)
    collect_folder(course, course.root / "handed-in", list(given))
    step()
    jobs = grading.pending(course)
    step = track("Grade", len(jobs))
    for _ in grading.grade(course, jobs):
        step()
    rows = gradebook.rows(course)
    step = track("Feedback", len(rows))
    for row in rows:
        write_feedback(course, row)
        step()
    (course.room / "marks.csv").write_text(as_csv(rows), encoding="utf-8")
    (course.room / "report.html").write_text(as_html(report(course)), encoding="utf-8")
    return outcomes(course, expected)


def _has_points(course: Course, module: str) -> bool:
    (name,) = course.notebooks(module)
    nb = nbformat.read(course.step("source") / module / f"{name}.ipynb", as_version=4)
    return any(cell.metadata.get("nbgrader", {}).get("points") for cell in nb.cells)


def _written(nb: NotebookNode) -> NotebookNode:
    for cell in nb.cells:
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = WORDS
    return nb

"""What a learner gets back. The page is the same from `mildip` and from stock nbgrader."""

import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import SubmittedAssignment
from nbgrader.converters import GenerateFeedback
from traitlets import Bool, Unicode

from autograder import gradebook, headings
from autograder.classroom import Course
from autograder.feedback.clean import cell_html
from autograder.feedback.page import Answer, Check, Page, render
from autograder.gradebook import Mark
from autograder.intake.gate import Refused, parse, read
from autograder.intake.restore import labels, restored
from autograder.marking.verdict import check_name, verdict
from autograder.stock import run


class FeedbackPage(Preprocessor):
    """Replaces the executed notebook by a page of what a learner may read.

    Answers are shown as they were handed in: outputs made while hidden checks ran might
    repeat them."""

    enabled = Bool(True).tag(config=True)
    root = Unicode(help="The course's root folder").tag(config=True)

    def preprocess(self, nb, resources):
        where, course = resources["nbgrader"], Course(Path(self.root))
        course.config.CourseDirectory.db_url = where["db_url"]
        with course.gradebook() as gb:
            submission = gb.find_submission(where["assignment"], where["student"])
            page = graded_page(course, submission, where["notebook"], nb)
        resources["feedback_page"] = render(page)
        nb.cells = []
        return nb, resources


def graded_page(
    course: Course, submission: SubmittedAssignment, notebook: str, run_nb: NotebookNode
) -> Page:
    """The facts of a feedback page; `run_nb` is the notebook as nbgrader ran it."""
    module, folder = submission.assignment.name, submission.student.id
    source = nbformat.read(course.step("source") / module / f"{notebook}.ipynb", as_version=4)
    marks = [mark for mark in gradebook.marks(submission) if mark.notebook == notebook]
    labelled = next(labels(n.notebook) for n in submission.notebooks if n.name == notebook)
    try:
        path = course.step("submitted") / folder / module / f"{notebook}.ipynb"
        handed_in = restored(parse(read(path)), labelled)
    except Refused:
        handed_in = nbformat.v4.new_notebook()
    earned = gradebook.sums(marks)
    return Page(
        title=headings.heading(source, module),
        learner=course.roster.by_folder(folder).shown,
        automatic=earned["automatic"],
        automatic_max=sum(mark.max_points for mark in marks if not mark.written),
        written=earned["written"],
        written_max=sum(mark.max_points for mark in marks if mark.written),
        late_seconds=int(submission.total_seconds_late),
        reason=gradebook.last_results(course).get((folder, module), {}).get("reason"),
        checks=_checks(source, run_nb, marks),
        answers=_answers(source, handed_in, marks),
    )


def write_feedback(course: Course, row: gradebook.Row) -> list[Path]:
    """Write the page or pages of one learner and module; returns them, [] if there are none."""
    target = course.step("feedback") / row.folder / row.module
    shutil.rmtree(target, ignore_errors=True)
    if row.status in (*gradebook.ZERO, *gradebook.NO_MARK):
        return [_refusal(course, row, target)]
    if not (course.step("autograded") / row.folder / row.module).exists():
        return []
    if row.status == "not graded yet":  # the marks there are belong to an older attempt
        return []
    run(GenerateFeedback, course, row.module, row.folder, force=True)
    for path in target.rglob("*"):
        if path.is_file() and path.suffix != ".html":
            path.unlink()  # nbgrader copies whatever lies beside the notebook
    return sorted(target.glob("*.html"))


def _refusal(course: Course, row: gradebook.Row, target: Path) -> Path:
    notebook = course.notebooks(row.module)[0]
    source = nbformat.read(course.step("source") / row.module / f"{notebook}.ipynb", as_version=4)
    page = Page(
        title=headings.heading(source, row.module),
        learner=row.name or row.learner,
        automatic=row.automatic,
        automatic_max=row.automatic_max,
        written=row.written,
        written_max=row.written_max,
        late_seconds=row.late_seconds,
        reason=row.reason,
    )
    target.mkdir(parents=True)
    path = target / f"{notebook}.html"
    path.write_text(render(page), encoding="utf-8")
    return path


def _checks(source: NotebookNode, run_nb: NotebookNode, marks: list[Mark]) -> list[Check]:
    earned = {mark.cell: mark for mark in marks if not mark.written}
    was_run = {_grade_id(cell): cell for cell in run_nb.cells}
    checks, task = [], None
    for cell in source.cells:
        task = _grade_id(cell) if utils.is_solution(cell) else task
        mark = earned.get(_grade_id(cell))
        if mark is None:
            continue
        points = mark.points or 0.0
        outcome, sentences = verdict(was_run.get(mark.cell), points, mark.max_points)
        if mark.by_hand:
            outcome, sentences = "marked by a reader", []
        name = check_name(cell.source, mark.cell)
        checks.append(Check(mark.cell, task, name, points, mark.max_points, outcome, sentences))
    return checks


def _answers(source: NotebookNode, handed_in: NotebookNode, marks: list[Mark]) -> list[Answer]:
    by_reader = {mark.cell: mark for mark in marks if mark.written}
    titles = headings.labels(source)
    answers = []
    for cell in handed_in.cells:
        if utils.is_solution(cell):
            name = _grade_id(cell)
            answer, mark = Answer(titles.get(name, name), cell_html(cell)), by_reader.get(name)
            if mark is not None:
                answer = replace(
                    answer,
                    written=True,
                    points=mark.points,
                    max_points=mark.max_points,
                    comment=mark.comment,
                )
            answers.append(answer)
    return answers


def _grade_id(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")

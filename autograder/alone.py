"""Mark one learner's notebook at once: a course of one, on the same path as a class.

From a shell: `python -m autograder.alone NOTEBOOK SOURCE` prints the result as JSON.
"""

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from autograder import gradebook, grading
from autograder.classroom import Course, Problem
from autograder.feedback import graded_page
from autograder.intake.collect import HandIn, take
from autograder.release import release
from autograder.settings import CONFIG_FILE


def mark(
    notebook: Path, source: Path, config: str = CONFIG_FILE, how: grading.How | None = None
) -> list[dict]:
    """One dict a check: task, check, name, points, max, outcome, message.

    `source` is the instructor's notebook, `config` the text of its course's configuration.
    Raises Problem, with a text for the learner, if the notebook cannot be graded."""
    how = how or grading.How(workers=0)
    with tempfile.TemporaryDirectory(prefix="mildip-") as room:
        module, name = source.parent.name, source.stem
        shutil.copytree(source.parent, Path(room, "sources", module))
        course = Course.make(Path(room, "course"), Path(room, "sources"), config)
        # Asked first, so that a refusal comes before any work.
        grading.grade(course, [], how)
        release(course, module)
        taken = take(course, HandIn("me", module, datetime.now(UTC), {name: notebook}))
        (result,) = grading.grade(course, grading.pending(course), how)
        if result.result in (*gradebook.ZERO, *gradebook.NO_MARK):
            raise Problem(result.reason)
        run_nb = nbformat.read(
            course.step("autograded") / taken.folder / module / f"{name}.ipynb", as_version=4
        )
        with course.gradebook() as gb:
            page = graded_page(course, gb.find_submission(module, taken.folder), name, run_nb)
    return [
        {
            "task": check.task,
            "check": check.id,
            "name": check.name,
            "points": check.points,
            "max": check.max_points,
            "outcome": check.outcome,
            "message": "" if check.outcome == "right" else "\n".join(check.sentences),
        }
        for check in page.checks
    ]


if __name__ == "__main__":
    try:
        print(json.dumps(mark(Path(sys.argv[1]), Path(sys.argv[2])), ensure_ascii=False, indent=1))
    except Problem as problem:
        sys.exit(str(problem))

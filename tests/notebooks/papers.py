"""The two worked papers of the capstone, made from its notebook and their own answers.

    python tests/notebooks/papers.py     # renew both after a change of the capstone

A paper is what a learner hands in: the seminar edition with answers in it, run from top to
bottom. The brief's answers are those of the instructor's notebook.
"""

import copy
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import lesson, syllabus
from course.places import ROOT
from course.workbook import answers, put_back

CAPSTONE = syllabus.module("m15")
SHELF = ROOT / "docs" / "teaching" / "specimens"
PAPERS = {name: SHELF / f"capstone_{name}.ipynb" for name in ("brief", "story")}
HIDDEN = re.compile(r"(?s) *### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?")
REGION = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.M)


def capstone() -> NotebookNode:
    """The instructor's notebook."""
    return nbformat.read(CAPSTONE.notebook, as_version=4)


def model_answers() -> dict[str, str]:
    """The reference solution as a learner would have written it: answer id -> text."""
    return {
        cell.id: _as_written(cell) for cell in capstone().cells if lesson.role(cell.id) == "answer"
    }


def _as_written(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        text = cell.source.split("**For the reader who marks.**")[0]
        return REGION.sub("", text).replace("**Model answer.** ", "").strip()
    # The stubs that stand above the solution in the instructor's notebook.
    return REGION.sub("", re.sub(r"(?s)\A.*?### BEGIN SOLUTION\n", "", cell.source)).strip()


def own_answers(name: str) -> dict[str, str]:
    """What the kept paper says in its free cells and answers; the brief's are the model's."""
    kept = answers(nbformat.read(PAPERS[name], as_version=4))
    return kept | (model_answers() if name == "brief" else {})


def paper(name: str) -> NotebookNode:
    """The paper on the capstone as it is now, not run."""
    nb = copy.deepcopy(capstone())
    left_out = [i for i in (c.id for c in nb.cells) if lesson.SELF_STUDY.match(i)]
    left_out += [cell.id for cell in nb.cells if lesson.KEEP.match(cell.id)]
    nb.cells = [cell for cell in nb.cells if cell.id not in left_out]
    for cell in nb.cells:
        cell.source = HIDDEN.sub("", cell.source).rstrip("\n")
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return put_back(nb, own_answers(name))


def run(nb: NotebookNode) -> NotebookNode:
    """Run it under the capstone's own name, as a learner would."""
    with tempfile.TemporaryDirectory() as room:
        nbformat.write(nb, Path(room, CAPSTONE.notebook.name))
        return lesson.run(nb, Path(room))


if __name__ == "__main__":
    for one in sys.argv[1:] or PAPERS:
        nbformat.write(run(paper(one)), PAPERS[one])
        print(PAPERS[one].name)

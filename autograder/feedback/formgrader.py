"""What nbgrader's formgrader shows a reader of a learner's work: nothing that runs or fetches.

Its template leaves out nbconvert's own cleaning where the answers stand, and that cleaning
mangles tables. So two filters of the template are replaced, and outputs are made plain before.
"""

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from traitlets import Bool

from autograder.feedback import clean

#: Kinds of output that are shown; of an output's several, the first.
SHOWN = (
    "image/png",
    "image/jpeg",
    "image/svg+xml",
    "text/html",
    "text/markdown",
    "text/latex",
    "text/plain",
)
UNSHOWN = "(an output of a kind that is not shown here)"


def markdown(source: str) -> str:
    """In place of nbconvert's filter `markdown2html`."""
    return clean.markdown(source, headings=True)


def html(source: str) -> str:
    """In place of nbconvert's filter `clean_html`."""
    return clean.sanitised(source, headings=True)


class PlainOutputs(Preprocessor):
    """Leaves an output one kind, and nothing that could end up in an attribute or address."""

    enabled = Bool(True).tag(config=True)

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        for output in cell.get("outputs", []):
            output.metadata = NotebookNode()
            if "data" in output:
                found = [kind for kind in SHOWN if isinstance(output.data.get(kind), str)]
                output.data = NotebookNode(
                    {found[0]: output.data[found[0]]} if found else {"text/plain": UNSHOWN}
                )
        return cell, resources

"""What the headings of a notebook say about it and about its cells."""

import re

from nbformat import NotebookNode


def heading(nb: NotebookNode, fallback: str) -> str:
    """The notebook's first top-level heading."""
    for cell in nb.cells:
        found = re.search(r"^# +(.+)$", cell.source, re.M)
        if cell.cell_type == "markdown" and found:
            return found[1].strip()
    return fallback


def labels(nb: NotebookNode) -> dict[str, str]:
    """The heading that each cell with a grade id stands under."""
    found, current = {}, None
    for cell in nb.cells:
        label = cell.metadata.get("nbgrader", {})
        headings = re.findall(r"^#+ +(.+)$", cell.source, re.M)
        if cell.cell_type == "markdown" and headings and not label.get("solution"):
            current = headings[-1].strip()
        if current and "grade_id" in label:
            found[label["grade_id"]] = current
    return found

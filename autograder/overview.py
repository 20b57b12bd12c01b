"""The modules of a course at a glance, read from the instructor's notebooks."""

from dataclasses import dataclass
from pathlib import Path

import nbformat

from autograder.headings import heading


@dataclass(frozen=True)
class ModuleFacts:
    """A module, its title, and the points of its checks and of what a reader marks."""

    module: str
    title: str
    automatic: float
    written: float


def overview(notebooks: Path) -> list[ModuleFacts]:
    """Facts of every module in a folder of instructor's notebooks, sorted by name."""
    found = []
    for folder in sorted({path.parent for path in notebooks.glob("*/*.ipynb")}):
        title, points = folder.name, {False: 0.0, True: 0.0}
        for path in sorted(folder.glob("*.ipynb")):
            nb = nbformat.read(path, as_version=4)
            title = heading(nb, title)
            for cell in nb.cells:
                label = cell.metadata.get("nbgrader", {})
                if label.get("grade") or label.get("task"):
                    by_reader = label.get("solution") or cell.cell_type != "code"
                    points[bool(by_reader)] += float(label["points"])
        found.append(ModuleFacts(folder.name, title, points[False], points[True]))
    return found

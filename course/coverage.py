"""Where the course answers the article: read from `coverage.csv` and `verdicts.csv`.

    python -m course.coverage > docs/review/coverage.md     # both, as one page

`coverage.csv` has one row for each item of the article (`datasets/claims.csv`) in each module it
belongs to: the cell that takes it up, how (`taught`, `tested` by a task, or `debated`), and a few
words of that cell. `verdicts.csv` has what a lesson says an item is worth, and where.
Cells are read as prose (`plain`), so the words are quoted without emphasis and links.
"""

import csv
import re
from functools import cache
from importlib.resources import files

import nbformat

from course import glossary, syllabus
from course.lesson import task_of
from course.places import DATASETS


@cache
def items() -> dict[int, dict[str, str]]:
    """Rows of the claims table by item number; `module` as `"01;14"`."""
    with (DATASETS / "claims.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["no"]): row for row in csv.DictReader(file)}


@cache
def rows() -> tuple[dict[str, str], ...]:
    """`{"item", "module", "cell", "how", "words"}`, by item, then module as `01`."""
    return _read("coverage.csv")


@cache
def verdicts() -> tuple[dict[str, str], ...]:
    """`{"items", "verdict", "cell", "words"}`, in the order of the lessons."""
    return _read("verdicts.csv")


def _read(name: str) -> tuple[dict[str, str], ...]:
    with files("course").joinpath(name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def numbers(text: str) -> list[int]:
    """`"59 61-63"` as 59, 61, 62, 63."""
    ends = [one.partition("-") for one in text.split()]
    return [n for first, _, last in ends for n in range(int(first), int(last or first) + 1)]


def verdicts_of(item: int) -> list[str]:
    """What the lessons say an item is worth; mostly nothing, now and then two things."""
    found = (row["verdict"] for row in verdicts() if item in numbers(row["items"]))
    return list(dict.fromkeys(found))


@cache
def cells(module: str) -> dict[str, str]:
    """The cells of a lesson (`"07"`) by id, as they are written."""
    notebook = nbformat.read(syllabus.module(module).notebook, as_version=4)
    return {cell.id: cell.source for cell in notebook.cells}


def plain(text: str) -> str:
    """Prose without links to words, emphasis and line breaks."""
    return " ".join(glossary.unlink(text).replace("*", "").split())


def place(row: dict[str, str]) -> str:
    """`taught`, `tested in 7.3`, or `debated` with the heading of the side it is put by."""
    if row["how"] == "tested":
        return f"tested in {_number(row['cell'])}"
    return ": ".join(filter(None, [row["how"], _side(row) if row["how"] == "debated" else None]))


def _number(cell: str) -> str:
    """`7.3` for any cell of that task."""
    module, task = re.fullmatch(r"m(\d\d)_t(\d+)", task_of(cell)).groups()
    return f"{int(module)}.{task}"


def _side(row: dict[str, str]) -> str | None:
    """The heading of the column that holds the words, if they stand in a table."""
    lines = cells(row["module"])[row["cell"]].splitlines()
    for at, line in enumerate(lines):
        for column, text in enumerate(line.strip("|").split("|")):
            if line.startswith("|") and row["words"] in plain(text):
                top = max(n for n in range(at) if not lines[n].startswith("|")) + 1
                return plain(lines[top].strip("|").split("|")[column])
    return None


def page() -> str:
    """Items, verdicts and places as one page, in Markdown."""
    counts = {
        how: len({row["item"] for row in rows() if row["how"] == how})
        for how in ("taught", "tested", "debated")
    }
    lines = []
    for row in rows():
        item = items()[int(row["item"])]
        verdict = "; ".join(verdicts_of(int(row["item"])))
        lines.append(
            f"| {row['item']} | {item['short_text']} | {verdict} | {row['module']} "
            f"| `{row['cell']}` | {place(row)} |"
        )
    return "\n".join(
        [
            "# Where the course answers the article",
            "",
            f"All {len({row['item'] for row in rows()})} items of the article, in each module they "
            f"belong to: {len(rows())} places. {counts['taught']} items are taught, "
            f"{counts['tested']} tested and {counts['debated']} debated; some in two modules, in "
            "two ways. A verdict is what a lesson says the item is worth; most items are "
            "lists, names or values and have none. Made by `python -m course.coverage`.",
            "",
            "| item | claim, in short | verdict | module | cell | how |",
            "|---|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    print(page(), end="")

"""The words of the course: read from `glossary.csv`, linked where a lesson first uses them.

    python -m course.glossary > docs/glossary.md     # all of them, as one page

Authors write plain prose. `lesson.pack` links the first use of each of a lesson's words to the
table at the lesson's end, with the definition as the link's title; `lesson.unpack` undoes it.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from nbformat import NotebookNode

HEADING = "Words of this lesson"
ANCHOR = HEADING.replace(" ", "-")  # the id that Jupyter gives the heading
LINK = re.compile(rf'\[([^\]]+)\]\(#{ANCHOR} "([^"]*)"\)')
NOT_PROSE = re.compile(
    r"```[\s\S]*?```|`[^`\n]*`"  # code
    r"|^#+ .*$"  # headings
    r"|!?\[[^\]]*\]\((?:[^)\"]|\"[^\"]*\")*\)"  # links
    r"|</?\w[^>]*>",  # tags
    re.M,
)


@cache
def rows() -> tuple[dict[str, str], ...]:
    """The whole glossary in order: `{"term", "definition", "module"}`, the module as `07`."""
    with files("course").joinpath("glossary.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def terms(module: str) -> dict[str, str]:
    """Definitions by term, of one module (`m07`)."""
    return {row["term"]: row["definition"] for row in rows() if f"m{row['module']}" == module}


def table(module: str) -> str:
    """The words of a module as a section of its lesson; empty if it has none."""
    lines = [f"| {term} | {definition} |" for term, definition in terms(module).items()]
    head = [f"## {HEADING}", "", "| word | meaning |", "|---|---|"]
    return "\n".join(head + lines) if lines else ""


def spellings(term: str) -> list[str]:
    """A term with a stroke, in full: `spatial / positional issue` is two words to look for."""
    parts = [part.split() for part in term.split(" / ")]
    if len(parts) == 2:
        first, last = parts
        parts = [
            first + last[len(first) :],
            first[: max(len(first) - len(last), 0)] + last,
        ]
    return [" ".join(part) for part in parts]


def pattern(term: str) -> re.Pattern:
    """Finds a term in prose, whatever its case, number and line breaks."""
    found = []
    for one in spellings(term):
        text = re.escape(one).replace(r"\ ", r"\s+").replace("'", "['’]")
        found.append(re.sub("y$", "(?:y|ies)", text) + "(?:e?s)?")
    return re.compile(rf"(?<![\w-])(?:{'|'.join(found)})(?![\w-])", re.I)


def link(cells: list[NotebookNode], module: str) -> None:
    """Link the first use of each of the module's words in the prose of these cells."""
    # Longer terms first: one may hold another.
    for term, definition in sorted(terms(module).items(), key=lambda item: -len(item[0])):
        for cell, use in _uses(cells, pattern(term)):
            start, end = use.span()
            linked = f'[{cell.source[start:end]}](#{ANCHOR} "{definition}")'
            cell.source = cell.source[:start] + linked + cell.source[end:]
            break


def unlink(text: str) -> str:
    """The text as its author wrote it."""
    return LINK.sub(r"\1", text)


def _uses(cells: list[NotebookNode], word: re.Pattern) -> Iterator[tuple[NotebookNode, re.Match]]:
    for cell in cells:
        prose = NOT_PROSE.sub(lambda other: re.sub(r"\S", "~", other[0]), cell.source)
        yield from ((cell, found) for found in word.finditer(prose))


def page() -> str:
    """All words on one page, in Markdown."""
    lines = [f"| {row['term']} | {row['definition']} | {row['module']} |" for row in rows()]
    return "\n".join(
        [
            "# Glossary",
            "",
            f"The {len(rows())} words the course defines, and the module that brings each in. "
            "There the first use is linked to its meaning. Made by `python -m course.glossary`.",
            "",
            "| word | meaning | module |",
            "|---|---|---|",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    print(page(), end="")

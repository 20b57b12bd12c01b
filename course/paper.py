"""What can be said of a capstone paper without judging it: length, references, data, paths.

A paper is the saved notebook of the capstone: its parts are written answers, its numbers come
from the code cell. Nothing here gives a point; a reader does.

    python -m course.paper NOTEBOOK…     # the same lines for a reader, of papers handed in
"""

import ast
import functools
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import data, lesson, syllabus

#: Words of a paper by its route, least and most; its figures, at least; routes with a table.
WORDS = {"A": (1200, 1500), "B": (900, 1100)}
FIGURES = {"A": 2, "B": 3}
WITH_TABLE = {"A"}

#: The tasks that hold the text, the references and the data statement, and the code.
TEXT = ["t4", "t5", "t6", "t7", "t8"]
WITH_REFERENCES, WITH_DATA, WITH_CODE = "t7", "t10", "t2"

NETWORK = {"aiohttp", "ftplib", "http", "httpx", "requests", "socket", "urllib", "urllib3"}
ELSEWHERE = re.compile(r"(https?|ftp)://|/\w|~|[A-Za-z]:\\")
HEAD = re.compile(r"^(?:#+ |\**)references\W*$", re.IGNORECASE | re.MULTILINE)
ENTRY = re.compile(r"^[-*] +(?:`(?P<key>\w+)`[:,.]? *)?(?P<text>.+)$", re.MULTILINE)
YEAR = re.compile(r"\((\d{4}|undated|n\.d\.)[^)]*\)")
TABLE = re.compile(r"^\|(?: *:?-+:? *\|)+ *$", re.MULTILINE)
STUB = "*Write your answer here.*"

#: A question and, where the answer is no, what is amiss.
Line = tuple[str, str]


@dataclass(frozen=True)
class Paper:
    """A paper's route ("A", "B" or ""), its parts by task (`t4` …) and its code."""

    route: str
    parts: dict[str, str]
    code: tuple[str, ...]

    @property
    def __untouched__(self) -> bool:
        """Nothing written yet; asked by the checks."""
        return not any(self.parts.values())

    @property
    def references(self) -> str:
        """The list of references, as written."""
        return _split(self.parts.get(WITH_REFERENCES, ""))[1]

    @property
    def text(self) -> str:
        """What is read as the paper: its parts without the list of references."""
        return "\n\n".join(_split(self.parts.get(part, ""))[0] for part in TEXT)

    @property
    def words(self) -> int:
        """Words of the text; tables, headings and code are not counted."""
        plain = re.sub(r"```[\s\S]*?```|^\|.*$|^#+ .*$", " ", self.text, flags=re.M)
        return len(re.findall(r"\w+(?:[-'’.,/]\w+)*", plain))

    def length(self) -> list[Line]:
        """Is it as long as its route asks, with a table where one is due?"""
        if self.route not in WORDS:
            return [("the route is chosen", "route is neither 'A' nor 'B' in task 15.2")]
        least, most = WORDS[self.route]
        amiss = "" if least <= self.words <= most else f"it has {self.words}"
        lines = [(f"the text has {least} to {most} words", amiss)]
        if self.route in WITH_TABLE:
            amiss = "" if TABLE.search(self.text) else "no table was found in the text"
            lines.append(("a policy brief has a table", amiss))
        return lines

    def sources(self) -> list[Line]:
        """Does the list of references parse, and is each entry cited in the text?"""
        entries = list(ENTRY.finditer(self.references))
        unread = [e["text"] for e in entries if not (YEAR.search(e["text"]) and _people(e["text"]))]
        uncited = [e["text"] for e in entries if e["text"] not in unread and not self._cites(e)]
        return [
            (
                "there is a list of at least three references",
                "" if len(entries) >= 3 else f"{len(entries)} list items under “References”",
            ),
            (
                "each reference names people and a year in brackets",
                _first(unread),
            ),
            ("each reference is cited in the text", _first(uncited)),
        ]

    def to_look_up(self) -> list[str]:
        """References without a key of the course's bibliography. A person looks them up;
        none is wrong for that."""
        known = syllabus.references()
        return [e["text"] for e in ENTRY.finditer(self.references) if e["key"] not in known]

    def datasets(self) -> list[Line]:
        """Are the datasets of the data statement those that the code loads?"""
        known = set(data.names())
        statement = self.parts.get(WITH_DATA, "")
        named = known & set(re.findall(r"`(\w+)`", statement))
        loaded = known & {text for source in self.code for text in _texts(source)}
        return [
            (
                "the data statement names at least two datasets",
                "" if len(named) >= 2 else "write their names as code, such as `dcad`",
            ),
            (
                "each dataset named there is loaded in the code",
                ", ".join(sorted(named - loaded)),
            ),
            ("each dataset loaded is named there", ", ".join(sorted(loaded - named))),
        ]

    def reach(self) -> list[Line]:
        """Does the code stay on this machine and away from its own folders?"""
        broken = [source for source in self.code if _tree(source) is None]
        outside = [t for source in self.code for t in _texts(source) if ELSEWHERE.match(t)]
        modules = {name for source in self.code for name in _imports(source)}
        return [
            ("every code cell is Python", _first(broken)),
            ("no path leads out of the folder, and none to the network", _first(outside)),
            ("nothing is imported that opens the network", ", ".join(sorted(modules & NETWORK))),
        ]

    def _cites(self, entry: re.Match) -> bool:
        year = YEAR.search(entry["text"])[1]
        if entry["key"] and f"`{entry['key']}`" in self.text:
            return True
        name = re.escape(_people(entry["text"]))
        return re.search(rf"{name}[^.;]{{0,60}}{re.escape(year)}", self.text) is not None


class NotHere(Paper):
    """Stands for a paper where its text cannot be read, as in some graders."""

    def _said(self) -> list[Line]:
        return [("the text: it is read in your own notebook, not here", "")]

    length = sources = datasets = reach = _said


def read(nb: NotebookNode) -> Paper:
    """The paper in a notebook, the instructor's own too."""
    cells = {_id(cell): cell.source for cell in nb.cells}
    found = {name.split("_")[1]: text for name, text in cells.items() if lesson.ANSWER.match(name)}
    parts = {name: _written(found.get(name, "")) for name in [*TEXT, "t9", WITH_DATA]}
    code = tuple(
        cell.source
        for cell in nb.cells
        if cell.cell_type == "code" and lesson.role(_id(cell)) in ("answer", "free")
    ) + tuple(
        cell.source
        for cell in nb.cells
        if cell.cell_type == "code" and not re.match(r"m\d\d_", _id(cell))
    )
    routes = re.findall(r"^route *= *[\"']([AB])[\"']", found.get(WITH_CODE, ""), re.M)
    return Paper(routes[-1] if routes else "", parts, code)


def here(module: str, folder: Path | None = None) -> Paper:
    """The paper saved in this folder.

    Where work is graded without the notebook at hand, a stand-in that says so. Raises
    FileNotFoundError if a learner has not saved one under its own name."""
    path = (folder or Path.cwd()) / syllabus.module(module).notebook.name
    if path.is_file():
        return read(nbformat.read(path, as_version=4))
    if os.environ.get("NBGRADER_EXECUTION"):
        return NotHere("", {"t4": "elsewhere"}, ())
    raise FileNotFoundError(f"Save this notebook as {path.name}; then run the check again.")


def _id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id") or "")


def _written(source: str) -> str:
    """The text of an answer: of a model answer, what a learner would have written."""
    text = source.split("**For the reader who marks.**")[0]
    text = re.sub(r"^### (BEGIN|END) SOLUTION$", "", text, flags=re.M).strip()
    return "" if text == STUB else text


def _split(text: str) -> tuple[str, str]:
    head = HEAD.search(text)
    return (text[: head.start()], text[head.end() :]) if head else (text, "")


def _people(text: str) -> str:
    """The first name of an entry: what stands before its first comma or bracket."""
    return re.split(r",| \(", text.strip().lstrip("*"), maxsplit=1)[0].strip()


def _first(many: list[str]) -> str:
    """The first of them, short, and how many more there are."""
    if not many:
        return ""
    more = f" (and {len(many) - 1} more)" if len(many) > 1 else ""
    return " ".join(many[0].split())[:70] + more


@functools.lru_cache(maxsize=256)
def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def _texts(source: str) -> list[str]:
    tree = _tree(source)
    return [
        node.value
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _imports(source: str) -> set[str]:
    tree, found = _tree(source), set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            found |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def report(paper: Paper) -> str:
    """All lines of one paper, and what a person is to look up."""
    lines = [f"route {paper.route or 'not chosen'}, {paper.words} words"]
    for name, amiss in [*paper.length(), *paper.sources(), *paper.datasets(), *paper.reach()]:
        lines.append(f"{'✗' if amiss else '✓'} {name}{': ' if amiss else ''}{amiss}")
    lines += [f"? look up: {text}" for text in paper.to_look_up()]
    return "\n".join(lines)


def main(paths: list[str]) -> None:
    """Print the lines of each notebook; see the top of this file."""
    for path in paths or sys.exit(__doc__):
        print(f"{path}: {report(read(nbformat.read(path, as_version=4)))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The course in numbers: what `mildip modules` says of each module beyond its points.

python -m course.tally       # one line, for README.md
"""

import ast
import re
import tomllib
from collections import Counter
from functools import cache

import nbformat
from nbformat import NotebookNode

from course import data, lesson, syllabus
from course.places import ANSWERS, ROOT
from course.syllabus import Module

KINDS = ("code", "concept", "figure", "written")


def tally(folders: list[str]) -> tuple[dict[str, dict], dict]:
    """Numbers of those of these modules that the course has, by folder, and of all together.

    `tasks` by kind; `datasets` and their `rows`, each counted once in the whole; `figures`: lines
    of the review's table of figures that a test recomputes (None where the tests are not);
    `bank_answers`; `minutes` to read and to do, the written answer aside.
    """
    modules = [one for one in syllabus.modules() if one.folder in folders]
    each = {one.folder: _of(one) for one in modules}
    if not each:
        return {}, {}
    counts = each.values()
    return each, {
        "modules": len(each),
        "tasks": {kind: sum(one["tasks"][kind] for one in counts) for kind in KINDS},
        **_shelf({name for one in modules for name in one.datasets}),
        "figures": _sum([one["figures"] for one in counts]),
        "bank_answers": sum(one["bank_answers"] for one in counts),
        "minutes": sum(one["minutes"] for one in counts),
    }


def line(whole: dict) -> str:
    """The whole in one line, for people."""
    tasks = ", ".join(f"{count} {kind}" for kind, count in whole["tasks"].items())
    return (
        f"In numbers: {whole['modules']} modules, {sum(whole['tasks'].values())} tasks ({tasks}), "
        f"{whole['datasets']} data sets of {whole['rows']:,} rows, {whole['bank_answers']:,} right "
        f"and wrong answers that the checks must tell apart, {whole['figures']} lines of figures "
        f"that tests recompute, {whole['minutes'] / 60:.0f} hours."
    )


def _of(module: Module) -> dict:
    nb = nbformat.read(module.notebook, as_version=4)
    kinds = Counter(kind(nb, cell) for cell in nb.cells if lesson.role(cell.id) == "answer")
    bank = ANSWERS / f"{module.folder}.toml"
    answers = tomllib.loads(bank.read_text("utf-8")) if bank.is_file() else {}
    return {
        "tasks": {one: kinds[one] for one in KINDS},
        **_shelf(set(module.datasets)),
        "figures": figures(module),
        "bank_answers": sum(map(len, answers.values())),
        "minutes": module.minutes_to_read + module.minutes_to_do,
    }


def kind(nb: NotebookNode, answer: NotebookNode) -> str:
    """What an answer is: `written`, a `figure`, `code` (a function) or a `concept` (text)."""
    if answer.cell_type == "markdown":
        return "written"
    checks = [
        cell.source
        for cell in nb.cells
        if lesson.role(cell.id) == "check" and lesson.task_of(cell.id) == answer.id
    ]
    if any(re.search(r"\.(labelled|panels)\(", source) for source in checks):
        return "figure"
    body = ast.parse(answer.source).body
    return "code" if any(isinstance(part, ast.FunctionDef) for part in body) else "concept"


def figures(module: Module) -> int | None:
    """Lines of the table `## Figures` in the module's review that name a test there is."""
    page = ROOT / "docs" / "review" / f"{module.id}.md"
    if not (ROOT / "tests").is_dir():
        return None
    text = page.read_text("utf-8") if page.is_file() else ""
    table = re.search(r"^## Figures$(.*?)(?=^## |\Z)", text, re.M | re.S)
    lines = re.findall(r"^\|.*", table[1], re.M) if table else []
    return sum(bool(_tests() & set(re.findall(r"`(test_\w+)", line))) for line in lines)


@cache
def _tests() -> frozenset[str]:
    found = (path.read_text("utf-8") for path in (ROOT / "tests" / "datasets").glob("test_*.py"))
    return frozenset(re.findall(r"^def (test_\w+)", "\n".join(found), re.M))


def _shelf(names: set[str]) -> dict[str, int]:
    shelf = data.catalogue().set_index("name")["rows"]
    return {"datasets": len(names), "rows": int(shelf.loc[sorted(names)].sum())}


def _sum(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(counts)


if __name__ == "__main__":
    print(line(tally([module.folder for module in syllabus.modules()])[1]))

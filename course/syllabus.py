"""The course as one table: modules in order, with what a lesson says about itself."""

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from course.places import NOTEBOOKS


class UnknownModule(LookupError):
    """No module has this name; the message lists the nearest."""


@dataclass(frozen=True)
class Module:
    """One row of `syllabus.toml`."""

    folder: str
    title: str
    question: str
    minutes_to_read: int
    minutes_to_do: int
    seed: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    readings: list[str] = field(default_factory=list)
    objectives: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """`m07`."""
        return self.folder.split("_")[0]

    @property
    def number(self) -> str:
        """`7`, as in task 7.3."""
        return str(int(self.id[1:]))

    @property
    def notebook(self) -> Path:
        """The instructor's notebook, the only source."""
        return NOTEBOOKS / self.folder / f"{self.folder.split('_', 1)[1]}.ipynb"

    def coded_objectives(self) -> dict[str, str]:
        """`{"O7.1": "Distinguish …"}`."""
        return {f"O{self.number}.{n}": text for n, text in enumerate(self.objectives, start=1)}


@cache
def _table() -> dict:
    return tomllib.loads(files("course").joinpath("syllabus.toml").read_text("utf-8"))


def course_id() -> str:
    return _table()["course"]


def course_title() -> str:
    return _table()["title"]


def modules() -> list[Module]:
    """All modules, in the order they are taught."""
    return [Module(**row) for row in _table()["module"]]


def module(name: str) -> Module:
    """By folder, id (`m07`), number (`7`) or notebook name; else UnknownModule."""
    for one in modules():
        if name in (one.folder, one.id, one.number, one.id[1:], one.notebook.stem):
            return one
    names = [one.folder for one in modules()]
    near = difflib.get_close_matches(name, names + [one.id for one in modules()], 3, 0.3)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise UnknownModule(f"There is no module {name!r}.{hint} All modules: {', '.join(names)}.")


@cache
def references() -> dict[str, dict[str, str]]:
    """The bibliography: `{key: {"author", "title", "year", …}}`."""
    text = files("course").joinpath("references.bib").read_text("utf-8")
    found = {}
    for head in re.finditer(r"^@(\w+)\{([^,\s]+),\n(.*?)^\}", text, re.M | re.S):
        fields = re.findall(r"^\s*(\w+)\s*=\s*\{(.*?)\},?\s*$", head[3], re.M)
        found[head[2]] = {"kind": head[1], **dict(fields)}
    return found


def cite(key: str) -> str:
    """One line for a reading list, in Markdown. Says what of it is not confirmed."""
    entry = references()[key]
    people = entry.get("author") or entry.get("editor", "")
    # " and " within braces is part of an organisation's name.
    authors = re.sub(r" and (?![^{}]*\})", "; ", people) + ("" if entry.get("author") else " (eds)")
    kept_by = ("journal", "booktitle", "howpublished", "publisher", "institution")
    outlet = next((entry[name] for name in kept_by if entry.get(name)), "")
    volume = entry.get("volume", "")
    if volume and entry.get("number"):
        volume += f"({entry['number']})"
    where = ", ".join(filter(None, [f"*{outlet}*" if outlet else "", volume]))
    link = f"<https://doi.org/{entry['doi']}>" if entry.get("doi") else entry.get("url", "")
    link = link if link.startswith("<") or not link else f"<{link}>"
    free = "Open access." if entry.get("access", "").startswith("open") else ""
    title = entry["title"] + ("" if entry["title"].endswith(("?", "!", ".")) else ".")
    parts = [f"{authors} ({entry['year']}).", title, f"{where}." if where else ""]
    doubt = f"Unconfirmed: {entry['unseen']}." if entry.get("unseen") else ""
    line = " ".join(filter(None, [*parts, link, free, doubt]))
    return re.sub(r"[{}]", "", line).replace("--", "–")

"""The course's datasets: `load` gives a typed frame, `card` says what the frame can tell.

Everything said about a dataset stands in `datasets/datapackage.json`, a Frictionless data
package with a few keys of our own (`unit` and `blank` of a field; `terms`, `citation`,
`coverage`, `known_errors`, `cannot_tell` and `rows` of a resource).
"""

import difflib
import hashlib
import io
import json
import textwrap
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import pandas as pd

from course.places import DATASETS


class UnknownDataset(LookupError):
    """There is no dataset of that name; the message lists the nearest and all names."""


class DamagedDataset(RuntimeError):
    """A file of `datasets/` is missing or is not the one shipped; the message says how to mend."""


def load(name: str) -> pd.DataFrame:
    """Return a dataset as a fresh frame, typed as its card says.

    Text is `str`, dates are `datetime64`, whole numbers are `int64`, or `Int64` where a cell
    may be blank. Only a blank cell is missing: Namibia's `NA` would stay text.

    Raises `UnknownDataset`, or `DamagedDataset` if the file is missing or was changed.
    """
    _resource(name)
    return _read(DATASETS, name).copy(deep=False)  # pandas copies on write


def card(name: str) -> "Card":
    """Return the card of a dataset: a table in a notebook, text elsewhere.

    Raises `UnknownDataset`, or `DamagedDataset` if the descriptor is missing or unreadable.
    """
    return Card(_resource(name))


def names() -> list[str]:
    """Return the names of all datasets, in the order of the data package."""
    return list(_resources(DATASETS))


def catalogue() -> pd.DataFrame:
    """Return one row a dataset: name, title, rows, bytes, terms (open, cite or cells)."""
    return pd.DataFrame(
        [
            (name, r["title"], r["rows"], r["bytes"], r["terms"]["kind"])
            for name, r in _resources(DATASETS).items()
        ],
        columns=["name", "title", "rows", "bytes", "terms"],
    )


@dataclass(frozen=True)
class Card:
    """What a dataset is, where it comes from, and what it cannot tell."""

    resource: dict

    def __str__(self) -> str:
        """Return the card as text, at most 88 characters wide."""
        title = self.resource["title"]
        lines = [title, "=" * len(title)]
        lines += [_wrapped(f"{label}: {text}") for label, text in self._facts()]
        lines += ["", "Fields"]
        for field, kind, meaning, unit, blank in self._fields():
            unit = f", {unit}" if unit else ""
            lines.append(_wrapped(f"- {field} ({kind}{unit}): {meaning}. Blank: {blank}."))
        for heading, items in self._lists():
            lines += ["", heading, *(_wrapped(f"- {item}") for item in items)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the card as HTML that takes its colours from the page around it."""
        # JupyterLab aligns table cells to the right, which is for numbers.
        left = ' style="text-align: left; vertical-align: top"'
        facts = "".join(
            f"<dt><strong>{escape(label)}</strong></dt><dd>{escape(text)}</dd>"
            for label, text in self._facts()
        )
        header = "".join(f'<th scope="col"{left}>{label}</th>' for label in _FIELD_HEADER)
        body = "".join(
            f'<tr><th scope="row"{left}><code>{escape(field)}</code></th>'
            + "".join(f"<td{left}>{escape(text)}</td>" for text in rest)
            + "</tr>"
            for field, *rest in self._fields()
        )
        lists = "".join(
            f"<h5>{escape(heading)}</h5><ul>"
            + "".join(f"<li>{escape(item)}</li>" for item in items)
            + "</ul>"
            for heading, items in self._lists()
        )
        return (
            f"<section><h4>{escape(self.resource['title'])}</h4><dl>{facts}</dl>"
            f'<h5>Fields</h5><table style="color: inherit"><thead><tr>{header}</tr></thead>'
            f"<tbody>{body}</tbody></table>{lists}</section>"
        )

    def _facts(self) -> list[tuple[str, str]]:
        r = self.resource
        keys = f" [{', '.join(r['citation']['keys'])}]" if r["citation"]["keys"] else ""
        return [
            ("Load it with", f'load("{r["name"]}")'),
            ("What one row is", r["description"]),
            ("Coverage", r["coverage"]),
            ("Rows", f"{r['rows']:,}"),
            ("Version", r["version"]),
            *(("Source", " ".join([s["title"], s.get("path", "")]).strip()) for s in r["sources"]),
            ("Terms", f"{r['terms']['kind']}. {r['terms']['sentence']}"),
            *(("Licence", f"{li['title']} {li['path']}") for li in r.get("licenses", [])),
            ("Please cite", r["citation"]["text"] + keys),
        ]

    def _fields(self) -> list[tuple[str, str, str, str, str]]:
        return [
            (
                field["name"],
                _KINDS[field["type"]],
                field["description"],
                field.get("unit", ""),
                field.get("blank", "never"),
            )
            for field in self.resource["schema"]["fields"]
        ]

    def _lists(self) -> list[tuple[str, list[str]]]:
        return [
            ("Known errors and traps", self.resource["known_errors"]),
            ("What these data cannot tell you", self.resource["cannot_tell"]),
        ]


_FIELD_HEADER = ["Field", "Type", "Meaning", "Unit", "Blank means"]
_KINDS = {"string": "text", "integer": "whole number", "number": "number", "date": "date"}
_RESTORE = (
    "Restore it with `git checkout -- datasets/{file}` in a clone, "
    "or reinstall the package military-diplomacy-course."
)


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text, 88, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _resource(name: str) -> dict:
    resources = _resources(DATASETS)
    if name not in resources:
        near = difflib.get_close_matches(str(name), resources, n=3, cutoff=0.5)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UnknownDataset(
            f"There is no dataset called {name!r}.{meant} All datasets: {', '.join(resources)}."
        )
    return resources[name]


@cache
def _resources(folder: Path) -> dict[str, dict]:
    path = folder / "datapackage.json"
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
        return {resource["name"]: resource for resource in package["resources"]}
    except FileNotFoundError:
        problem = "is missing"
    except (ValueError, KeyError, TypeError) as error:
        problem = f"is damaged ({type(error).__name__}: {error})"
    raise DamagedDataset(
        f"datasets/{path.name} {problem}. It describes every dataset. "
        + _RESTORE.format(file=path.name)
    )


@cache
def _read(folder: Path, name: str) -> pd.DataFrame:
    resource = _resources(folder)[name]
    content = _checked(folder / resource["path"], resource["bytes"], resource["hash"])
    fields = resource["schema"]["fields"]
    return pd.read_csv(
        io.BytesIO(content),
        dtype={f["name"]: _dtype(f) for f in fields if f["type"] != "date"},
        parse_dates=[f["name"] for f in fields if f["type"] == "date"],
        date_format="%Y-%m-%d",
        keep_default_na=False,
        na_values=[""],
    )


def _dtype(field: dict) -> str:
    required = field.get("constraints", {}).get("required", False)
    integer = "int64" if required else "Int64"
    return {"string": "str", "integer": integer, "number": "float64"}[field["type"]]


def _checked(path: Path, size: int, expected: str) -> bytes:
    """Return the file's bytes if they are the ones shipped."""
    file = f"datasets/{path.name}"
    restore = _RESTORE.format(file=path.name)
    if not path.is_file():
        raise DamagedDataset(f"{file} is missing ({size:,} bytes expected). {restore}")
    content = path.read_bytes()
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DamagedDataset(
            f"{file} is not the file that was shipped: expected {size:,} bytes with "
            f"{expected[:15]}…, found {len(content):,} bytes with {found[:15]}…. {restore}"
        )
    return content

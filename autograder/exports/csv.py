"""Marks as a CSV file that a spreadsheet can open safely."""

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.gradebook import Row

COLUMNS = (
    "learner",
    "name",
    "module",
    "automatic",
    "automatic_max",
    "written",
    "written_max",
    "total",
    "late_seconds",
    "status",
)

# A cell that begins with one of these is a formula to some spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def escaped(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a leading apostrophe is put before it."""
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def unescaped(text: str) -> str:
    """The text that was given to `escaped`."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) else text


def as_csv(rows: Iterable["Row"]) -> str:
    """One line a learner and module. Marks that do not exist yet are blank."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (getattr(row, column) for column in COLUMNS)
        writer.writerow([_cell(value) for value in cells])
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float | int):
        return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
    return escaped(str(value))

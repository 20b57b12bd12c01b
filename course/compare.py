"""Is this the value that was asked for? Pure comparisons that answer in a sentence.

Kinds are strict where a learner's misunderstanding would hide behind looseness and
lenient where only the machinery differs: NumPy scalars count as their Python kind,
`bool` never counts as `int`, `object` and `str` columns are equal, and so are
datetime units. Floats are compared within a stated tolerance.
"""

import math
import numbers
from collections.abc import Mapping

import numpy as np
import pandas as pd

KINDS = {
    bool: "True or False",
    int: "a whole number (int)",
    float: "a number (float)",
    str: "text (str)",
    list: "a list",
    tuple: "a tuple",
    dict: "a dict",
    set: "a set",
    pd.Series: "a Series",
    pd.DataFrame: "a DataFrame",
    pd.Timestamp: "a date (Timestamp)",
    type(None): "nothing (None)",
}


def kind(value: object) -> type:
    """The Python kind a value counts as, e.g. `int` for `np.int64(3)`."""
    if isinstance(value, bool | np.bool_):
        return bool
    if isinstance(value, numbers.Integral):
        return int
    if isinstance(value, numbers.Real):
        return float
    for known in (str, list, tuple, Mapping, set, pd.Series, pd.DataFrame, pd.Timestamp):
        if isinstance(value, known):
            return dict if known is Mapping else known
    return type(value)


def in_words(value_type: type) -> str:
    return KINDS.get(value_type, value_type.__name__)


def is_missing(value: object) -> bool:
    """True for NaN, NaT and NA, but not for None: None is an answer not given."""
    return (
        value is not None
        and bool(np.isscalar(value) or value is pd.NA or value is pd.NaT)
        and (pd.isna(value))
    )


def short(value: object, limit: int = 60) -> str:
    """One line of `value` for a message."""
    if isinstance(value, pd.DataFrame):
        return f"a DataFrame of {len(value)} rows and {value.shape[1]} columns"
    if isinstance(value, pd.Series):
        return f"a Series of {len(value)} values"
    if kind(value) is float:
        return "NaN" if is_missing(value) else f"{float(value):.6g}"
    if kind(value) in (int, bool):
        return repr(kind(value)(value))
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def wrong_kind(found: object, wanted: type) -> str | None:
    """A sentence if `found` is not of the wanted kind; whole numbers pass as numbers."""
    have = kind(found)
    if have is wanted or (wanted is float and (have is int or is_missing(found))):
        return None
    if found is None:
        return f"expected {in_words(wanted)}, but it returned nothing"
    return f"expected {in_words(wanted)}, found {in_words(have)}"


def difference(
    found: object, expected: object, *, within: float = 0.0, order: bool = True
) -> str | None:
    """How `found` differs from `expected`, in a sentence, or None if it does not.

    `within` is the absolute tolerance for numbers. With `order=False` the rows of a
    table or Series and the items of a list may come in any order.
    """
    if is_missing(expected):
        return None if is_missing(found) else f"expected a missing value, found {short(found)}"
    if sentence := wrong_kind(found, kind(expected)):
        return sentence
    if isinstance(expected, pd.DataFrame):
        return _frames(found, expected, within, order)
    if isinstance(expected, pd.Series):
        return _series(found, expected, within, order)
    if isinstance(expected, list | tuple):
        return _sequences(found, expected, within, order)
    if isinstance(expected, Mapping):
        return _mappings(found, expected, within)
    if kind(expected) in (int, float):
        if is_missing(found):
            return f"expected {short(expected)}, found a missing value"
        close = math.isclose(found, expected, rel_tol=0, abs_tol=within)
        return (
            None
            if close or found == expected
            else (f"expected {short(expected)}{_tolerance(within)}, found {short(found)}")
        )
    return None if found == expected else f"expected {short(expected)}, found {short(found)}"


def _tolerance(within: float) -> str:
    return f" (within {within:g})" if within else ""


def _sequences(found, expected, within, order):
    if len(found) != len(expected):
        return f"expected {len(expected)} items, found {len(found)}"
    if not order:
        found, expected = (sorted(x, key=lambda v: repr(_plain(v))) for x in (found, expected))
    for place, (have, want) in enumerate(zip(found, expected, strict=True), start=1):
        if sentence := difference(have, want, within=within):
            return f"item {place}: {sentence}"
    return None


def _mappings(found, expected, within):
    if sentence := _labels(found, expected, "key"):
        return sentence
    for key, want in expected.items():
        if sentence := difference(found[key], want, within=within):
            return f"{key!r}: {sentence}"
    return None


def _labels(found, expected, word) -> str | None:
    known, wanted = set(found), set(expected)
    missing = [label for label in expected if label not in known]
    extra = [label for label in found if label not in wanted]
    if missing:
        return f"{word} {short(_plain(missing[0]))} is missing"
    if extra:
        return f"{word} {short(_plain(extra[0]))} should not be there"
    return None


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def _series(found, expected, within, order):
    if len(found) != len(expected):
        return f"expected {len(expected)} values, found {len(found)}"
    if found.index.has_duplicates or expected.index.has_duplicates:
        if list(found.index) != list(expected.index):
            return "the index differs"
    elif sentence := _labels(found.index, expected.index, "label"):
        return sentence
    elif order and list(found.index) != list(expected.index):
        return "the right values, but in another order than asked"
    else:
        found = found.reindex(expected.index)
    if differs := _first_difference(found, expected, within):
        return "at {}: {}".format(*differs)
    return None


def _first_difference(found, expected, within) -> tuple[str, str] | None:
    """The label of the first value that differs, and how, as text.

    Equal at a glance is a hundred times faster than value by value, but for objects, among
    which True would pass for 1."""
    at_a_glance = found.dtype == expected.dtype and found.dtype != object
    if at_a_glance and found.array.equals(expected.array):
        return None
    for label, have, want in zip(expected.index, found, expected, strict=True):
        if sentence := difference(_plain(have), _plain(want), within=within):
            return short(_plain(label)), sentence
    return None


def _frames(found, expected, within, order):
    if sentence := _labels(found.columns, expected.columns, "column"):
        return sentence
    if found.columns.has_duplicates:
        twice = found.columns[found.columns.duplicated()][0]
        return f"column {short(_plain(twice))} stands there more than once"
    if len(found) != len(expected):
        return f"expected {len(expected)} rows, found {len(found)}"
    found = found[list(expected.columns)]
    if not order:
        columns = list(expected.columns)
        found = found.sort_values(columns, ignore_index=True)
        expected = expected.sort_values(columns, ignore_index=True)
    elif not isinstance(expected.index, pd.RangeIndex):
        if sentence := _labels(found.index, expected.index, "row"):
            return sentence
        if list(found.index) != list(expected.index):
            return "the right rows, but in another order than asked"
    for column in expected.columns:
        if differs := _first_difference(found[column], expected[column], within):
            return "column {!r}, row {}: {}".format(column, *differs)
    return None

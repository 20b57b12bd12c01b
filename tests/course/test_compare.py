"""Covers course/compare.py: kinds, missing values, tolerance, order, and the sentence that
says how two values differ.

Leaves out how a check uses the sentence (test_check).
"""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from course.compare import difference, kind, short, wrong_kind
from course.data import load, names

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "counts_as"),
    [
        (np.int64(3), int),
        (np.uint8(3), int),
        (3, int),
        (True, bool),
        (np.True_, bool),
        (np.float32(1), float),
        (1.0, float),
        (Fraction(1, 2), float),
        (np.str_("a"), str),
        ({}, dict),
        ((), tuple),
        (set(), set),
        (None, type(None)),
        (pd.Timestamp("2000-01-31"), pd.Timestamp),
        (pd.Series(dtype=int), pd.Series),
    ],
)
def test_is_the_kind_of_a_value_the_python_one(value, counts_as):
    assert kind(value) is counts_as


@pytest.mark.parametrize("good", [3, np.int64(3), np.int32(3)])
def test_do_numpy_whole_numbers_count_as_int(good):
    assert wrong_kind(good, int) is None


@pytest.mark.parametrize("bad", [3.0, np.float64(3), True, np.True_, "3", None, [3], NAN])
def test_does_nothing_else_count_as_int(bad):
    assert wrong_kind(bad, int)


@pytest.mark.parametrize("good", [0.5, 3, np.int64(3), np.float32(0.5), NAN, pd.NA])
def test_do_whole_and_missing_numbers_count_as_numbers(good):
    assert wrong_kind(good, float) is None


@pytest.mark.parametrize("bad", [True, "0.5", None, pd.Series([0.5])])
def test_does_nothing_else_count_as_a_number(bad):
    assert wrong_kind(bad, float)


def test_does_the_sentence_name_both_kinds_and_a_missing_return():
    assert wrong_kind("a", int) == "expected a whole number (int), found text (str)"
    assert wrong_kind(None, int) == "expected a whole number (int), but it returned nothing"


@pytest.mark.parametrize(
    ("found", "expected", "within", "same"),
    [
        (0.1 + 0.2, 0.3, 1e-9, True),
        (0.3001, 0.3, 1e-3, True),
        (0.3001, 0.3, 1e-6, False),
        (1, True, 0, False),
        (True, 1, 0, False),
        (1, 1.0, 0, True),
        (1.0, 1, 0, False),
        (math.inf, math.inf, 0, True),
        (-math.inf, math.inf, 0, False),
        (NAN, NAN, 0, True),
        (None, NAN, 0, False),
        (0, NAN, 0, False),
        (NAN, 0, 1, False),
        (pd.NA, NAN, 0, True),
        (pd.NaT, NAN, 0, True),
        (NAN, 0.0, 9, False),
        ("a", "a", 0, True),
        ("a", "A", 0, False),
        (None, None, 0, True),
        (pd.Timestamp("2000-01-31"), pd.Timestamp("2000-01-31").as_unit("s"), 0, True),
    ],
)
def test_are_single_values_the_same(found, expected, within, same):
    assert (difference(found, expected, within=within) is None) == same


def test_does_a_difference_in_numbers_name_the_tolerance():
    assert difference(0.25, 0.5, within=0.01) == "expected 0.5 (within 0.01), found 0.25"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([1, 2], "expected 3 items, found 2"),
        ([1, 3, 2], "item 2: expected 2, found 3"),
        ((1, 2, 3), "expected a list, found a tuple"),
        ([1, 2, 3.0], "item 3: expected a whole number (int), found a number (float)"),
    ],
)
def test_do_lists_differ_in_length_place_and_kind(found, said):
    assert difference(found, [1, 2, 3]) == said


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([3, 1, 2], [1, 2, 3]),
        ([np.int64(2), 1], [1, 2]),
        ([1, np.int64(10), np.int64(2)], [np.int64(1), 2, 10]),
        ([("b", 2), ("a", 1)], [("a", 1), ("b", 2)]),
    ],
)
def test_may_a_list_come_in_any_order_if_the_task_allows(found, expected):
    assert difference(found, expected, order=False) is None
    assert difference(found, expected)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"a": 1}, "key 'b' is missing"),
        ({"a": 1, "b": 2, "c": 3}, "key 'c' should not be there"),
        ({"a": 1, "b": 3}, "'b': expected 2, found 3"),
        ([1, 2], "expected a dict, found a list"),
    ],
)
def test_do_dicts_differ_by_key(found, said):
    assert difference(found, {"a": 1, "b": 2}) == said
    assert difference({"b": 2, "a": 1}, {"a": 1, "b": 2}) is None


SERIES = pd.Series([1.0, 2.0, NAN], index=["a", "b", "c"])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (SERIES.iloc[:2], "expected 3 values, found 2"),
        (SERIES.rename({"c": "d"}), "label 'c' is missing"),
        (SERIES.iloc[::-1], "the right values, but in another order than asked"),
        (SERIES.fillna(0), "at 'c': expected a missing value, found 0"),
        (SERIES.replace(2.0, 5.0), "at 'b': expected 2, found 5"),
        (SERIES.to_frame(), "expected a Series, found a DataFrame"),
        (pd.Series([1.0, 2.0, NAN], index=["a", "a", "c"]), "the index differs"),
    ],
)
def test_do_series_differ_in_length_labels_order_and_values(found, said):
    assert difference(found, SERIES) == said


@pytest.mark.parametrize(
    "found",
    [
        SERIES.rename("another name"),
        SERIES.astype("Float64"),
        SERIES.astype(object),
        SERIES.rename_axis("letters"),
        pd.Series([1, 2, pd.NA], index=list("abc"), dtype="Int64"),
    ],
)
def test_are_names_and_dtypes_of_a_series_free(found):
    assert difference(found, SERIES) is None


def test_may_a_series_come_in_any_order_if_the_task_allows():
    assert difference(SERIES.iloc[::-1], SERIES, order=False) is None


FRAME = pd.DataFrame({"code": ["A", "B", "C"], "n": [1, 2, 3], "share": [0.1, 0.2, NAN]})


@pytest.mark.parametrize(
    "found",
    [
        FRAME[["share", "code", "n"]],
        FRAME.set_index(pd.Index([7, 7, 9])),
        FRAME.astype({"code": object, "n": "Int64"}),
        FRAME.assign(n=FRAME["n"].astype(np.int16)),
    ],
)
def test_are_column_order_index_and_dtype_of_a_frame_free(found):
    assert difference(found, FRAME) is None


@pytest.mark.parametrize("seed", range(5))
def test_may_rows_come_in_any_order_if_the_task_allows(seed):
    shuffled = FRAME.sample(frac=1, random_state=seed)
    assert difference(shuffled, FRAME, order=False) is None


def test_does_order_matter_unless_the_task_frees_it():
    assert difference(FRAME.iloc[::-1], FRAME).startswith("column 'code', row 0")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FRAME.drop(columns="n"), "column 'n' is missing"),
        (FRAME.assign(extra=1), "column 'extra' should not be there"),
        (pd.concat([FRAME, FRAME["n"]], axis=1), "column 'n' stands there more than once"),
        (FRAME.iloc[:2], "expected 3 rows, found 2"),
        (FRAME.assign(n=[1, 2, 4]), "column 'n', row 2: expected 3, found 4"),
        (FRAME.assign(n=[1.0, 2.0, 3.0]), "column 'n', row 0: expected a whole number (int)"),
        (FRAME.assign(share=[0.1, 0.2, 0.0]), "column 'share', row 2: expected a missing value"),
        (FRAME.assign(n=[True, True, True]), "column 'n', row 0: expected a whole number (int)"),
    ],
)
def test_do_frames_differ_in_columns_rows_and_cells(found, said):
    assert difference(found, FRAME).startswith(said)


def test_is_a_truth_value_among_objects_no_number():
    # pandas calls the two equal.
    found, wanted = (pd.Series([one, 2], dtype=object) for one in (True, 1))
    assert difference(found, wanted) == "at 0: expected a whole number (int), found True or False"
    assert difference(found.to_frame("n"), wanted.to_frame("n")).startswith("column 'n', row 0")


def test_is_a_named_index_compared():
    by_code = FRAME.set_index("code")
    assert difference(by_code, by_code) is None
    assert difference(by_code.rename({"C": "D"}), by_code) == "row 'C' is missing"
    assert "another order" in difference(by_code.iloc[::-1], by_code)


def test_are_duplicate_rows_counted():
    twice = pd.DataFrame({"a": [1, 1, 2]})
    assert difference(pd.DataFrame({"a": [1, 2, 2]}), twice, order=False)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (FRAME, "a DataFrame of 3 rows and 3 columns"),
        (SERIES, "a Series of 3 values"),
        (np.int64(4), "4"),
        (np.float64(1 / 3), "0.333333"),
        (NAN, "NaN"),
        (np.True_, "True"),
        (pd.Timestamp("2000-01-31"), "2000-01-31"),
        ("a", "'a'"),
    ],
)
def test_is_a_value_shown_in_one_short_line(value, said):
    assert short(value) == said


def test_is_a_long_value_cut():
    assert len(short("x" * 500)) == 60


def test_is_a_long_series_compared_in_reasonable_time():
    # Quadratic label lookup would take minutes here.
    long = pd.Series(range(60_000))
    assert difference(long, long.copy()) is None


@pytest.mark.parametrize("name", names())
def test_is_a_dataset_equal_to_itself_and_not_to_one_with_another_value(name):
    frame = load(name)
    assert difference(load(name), frame) is None
    for column in frame:
        here = frame[column].last_valid_index()
        others = frame.loc[frame[column] != frame.loc[here, column], column].dropna()
        if len(others):
            changed = frame.copy()
            changed.loc[here, column] = others.iloc[0]
            said = difference(changed, frame)
            assert said.startswith(f"column {column!r}, row {here}: expected"), said

"""The wire format: what goes in comes out, through JSON, and what nobody sent does not.

Properties are tested by hypothesis for every kind of value that tasks return. Left out:
functions and figures, which cross by reference or as plain data (test_remote).
"""

import contextlib
import datetime
import json
import math
import re
import string
from collections import Counter, OrderedDict, defaultdict, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.marking import wire

settings.register_profile(
    "steady",
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("steady")


class Pair(NamedTuple):
    name: str
    share: float


Point = namedtuple("Point", "x y")


def there_and_back(value: Any) -> Any:
    """The value as it arrives: encoded, as JSON text, decoded."""
    return wire.decode(json.loads(json.dumps(wire.encode(value))))


def identical(one: Any, other: Any) -> bool:
    """The same type and content, as strictly as one can tell; nan is nan, -0.0 is not 0.0."""
    if one is other:
        return True
    if isinstance(one, tuple) and hasattr(one, "_fields"):
        return (
            type(one).__name__ == type(other).__name__
            and one._fields == other._fields
            and identical(tuple(one), tuple(other))
        )
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict):
        return identical(list(one.items()), list(other.items()))
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and all(any(identical(a, b) for b in other) for a in one)
    if isinstance(one, pd.DataFrame):
        return (
            identical(one.index, other.index)
            and identical(one.columns, other.columns)
            and all(identical(one.iloc[:, i], other.iloc[:, i]) for i in range(one.shape[1]))
        )
    if isinstance(one, pd.Series):
        return (
            one.dtype == other.dtype
            and identical(one.name, other.name)
            and identical(one.index, other.index)
            and identical(one.tolist(), other.tolist())
        )
    if isinstance(one, pd.MultiIndex):
        names = list(one.names), list(other.names)
        one, other = (index.set_names([None] * index.nlevels) for index in (one, other))
        return identical(*names) and all(
            identical(one.get_level_values(i), other.get_level_values(i))
            for i in range(one.nlevels)
        )
    if isinstance(one, pd.Index):
        return (
            one.dtype == other.dtype
            and identical(list(one.names), list(other.names))
            and identical(one.tolist(), other.tolist())
        )
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and identical(one.ravel().tolist(), other.ravel().tolist())
        )
    if isinstance(one, float | np.floating):
        return repr(one) == repr(other)
    if isinstance(one, complex | np.complexfloating):
        return identical(one.real, other.real) and identical(one.imag, other.imag)
    if isinstance(one, np.datetime64 | np.timedelta64):
        return one.dtype == other.dtype and one.view("i8") == other.view("i8")
    if isinstance(one, Decimal):
        return str(one) == str(other)
    if isinstance(one, pd.Timestamp):
        return one == other and one.unit == other.unit and str(one.tz) == str(other.tz)
    if isinstance(one, pd.Timedelta):
        return one == other and one.unit == other.unit
    return bool(one == other)


texts = st.text(st.characters(exclude_categories=[])) | st.text(string.printable)
moments = st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1))
units = st.sampled_from(["s", "ms", "us", "ns"])
zones = st.sampled_from([None, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])


@st.composite
def stamps(draw: st.DrawFn) -> pd.Timestamp:
    return pd.Timestamp(draw(moments), tz="UTC").tz_convert(draw(zones)).as_unit(draw(units))


spans = st.builds(
    lambda days, unit: pd.Timedelta(days=days).as_unit(unit), st.integers(-30_000, 30_000), units
)
numpy_scalars = st.one_of(
    *(
        hnp.arrays(dtype, ()).map(lambda array: array[()])
        for dtype in (
            "bool i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16 M8[D] M8[s] M8[ns] m8[h] m8[us]".split()
        )
    ),
    st.text(string.ascii_letters).map(np.str_),
)
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    texts,
)
hashable = st.one_of(
    plain,
    st.complex_numbers(),
    st.binary(),
    st.decimals().filter(lambda value: not value.is_snan()),
    st.fractions(),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    stamps(),
    spans,
    st.sampled_from([pd.NA, pd.NaT, ..., pd.Period("2001-02"), pd.Period("2001", "Y")]),
    numpy_scalars,
    st.builds(Pair, texts, st.floats()),
)
scalars = hashable | st.builds(range, st.integers(-99, 99), st.integers(-99, 99), st.just(3))
arrays = hnp.arrays(
    st.sampled_from("bool i1 i8 u4 f4 f8 c16 M8[D] M8[ns] m8[s] <U5".split()),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)

labels = st.none() | st.text(string.ascii_letters, max_size=5) | st.integers(-9, 9)
DTYPES = (
    "bool int8 int32 int64 uint16 uint64 float32 float64 Int64 UInt8 Float64 boolean str string "
    "datetime64[s] datetime64[ns] datetime64[us,Europe/Berlin] timedelta64[ms] category ordered "
    "object"
).split()


@st.composite
def columns(draw: st.DrawFn, length: int | None = None) -> pd.Series:
    """A Series of any kind a lesson's tables have, missing values included."""
    length = draw(st.integers(0, 6)) if length is None else length
    dtype = draw(st.sampled_from(DTYPES))

    def many(one: st.SearchStrategy) -> list:
        return draw(st.lists(one, min_size=length, max_size=length))

    if dtype == "object":
        mixed = np.empty(length, dtype=object)
        mixed[:] = many(plain | stamps() | st.lists(plain, max_size=2) | st.just(pd.NA))
        return pd.Series(mixed, dtype=object)
    if dtype in ("category", "ordered"):
        words = draw(
            st.lists(st.text(string.ascii_letters), min_size=1, max_size=4, unique=True)
            | st.lists(st.integers(-9, 9), min_size=1, max_size=4, unique=True)
        )
        codes = many(st.integers(-1, len(words) - 1))
        return pd.Series(pd.Categorical.from_codes(codes, words, dtype == "ordered"))
    if dtype in ("str", "string"):
        values: list = many(st.none() | st.text(st.characters(exclude_categories=["Cs"])))
    elif dtype.startswith("datetime"):
        moments = many(
            st.none() | st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1))
        )
        zone = dtype[:-1].split(",")[1] if "," in dtype else None
        unit = dtype[:-1].split("[")[1].split(",")[0]
        series = pd.Series(pd.to_datetime(pd.Series(moments, dtype="datetime64[us]")))
        series = series.astype(f"datetime64[{unit}]")
        return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)
    elif dtype.startswith("timedelta"):
        values = many(
            st.none() | st.timedeltas(-datetime.timedelta(9999), datetime.timedelta(9999))
        )
        return pd.Series(values, dtype="timedelta64[us]").astype(dtype)
    elif dtype == "bool":
        values = many(st.booleans())
    elif dtype == "boolean":
        values = many(st.none() | st.booleans())
    elif dtype.lower().startswith("float"):
        values = many(st.floats(width=32))
    else:
        info = np.iinfo(dtype.lower())
        values = many(st.integers(int(info.min), int(info.max)))
        if dtype[0] in "IU":
            values = [None if draw(st.booleans()) else value for value in values]
    return pd.Series(values, dtype=dtype)


@st.composite
def indexes(draw: st.DrawFn, length: int) -> pd.Index:
    """Row labels: counted, of one kind (duplicates too), or of several levels."""
    how = draw(st.sampled_from(["range", "one", "several"]))
    if how == "range":
        start, step = draw(st.integers(-5, 5)), draw(st.sampled_from([1, 2, -3]))
        return pd.RangeIndex(start, start + step * length, step, name=draw(labels))
    if how == "one":
        return pd.Index(draw(columns(length)), name=draw(labels))
    levels = [draw(columns(length)) for _ in range(2)]
    assume(all(level.dtype != object for level in levels))
    return pd.MultiIndex.from_arrays(levels, names=[draw(labels), draw(labels)])


@st.composite
def series(draw: st.DrawFn) -> pd.Series:
    made = draw(columns())
    made.index, made.name = draw(indexes(len(made))), draw(labels)
    return made


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    length, width = draw(st.integers(0, 5)), draw(st.integers(0, 4))
    frame = pd.DataFrame({place: draw(columns(length)) for place in range(width)})
    if not width:
        frame = pd.DataFrame(index=range(length))
    frame.index = draw(indexes(length))
    frame.columns = draw(indexes(width))
    return frame


values = st.recursive(
    scalars | arrays | series() | frames(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(hashable, inner, max_size=4),
        st.sets(hashable, max_size=4),
        st.frozensets(hashable, max_size=4),
        st.builds(Point, inner, inner),
    ),
    max_leaves=8,
)

#: What the sender of made-up data may write.
tags = st.sampled_from(
    "int float list tuple set frozenset dict record numpy array frame series index complex bytes "
    "range decimal fraction date datetime duration timestamp timedelta period na nat ellipsis "
    "datetime64 text thing yours pickle".split()
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.fixed_dictionaries({"t": tags, "v": inner}),
        st.fixed_dictionaries({"dtype": st.sampled_from([*DTYPES, "O", "V8"]), "list": inner}),
        st.fixed_dictionaries({"dtype": st.sampled_from([*DTYPES, "O", "V8"]), "arrow": inner}),
        st.fixed_dictionaries({"names": inner, "range": inner}),
        st.fixed_dictionaries({"names": inner, "level": inner}),
        st.fixed_dictionaries({"names": inner, "levels": inner}),
    ),
    max_leaves=12,
)

KNOWN = (
    type(None), bool, str, int, float, complex, bytes, range, list, tuple, set, frozenset, dict,
    Decimal, Fraction, datetime.date, datetime.timedelta, np.generic, np.ndarray, pd.DataFrame,
    pd.Series, pd.Index, pd.Timestamp, pd.Timedelta, pd.Period, type(pd.NA), type(pd.NaT),
    type(...),
)  # fmt: skip


@given(scalars)
@example(2**53)
@example(-(2**53) - 1)
@example(-0.0)
@example(math.nan)
@example("\ud800 alone and \ud83d\ude00 in halves")
@example(np.float64("nan"))
@example(np.float32(0.1))
@example(datetime.datetime(2012, 12, 31, fold=1))
@example(datetime.datetime(2012, 12, 31, tzinfo=datetime.UTC))
@example(pd.Timestamp.max)
@example(pd.Timedelta.min)
def test_does_a_single_value_come_back_as_it_was(value):
    assert identical(there_and_back(value), value)


@given(arrays)
@example(np.array([1, "a", None], dtype=object))
@example(np.array(3.5))
@example(np.empty((0, 3)))
@example(np.arange(6).reshape(2, 3).T)
def test_does_an_array_come_back_as_it_was(value):
    assert identical(there_and_back(value), value)


@given(series())
@example(pd.Series([], dtype=float))
@example(pd.Series([1, 2], index=["a", "a"]))
@example(pd.Series([np.nan, None, pd.NA], dtype=object))
@example(pd.Series(["NA", None, ""]))
@example(pd.Series([b"x", Decimal("1.50"), {"a": [1]}]))
@example(pd.Series([math.nan, -0.0, math.inf]))
@example(pd.Series(pd.array([1.5, None, math.nan], dtype="Float64")))
@example(pd.Series(pd.period_range("2001-01", periods=3, freq="M")))
@example(pd.Series(pd.Categorical(["low", "high"], ["low", "high", "none"], ordered=True)))
@example(pd.Series(pd.Categorical(pd.to_datetime(["2001-01-01", None]))))
def test_does_a_series_come_back_as_it_was(value):
    assert identical(there_and_back(value), value)


@given(frames())
@example(pd.DataFrame())
@example(pd.DataFrame(index=[3, 1]))
@example(pd.DataFrame(columns=["a", "b"]))
@example(pd.DataFrame([[1, 2.5]], columns=["a", "a"]))
@example(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_product([["a"], [1, 2]])))
@example(pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="state")))
def test_does_a_frame_come_back_as_it_was(value):
    assert identical(there_and_back(value), value)


@given(values)
def test_does_anything_nested_come_back_as_it_was(value):
    assert identical(there_and_back(value), value)


@given(series() | frames() | indexes(4))
def test_is_what_comes_back_apart_from_what_was_sent(value):
    arrived = there_and_back(value)
    assert wire.same(arrived, value) == identical(arrived, value)
    assert arrived is not value


@pytest.mark.parametrize(
    "value",
    [
        lambda: 1,
        object(),
        int,
        type("Anything", (), {"__eq__": lambda self, other: True})(),
        type("Five", (int,), {"__eq__": lambda self, other: True})(5),
        type("Words", (str,), {})("a"),
        OrderedDict(a=1),
        Counter("aab"),
        defaultdict(list),
        [[lambda: 1]],
        {"a": object()},
        pd.Series([lambda: 1]),
        np.array([(1, 2)], dtype=[("a", int), ("b", int)]),
        type("Frame", (pd.DataFrame,), {})({"a": [1]}),
        (part for part in "ab"),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),  # the same for each worker
)
def test_is_what_is_not_plain_data_refused_or_named_by_reference(value):
    with pytest.raises(wire.CannotCross):
        wire.encode(value)
    named: list[Any] = []
    json.dumps(wire.encode(value, lambda one: named.append(one) or {"t": "thing", "v": 0}))
    assert len(named) == 1


def test_is_a_list_that_holds_itself_refused():
    endless: list = []
    endless.append(endless)
    with pytest.raises(wire.CannotCross, match="deep"):
        wire.encode(endless)


def test_is_data_nested_too_deeply_refused():
    data: Any = 1
    for _ in range(wire.MAX_DEPTH + 2):
        data = {"t": "list", "v": [data]}
    with pytest.raises(wire.Malformed, match="deep"):
        wire.decode(data)


@settings(max_examples=1500)
@given(junk)
def test_does_made_up_data_give_plain_values_or_malformed_and_nothing_else(data):
    try:
        value = wire.decode(data)
    except wire.Malformed:
        return
    assert isinstance(value, KNOWN)


@settings(max_examples=400)
@given(st.data(), values)
def test_does_damaged_data_give_plain_values_or_malformed(data, value):
    encoded = json.loads(json.dumps(wire.encode(value)))
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        keys = part if isinstance(part, dict) else range(len(part))
        for key in keys:
            places.append((part, key))
            if isinstance(part[key], dict | list):
                walk(part[key])

    if isinstance(encoded, dict | list):
        walk(encoded)
    if places:
        part, key = data.draw(st.sampled_from(places))
        part[key] = data.draw(junk)
    with contextlib.suppress(wire.Malformed):
        assert isinstance(wire.decode(encoded), KNOWN)


@pytest.mark.parametrize(
    "data",
    [
        {"t": "range", "v": [0, 10**15, 1]},
        {"t": "index", "v": {"names": [None], "range": [0, 10**15, 1]}},
        {"t": "array", "v": ["float64", [10**6, 10**6], {"dtype": "object", "list": []}]},
        {"t": "decimal", "v": "1e999999999"},
        {"t": "fraction", "v": "1e999999999"},
    ],
    ids=lambda data: data["t"],
)
def test_does_small_data_that_means_something_huge_cost_little(data):
    with contextlib.suppress(wire.Malformed):
        wire.decode(data)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ([1], (1,)),
        (np.int64(1), 1),
        (np.float64(1), np.float32(1)),
        (0.0, -0.0),
        ({"a": 1}, {"a": 1.0}),
        (pd.Series([1]), pd.Series([1.0])),
        (pd.Series([1]), pd.Series([1], index=["a"])),
        (pd.Series([1], name="a"), pd.Series([1], name="b")),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=[5])),
        (pd.DataFrame({"a": [1]}), pd.Series([1], name="a")),
        (
            pd.DataFrame({"a": [1]}, index=pd.Index([0], name="x")),
            pd.DataFrame({"a": [1]}, index=pd.Index([0], name="y")),
        ),
        (pd.Series(["a"], dtype="category"), pd.Series(["a"])),
    ],
)
def test_are_values_that_only_look_alike_told_apart(one, other):
    assert not wire.same(one, other)
    assert wire.same(one, there_and_back(one)) and wire.same(other, there_and_back(other))


@given(values)
def test_is_a_copy_the_same(value):
    assert wire.same(value, value)
    assert wire.same(wire.copied(value), value) or not wire.same(there_and_back(value), value)


def test_does_a_change_to_a_copy_reach_the_original():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    for value in (frame, frame["a"], [1, [2]], {"a": [1]}):
        before, copy = there_and_back(value), wire.copied(value)
        if isinstance(copy, pd.DataFrame):
            copy.loc[0, "a"] = 9
            copy["c"] = 1
        elif isinstance(copy, pd.Series):
            copy.iloc[0] = 9
        elif isinstance(copy, list):
            copy[1].append(3)
        else:
            copy["a"].append(3)
        assert wire.same(value, before) and not wire.same(copy, before)


@given(series() | frames())
def test_do_two_frames_with_one_address_hold_the_same_values(value):
    place = wire.address(value)
    again = value.copy(deep=False)
    assert wire.address(again) == place
    assert wire.same(again, value)
    assert place is None or hash(place) is not None
    deep = value.copy(deep=True)
    assert wire.same(deep, value)


CHANGES = {
    "a value": lambda frame: frame.isetitem(0, [9, 8, 7]),
    "one cell": lambda frame: frame.__setitem__(
        frame.columns[0], frame[frame.columns[0]].where([True, True, False], 5)
    ),
    "by position": lambda frame: frame.iloc.__setitem__((0, 0), 5),
    "by label": lambda frame: frame.loc.__setitem__((0, "n"), 5),
    "a new column": lambda frame: frame.__setitem__("new", 1),
    "a column less": lambda frame: frame.pop("n"),
    "another name": lambda frame: setattr(frame, "columns", ["m", "w", "d", "c", "i"]),
    "another order": lambda frame: frame._update_inplace(frame.iloc[::-1]),
    "other row labels": lambda frame: setattr(frame, "index", [3, 4, 5]),
    "rows less": lambda frame: frame._update_inplace(frame.iloc[1:]),
    "a text": lambda frame: frame.loc.__setitem__((1, "w"), "z"),
    "a date": lambda frame: frame.loc.__setitem__((1, "d"), pd.Timestamp("1999-01-01")),
    "a category": lambda frame: frame.loc.__setitem__((1, "c"), "low"),
    "a missing value": lambda frame: frame.loc.__setitem__((1, "i"), pd.NA),
    "another kind": lambda frame: frame.__setitem__("n", frame["n"].astype(float)),
    "names of rows": lambda frame: setattr(frame.index, "name", "row"),
    "names of columns": lambda frame: setattr(frame.columns, "name", "c"),
    "categories": lambda frame: frame.isetitem(
        3, frame["c"].cat.rename_categories(["small", "large"])
    ),
    "order of categories": lambda frame: frame.isetitem(3, frame["c"].cat.as_unordered()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_does_a_changed_copy_ever_have_the_address_of_the_original(change):
    frame = pd.DataFrame(
        {
            "n": [3, 1, 2],
            "w": ["x", "y", None],
            "d": pd.to_datetime(["2001-01-01", None, "2003-01-01"]),
            "c": pd.Categorical(["low", "high", "low"], ["low", "high"], ordered=True),
            "i": pd.array([1, 2, None], dtype="Int64"),
        }
    )
    copy = frame.copy(deep=False)
    assert wire.address(copy) == wire.address(frame)
    change(copy)
    assert not wire.same(copy, frame)
    assert wire.address(copy) is None or wire.address(copy) != wire.address(frame)
    assert wire.address(frame) is not None


def test_does_an_address_tell_labels_of_the_same_text_but_another_kind_apart():
    frame = pd.DataFrame({1: [1]})
    copy = frame.copy(deep=False)
    copy.columns = [True]
    assert not wire.same(copy, frame)
    assert wire.address(copy) is None or wire.address(copy) != wire.address(frame)


def test_is_the_digest_that_of_the_content():
    one, other = wire.encode([1, "a"]), wire.encode([1, "b"])
    assert wire.digest(one) == wire.digest(wire.encode([1, "a"])) != wire.digest(other)

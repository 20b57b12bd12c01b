"""NumPy's and pandas' values on the wire: columns as bare bytes or Arrow, labels our own.

Loaded by `wire` where a process has loaded NumPy, or is sent such a value: loading pandas takes
half a second, and many a course never does. Decoding trusts nothing, as there.
"""

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from autograder.marking import wire
from autograder.marking.wire import Malformed, tag

#: Kinds of NumPy arrays and scalars, as `dtype.str` writes them.
ARRAY = re.compile(
    r"^[<|](b1|[iu][1248]|f[248]|c8|c16|U\d{1,6}|[mM]8(\[(Y|M|W|D|h|m|s|ms|us|ns)\])?)$"
)
#: Kinds of columns that cross as a list of values.
LISTED = re.compile(
    r"^(object|complex(64|128)|period\[[A-Z\-]+\]|"
    r"interval\[[\w\[\]]+, (left|right|both|neither)\])$"
)
DTYPE = re.compile(
    r"^(bool|boolean|[uU]?[iI]nt(8|16|32|64)|[fF]loat(16|32|64)|str|string|"
    r"(datetime|timedelta)64\[(s|ms|us|ns)\]|datetime64\[(s|ms|us|ns), [\w/+:\-]+\]|category)$"
)
#: Those that NumPy holds too. As bare bytes they cross several times faster than as Arrow.
BARE = re.compile(
    r"^(bool|u?int(8|16|32|64)|float(16|32|64)|(datetime|timedelta)64\[(s|ms|us|ns)\])$"
)
NULLABLE = re.compile(r"^(boolean|U?Int(8|16|32|64)|Float(32|64)|string)$")


def encode(value: Any, inner: Callable) -> dict | None:
    """Data for a value of NumPy's or pandas'; None for any other. `inner` encodes parts."""
    kind = type(value)
    if encoder := _ENCODERS.get(kind):
        return encoder(value)
    if isinstance(value, np.generic) and ARRAY.match(value.dtype.str):
        dtype, content = value.dtype.str, value.tobytes()
        if dtype == "<U0":  # empty text, which has no size of its own
            dtype, content = "<U1", bytes(4)
        return tag("numpy", [dtype, base64.b64encode(content).decode()])
    if kind is np.ndarray and ARRAY.match(value.dtype.str):
        content = base64.b64encode(value.tobytes()).decode()
        return tag("array", [value.dtype.str, list(value.shape), content])
    if kind is np.ndarray and value.dtype == object:
        return tag("array", ["object", list(value.shape), [inner(part) for part in value.flat]])
    if kind is pd.DataFrame:
        columns = [_column(value.iloc[:, place], inner) for place in range(value.shape[1])]
        return tag("frame", [_index(value.index, inner), _index(value.columns, inner), columns])
    if kind is pd.Series:
        return tag("series", [_index(value.index, inner), inner(value.name), _column(value, inner)])
    if isinstance(value, pd.Index):
        return tag("index", _index(value, inner))
    return None


def decode(kind: str, v: Any, inner: Callable) -> Any:
    """The value behind data of a tag of wire.TABLES. `inner` decodes parts."""
    if kind in _DECODERS:
        return _DECODERS[kind](v)
    if kind == "numpy":
        return _array(v[0], v[1]).reshape(())[()]
    if kind == "array":
        dtype, shape, content = v
        whole = _objects(content, inner) if dtype == "object" else _array(dtype, content)
        return whole.reshape([int(length) for length in shape])
    if kind == "frame":
        index, labels, columns = v
        frame = pd.DataFrame({place: _values(one, inner) for place, one in enumerate(columns)})
        if not columns:
            frame = pd.DataFrame(index=_labels(index, inner))
        frame.index, frame.columns = _labels(index, inner), _labels(labels, inner)
        return frame
    if kind == "series":
        index, name, column = v
        series = _values(column, inner)
        series.index, series.name = _labels(index, inner), inner(name)
        return series
    return _labels(v, inner)


def is_table(value: Any) -> bool:
    return isinstance(value, pd.DataFrame | pd.Series)


def same(one: Any, other: Any) -> bool:
    """Are two tables of one type equal, row labels and types included?"""
    if isinstance(one, pd.DataFrame):
        return (
            _same_labels(one.columns, other.columns)
            and list(one.dtypes) == list(other.dtypes)
            and _same_labels(one.index, other.index)
            and one.equals(other)
        )
    return (
        one.dtype == other.dtype
        and wire.same(one.name, other.name)
        and _same_labels(one.index, other.index)
        and one.equals(other)
    )


def _same_labels(one: pd.Index, other: pd.Index) -> bool:
    names = wire.same(list(one.names), list(other.names))
    return names and one.dtype == other.dtype and one.equals(other)


def address(value: Any) -> tuple | None:
    """Where a frame's or Series' values lie in memory; None if that cannot be told.

    Two with the same address have the same values as long as the first is kept alive:
    pandas writes to new memory while a value is shared.
    """
    columns = (
        [value]
        if isinstance(value, pd.Series)
        else [value.iloc[:, place] for place in range(value.shape[1])]
    )
    places = [_place(one.array) for one in columns]
    index = value.index
    rows = (
        (index.start, index.stop, index.step)
        if type(index) is pd.RangeIndex
        else _place(index.array)
        if not isinstance(index, pd.MultiIndex)
        else None
    )
    if rows is None or None in places:
        return None
    names = [value.name] if isinstance(value, pd.Series) else [value.columns.names, *value.columns]
    return (type(value).__name__, len(value), repr(names), repr(index.names), rows, *places)


def _place(array: Any) -> tuple | None:
    if str(array.dtype) == "object":
        return None  # what lies there can change in place
    if isinstance(array, pd.Categorical):
        codes, names = array.codes, _place(array.categories.array)
        return names and (codes.ctypes.data, codes.strides, array.ordered, *names)
    parts = [
        getattr(array, name) for name in ("_data", "_mask", "_ndarray") if hasattr(array, name)
    ]
    if parts and all(isinstance(part, np.ndarray) for part in parts):
        return tuple(
            (part.ctypes.data, part.shape, part.strides, str(array.dtype)) for part in parts
        )
    if hasattr(array, "_pa_array"):
        buffers = [b for chunk in array._pa_array.chunks for b in chunk.buffers() if b is not None]
        offsets = tuple((chunk.offset, len(chunk)) for chunk in array._pa_array.chunks)
        return (*(b.address for b in buffers), *offsets, str(array.dtype))
    return None


def _array(dtype: str, content: str) -> np.ndarray:
    if not ARRAY.match(dtype):
        raise Malformed(f"dtype {dtype!r}")
    array = np.frombuffer(base64.b64decode(content, validate=True), dtype)
    if array.dtype.kind in "bU":
        array = np.array(array.tolist(), dtype)  # raises for what is no text or truth value
    return array.copy()


def _objects(parts: list, inner: Callable) -> np.ndarray:
    array = np.empty(len(parts), dtype=object)
    for place, part in enumerate(parts):
        array[place] = inner(part)
    return array


def _timestamp(value: pd.Timestamp) -> dict:
    zone = str(value.tz) if value.tz is not None else None
    return tag("timestamp", [value.unit, value._value, zone])


def _to_timestamp(v: list) -> pd.Timestamp:
    unit, count, zone = v
    stamp = pd.Timestamp(np.datetime64(int(count), _unit(unit)))
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)


def _unit(unit: str) -> str:
    if unit not in ("s", "ms", "us", "ns"):
        raise Malformed(f"unit {unit!r}")
    return unit


_ENCODERS: dict[type, Callable[[Any], dict]] = {
    pd.Timestamp: _timestamp,
    pd.Timedelta: lambda v: tag("timedelta", [v.unit, v._value]),
    pd.Interval: lambda v: tag("interval", [wire.encode(v.left), wire.encode(v.right), v.closed]),
    pd.Period: lambda v: tag("period", [v.freqstr, v.ordinal]),
    type(pd.NA): lambda v: tag("na", None),
    type(pd.NaT): lambda v: tag("nat", None),
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "timestamp": _to_timestamp,
    "timedelta": lambda v: pd.Timedelta(np.timedelta64(int(v[1]), _unit(v[0]))),
    "interval": lambda v: pd.Interval(wire.decode(v[0]), wire.decode(v[1]), str(v[2])),
    "period": lambda v: pd.Period(ordinal=int(v[1]), freq=str(v[0])),
    "na": lambda v: pd.NA,
    "nat": lambda v: pd.NaT,
}


# Frames: our own labels and dtypes, bare bytes or Arrow for the values only. Arrow's own pandas
# metadata would let the sender choose how values are rebuilt.


def _column(series: pd.Series, inner: Callable) -> dict:
    dtype = str(series.dtype)
    if not DTYPE.match(dtype):
        known = dtype if LISTED.match(dtype) else "object"
        return {"dtype": known, "list": [inner(part) for part in series.tolist()]}
    if BARE.match(dtype):
        return {"dtype": dtype, "bytes": base64.b64encode(series.to_numpy().tobytes()).decode()}
    column: dict[str, Any] = {"dtype": dtype}
    if dtype == "category":
        column["ordered"] = bool(series.cat.ordered)
        column["categories"] = _column(pd.Series(series.cat.categories), inner)
        series = pd.Series(series.cat.codes.to_numpy())
    elif dtype.startswith("datetime64") and "," in dtype:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    array = pa.array(series.array, from_pandas=True)
    sink = pa.BufferOutputStream()
    table = pa.table([array], names=["v"])
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    column["arrow"] = base64.b64encode(sink.getvalue()).decode()
    return column


def _values(column: dict, inner: Callable) -> pd.Series:
    dtype = column["dtype"]
    if LISTED.match(dtype):
        return pd.Series(_objects(column["list"], inner), dtype=object).astype(dtype)
    if not DTYPE.match(dtype):
        raise Malformed(f"dtype {dtype!r}")
    if BARE.match(dtype):
        return pd.Series(_array(np.dtype(dtype).str, column["bytes"]))
    table = pa.ipc.open_stream(base64.b64decode(column["arrow"], validate=True)).read_all()
    table.validate(full=True)
    array = table.column(0)
    if isinstance(array.type, pa.BaseExtensionType) or table.schema.field(0).metadata:
        raise Malformed("an Arrow extension type")
    if dtype == "category":
        categories = _values(column["categories"], inner)
        codes = array.to_numpy()
        return pd.Series(
            pd.Categorical.from_codes(
                codes,
                pd.Index(categories.array, dtype=categories.dtype),
                bool(column["ordered"]),
            )
        )
    if NULLABLE.match(dtype):
        wanted = pd.api.types.pandas_dtype(dtype)
        return pd.Series(wanted.__from_arrow__(array))
    if dtype.startswith("datetime64") and "," in dtype:
        unit, zone = dtype[11:-1].split(", ")
        moments = pd.Series(array.to_pandas().array).astype(f"datetime64[{unit}]")
        return moments.dt.tz_localize("UTC").dt.tz_convert(zone)
    return pd.Series(array.to_pandas().array).astype(dtype)


def _index(index: pd.Index, inner: Callable) -> dict:
    names = [inner(name) for name in index.names]
    if type(index) is pd.RangeIndex:
        return {"names": names, "range": [index.start, index.stop, index.step]}
    if isinstance(index, pd.MultiIndex):
        bare = index.set_names([None] * index.nlevels)  # a level's name may be a number too
        levels = [bare.get_level_values(place) for place in range(index.nlevels)]
        return {"names": names, "levels": [_column(pd.Series(one), inner) for one in levels]}
    return {"names": names, "level": _column(pd.Series(index), inner)}


def _labels(data: dict, inner: Callable) -> pd.Index:
    names = [inner(name) for name in data["names"]]
    if "range" in data:
        return pd.RangeIndex(*map(int, data["range"]), name=names[0])
    if "levels" in data:
        levels = [_values(one, inner) for one in data["levels"]]
        return pd.MultiIndex.from_arrays(levels, names=names)
    values = _values(data["level"], inner)
    return pd.Index(values.array, dtype=values.dtype, name=names[0])

"""The wire format: values as tagged JSON, columns as bare bytes or Arrow. Never pickle.

`encode` turns a value into JSON-ready data, `decode` back. What has no data form (a function,
an instance of somebody's class) is handed to `refer`, which may name it instead; otherwise
CannotCross. Subclasses of plain types do not pass as plain: an object that equals everything
stays an object. Decoding trusts nothing: unknown tags and dtypes raise Malformed.
"""

import base64
import copy
import datetime
import hashlib
import io
import json
import math
import pathlib
import re
from collections import namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

MAX_DEPTH = 40

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


class CannotCross(TypeError):
    """A value that cannot be sent as data."""


class Malformed(ValueError):
    """Data that no value stands behind."""


def encode(value: Any, refer: Callable[[Any], dict] | None = None, depth: int = 0) -> Any:
    """JSON-ready data for `value`; see the module's text. Raises CannotCross."""
    if depth > MAX_DEPTH:
        raise CannotCross("nested too deeply")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is int:
        return value if abs(value) < 2**53 else _tag("int", hex(value))
    if kind is float:
        return value if math.isfinite(value) else _tag("float", repr(value))

    def inner(part):
        return encode(part, refer, depth + 1)

    if kind in (list, tuple):
        return _tag(kind.__name__, [inner(part) for part in value])
    if kind in (set, frozenset):
        return _tag(kind.__name__, sorted(map(inner, value), key=json.dumps))
    if kind is dict:
        return _tag("dict", [[inner(key), inner(part)] for key, part in value.items()])
    if isinstance(value, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        fields = [str(name) for name in kind._fields]
        return _tag("record", [kind.__name__, fields, [inner(part) for part in tuple(value)]])
    if encoder := _ENCODERS.get(kind):
        return encoder(value)
    if isinstance(value, np.generic) and ARRAY.match(value.dtype.str):
        dtype, content = value.dtype.str, value.tobytes()
        if dtype == "<U0":  # empty text, which has no size of its own
            dtype, content = "<U1", bytes(4)
        return _tag("numpy", [dtype, base64.b64encode(content).decode()])
    if kind is np.ndarray and ARRAY.match(value.dtype.str):
        content = base64.b64encode(value.tobytes()).decode()
        return _tag("array", [value.dtype.str, list(value.shape), content])
    if kind is np.ndarray and value.dtype == object:
        return _tag("array", ["object", list(value.shape), [inner(part) for part in value.flat]])
    if kind is pd.DataFrame:
        columns = [_column(value.iloc[:, place], inner) for place in range(value.shape[1])]
        return _tag("frame", [_index(value.index, inner), _index(value.columns, inner), columns])
    if kind is pd.Series:
        return _tag(
            "series", [_index(value.index, inner), inner(value.name), _column(value, inner)]
        )
    if isinstance(value, pd.Index):
        return _tag("index", _index(value, inner))
    if refer is not None:
        return refer(value)
    raise CannotCross(f"a {kind.__name__} cannot be sent as data")


def decode(data: Any, resolve: Callable[[dict], Any] | None = None, depth: int = 0) -> Any:
    """The value behind encoded data. Raises Malformed."""
    if depth > MAX_DEPTH:
        raise Malformed("nested too deeply")
    if data is None or type(data) in (bool, str, int, float):
        return data
    if type(data) is not dict or set(data) != {"t", "v"}:
        raise Malformed("not an encoded value")
    tag, v = data["t"], data["v"]

    def inner(part):
        return decode(part, resolve, depth + 1)

    try:
        if tag == "int":
            return int(v, 16)
        if tag == "float":
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[v]
        if tag in ("list", "tuple", "set", "frozenset"):
            kind = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[tag]
            return kind(inner(part) for part in v)
        if tag == "dict":
            return {inner(key): inner(part) for key, part in v}
        if tag == "record":
            name, fields, parts = v
            return namedtuple(_name(name), [_name(f) for f in fields])(*map(inner, parts))
        if tag in _DECODERS:
            return _DECODERS[tag](v)
        if tag == "numpy":
            return _array(v[0], v[1]).reshape(())[()]
        if tag == "array":
            dtype, shape, content = v
            whole = _objects(content, inner) if dtype == "object" else _array(dtype, content)
            return whole.reshape([int(length) for length in shape])
        if tag == "frame":
            index, labels, columns = v
            frame = pd.DataFrame({place: _values(one, inner) for place, one in enumerate(columns)})
            if not columns:
                frame = pd.DataFrame(index=_labels(index, inner))
            frame.index, frame.columns = _labels(index, inner), _labels(labels, inner)
            return frame
        if tag == "series":
            index, name, column = v
            series = _values(column, inner)
            series.index, series.name = _labels(index, inner), inner(name)
            return series
        if tag == "index":
            return _labels(v, inner)
        if resolve is not None:
            return resolve(data)
    except Malformed:
        raise
    except Exception as error:
        raise Malformed(f"{tag}: {type(error).__name__}: {error}") from error
    raise Malformed(f"unknown tag {tag!r}")


def copied(value: Any) -> Any:
    """A copy that can be changed freely. Frames and Series copy on write, at no cost."""
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.copy(deep=False)
    return copy.deepcopy(value)


def same(one: Any, other: Any) -> bool:
    """Equal in kind and content, row labels and types included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame):
        return (
            _same_labels(one.columns, other.columns)
            and list(one.dtypes) == list(other.dtypes)
            and _same_labels(one.index, other.index)
            and one.equals(other)
        )
    if isinstance(one, pd.Series):
        return (
            one.dtype == other.dtype
            and same(one.name, other.name)
            and _same_labels(one.index, other.index)
            and one.equals(other)
        )
    try:
        return json.dumps(encode(one, _itself)) == json.dumps(encode(other, _itself))
    except CannotCross:
        return False


def _itself(value: Any) -> dict:
    """For comparing here and now: what has no data form equals nothing else."""
    return _tag("object", id(value))


def _same_labels(one: pd.Index, other: pd.Index) -> bool:
    names = same(list(one.names), list(other.names))
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


def digest(data: Any) -> str:
    """A short name for encoded data."""
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:24]


def _tag(name: str, value: Any) -> dict:
    return {"t": name, "v": value}


def _name(text: str) -> str:
    if not (isinstance(text, str) and text.isidentifier() and len(text) < 100):
        raise Malformed("not a name")
    return text


def _text(value: str) -> Any:
    """Text as it is, but for halves of surrogate pairs, which JSON would join."""
    try:
        value.encode()
    except UnicodeEncodeError:
        content = value.encode("utf-32-le", "surrogatepass")
        return _tag("text", base64.b64encode(content).decode())
    return value


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


def _complex(part: complex) -> dict:
    return _tag("complex", [repr(part.real), repr(part.imag)])


def _timestamp(value: pd.Timestamp) -> dict:
    zone = str(value.tz) if value.tz is not None else None
    return _tag("timestamp", [value.unit, value._value, zone])


def _to_timestamp(v: list) -> pd.Timestamp:
    unit, count, zone = v
    stamp = pd.Timestamp(np.datetime64(int(count), _unit(unit)))
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)


def _at(file: Any, place: int) -> Any:
    """An open file of memory, at the place it was read up to."""
    file.seek(int(place))
    return file


def _unit(unit: str) -> str:
    if unit not in ("s", "ms", "us", "ns"):
        raise Malformed(f"unit {unit!r}")
    return unit


_ENCODERS: dict[type, Callable[[Any], dict]] = {
    complex: _complex,
    bytes: lambda v: _tag("bytes", base64.b64encode(v).decode()),
    range: lambda v: _tag("range", [v.start, v.stop, v.step]),
    Decimal: lambda v: _tag("decimal", str(v)),
    Fraction: lambda v: _tag("fraction", [hex(v.numerator), hex(v.denominator)]),
    datetime.date: lambda v: _tag("date", v.isoformat()),
    datetime.datetime: lambda v: _tag("datetime", v.isoformat()),
    datetime.timedelta: lambda v: _tag("duration", [v.days, v.seconds, v.microseconds]),
    pd.Timestamp: _timestamp,
    pd.Timedelta: lambda v: _tag("timedelta", [v.unit, v._value]),
    pd.Interval: lambda v: _tag("interval", [encode(v.left), encode(v.right), v.closed]),
    pd.Period: lambda v: _tag("period", [v.freqstr, v.ordinal]),
    pathlib.PosixPath: lambda v: _tag("path", str(v)),
    io.StringIO: lambda v: _tag("textfile", [v.getvalue(), v.tell()]),
    io.BytesIO: lambda v: _tag("bytefile", [base64.b64encode(v.getvalue()).decode(), v.tell()]),
    type(pd.NA): lambda v: _tag("na", None),
    type(pd.NaT): lambda v: _tag("nat", None),
    type(...): lambda v: _tag("ellipsis", None),
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "complex": lambda v: complex(float(v[0]), float(v[1])),
    "bytes": lambda v: base64.b64decode(v, validate=True),
    "range": lambda v: range(*map(int, v)),
    "decimal": Decimal,
    "fraction": lambda v: Fraction(int(v[0], 16), int(v[1], 16)),
    "text": lambda v: base64.b64decode(v, validate=True).decode("utf-32-le", "surrogatepass"),
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "duration": lambda v: datetime.timedelta(*map(int, v)),
    "timestamp": _to_timestamp,
    "timedelta": lambda v: pd.Timedelta(np.timedelta64(int(v[1]), _unit(v[0]))),
    "interval": lambda v: pd.Interval(decode(v[0]), decode(v[1]), str(v[2])),
    "period": lambda v: pd.Period(ordinal=int(v[1]), freq=str(v[0])),
    "path": pathlib.Path,
    "textfile": lambda v: _at(io.StringIO(v[0]), v[1]),
    "bytefile": lambda v: _at(io.BytesIO(base64.b64decode(v[0], validate=True)), v[1]),
    "na": lambda v: pd.NA,
    "nat": lambda v: pd.NaT,
    "ellipsis": lambda v: ...,
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

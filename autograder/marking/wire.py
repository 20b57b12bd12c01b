"""The wire format: values as tagged JSON; those of NumPy and pandas in `tables`. Never pickle.

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
import sys
from collections import namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from types import ModuleType
from typing import Any

MAX_DEPTH = 40

#: Tags of what `tables` decodes, known here so that it is loaded for no other.
TABLES = {
    *("numpy", "array", "frame", "series", "index"),
    *("timestamp", "timedelta", "interval", "period", "na", "nat"),
}


class CannotCross(TypeError):
    """A value that cannot be sent as data."""


class Malformed(ValueError):
    """Data that no value stands behind."""


def tables(wanted: bool = False) -> ModuleType | None:
    """The part for NumPy's and pandas' values, where this process has loaded one of them or is
    sent such a value."""
    if wanted or "numpy" in sys.modules:
        return import_module("autograder.marking.tables")
    return None


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
        return value if abs(value) < 2**53 else tag("int", hex(value))
    if kind is float:
        return value if math.isfinite(value) else tag("float", repr(value))

    def inner(part):
        return encode(part, refer, depth + 1)

    if kind in (list, tuple):
        return tag(kind.__name__, [inner(part) for part in value])
    if kind in (set, frozenset):
        return tag(kind.__name__, sorted(map(inner, value), key=json.dumps))
    if kind is dict:
        return tag("dict", [[inner(key), inner(part)] for key, part in value.items()])
    if isinstance(value, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        fields = [str(name) for name in kind._fields]
        return tag("record", [kind.__name__, fields, [inner(part) for part in tuple(value)]])
    if encoder := _ENCODERS.get(kind):
        return encoder(value)
    known = tables()
    if known and (data := known.encode(value, inner)) is not None:
        return data
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
    kind, v = data["t"], data["v"]

    def inner(part):
        return decode(part, resolve, depth + 1)

    try:
        if kind == "int":
            return int(v, 16)
        if kind == "float":
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[v]
        if kind in ("list", "tuple", "set", "frozenset"):
            made = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind]
            return made(inner(part) for part in v)
        if kind == "dict":
            return {inner(key): inner(part) for key, part in v}
        if kind == "record":
            name, fields, parts = v
            return namedtuple(_name(name), [_name(f) for f in fields])(*map(inner, parts))
        if kind in _DECODERS:
            return _DECODERS[kind](v)
        if kind in TABLES:
            return tables(wanted=True).decode(kind, v, inner)
        if resolve is not None:
            return resolve(data)
    except Malformed:
        raise
    except Exception as error:
        raise Malformed(f"{kind}: {type(error).__name__}: {error}") from error
    raise Malformed(f"unknown tag {kind!r}")


def is_table(value: Any) -> bool:
    """A frame or a Series?"""
    known = tables()
    return known is not None and known.is_table(value)


def address(value: Any) -> tuple | None:
    """Where a table's values lie in memory; None for what is no table, or cannot be told."""
    return tables().address(value) if is_table(value) else None


def copied(value: Any) -> Any:
    """A copy that can be changed freely. Frames and Series copy on write, at no cost."""
    return value.copy(deep=False) if is_table(value) else copy.deepcopy(value)


def same(one: Any, other: Any) -> bool:
    """Equal in kind and content, row labels and types included."""
    if type(one) is not type(other):
        return False
    if is_table(one):
        return tables().same(one, other)
    try:
        return json.dumps(encode(one, _itself)) == json.dumps(encode(other, _itself))
    except CannotCross:
        return False


def _itself(value: Any) -> dict:
    """For comparing here and now: what has no data form equals nothing else."""
    return tag("object", id(value))


def digest(data: Any) -> str:
    """A short name for encoded data."""
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:24]


def tag(name: str, value: Any) -> dict:
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
        return tag("text", base64.b64encode(content).decode())
    return value


def _complex(part: complex) -> dict:
    return tag("complex", [repr(part.real), repr(part.imag)])


def _at(file: Any, place: int) -> Any:
    """An open file of memory, at the place it was read up to."""
    file.seek(int(place))
    return file


_ENCODERS: dict[type, Callable[[Any], dict]] = {
    complex: _complex,
    bytes: lambda v: tag("bytes", base64.b64encode(v).decode()),
    range: lambda v: tag("range", [v.start, v.stop, v.step]),
    Decimal: lambda v: tag("decimal", str(v)),
    Fraction: lambda v: tag("fraction", [hex(v.numerator), hex(v.denominator)]),
    datetime.date: lambda v: tag("date", v.isoformat()),
    datetime.datetime: lambda v: tag("datetime", v.isoformat()),
    datetime.timedelta: lambda v: tag("duration", [v.days, v.seconds, v.microseconds]),
    pathlib.PosixPath: lambda v: tag("path", str(v)),
    io.StringIO: lambda v: tag("textfile", [v.getvalue(), v.tell()]),
    io.BytesIO: lambda v: tag("bytefile", [base64.b64encode(v.getvalue()).decode(), v.tell()]),
    type(...): lambda v: tag("ellipsis", None),
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
    "path": pathlib.Path,
    "textfile": lambda v: _at(io.StringIO(v[0]), v[1]),
    "bytefile": lambda v: _at(io.BytesIO(base64.b64decode(v[0], validate=True)), v[1]),
    "ellipsis": lambda v: ...,
}

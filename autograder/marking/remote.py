"""Stand-ins for what a learner defined: calling one calls it over there, data in, data out."""

import builtins
import itertools
import types
from collections.abc import Callable
from functools import partial
from typing import Any

from autograder.marking import wire

#: Functions of ours by number: under it the other side asks for one.
Lent = dict[int, Callable]

_numbers = itertools.count()


class Remote:
    """Something that stays on the other side: a function, a class, an instance.

    It can be called and its attributes read. It equals nothing but itself. A function of ours
    among the arguments is lent: the other side can call it while this call lasts, and while
    what came of this call is called.
    """

    def __init__(
        self,
        ask: Callable[[dict], dict],
        thing: dict,
        without: Callable = list,
        lent: Lent | None = None,
    ):
        self._ask, self._of, self._without, self._lent = ask, thing["of"], without, lent or {}
        self._type, self._callable = thing["type"], thing["callable"]
        self.__name__ = self.__qualname__ = thing["name"] or thing["type"]
        self.__untouched__ = bool(thing["idle"])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._callable:
            raise TypeError(f"{self._type!r} object is not callable")
        lent = dict(self._lent)
        question = {
            "do": "call",
            "of": self._of,
            "args": [self._packed(one, lent) for one in args],
            "kwargs": {name: self._packed(one, lent) for name, one in kwargs.items()},
            "without": self._without(),
        }
        reply = self._asked(question, lent)
        for place, data in reply.get("changed", {}).items():
            replace(args[int(place)], self._decoded(data, lent))
        return self._value(reply, lent)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        question = {"do": "get", "of": self._of, "name": name}
        return self._value(self._asked(question, self._lent), self._lent)

    def __deepcopy__(self, memo: dict) -> "Remote":
        return self

    def __repr__(self) -> str:
        return f"<the learner's {self._type} {self.__name__}>"

    def called_back(self, lent: Lent, number: int, args: list, kwargs: dict) -> Any:
        """Our function on the other side's data; its value as data."""
        given = [self._decoded(one, lent) for one in args]
        named = {name: self._decoded(one, lent) for name, one in kwargs.items()}
        return wire.encode(lent[number](*given, **named), partial(self._refer, lent))

    def _asked(self, question: dict, lent: Lent) -> dict:
        under_way = self._ask.__dict__.setdefault("under_way", [])
        under_way.append((self, lent))
        try:
            return self._ask(question)
        finally:
            under_way.pop()

    def _packed(self, value: Any, lent: Lent) -> Any:
        """Encoded; the same frame is encoded and sent once, and named by its content after that."""
        memory = self._ask.__dict__.setdefault("memory", {})
        place = wire.address(value)
        if place in memory:
            return {"seen": memory[place][0]}
        data = wire.encode(value, partial(self._refer, lent))
        if type(data) is not dict:
            return data
        if place is None:
            return data
        name = wire.digest(data)
        memory[place] = (name, value.copy(deep=False))  # kept alive: its place stays its own
        return {"seen": name, "data": data}

    def _refer(self, lent: Lent, value: Any) -> dict:
        if isinstance(value, Remote):
            return {"t": "yours", "v": value._of}
        if not is_plain_function(value):
            what = getattr(value, "__name__", "") or type(value).__name__
            raise wire.CannotCross(
                f"a check can pass data and plain functions to an answer; {what} is neither. "
                f"Pass a function that uses it, as in `lambda *args: {what}(*args)`."
            )
        number = next(_numbers)
        lent[number] = value
        return {"t": "lent", "v": {"of": number, "name": value.__name__}}

    def _decoded(self, data: Any, lent: Lent) -> Any:
        return wire.decode(data, partial(self._thing, lent))

    def _thing(self, lent: Lent, data: dict) -> Any:
        if data["t"] == "thing":
            return Remote(self._ask, data["v"], self._without, lent)
        if data["t"] == "yours":
            return lent[data["v"]]
        raise wire.Malformed("not a thing")

    def _value(self, reply: dict, lent: Lent) -> Any:
        if "error" in reply:
            raise rebuilt(reply["error"])
        return self._decoded(reply["value"], lent)


def is_plain_function(value: Any) -> bool:
    """A function by itself: no class, no method of an object."""
    if isinstance(value, types.BuiltinFunctionType):
        return value.__self__ is None or isinstance(value.__self__, types.ModuleType)
    return isinstance(value, types.FunctionType)


def rebuilt(error: dict) -> Exception:
    """The error raised over there, as the nearest built-in kind.

    A name of the learner's own does not cross: it could pass for one of a check's."""
    nearest = Exception
    for kind in map(str, error["kinds"]):
        known = getattr(builtins, kind, None)
        if isinstance(known, type) and issubclass(known, Exception):
            nearest = known
            break
    try:
        built = nearest(str(error["text"]))
    except TypeError:  # some built-in errors want more than a text
        built = type(nearest.__name__, (Exception,), {})(str(error["text"]))
    line = error.get("line")
    built.learner_line = line if type(line) is int else None
    return built


def replace(old: Any, new: Any) -> None:
    """Make an argument what the learner's code made of it, so that a check can see it."""
    if type(old) is not type(new):
        return
    if wire.is_table(old):
        old._update_inplace(new)
    elif isinstance(old, list):
        old[:] = new
    elif isinstance(old, dict | set):
        old.clear()
        old.update(new)

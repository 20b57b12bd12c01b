'''The sentences a check says to a learner, and the words a check cell is written in.

A check cell reads:

    """Task 7.3: how many states contributed."""
    with task("m07_t3", n_contributors):
        expect(n_contributors, "a whole number").on(un_contrib, "1993-06-30").returns(int)
        ### BEGIN HIDDEN TESTS
        probe(n_contributors, "a listed state with zero people is not a contributor",
              hint="Look at rows whose total is 0.").on(toy, "2000-01-31").equals(1)
        ### END HIDDEN TESTS

`expect` is for what a learner may see: it says what was expected and what was found.
`probe` asks the same question of other data: it says its name and its hint, never its
inputs or values. There are four outcomes: not attempted, broke, not yet, right. All
lines of a cell are collected; at the end the cell shows what is right and, if anything
is not, raises the worst outcome. A check cell ends without a value.
'''

import builtins
import contextlib
import copy
import dis
import html
import io
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from course import compare, figures

MIME = "application/vnd.mildip.checks+json"

SYMBOLS = {"right": "✓", "not yet": "✗", "broke": "!", "not attempted": "○"}
WORST_FIRST = ["broke", "not yet", "right"]

MORE_LATER = "Right so far. Hidden checks, where there are any, run when the work is graded."


class CheckFailed(AssertionError):
    """Raised by a check cell; its text is written for the learner."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class NotAttempted(CheckFailed):
    """The answer cell still holds its stub."""


class Broke(CheckFailed):
    """The learner's own code raised an error."""


class NotYet(CheckFailed):
    """The code ran, but the answer is not what was asked for."""


class Line:
    """One sentence of a report: a named question and how it came out."""

    def __init__(self, name: str, hidden: bool):
        self.name, self.hidden = name, hidden
        self.outcome, self.message = "right", ""

    def fail(self, outcome: str, message: str) -> None:
        if WORST_FIRST.index(outcome) < WORST_FIRST.index(self.outcome):
            # One line, whatever a learner's error or value says.
            self.outcome, self.message = outcome, " ".join(message.split())

    def __str__(self) -> str:
        name = f"{self.name} (hidden)" if self.hidden else self.name
        sentence = f"{SYMBOLS[self.outcome]} {self.outcome} · {name}"
        return f"{sentence}: {self.message}" if self.message else sentence


_open_tasks: list["task"] = []


class task:  # noqa: N801 - a word in a sentence, like `open`
    """The lines of one check cell. `answers` are what the learner was to define."""

    def __init__(self, task_id: str, *answers: object):
        self.id, self.lines = task_id, {}
        self.untouched = any(is_untouched(answer) for answer in answers)

    def __enter__(self) -> "task":
        _open_tasks.append(self)
        return self

    def __exit__(self, kind, error, trace) -> None:
        _open_tasks.remove(self)
        if error is not None:
            return
        if self.untouched:
            raise NotAttempted(
                f"{SYMBOLS['not attempted']} not attempted · {self.id}: fill the gap (... or None) "
                "above, run it, then run this check again."
            )
        lines = list(self.lines.values())
        right = [line for line in lines if line.outcome == "right"]
        failed = sorted(
            (line for line in lines if line.outcome != "right"),
            key=lambda line: WORST_FIRST.index(line.outcome),
        )
        if right:
            _show(self.id, right, "" if failed or any(x.hidden for x in lines) else MORE_LATER)
        if failed:
            raised = Broke if failed[0].outcome == "broke" else NotYet
            raise raised("\n".join(str(line) for line in failed))

    def line(self, name: str, hidden: bool) -> Line:
        return self.lines.setdefault(name, Line(name, hidden))


def expect(thing: object, name: str = "the answer", hint: str = "") -> "Expectation":
    """An expectation the learner sees whole: what was expected, what was found."""
    return Expectation(thing, name, hint, hidden=False)


def probe(thing: object, name: str, hint: str) -> "Expectation":
    """A hidden check: the learner reads its name and hint, never inputs or values."""
    return Expectation(thing, name, hint, hidden=True)


class Expectation:
    """A thing under test. Each method returns the expectation, so they can be chained."""

    def __init__(self, thing: object, name: str, hint: str, hidden: bool):
        if not _open_tasks:
            raise RuntimeError("expect() and probe() belong inside `with task(...):`")
        self._task = _open_tasks[-1]
        self._line = self._task.line(name, hidden)
        self._thing, self._hint = thing, hint
        self._args, self._kwargs = None, {}
        self._given, self._outcome = None, None

    # What is called, and on what.

    def on(self, *args: object, **kwargs: object) -> "Expectation":
        """Call the learner's function on these arguments (on copies of them)."""
        self._args, self._kwargs, self._outcome = args, kwargs, None
        return self

    def item(self, key: object) -> "Expectation":
        """Look at one key of the answer from here on."""
        if self._ready():
            if isinstance(self._value, Mapping) and key in self._value:
                self._value = self._value[key]
                if self._value is None or self._value is ...:
                    self._not_yet(f"{key!r} has no answer yet")
            else:
                self._not_yet(f"expected a dict with the key {key!r}")
        return self

    def attribute(self, name: str) -> "Expectation":
        """Look at one named field of the answer from here on."""
        if self._ready():
            if hasattr(self._value, name):
                self._value = getattr(self._value, name)
            else:
                self._not_yet(f"expected a field named {name!r}")
        return self

    # What is expected of it.

    def returns(self, wanted: type) -> "Expectation":
        """The answer is of this kind: int, float, str, list, dict, Series, DataFrame …"""
        return self._judge(lambda value: compare.wrong_kind(value, wanted))

    def equals(self, expected: object, within: float = 0.0, order: bool = True) -> "Expectation":
        """The answer is this value; see `compare.difference`."""
        return self._judge(
            lambda value: compare.difference(value, expected, within=within, order=order)
        )

    def is_any_of(self, options: Iterable) -> "Expectation":
        """The answer is one of the options, however it is capitalised or spaced."""
        known = [normal(option) for option in options]
        return self._judge(
            lambda value: (
                None
                if normal(value) in known
                else f"{compare.short(value)} is not one of: {', '.join(map(str, options))}"
            )
        )

    def chooses(self, option: object) -> "Expectation":
        """A concept check: this option, however it is capitalised or spaced."""
        return self._judge(
            lambda value: None if normal(value) == normal(option) else "another answer fits better"
        )

    def between(self, low: float, high: float) -> "Expectation":
        """A number in the closed interval from low to high."""

        def outside(value):
            if sentence := compare.wrong_kind(value, float):
                return sentence
            inside = not compare.is_missing(value) and low <= value <= high
            return None if inside else f"expected between {low} and {high}, found {value}"

        return self._judge(outside)

    def holds(self, condition: Callable[[object], bool], otherwise: str) -> "Expectation":
        """Any other condition; `otherwise` says what is amiss if it does not hold."""

        def unmet(value):
            # A value of another kind than expected may not even bear the question.
            try:
                return None if condition(value) else otherwise
            except Exception:
                return otherwise

        return self._judge(unmet)

    def raises(self, *errors: type[Exception]) -> "Expectation":
        """Calling it raises one of these errors."""
        if self._ready(allow_error=True):
            names = " or ".join(error.__name__ for error in errors)
            if self._outcome[0] != "error":
                self._not_yet(f"expected {names}, but it returned a value")
            elif not isinstance(self._outcome[1], errors):
                self._not_yet(f"expected {names}, found {type(self._outcome[1]).__name__}")
        return self

    def keeps_input(self) -> "Expectation":
        """The arguments are the same after the call as before it."""
        if self._ready():
            before, after = (self._args, self._kwargs), self._given
            if not _same(before, after):
                self._not_yet("the data passed in were changed; work on a copy")
        return self

    # Figures, as plain data.

    def labelled(self) -> "Expectation":
        """Every panel has a title and named axes."""

        def unlabelled(panels):
            for number, panel in enumerate(panels, start=1):
                for part in ("title", "xlabel", "ylabel"):
                    if not panel[part].strip():
                        return f"panel {number} has no {part}" if len(panels) > 1 else f"no {part}"
            return None

        return self._judge_figure(unlabelled)

    def panels(self, count: int) -> "Expectation":
        """The figure has this many panels."""
        return self._judge_figure(
            lambda panels: (
                None if len(panels) == count else f"expected {count} panels, found {len(panels)}"
            )
        )

    def legend(self, count: int, panel: int = 0) -> "Expectation":
        """The legend names this many series."""

        def unnamed(panels):
            if panel >= len(panels):
                return f"there is no panel {panel + 1}"
            names = len(panels[panel]["legend"])
            return None if names == count else f"the legend names {names} series, not {count}"

        return self._judge_figure(unnamed)

    def stacked(self, panel: int = 0) -> "Expectation":
        """Every set of bars stands on top of those drawn before it, at the same places."""

        def apart(panels):
            if panel >= len(panels):
                return f"there is no panel {panel + 1}"
            bars = [one for one in panels[panel]["series"] if one["kind"] == "bar"]
            return None if figures.are_stacked(bars) else "the bars do not stand on each other"

        return self._judge_figure(apart)

    def shows(
        self, values: Iterable[float] | Mapping, panel: int = 0, within: float = 1e-9
    ) -> "Expectation":
        """Some series of the panel has these heights, in order; or, for a mapping, these
        heights at these places on the x-axis (dates as ISO text)."""

        def absent(panels):
            if panel >= len(panels):
                return f"there is no panel {panel + 1}"
            series = panels[panel]["series"]
            if any(figures.shows(one, values, within) for one in series):
                return None
            return "no bars or line show the expected values"

        return self._judge_figure(absent)

    # How it comes about.

    def _ready(self, allow_error: bool = False) -> bool:
        """Call once; False if there is nothing (more) to judge."""
        if self._task.untouched or self._line.outcome != "right":
            return False
        if self._outcome is None:
            self._outcome = self._call()
            if self._outcome[0] == "value":
                self._value = self._outcome[1]
        if self._outcome[0] == "error" and not allow_error:
            self._broke(self._outcome[1])
            return False
        if self._outcome[0] == "value" and self._value is ...:
            self._not_yet("a gap (...) is still in the answer")
            return False
        return True

    def _call(self) -> tuple[str, object]:
        if self._args is None:
            return "value", self._thing
        args, kwargs = self._given = _copied(self._args), _copied(self._kwargs)
        # A hidden check's input must not be printed; a warning is no mistake.
        silence = (
            contextlib.redirect_stdout(io.StringIO())
            if self._line.hidden
            else (contextlib.nullcontext())
        )
        try:
            with warnings.catch_warnings(), silence, contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                return "value", figures.as_data(self._thing(*args, **kwargs))
        except (Exception, SystemExit) as error:
            return "error", error

    def _judge(self, sentence_for: Callable[[object], str | None]) -> "Expectation":
        if self._ready() and (sentence := sentence_for(self._value)):
            self._not_yet(sentence)
        return self

    def _judge_figure(self, sentence_for: Callable[[list], str | None]) -> "Expectation":
        def judge(value):
            panels = figures.as_data(value)
            if not figures.is_description(panels):
                return "expected a Matplotlib Axes or Figure"
            return sentence_for(panels["panels"])

        return self._judge(judge)

    def _not_yet(self, sentence: str) -> None:
        message = "" if self._line.hidden else sentence
        self._line.fail("not yet", ". ".join(filter(None, [message, self._hint])))

    def _broke(self, error: BaseException) -> None:
        if self._line.hidden:
            message = f"your code raised {_builtin_name(error)}"
        else:
            said = str(error)[:300]
            message = f"your code raised {type(error).__name__}: {said}{_where(error)}"
        self._line.fail("broke", ". ".join(filter(None, [message, self._hint])))


def normal(value: object) -> object:
    """Text without regard to case, spacing, hyphens and underscores; the rest as it is."""
    if not isinstance(value, str):
        return value
    return " ".join(value.casefold().replace("-", " ").replace("_", " ").split())


def is_untouched(answer: object) -> bool:
    """True for the stub as released: None, ..., a function of nothing but `...`, a dict or
    list of nothing but these. A stand-in for something elsewhere says so itself."""
    if getattr(answer, "__untouched__", False) is True:
        return True
    if answer is None or answer is ...:
        return True
    if isinstance(answer, dict):
        return bool(answer) and all(value is None or value is ... for value in answer.values())
    if isinstance(answer, list):
        return bool(answer) and all(value is None or value is ... for value in answer)
    if isinstance(answer, types.FunctionType):
        steps = [step for step in dis.get_instructions(answer) if step.opname != "NOP"]
        idle = {"RESUME", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "COPY_FREE_VARS"}
        return all(s.opname in idle and (s.opname == "RESUME" or s.argval is None) for s in steps)
    return False


def _copied(value: object) -> object:
    """A copy the learner's code may change. pandas copies on write, so frames cost nothing."""
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(_copied, value))
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.copy(deep=False)
    return copy.deepcopy(value)


def _same(before: object, after: object) -> bool:
    if isinstance(before, tuple | list):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[k], after[k]) for k in before)
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after)
    return before.equals(after) if hasattr(before, "equals") else repr(before) == repr(after)


def _builtin_name(error: BaseException) -> str:
    """The nearest built-in kind of an error: a name of the learner's own could carry inputs."""
    return next(k.__name__ for k in type(error).__mro__ if vars(builtins).get(k.__name__) is k)


def _where(error: BaseException) -> str:
    """The line of the learner's cell an error came from."""
    line = getattr(error, "learner_line", None)
    if line is None:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if "ipykernel_" in frame.filename]
        line = lines[-1] if lines else None
    return f" (line {line} of your cell)" if line else ""


def _show(task_id: str, lines: list[Line], closing: str) -> None:
    text = "\n".join([*map(str, lines), *filter(None, [closing])])
    items = "".join(f"<li>{html.escape(str(line))}</li>" for line in lines)
    block = f'<ul style="list-style: none; padding-left: 0">{items}</ul>'
    if closing:
        block += f"<p>{html.escape(closing)}</p>"
    data = {
        "task": task_id,
        "lines": [
            {"name": x.name, "outcome": x.outcome, "hidden": x.hidden, "message": x.message}
            for x in lines
        ],
    }
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython and get_ipython():
        display({"text/plain": text, "text/html": block, MIME: data}, raw=True)
    else:
        print(text)

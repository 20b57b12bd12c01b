"""Functions that a check passes to an answer: what crosses, how long they can be called, what
a hostile answer can do with them.

The first part needs no sandbox: two sides in one process, every message through JSON. The
second runs in a real pair of rooms. Left out: limits on number, depth and time, which the
worker sets (tests/runner/test_call_backs.py), and whole hostile notebooks (tests/threats).
"""

import json
import math
import operator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.kernels import cells
from autograder.kernels.cells import Cells
from autograder.marking import wire

settings.register_profile("steady", max_examples=100, derandomize=True, deadline=None)
settings.load_profile("steady")


def through_json(question: dict) -> dict:
    return json.loads(json.dumps(question))


class Two:
    """The learner's side with these names, and a check's side that knows them."""

    def __init__(self, **names: Any):
        self.learner = Cells(SimpleNamespace(user_ns=names))
        self.marker = Cells(SimpleNamespace(user_ns={}))
        self.asked: list[dict] = []

        def ask_learner(question):
            return through_json(self.learner.answer(through_json(question)))

        def ask_back(question):
            self.asked.append(through_json(question))
            return through_json(self.marker.back(**self.asked[-1]))

        self.marker.ask, self.learner.ask = ask_learner, ask_back
        for name in names:
            self.marker.define(name, thing=through_json(self.learner.fetch(name)["value"]))

    def __getattr__(self, name: str) -> Any:
        return self.marker.shell.user_ns[name]


def give(change, *args, **kwargs):
    return change(*args, **kwargs)


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
nested = st.recursive(
    plain, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3)
)
#: Anything that JSON can say, parts of our own format among it.
forged = st.recursive(
    plain | st.sampled_from(["yours", "thing", "lent", "name", "kept", "of"]),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.text(max_size=3), part, max_size=3)
        | st.fixed_dictionaries({"t": part, "v": part})
    ),
    max_leaves=8,
)


@given(nested, st.dictionaries(st.from_regex(r"[b-z]{1,3}", fullmatch=True), nested, max_size=2))
def test_do_arguments_and_value_of_a_call_back_arrive_as_they_were(value, named):
    seen = []

    def noted(*args, **kwargs):
        seen.append((args, kwargs))
        return value

    came = Two(give=give).give(noted, value, **named)
    assert wire.same(came, value)
    assert wire.same(list(seen[0][0]), [value]) and wire.same(seen[0][1], named)


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=["r", "s"]),
        pd.Series([1.5, None], name="n"),
        np.arange(6).reshape(2, 3),
        (1, {2, 3}, pd.Timestamp("2001-02-03")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_does_a_table_pass_through_a_call_back_unchanged(value):
    came = Two(give=give).give(lambda one: one, value)
    assert repr(came) == repr(value) and type(came) is type(value)


@given(st.integers(), st.lists(forged, max_size=2), st.dictionaries(st.text(), forged, max_size=2))
def test_is_nothing_called_while_no_call_is_under_way(number, args, kwargs):
    two = Two(give=give)
    assert two.give(lambda one: one, 5) == 5
    assert two.marker.back(number, args, kwargs) == {}


@given(st.integers(-2, 2), st.lists(forged, max_size=2))
def test_does_a_forged_question_reach_nothing_but_what_was_lent(offset, args):
    calls, answers = [], []

    def lent(*given):
        calls.append(given)

    def forge(change):
        answers.append((offset, two.learner.ask(question(change.lent_as + offset))))

    def question(number):
        return {"of": number, "args": args, "kwargs": {}}

    two = Two(forge=forge)
    two.forge(lent)
    ((_, answer),) = answers
    if offset:
        assert answer == {} and not calls
    else:
        known = {"error": {"kinds": answer.get("error", {}).get("kinds"), "text": cells.THEIRS,
                           "line": None}}  # fmt: skip
        assert answer in ({"value": None}, known)
        for value in calls[0] if calls else ():
            # Whatever was said, it is data, a stand-in for the learner's own, or the function.
            wire.encode(value, lambda one: one is lent or one._of or {})


@pytest.mark.parametrize(
    "claim",
    [
        {"t": "yours", "v": {"name": "secret"}},
        {"t": "yours", "v": {"kept": 0}},
        {"t": "lent", "v": {"of": 0, "name": "x"}},
        {"t": "list", "v": [{"t": "yours", "v": {"name": "secret"}}]},
    ],
    ids=str,
)
def test_can_an_answer_claim_to_be_something_of_ours(claim):
    marker = Cells(SimpleNamespace(user_ns={"secret": 5}))
    with pytest.raises(wire.Malformed):
        marker.define("answer", value=claim)


def test_does_the_learners_side_get_one_function_for_one_that_is_passed():
    two = Two(f=lambda pair, change: [type(change).__name__, change.__name__, pair[0] is change])
    add = operator.add
    assert two.f([add], add)[:2] == ["function", "add"]


def test_does_a_function_that_is_given_back_come_home_as_itself():
    def own(x):
        return x

    assert Two(f=lambda change: [change]).f(own)[0] is own


def test_is_a_list_with_a_function_in_it_left_unchanged():
    two = Two(f=lambda parts: len(parts))
    parts = [len, {"a": math.sqrt}]
    reply = two.learner.answer(
        through_json({"do": "call", "of": {"name": "f"}, "kwargs": {}, "without": [],
                      "args": [two.f._packed(parts, {})]})
    )  # fmt: skip
    assert reply == {"value": 2, "changed": {}}


@pytest.mark.parametrize(
    ("passed", "what"),
    [(int, "int"), ([].append, "append"), ("a".upper, "upper"), (np.sqrt, "sqrt"),
     (Two, "Two"), (object(), "object")],
)  # fmt: skip
def test_is_the_author_told_what_cannot_be_passed(passed, what):
    with pytest.raises(wire.CannotCross, match=rf"{what} is neither\. Pass a function that uses"):
        Two(give=give).give(passed, 4)


# In a real pair of rooms.


@pytest.mark.parametrize(
    ("answer", "check", "said"),
    [
        ("def f(g, x):\n    return g(g(x))", "f(lambda x: x + 1, 3)", "5"),
        ("def f(g, xs):\n    return [g(x) for x in xs]", "f(abs, [-1, 2])", "[1, 2]"),
        ("def f(xs, key=None):\n    return max(xs, key=key)", "f([2, -3], key=abs)", "-3"),
        ("def f(g, h):\n    return lambda x: g(h(x))",
         "f(lambda x: x + 1, lambda x: x * 2)(5)", "11"),
        ("import functools\ndef f(g):\n    @functools.wraps(g)\n    def inner(x):\n"
         "        return g(x) * 10\n    return inner",
         "[f(abs)(-4), f(abs).__name__]", "[40, 'abs']"),
        ("class f:\n    def __init__(self, g):\n        self.g = g\n"
         "    def run(self, x):\n        return self.g(x)", "f(lambda x: -x).run(3)", "-3"),
        ("def f(table, g):\n    return table.assign(n=table.troops.map(g))",
         "list(f(states, lambda n: n + 1).n)", "[4, 5]"),
        ("def f(g):\n    return g(1)(2)", "f(lambda a: lambda b: a + b)", "3"),
        ("def f(g):\n    return g(lambda x: x + 1)", "f(lambda h: h(h(0)))", "2"),
    ],
)  # fmt: skip
def test_does_an_answer_that_takes_a_function_come_out_as_in_a_notebook(both, answer, check, said):
    assert both(answer, "f", f"print({check})") == said


def test_does_the_check_see_how_often_and_with_what_its_function_was_called(both):
    check = "seen = []\nf(lambda x: seen.append(x), [3, 1])\nprint(seen)"
    assert both("def f(g, xs):\n    for x in xs: g(x)", "f", check) == "[3, 1]"


def test_is_an_error_of_the_checks_function_told_by_its_kind_alone(both):
    answer = (
        "def f(g):\n    try:\n        g()\n    except LookupError as error:\n"
        "        return [type(error).__name__, 'secret' in str(error), error.args]"
    )
    check = "class Own(KeyError): pass\ndef g():\n    raise Own('the secret')\nprint(f(g))"
    assert both(answer, "f", check) == f"['KeyError', False, ({cells.THEIRS!r},)]"


def test_can_a_function_be_called_after_its_time(both):
    answer = (
        "kept = []\ndef f(g):\n    kept.append(g)\n    try:\n        return kept[0](1)\n"
        "    except RuntimeError as error:\n        return str(error)"
    )
    check = "print(f(lambda x: x + 1))\nprint(f(lambda x: x + 2))"
    assert both(answer, "f", check).splitlines() == ["2", cells.PAST]


def test_is_a_function_still_lent_to_what_another_call_made_of_it(both):
    answer = "def f(g):\n    return lambda x: g(x)"
    check = "one, two = f(lambda x: x + 1), f(lambda x: x + 2)\nprint(one(0), two(0), one(5))"
    assert both(answer, "f", check) == "1 2 6"


@pytest.mark.parametrize(
    "other",
    [
        "import threading\ndef elsewhere(do):\n    one = threading.Thread(target=do)\n"
        "    one.start()\n    one.join()",
        "import os\ndef elsewhere(do):\n    if (child := os.fork()) == 0:\n"
        "        try:\n            do()\n        finally:\n            os._exit(0)\n"
        "    os.waitpid(child, 0)",
    ],
    ids=["a thread", "a forked child"],
)
def test_can_a_function_be_called_from_elsewhere(both, other):
    answer = (
        f"{other}\ndef f(g):\n    def do():\n        try:\n            g(1)\n"
        "        except RuntimeError as error:\n            open('said', 'w').write(str(error))\n"
        "    elsewhere(do)\n    return [open('said').read(), g(1)]"
    )
    check = "seen = []\nprint(f(lambda x: seen.append(x)), seen)"
    assert both(answer, "f", check) == f"[{cells.ELSEWHERE!r}, None] [1]"

"""What a check sees of an answer that runs elsewhere: values, errors, changed arguments.

The first part needs no sandbox; the second runs answers and checks in a real pair of rooms.
Left out: how a notebook's checks are put together (tests/runner).
"""

import pandas as pd
import pytest

from autograder.kernels.cells import _error
from autograder.marking import wire
from autograder.marking.remote import Remote, rebuilt, replace


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return rebuilt(_error(caught)["error"])


class OwnError(KeyError):
    pass


class Odd(Exception):
    """Its __str__ fails."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    "error", [ValueError("bad"), KeyError("a"), ZeroDivisionError(), OSError()]
)
def test_is_a_built_in_error_raised_as_itself(error):
    assert type(raised(error)) is type(error)


def test_is_an_error_of_ones_own_raised_as_the_nearest_known():
    # Not under its own name, which could be that of one of a check's errors.
    assert type(raised(OwnError("a"))) is KeyError


def test_does_an_error_that_wants_more_than_a_text_arrive():
    try:
        b"\xff".decode()
    except UnicodeDecodeError as error:
        arrived = rebuilt(_error(error)["error"])
    assert type(arrived).__name__ == "UnicodeDecodeError" and "0xff" in str(arrived)


@pytest.mark.parametrize(
    "error",
    [
        {"kinds": [], "text": ""},
        {"kinds": ["SystemExit", "BaseException"], "text": "1"},
        {"kinds": ["KeyboardInterrupt"], "text": ""},
        {"kinds": ["not a name", "eval", "Exception"], "text": "x"},
        {"kinds": ["open", "print"], "text": "x", "line": "12"},
        {"kinds": ["x" * 10_000], "text": None},
        {"kinds": [["ValueError"]], "text": ["x"], "line": True},
    ],
    ids=str,
)
def test_is_whatever_is_said_of_an_error_an_ordinary_exception(error):
    arrived = rebuilt(error)
    assert isinstance(arrived, Exception)
    assert arrived.learner_line is None


def test_is_an_error_whose_text_fails_still_told():
    assert type(raised(Odd())) is Exception


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([1, 2], [1, 2, 3]),
        ({"a": 1}, {"b": 2}),
        ({1, 2}, {3}),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": ["x", "y"]}, index=[4, 5])),
        (pd.Series([1, 2], name="a"), pd.Series([1.5], name="a", index=["x"])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_does_an_argument_become_what_the_answer_made_of_it(old, new):
    held = old
    replace(old, new)
    assert wire.same(held, new)


def test_is_an_argument_left_alone_if_another_kind_comes_back():
    held = [1]
    replace(held, {"a": 1})
    assert held == [1]


def stand_in(reply: dict, asked: list | None = None, **thing: object) -> Remote:
    def ask(question: dict) -> dict:
        (asked if asked is not None else []).append(question)
        return reply

    about = {"of": {"name": "f"}, "type": "function", "name": "f", "callable": True, "idle": False}
    return Remote(ask, {**about, **thing})


def test_does_a_stand_in_equal_nothing_but_itself():
    remote = stand_in({})
    assert remote == remote and remote != stand_in({}) and remote != 5


def test_is_what_cannot_be_called_not_called():
    with pytest.raises(TypeError, match="'Anything' object is not callable"):
        stand_in({}, type="Anything", callable=False)()


def test_is_a_frame_sent_once_and_again_after_it_changed():
    asked: list[dict] = []
    remote, frame = stand_in({"value": None}, asked), pd.DataFrame({"a": [1, 2]})
    remote(frame)
    remote(frame)
    remote(frame.copy(deep=False))
    frame.loc[0, "a"] = 9
    remote(frame)
    first, second, third, fourth = (one["args"][0] for one in asked)
    assert "data" in first
    assert second == third == {"seen": first["seen"]}
    assert "data" in fourth and fourth["seen"] != first["seen"]


def test_is_a_frame_with_a_list_inside_sent_again_in_case_the_list_changed():
    asked: list[dict] = []
    remote, frame = stand_in({"value": None}, asked), pd.DataFrame({"a": [[1], [2]]})
    remote(frame)
    frame["a"][0].append(5)
    remote(frame)
    first, second = (one["args"][0] for one in asked)
    assert first != second and "seen" not in second


@pytest.mark.parametrize(
    "reply",
    [
        {"value": {"t": "pickle", "v": "gASVAAA="}},
        {"value": {"t": "yours", "v": {"name": "open"}}},
        {"value": {"t": "thing"}},
        {"value": [1]},
    ],
    ids=str,
)
def test_is_a_forged_reply_malformed(reply):
    with pytest.raises(wire.Malformed):
        stand_in(reply)()


# In a real pair of rooms.


def test_does_an_error_without_a_text_end_the_notebook(pair):
    odd = "class Odd(Exception):\n    def __str__(self): raise RuntimeError\n"
    assert pair.answer(odd + "def f(x):\n    raise Odd") == ""
    pair.give("f")
    assert pair.check("f(1)").startswith("Exception: (its text could not be told")
    assert "Odd" in pair.answer("raise Odd")
    assert pair.answer("print(5)") == "5"


KEEP = """
with task("t1", f):
    expect(f, "a table").on(states).keeps_input()
"""


@pytest.mark.parametrize(
    "body",
    [
        "return x.assign(more=1)",
        "x = x.copy()\n    x['more'] = 1\n    return x",
        "return x[x.troops > 3]",
        "return x.sort_values('troops').reset_index(drop=True)",
    ],
)
def test_does_an_answer_that_works_on_a_copy_keep_its_input(both, body):
    assert both(f"def f(x):\n    {body}", "f", KEEP) == ""


@pytest.mark.parametrize(
    "body",
    [
        "x['more'] = 1",
        "x.loc[0, 'troops'] = 9",
        "x.insert(0, 'first', 0)",
        "x.drop(columns='troops', inplace=True)",
        "x.rename(columns={'troops': 'n'}, inplace=True)",
        "x.index = ['a', 'b']",
        "x.columns = ['s', 't']",
        "x.pop('troops')",
    ],
)
def test_is_an_answer_that_changes_its_input_noticed(both, body):
    answer = (
        f"import warnings; warnings.simplefilter('ignore')\ndef f(x):\n    {body}\n    return x"
    )
    assert both(answer, "f", KEEP).startswith("NotYet")


def test_is_the_input_changed_by_one_call_whole_again_in_the_next(both):
    check = "f(states)\nprint(list(states.columns))\nfresh = states.drop(columns='more')\n"
    answer = "def f(x):\n    n = x.shape[1]\n    x['more'] = 1\n    return n"
    said = both(answer, "f", check + "print(f(fresh.copy()), f(fresh.copy()))")
    assert said.splitlines() == ["['state', 'troops', 'more']", "2 2"]


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ("raise ValueError('no')", "right"),
        ("raise UnicodeError('a kind of ValueError')", "right"),
        ("raise type('Mine', (ValueError,), {})('no')", "right"),
        ("raise KeyError('no')", "wrong"),
        ("return 1", "wrong"),
        ("raise SystemExit", "wrong"),
    ],
)
def test_is_the_error_an_answer_should_raise_recognised(both, body, came):
    check = 'with task("t1", f):\n    expect(f, "an error").on(states).raises(ValueError)'
    said = both(f"def f(x):\n    {body}", "f", check)
    assert ("NotYet" not in said and "Broke" not in said) == (came == "right"), said


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("7", "int 7"),
        ("{'a': [1, (2.5, None)]}", "dict {'a': [1, (2.5, None)]}"),
        ("__import__('numpy').float64(1.5)", "float64 np.float64(1.5)"),
        ("pd.Series(['a', None]).isna()", "Series 0    False\n1     True\ndtype: bool"),
        ("'a' * 3", "str 'aaa'"),
    ],
)
def test_does_a_value_arrive_as_data(both, value, shown):
    assert both(f"value = {value}", "value", "print(type(value).__name__, repr(value))") == shown


def test_can_an_object_equal_to_everything_pass_as_a_number(both):
    answer = (
        "class Any(int):\n"
        "    __eq__ = lambda self, other: True\n"
        "    __hash__ = int.__hash__\n"
        "value = Any(5)"
    )
    assert both(answer, "value", "print(value == 41, isinstance(value, int))") == "False False"


def test_can_a_function_be_passed_to_a_function_and_come_back(pair):
    assert (
        pair.answer("def twice(f):\n    return lambda x: f(f(x))\ndef add(x):\n    return x + 1")
        == ""
    )
    pair.give("twice", "add")
    assert pair.check("print(twice(add)(5), add(1))") == "7 2"


def test_does_a_figure_arrive_as_described_data(both):
    answer = (
        "import matplotlib.pyplot as plt\n"
        "def draw(x):\n"
        "    fig, ax = plt.subplots()\n"
        "    ax.bar(x.state, x.troops)\n"
        "    ax.set_title('Troops')\n"
        "    plt.close(fig)\n"
        "    return ax"
    )
    said = both(
        answer, "draw", "import json; print('Troops' in json.dumps(draw(states), default=str))"
    )
    assert said == "True"


def test_does_what_an_answer_prints_stay_with_the_learner(both):
    assert both("def f(x):\n    print('seen', x)\n    return 1", "f", "print(f(5))") == "1"


def test_can_an_answer_reach_the_objects_of_the_check(pair):
    answer = (
        "import gc, inspect\n"
        "def f(x):\n"
        "    frames = [one.frame.f_globals.get('hidden') for one in inspect.stack()]\n"
        "    return [str(one) for one in frames if one] + ['hidden' in globals()]"
    )
    assert pair.answer(answer) == ""
    pair.give("f")
    assert pair.check("hidden = 'the secret input'\nprint(f(1))") == "[False]"


def test_is_a_name_the_check_deleted_gone_for_the_answer_too(pair):
    """A function must stand on its own: names of the notebook it leans on can be taken away."""
    assert pair.answer("table = 5\ndef f(x):\n    return x + table") == ""
    pair.give("f", "table")
    assert pair.check("print(f(1))\ndel table\nprint(f(1))").splitlines()[0] == "6"
    said = pair.check("print(f(1))")
    assert said.startswith("NameError")
    assert pair.answer("print(table)") == "5"

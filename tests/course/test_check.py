"""Covers the sentences of course/check.py: the four outcomes and their wording, visible
expectations, hidden probes that keep their inputs, untouched stubs, input left as it was.

Leaves out how values are compared (test_compare), how figures become data (test_figures),
and what a grader makes of the outcome (tests/autograder).
"""

import contextlib

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from course.check import (
    MORE_LATER,
    Broke,
    CheckFailed,
    NotAttempted,
    NotYet,
    expect,
    is_untouched,
    probe,
    task,
)

SECRET = 7919


def verdict(answer, judge) -> CheckFailed | None:
    """What a check cell raises, or None if all is right."""
    try:
        with task("m99_t1", answer):
            judge(answer)
    except CheckFailed as failed:
        return failed
    return None


# The four outcomes.


def test_is_a_right_answer_silent_about_everything_but_what_is_right(capsys):
    assert verdict(len, lambda f: expect(f, "a whole number").on([1, 2]).returns(int)) is None
    assert capsys.readouterr().out == f"✓ right · a whole number\n{MORE_LATER}\n"


def test_does_right_promise_no_more_checks_once_the_hidden_ones_have_run(capsys):
    def judge(f):
        expect(f, "two items").on([1, 2]).equals(2)
        probe(f, "no items", "Think of an empty list.").on([]).equals(0)

    assert verdict(len, judge) is None
    assert capsys.readouterr().out == "✓ right · two items\n✓ right · no items (hidden)\n"


def test_does_not_yet_say_what_was_expected_and_what_was_found():
    failed = verdict(len, lambda f: expect(f, "two items").on([1, 2]).equals(3))
    assert type(failed) is NotYet
    assert str(failed) == "✗ not yet · two items: expected 3, found 2"


def test_does_not_yet_add_the_hint():
    failed = verdict(len, lambda f: expect(f, "two items", "Count again.").on([1, 2]).equals(3))
    assert str(failed).endswith("expected 3, found 2. Count again.")


def test_does_broke_give_the_learners_own_error():
    def broken(frame):
        return frame["peolpe"]

    failed = verdict(broken, lambda f: expect(f, "a number").on({"people": 1}).returns(int))
    assert type(failed) is Broke
    assert str(failed) == "! broke · a number: your code raised KeyError: 'peolpe'"


@pytest.mark.parametrize("error", [SystemExit(3), RecursionError(), ZeroDivisionError()])
def test_is_any_error_inside_the_answer_caught(error):
    def stops():
        raise error

    failed = verdict(stops, lambda f: expect(f, "a number").on().returns(int))
    assert type(failed) is Broke
    assert type(error).__name__ in str(failed)


def test_does_a_gap_count_as_not_attempted_whatever_else_is_asked():
    def stub(frame): ...

    failed = verdict(stub, lambda f: probe(f, "a number", "Fill it.").on(1).equals(2))
    assert type(failed) is NotAttempted
    assert "m99_t1" in str(failed)
    assert str(failed).startswith("○ not attempted")


def test_is_a_task_not_attempted_if_one_of_its_answers_is_a_gap():
    with pytest.raises(NotAttempted), task("m99_t1", 3, None):
        expect(3, "a number").returns(int)


def test_is_a_function_that_returns_nothing_not_yet():
    def prints(number):
        print(number)

    failed = verdict(prints, lambda f: expect(f, "a number").on(3).returns(int))
    assert type(failed) is NotYet
    assert "it returned nothing" in str(failed)


def test_is_a_gap_returned_not_yet():
    def half(number):
        return number if number > 5 else ...

    failed = verdict(half, lambda f: expect(f, "a number").on(3).returns(int))
    assert type(failed) is NotYet
    assert "a gap (...)" in str(failed)


def test_is_the_worst_outcome_raised_and_all_lines_told():
    def picky(number):
        return {1: 1}[number]

    def judge(f):
        expect(f, "of one").on(1).equals(2)
        expect(f, "of two").on(2).equals(2)
        expect(f, "of one again").on(1).equals(1)

    failed = verdict(picky, judge)
    assert type(failed) is Broke
    lines = str(failed).split("\n")
    assert [line.split(":")[0] for line in lines] == ["! broke · of two", "✗ not yet · of one"]


def test_is_what_is_right_shown_even_if_something_else_is_not(capsys):
    def judge(f):
        expect(f, "two items").on([1, 2]).equals(2)
        expect(f, "three items").on([1, 2]).equals(3)

    assert type(verdict(len, judge)) is NotYet
    assert capsys.readouterr().out == "✓ right · two items\n"


def test_do_lines_of_one_name_become_one_line():
    def judge(f):
        for items in ([], [1], [1, 2]):
            probe(f, "several lists", "Count.").on(items).equals(1)

    assert str(verdict(len, judge)) == "✗ not yet · several lists (hidden): Count."


def test_does_an_expectation_outside_a_task_say_where_it_belongs():
    with pytest.raises(RuntimeError, match="inside `with task"):
        expect(3)


def test_does_an_error_of_the_check_itself_come_through():
    with pytest.raises(LookupError), task("m99_t1", 3):
        raise LookupError("a mistake in the check")
    with contextlib.suppress(RuntimeError):
        expect(3)
        pytest.fail("the task was left open")


# Hidden probes.


def printer(number):
    print("leak", number)
    return number


def loud(number):
    raise ValueError(f"leak {number}")


def named(number):
    raise type(f"leak{number}", (KeyError,), {})("leak")


def wrong(number):
    return number + 1


def warner(number):
    import warnings

    warnings.warn(f"leak {number}", stacklevel=1)
    return number


@pytest.mark.parametrize("answer", [printer, loud, named, wrong, warner])
def test_does_a_probe_keep_its_inputs_and_values(answer, capsys):
    failed = verdict(
        answer, lambda f: probe(f, "another number", "Try others.").on(SECRET).equals(1)
    )
    told = capsys.readouterr()
    assert isinstance(failed, NotYet | Broke)
    assert str(SECRET) not in str(failed) + told.out + told.err
    assert "leak" not in str(failed) + told.out + told.err
    assert str(failed).endswith("Try others.")


def test_does_a_probe_name_the_built_in_kind_of_an_error():
    failed = verdict(named, lambda f: probe(f, "another number", "Try others.").on(1).equals(1))
    assert (
        str(failed) == "! broke · another number (hidden): your code raised KeyError. Try others."
    )


@pytest.mark.parametrize(
    "judge",
    [
        lambda p: p.on(SECRET).returns(str),
        lambda p: p.on(SECRET).is_any_of(["a"]),
        lambda p: p.on(SECRET).between(0, 1),
        lambda p: p.on(SECRET).chooses("a"),
        lambda p: p.on(SECRET).holds(lambda value: False, f"leak {SECRET}"),
        lambda p: p.on(SECRET).raises(ValueError),
        lambda p: p.on(SECRET).item(f"leak{SECRET}"),
        lambda p: p.on(SECRET).attribute(f"leak{SECRET}"),
        lambda p: p.on(SECRET).labelled(),
    ],
)
def test_does_no_kind_of_probe_say_more_than_its_name_and_hint(judge):
    failed = verdict(wrong, lambda f: judge(probe(f, "another number", "Try others.")))
    assert str(failed) == "✗ not yet · another number (hidden): Try others."


def test_are_the_learners_own_prints_seen_in_a_visible_check(capsys):
    assert verdict(printer, lambda f: expect(f, "a number").on(3).equals(3)) is None
    assert capsys.readouterr().out.startswith("leak 3\n")


def test_is_a_warning_no_mistake(capsys):
    assert verdict(warner, lambda f: expect(f, "a number").on(3).equals(3)) is None
    assert capsys.readouterr().err == ""


# Arguments.


def test_does_the_answer_get_copies_of_the_arguments():
    given = [3, 1, 2]

    def sorts(values):
        values.sort()
        return values

    assert verdict(sorts, lambda f: expect(f, "sorted").on(given).equals([1, 2, 3])) is None
    assert given == [3, 1, 2]


def changes_a_column(frame):
    frame["n"] = 0
    return 1


def adds_a_row(frame):
    frame.loc[99] = [9, "z"]
    return 1


def renames_the_index(frame):
    frame.index = ["p", "q"]
    return 1


@pytest.mark.parametrize("answer", [changes_a_column, adds_a_row, renames_the_index])
def test_does_keeps_input_notice_a_changed_frame(answer):
    frame = pd.DataFrame({"n": [1, 2], "name": ["a", "b"]})
    failed = verdict(answer, lambda f: expect(f, "kept").on(frame).keeps_input())
    assert "work on a copy" in str(failed)


@pytest.mark.parametrize("given", [[3, 1], {"a": 1}, (1, [2, 3])])
def test_does_keeps_input_pass_what_was_only_read(given):
    assert verdict(len, lambda f: expect(f, "kept").on(given).keeps_input()) is None


def test_does_keeps_input_notice_a_sorted_list():
    def sorts(values):
        values.sort()

    failed = verdict(sorts, lambda f: expect(f, "kept").on([3, 1]).keeps_input())
    assert type(failed) is NotYet


# What can be asked.


def refuses(number):
    if number < 0:
        raise ValueError("below zero")
    return number


def test_is_an_expected_error_right():
    assert verdict(refuses, lambda f: expect(f, "refused").on(-1).raises(ValueError)) is None


@pytest.mark.parametrize(
    ("number", "error", "said"),
    [
        (1, ValueError, "expected ValueError, but it returned a value"),
        (-1, KeyError, "expected KeyError, found ValueError"),
    ],
)
def test_is_no_error_or_another_error_not_yet(number, error, said):
    failed = verdict(refuses, lambda f: expect(f, "refused").on(number).raises(error))
    assert type(failed) is NotYet
    assert said in str(failed)


@pytest.mark.parametrize("said", ["Chapter VI", " chapter  vi", "CHAPTER-VI", "chapter_vi"])
def test_is_a_choice_free_in_capitals_and_spaces(said):
    assert verdict({"g": said}, lambda a: expect(a).item("g").chooses("Chapter VI")) is None


def test_does_a_wrong_choice_not_tell_the_right_one():
    failed = verdict("b", lambda a: expect(a, "a letter").chooses("c"))
    assert str(failed) == "✗ not yet · a letter: another answer fits better"


@pytest.mark.parametrize("odd", [["a"], {"a": 1}, 3, 2.5, True])
def test_is_an_odd_choice_not_yet(odd):
    assert type(verdict(odd, lambda x: expect(x, "a letter").is_any_of(["a", "b"]))) is NotYet


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": 1, "b": None}, "'b' has no answer yet"),
        ({"a": 1}, "expected a dict with the key 'b'"),
        (["a", "b"], "expected a dict with the key 'b'"),
    ],
)
def test_does_a_missing_item_say_which(given, said):
    failed = verdict(given, lambda a: expect(a, "b is there").item("b").is_any_of([1]))
    assert said in str(failed)


def test_is_a_named_field_looked_at():
    point = pd.Timestamp("2000-02-03")
    assert verdict(point, lambda a: expect(a).attribute("year").equals(2000)) is None
    failed = verdict(point, lambda a: expect(a).attribute("decade").equals(2000))
    assert "expected a field named 'decade'" in str(failed)


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (0, True),
        (1, True),
        (0.5, True),
        (1.01, False),
        (float("nan"), False),
        (True, False),
        ("0.5", False),
    ],
)
def test_is_a_number_between_two_others(value, right):
    failed = verdict(lambda: value, lambda f: expect(f).on().between(0, 1))
    assert (failed is None) == right


def test_is_a_condition_that_cannot_be_asked_not_met():
    failed = verdict(
        lambda: 5,
        lambda f: expect(f, "a table").on().holds(lambda v: v.shape == (1, 1), "no table"),
    )
    assert str(failed) == "✗ not yet · a table: no table"


def test_does_the_first_failure_of_a_chain_end_it():
    failed = verdict(
        lambda: "x", lambda f: expect(f, "a number").on().returns(int).equals(4).between(0, 1)
    )
    assert str(failed) == "✗ not yet · a number: expected a whole number (int), found text (str)"


# Figures.


def panel(title="T", xlabel="x", ylabel="y"):
    _, ax = plt.subplots()
    ax.bar(["a", "b"], [1, 2], label="n")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return ax


def test_is_a_figure_judged_by_data_and_words():
    def judge(f):
        expect(f, "a figure").on().panels(1).labelled().legend(0).shows([1, 2]).shows({"b": 2})

    assert verdict(panel, judge) is None
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda e: e.panels(2), "expected 2 panels, found 1"),
        (lambda e: e.legend(2), "the legend names 0 series, not 2"),
        (lambda e: e.shows([2, 1]), "no bars or line show the expected values"),
        (lambda e: e.shows([1, 2], panel=1), "there is no panel 2"),
        (lambda e: e.shows({"c": 1}), "no bars or line show the expected values"),
    ],
)
def test_does_a_figure_say_what_is_amiss(ask, said):
    assert said in str(verdict(panel, lambda f: ask(expect(f, "a figure").on())))


@pytest.mark.parametrize("part", ["title", "xlabel", "ylabel"])
def test_is_a_missing_label_named(part):
    failed = verdict(panel, lambda f: expect(f, "words").on(**{part: " "}).labelled())
    assert f"no {part}" in str(failed)


def test_is_a_table_no_figure():
    failed = verdict(lambda: pd.DataFrame(), lambda f: expect(f, "a figure").on().panels(1))
    assert "expected a Matplotlib Axes or Figure" in str(failed)


def test_may_an_answer_return_several_tables():
    frames = (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"b": [1]}))
    assert verdict(lambda: frames, lambda f: expect(f, "two tables").on().equals(frames)) is None


# Stubs.


def dots(): ...


def documented():
    """A number, such as ... or 3."""
    ...  # noqa: PIE790 - the stub as released


def only_documented():
    """A number."""


def passes():
    pass


def returns_none():
    return None


def with_defaults(frame, date="2000-01-31", *, k=10) -> float:
    """A share."""
    ...  # noqa: PIE790 - the stub as released


@pytest.mark.parametrize(
    "stub",
    [
        None,
        ...,
        dots,
        documented,
        only_documented,
        passes,
        returns_none,
        with_defaults,
        {"a": None, "b": None},
        {"a": ..., "b": None},
        [None, None],
    ],
)
def test_is_every_kind_of_stub_untouched(stub):
    assert is_untouched(stub)


def test_is_a_body_of_three_dots_untouched_and_a_lambda_of_them_a_gap():
    # A stub's `...` is a statement without effect; a lambda returns it.
    assert is_untouched(dots)
    assert not is_untouched(lambda: ...)


def prints():
    print("hello")


def assigns():
    x = 3  # noqa: F841


def recurses():
    return recurses


@pytest.mark.parametrize(
    "started",
    [
        0,
        False,
        "",
        {},
        [],
        {"a": 1, "b": None},
        [None, 0],
        prints,
        assigns,
        recurses,
        lambda: 0,
        float("nan"),
        pd.DataFrame(),
        len,
    ],
)
def test_is_whatever_was_started_not_untouched(started):
    assert not is_untouched(started)

"""Covers course/figures.py: a figure as plain data, however it was drawn (bars, stacked and
grouped bars, lines, points; categories, dates, numbers; Matplotlib or pandas), what counts as
showing a value, and the text alternative.

Leaves out how a check asks about figures (test_check) and how figures look.
"""

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from course.figures import (
    OKABE_ITO,
    as_data,
    describe,
    is_description,
    sentence,
    shows,
    source_note,
    use_house_style,
)

MONTHS = pd.to_datetime(["2000-01-31", "2000-02-29", "2000-03-31"])
ISO = ["2000-01-31", "2000-02-29", "2000-03-31"]


@pytest.fixture(autouse=True)
def clean():
    with plt.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def series_of(thing) -> list[dict]:
    return describe(thing)["panels"][0]["series"]


def x_and_y(thing) -> tuple[list, list]:
    (one,) = series_of(thing)
    return one["x"], one["y"]


# What stands around the drawing.


def test_is_the_source_note_of_a_figure_part_of_its_description(ax):
    assert describe(ax)["panels"][0]["note"] == ""
    source_note(ax, "Source: made up.")
    assert describe(ax)["panels"][0]["note"] == "Source: made up."


# Bars.


def test_are_bars_named_by_their_categories(ax):
    ax.bar(["a", "b"], [3, 4])
    assert x_and_y(ax) == (["a", "b"], [3.0, 4.0])


def test_are_lying_bars_named_by_their_categories(ax):
    ax.barh(["a", "b"], [3, 4])
    assert x_and_y(ax) == (["a", "b"], [3.0, 4.0])


def test_do_stacked_bars_give_the_height_of_each_piece(ax):
    ax.bar(["a", "b"], [3, 4], label="low")
    ax.bar(["a", "b"], [1, 2], bottom=[3, 4], label="high")
    ax.legend()
    assert [(s["label"], s["x"], s["y"]) for s in series_of(ax)] == [
        ("low", ["a", "b"], [3.0, 4.0]),
        ("high", ["a", "b"], [1.0, 2.0]),
    ]
    assert describe(ax)["panels"][0]["legend"] == ["low", "high"]


def test_do_bars_at_years_keep_their_numbers(ax):
    ax.bar([1990, 2000], [3, 4])
    assert x_and_y(ax) == ([1990.0, 2000.0], [3.0, 4.0])


def test_do_bars_at_dates_give_dates(ax):
    ax.bar(MONTHS, [3, 4, 5])
    assert x_and_y(ax) == (ISO, [3.0, 4.0, 5.0])


def test_are_bars_with_tick_labels_named_by_them(ax):
    ax.bar([0, 1], [3, 4])
    ax.set_xticks([0, 1], ["a", "b"])
    assert x_and_y(ax) == (["a", "b"], [3.0, 4.0])


def test_are_grouped_bars_named_by_the_tick_they_stand_beside(ax):
    ax.bar(np.array([0, 1]) - 0.2, [3, 4], width=0.4)
    ax.bar(np.array([0, 1]) + 0.2, [5, 6], width=0.4)
    ax.set_xticks([0, 1], ["a", "b"])
    assert [s["x"] for s in series_of(ax)] == [["a", "b"], ["a", "b"]]


@pytest.mark.parametrize("stacked", [True, False])
@pytest.mark.parametrize("how", ["bar", "barh"])
def test_are_bars_drawn_by_pandas_the_same(how, stacked):
    table = pd.DataFrame({"low": [3, 4], "high": [1, 2]}, index=["a", "b"])
    drawn = getattr(table.plot, how)(stacked=stacked)
    assert [(s["label"], s["x"], s["y"]) for s in series_of(drawn)] == [
        ("low", ["a", "b"], [3.0, 4.0]),
        ("high", ["a", "b"], [1.0, 2.0]),
    ]


def test_do_pandas_bars_at_dates_give_dates():
    drawn = pd.Series([3, 4, 5], index=MONTHS).plot.bar()
    assert x_and_y(drawn) == (ISO, [3.0, 4.0, 5.0])


def test_does_a_histogram_give_its_counts(ax):
    ax.hist([1, 2, 2, 3], bins=[0.5, 1.5, 2.5, 3.5])
    assert x_and_y(ax) == ([1.0, 2.0, 3.0], [1.0, 2.0, 1.0])


# Lines and points.


@pytest.mark.parametrize(
    "dates", [MONTHS, list(MONTHS), MONTHS.to_numpy(), MONTHS.date, MONTHS.to_pydatetime()]
)
def test_do_lines_over_dates_give_iso_text(ax, dates):
    ax.plot(dates, [1, 2, 3])
    assert x_and_y(ax) == (ISO, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "index", [MONTHS, pd.DatetimeIndex(MONTHS, freq="ME"), pd.PeriodIndex(MONTHS, freq="M")]
)
def test_do_lines_over_months_drawn_by_pandas_give_month_ends(index):
    assert x_and_y(pd.Series([1, 2, 3], index=index).plot()) == (ISO, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("freq", ["D", "W", "ME", "QE", "YE"])
def test_do_regular_series_drawn_by_pandas_keep_their_dates(freq):
    dates = pd.date_range("2001-06-30", periods=4, freq=freq)
    x, _ = x_and_y(pd.Series(range(4), index=dates).plot())
    assert x == [str(date.date()) for date in dates]


def test_do_lines_over_categories_give_their_names(ax):
    ax.plot(["a", "b"], [1, 2])
    x, _ = x_and_y(ax)
    assert x == ["a", "b"]
    assert {type(place) for place in x} == {str}


def test_is_a_gap_in_a_line_none(ax):
    ax.plot([1, 2, 3], [1, np.nan, 3])
    assert x_and_y(ax)[1] == [1.0, None, 3.0]


def test_are_points_described_with_dates_and_categories():
    for x, said in (
        (MONTHS, ISO),
        (["a", "b", "c"], ["a", "b", "c"]),
        ([1, 2, 3], [1.0, 2.0, 3.0]),
    ):
        _, ax = plt.subplots()
        ax.scatter(x, [1, 2, 3])
        assert x_and_y(ax) == (said, [1.0, 2.0, 3.0])


def test_are_names_given_by_matplotlib_itself_left_out(ax):
    ax.plot([1], [2])
    ax.bar(["a"], [2])
    assert [s["label"] for s in series_of(ax)] == ["", ""]


# What counts as a figure.


def test_may_a_figure_an_axes_or_several_be_described():
    fig, panels = plt.subplots(2, 1)
    for thing in (fig, panels, list(panels), tuple(panels)):
        assert len(describe(thing)["panels"]) == 2
    assert len(describe(panels[0])["panels"]) == 1


def test_does_something_else_say_what_it_is():
    with pytest.raises(TypeError, match="expected a Matplotlib Axes or Figure, found DataFrame"):
        describe(pd.DataFrame())


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "a",
        [],
        [1, 2],
        {},
        np.zeros(3),
        (pd.DataFrame({"a": [1]}), pd.DataFrame()),
        [np.zeros((2, 3)), np.zeros((2, 2))],
    ],
)
def test_does_any_other_value_pass_through_as_it_is(value):
    assert as_data(value) is value


def test_is_a_figure_closed_once_it_is_data():
    fig, _ = plt.subplots(2, 1)
    assert is_description(as_data(fig))
    assert plt.get_fignums() == []


def test_is_a_description_plain_data():
    _, ax = plt.subplots()
    ax.plot(MONTHS, np.array([1, 2, 3]), label="n")
    ax.bar(MONTHS, pd.Series([1, 2, 3], dtype="Int64"))
    assert json.loads(json.dumps(describe(ax))) == describe(ax)


def test_is_a_title_found_wherever_it_stands(ax):
    ax.set_title("left", loc="left")
    ax.set_title("right", loc="right")
    assert describe(ax)["panels"][0]["title"] == "left right"


# Showing a value.

SERIES = {"x": ["2000-01-31", "2000-02-29"], "y": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("values", "within", "right"),
    [
        ([1, 2], 1e-9, True),
        ([2, 1], 1e-9, False),
        ([1], 1e-9, False),
        ([1, 2.05], 0.1, True),
        ({"2000-02-29": 2}, 1e-9, True),
        ({pd.Timestamp("2000-02-29"): 2}, 1e-9, True),
        ({"2000-02-28": 2}, 1e-9, False),
        ({"2000-02-29": 1}, 1e-9, False),
    ],
)
def test_does_a_series_show_heights_in_order_or_at_places(values, within, right):
    assert shows(SERIES, values, within) == right


@pytest.mark.parametrize("years", [[1990, 2000], ["1990", "2000"]])
def test_is_a_year_the_same_as_number_and_as_text(ax, years):
    ax.bar(years, [3, 4])
    (one,) = series_of(ax)
    assert shows(one, {1990: 3, "2000": 4}, 1e-9)


def test_does_a_gap_show_nothing():
    assert not shows({"x": [1.0], "y": [None]}, [0], 1e-9)


# Words.


def test_does_the_sentence_say_what_is_drawn_from_where_to_where(ax):
    ax.plot(MONTHS, [1, 12_345, 3], label="people")
    ax.set(title="Served", xlabel="month end", ylabel="people")
    assert sentence(describe(ax)) == (
        "Served. x: month end; y: people. Line people: 3 values, 1 at 2000-01-31, 3 at\n"
        "2000-03-31, highest 12,345 at 2000-02-29."
    )


def test_does_an_empty_figure_have_a_sentence_too(ax):
    assert sentence(describe(ax)) == "Untitled figure. x: ; y: ."


def test_has_every_series_a_second_cue_beside_colour(ax):
    use_house_style()
    cycle = plt.rcParams["axes.prop_cycle"].by_key()
    assert cycle["color"] == OKABE_ITO
    assert len(set(map(str, cycle["linestyle"]))) == len(OKABE_ITO)

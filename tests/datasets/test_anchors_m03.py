"""Covers the figures of module 03's prose, and of its specimens, that the dataset tests do not:
sanity numbers, the two figures in words, and what lies behind the model answer.

Leaves out eras, versions, members and the five years of coverage (test_anchors).
"""

import pytest

from course import load


@pytest.fixture(scope="module")
def alliances():
    return load("atop_alliances")


@pytest.fixture(scope="module")
def coverage():
    frame = load("pact_coverage").set_index("year")
    return frame.assign(share=100 * frame["with_pact"] / frame["states"])


def test_does_the_worked_example_come_out(alliances):
    for first, last, n, share in [(1816, 1865, 46, 60.9), (1966, 2016, 418, 92.6)]:
        begun = alliances[alliances["begin_year"].between(first, last)]
        assert (len(begun), round(100 * begun["bilateral"].mean(), 1)) == (n, share)


def test_are_the_sanity_numbers_right(alliances):
    early = alliances[alliances["begin_year"].between(1816, 1944)]
    assert (len(early), early["offence"].sum()) == (209, 56)
    assert round(early["neutrality"].mean(), 3) == 0.297
    assert (alliances["begin_year"] <= 1944).sum() == 216


def test_do_the_words_on_the_decades_hold(alliances):
    decade = alliances["begin_year"] // 10 * 10
    begun, defence = decade.value_counts(), decade[alliances["defence"] == 1].value_counts()
    assert begun[begun.index < 1920].max() == 18
    between = begun[(begun.index >= 1920) & (begun.index < 1990)]
    assert (between.min(), between.max()) == (37, 72)
    assert (begun[1990], defence[1990], begun[2000], begun[2010]) == (227, 22, 51, 7)
    assert (defence.idxmax(), defence[1940], begun[1940]) == (1940, 45, 59)
    assert [int(defence.get(y, 0)) for y in (1810, 1820, 1830)] == [8, 0, 8]


def test_do_the_words_on_the_stock_hold(coverage):
    low, peak = coverage["share"].idxmin(), coverage["share"].idxmax()
    assert (low, *coverage.loc[low, ["with_pact", "states"]]) == (1919, 3, 51)
    assert (peak, *coverage.loc[peak, ["with_pact", "states"]]) == (1961, 88, 111)
    since = coverage.loc[1942:, "share"]
    assert since.min() >= 56 and since.max() <= 80
    nineties = coverage.loc[1991:1999, "share"]
    assert nineties.min() >= 59.5 and nineties.max() < 63.5


def test_do_nine_old_pacts_still_in_force_list_96_states(alliances):
    old = alliances[
        (alliances["begin_year"] <= 1990)
        & (alliances["in_effect"] == 1)
        & (alliances["defence"] == 1)
        & (alliances["bilateral"] == 0)
    ]
    members = load("atop_members")
    inside = members[members["atopid"].isin(old["atopid"]) & (members["exit_year"] == 0)]
    assert (len(old), inside["ccode"].nunique()) == (9, 96)


def test_are_the_numbers_of_the_specimens_right(alliances, coverage):
    assert list(coverage.loc[1995, ["with_pact", "states"]]) == [112, 187]
    late = alliances[alliances["begin_year"] >= 1991]
    assert late["offence"].sum() == 0
    assert alliances.loc[alliances["begin_year"] >= 2010, "defence"].sum() == 1
    assert (round(133 / 46, 1), round(31 / 26, 1)) == (2.9, 1.2)

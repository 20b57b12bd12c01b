"""Covers the figures of module 07's prose, and of its specimens, that the dataset tests do not:
sanity numbers, both figures in words, and what the specimens count.

Leaves out the published counts, concentration and group shares (test_anchors).
"""

import pytest

from course import load

WESTERN = [
    *["USA", "CAN", "GBR", "FRA", "DEU", "ITA", "ESP", "NLD", "BEL", "NOR", "DNK"],
    *["SWE", "FIN", "AUT", "IRL", "PRT", "AUS", "NZL", "GRC", "CHE", "LUX", "ISL"],
]


@pytest.fixture(scope="module")
def contributors():
    return load("un_contrib")


@pytest.fixture(scope="module")
def monthly(contributors):
    """By month: contributors, share of the ten largest in per cent, Gini coefficient."""
    by_date = contributors[contributors["total"] > 0].groupby("date")["total"]
    return by_date.agg(n="count", ten=lambda t: 100 * t.nlargest(10).sum() / t.sum(), gini=gini)


def gini(values) -> float:
    """Mean difference of all pairs over twice the mean: the form that divides by n."""
    values = sorted(values)
    n, total = len(values), sum(values)
    return sum((2 * place - n - 1) * x for place, x in enumerate(values, start=1)) / (n * total)


def test_are_the_sanity_numbers_right(contributors, monthly):
    day = contributors[contributors["date"] == "2000-12-31"].set_index("iso3")["total"]
    assert (day.sum(), len(day), monthly.loc["2000-12-31", "n"]) == (37_746, 89, 89)
    assert round(100 * day.nlargest(3).sum() / day.sum(), 1) == 25.2
    assert round(monthly.loc["2000-12-31", "ten"], 1) == 53.1
    assert round(100 * day[["CHN", "FRA", "GBR", "RUS", "USA"]].sum() / day.sum(), 1) == 6.3
    assert day.nlargest(6).sum() / day.sum() > 1 / 3


def test_do_the_words_on_the_three_kinds_hold(contributors):
    kinds = contributors.groupby("date")[["troops", "police", "experts"]].sum()
    assert round(kinds.loc["1994-09-30", "troops"], -3) == 74_000
    assert round(kinds.loc["1999", "troops"].min(), -3) == 9_000
    assert round(kinds.loc["2010-03-31", "troops"], -3) == 86_000
    assert str(kinds.index[kinds["police"] > 14_000][0].date()) == "2010-10-31"
    assert kinds["experts"].max() < 3_000
    assert str(kinds.index[kinds["experts"] > 0][0].date()) == "1992-08-31"
    assert len(kinds) == 281


def test_do_the_words_on_the_base_hold(monthly):
    assert list(monthly.loc[["1990-11-30", "2014-03-31"], "n"]) == [46, 122]
    assert (monthly.loc["1995-08-31", "n"], monthly.loc["1996-03":"1996-05", "n"].min()) == (82, 68)
    assert list(monthly.loc[["1990-11-30", "2014-03-31"], "ten"].round(1)) == [83.9, 54.9]
    assert list(monthly.loc[["1990-11-30", "2014-03-31"], "gini"].round(3)) == [0.726, 0.771]
    assert 45 < monthly.loc["1993", "ten"].min() < 52
    assert 64 < monthly.loc["2005", "ten"].max() < 69
    assert (monthly.loc["1993", "n"].max(), str(monthly.loc["1993", "n"].idxmax())[:7]) == (
        73, "1993-06",
    )  # fmt: skip
    assert (monthly.loc["2012", "n"].min(), monthly.loc["2012", "n"].max()) == (113, 120)


@pytest.mark.parametrize(
    ("date", "group", "people", "everybody"),
    [
        ("1993-06-30", WESTERN, 35_801, 77_815),
        ("2013-12-31", WESTERN, 4_808, 98_200),
        ("2012-12-31", ["BGD", "IND", "NPL", "PAK"], 30_063, 94_081),
    ],
    ids=["Western 1993", "Western 2013", "four of South Asia 2012"],
)
def test_are_the_heads_of_the_specimens_right(contributors, date, group, people, everybody):
    day = contributors[contributors["date"] == date].set_index("iso3")["total"]
    assert (day[day.index.isin(group)].sum(), day.sum()) == (people, everybody)


def test_did_western_states_hold_28_per_cent_in_december_2000(contributors):
    day = contributors[contributors["date"] == "2000-12-31"].set_index("iso3")["total"]
    assert round(100 * day[day.index.isin(WESTERN)].sum() / day.sum(), 1) == 28.2

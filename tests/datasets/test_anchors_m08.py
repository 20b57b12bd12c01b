"""Covers the timeline of module 08, and figures of its prose that test_anchors_b does not.

Leaves out whether an event happened as told: that rests on the documents the rows name
(docs/review), and the coefficients and band means, which test_anchors_b recomputes.
"""

import math

import pandas as pd
import pytest

from course import syllabus
from course.data import load
from course.variants import table

RWANDA, BOSNIA = "Rwanda", "Bosnia and Herzegovina"


@pytest.fixture(scope="module")
def timeline():
    return load("pk_timeline")


@pytest.fixture(scope="module")
def months():
    return load("un_mission_months")


@pytest.fixture(scope="module")
def counts():
    return load("hks")


@pytest.fixture(scope="module")
def ceasefires():
    return load("ceasefires")


def of(months, mission):
    return months[months["mission"] == mission].set_index("date")


def wilson(part, whole, z=1.96):
    share, spread = part / whole, z * z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / whole + spread / whole / 4)
    return [round(100 * (middle - half), 1), round(100 * (middle + half), 1)]


def breaks(total, limit):
    changes = 100 * (total / total.shift() - 1)
    return list(total.index[changes.abs() > limit].strftime("%Y-%m"))


# The timeline


def test_are_the_rows_counted_as_the_card_says(timeline):
    assert timeline["case"].value_counts().to_dict() == {BOSNIA: 25, RWANDA: 21}
    assert (timeline["precision"] == "month").sum() == 6


def test_leads_every_row_to_the_bibliography(timeline):
    assert set(timeline["key"]) - set(syllabus.references()) == set()
    assert (timeline["document"].str.len() > 5).all()


def test_is_a_month_given_as_its_middle(timeline):
    monthly = timeline[timeline["precision"] == "month"]
    assert set(monthly["date"].dt.day) == {15}
    vague = monthly["event"].str.contains(r"month|these months", case=False)
    assert vague.all()


def test_stand_the_events_of_a_case_in_order(timeline):
    for _, rows in timeline.groupby("case"):
        assert rows["date"].is_monotonic_increasing


def test_do_the_words_keep_to_those_of_courts_and_the_un(timeline):
    told = " ".join(timeline["event"])
    for word in ("Rwandan genocide", "massacre", "ethnic violence", "tribal", "alleged"):
        assert word not in told
    assert "the Serbs" not in told.replace("Bosnian Serbs", "")


def test_is_the_order_of_task_8_1_the_one_of_the_timeline(timeline):
    rwanda = timeline[timeline["case"] == RWANDA].set_index("label")["date"]
    order = ["Arusha agreement", "Resolution 872", "Genocide begins", "Resolution 912"]
    order += ["Resolution 918", "Resolution 929", "War and genocide end", "Resolution 955"]
    assert rwanda[order].is_monotonic_increasing


# Figures of the prose


def test_do_the_months_before_april_1994_read_as_told(months):
    unamir = of(months, "UNAMIR")
    assert list(unamir.loc["1993-10-31":"1994-03-31", "total"]) == [19, 509, 1163, 1599, 2131, 2485]
    assert round(100 * (2131 / 1599 - 1), 1) == 33.3


def test_is_598_the_lowest_month_end_after_the_cut(months):
    total = of(months, "UNAMIR").loc["1994-04-30":"1995-12-31", "total"]
    assert (total.min(), total.idxmin()) == (598, pd.Timestamp("1994-06-30"))


def test_do_the_troops_of_the_figure_read_as_told(months):
    troops = of(months, "UNAMIR")["troops"]
    days = ["1993-10-31", "1994-03-31", "1994-04-30", "1994-06-30", "1994-10-31", "1995-02-28"]
    assert list(troops[[*days, "1996-03-31"]]) == [19, 2189, 378, 328, 5893, 7211, 669]
    assert troops.max() == 7211
    above = troops[troops > 5500]
    assert above.index[0] == pd.Timestamp("1994-10-31")
    ceiling = load("un_authorised").query("mission == 'UNAMIR' and date >= '1994-06-30'")
    assert list(ceiling["authorised_troops"].unique()) == [5500, 2330, 1800, 1200]
    assert len(ceiling) == 22


def test_has_unamir_five_breaks_and_unprofor_one_in_april_1995(months):
    unamir = breaks(of(months, "UNAMIR")["total"], 50)
    assert unamir == ["1993-11", "1993-12", "1994-04", "1994-07", "1994-08"]
    unprofor = breaks(of(months, "UNPROFOR")["total"], 10)
    assert unprofor == [
        *["1992-08", "1992-11", "1995-04", "1995-07", "1995-08", "1995-11", "1995-12"],
    ]


def test_begin_the_two_other_missions_on_30_april_1995(months):
    first = months.groupby("mission")["date"].min()
    assert list(first[["UNCRO", "UNPREDEP"]]) == [pd.Timestamp("1995-04-30")] * 2
    there = months[months["date"] == "1995-04-30"].set_index("mission")["total"]
    assert list(there[["UNPROFOR", "UNCRO", "UNPREDEP"]]) == [24_215, 14_043, 1_102]
    assert sum(there[["UNPROFOR", "UNCRO", "UNPREDEP"]]) - 38_930 == 430


def test_is_the_mean_above_zero_troops_as_told(counts):
    there = counts[counts["troops"] > 0]
    rest = there.drop(there["deaths"].idxmax())
    assert (len(there), round(there["deaths"].mean(), 2)) == (472, 355.69)
    assert (len(rest), round(rest["deaths"].mean(), 2)) == (471, 46.80)
    none = counts[counts["troops"] == 0]
    assert (len(none), round(none["deaths"].mean(), 2)) == (3274, 28.28)


def test_are_counts_overdispersed_with_more_than_three_in_four_zero(counts):
    assert counts["deaths"].var() > 1000 * counts["deaths"].mean()
    assert round(100 * (counts["deaths"] == 0).mean(), 1) == 76.5


def test_are_the_intervals_of_the_shares_as_told():
    assert wilson(19, 34) == [39.5, 71.1]
    assert wilson(21, 62) == [23.3, 46.3]
    assert wilson(7, 17) == [21.6, 64.0]
    assert wilson(4, 22) == [7.3, 38.5]


def test_count_rwanda_and_bosnia_in_the_ceasefires_as_told(ceasefires):
    ours = ceasefires[ceasefires["war"].isin(["Rwanda", "Bosnia"])].set_index("ceasefire")
    assert set(ours["peacekeepers"]) == {1}
    assert ours.loc[ours["war"] == "Rwanda", "held"].tolist() == [0, 0, 0]
    assert ours.loc["1993-08-04", ["held", "last_day"]].tolist() == [0, pd.Timestamp("1994-04-06")]
    assert ours.loc["1995-01-01", "held"] == 0
    assert ours.loc["1995-12-14", "held"] == 1


def test_are_the_missions_to_choose_from_closed_and_of_like_difficulty(months):
    for mission in table()["m08"]["mission"]:
        total = of(months, mission)["total"].sort_index()
        assert 20 <= len(total) <= 80, mission
        assert total.index[-1] < pd.Timestamp("2011-01-31"), mission
        assert (total == total.max()).sum() == 1, mission
        falls = total.pct_change()
        assert (falls == falls.min()).sum() == 1, mission
        assert falls.min() < -0.1, mission
        assert len(breaks(total, 25)) >= 2, mission

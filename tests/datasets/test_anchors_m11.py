"""Covers the two hand-compiled tables of module 11, and figures of its prose that
test_anchors_c does not.

Leaves out whether a rule reads as told or a state left on that day: that rests on the texts
and documents the rows name (docs/review), and counts that no shipped file can give.
"""

import re

import pandas as pd
import pytest

from course import syllabus
from course.data import load
from course.variants import table


@pytest.fixture(scope="module")
def rights():
    return load("treaties_hr")


@pytest.fixture(scope="module")
def arms():
    return load("treaties_arms")


@pytest.fixture(scope="module")
def cases():
    return load("ihl_cases")


@pytest.fixture(scope="module")
def facts():
    return load("ihl_parties")


def ages(rights, treaty):
    """Years from the treaty to each party's entry."""
    bound = rights[(rights["treaty"] == treaty) & (rights["status"] == "party")]
    return bound["year"] - bound["opened"]


# The cases


def test_are_there_20_cases_of_four_rules_and_three_readings(cases):
    assert list(cases["case"]) == list(range(1, 21))
    assert pd.crosstab(cases["principle"], cases["reading"]).to_dict("index") == {
        "distinction": {"depends": 2, "lawful": 1, "unlawful": 3},
        "humane treatment": {"depends": 1, "lawful": 2, "unlawful": 3},
        "precaution": {"depends": 1, "lawful": 1, "unlawful": 2},
        "proportionality": {"depends": 1, "lawful": 2, "unlawful": 1},
    }


def test_names_a_case_that_depends_the_fact_and_no_other_case_one(cases):
    assert (cases["fact"].notna() == (cases["reading"] == "depends")).all()


def test_names_each_case_a_rule_of_its_principle(cases):
    articles = {
        "distinction": r"Additional Protocol I \(1977\), Articles? (48|51\(3\)|48 and 5\d.*)",
        "proportionality": r"Additional Protocol I \(1977\), Article 51\(5\)\(b\)",
        "precaution": r"Additional Protocol I \(1977\), Article 57\(2\)\([abc]\)",
        "humane treatment": r"Third Geneva Convention \(1949\), Article 1[23]|.*common Article 3",
    }
    for case in cases.itertuples():
        assert re.fullmatch(articles[case.principle], case.source), case.case
        assert ("common Article 3" in case.source) == (case.conflict == "non-international")


def test_holds_the_lesson_no_case_of_the_table(cases):
    notebook = syllabus.module("m11").notebook.read_text("utf-8")
    assert [one for one in cases["scenario"] if one in notebook.split("m11_t2_prompt")[1]] == []


# Counts and dates


def test_do_the_days_of_the_table_agree_with_the_treaty_file(facts, arms):
    names = {
        "Rome Statute": "Rome Statute (ICC)",
        "Mine Ban Convention": "Mine Ban (Ottawa)",
        "Convention on Cluster Munitions": "Cluster Munitions",
    }
    reached = facts[facts["fact"] == "trigger reached"]
    assert set(reached["treaty"]) == set(names)
    for row in reached.itertuples():
        days = arms.loc[arms["treaty"] == names[row.treaty], "party_date"].dropna().sort_values()
        assert days.iloc[row.count - 1] == row.date, row.treaty


def test_does_each_withdrawal_take_effect_after_six_months(facts):
    ban = facts[facts["treaty"] == "Mine Ban Convention"]
    days = ban[ban["state"] != "all"].pivot(index="state", columns="fact", values="date")
    assert set(days.index) == {"Estonia", "Latvia", "Lithuania", "Finland", "Poland"}
    due = days["withdrawal notified"] + pd.DateOffset(months=6)
    assert (due == days["withdrawal in effect"]).all()
    assert sorted(set(days["withdrawal in effect"].dt.strftime("%Y-%m-%d"))) == [
        "2025-12-27",
        "2026-01-10",
        "2026-02-20",
    ]


def test_are_161_parties_left_and_not_the_same_161(facts, arms):
    before = facts[(facts["treaty"] == "Mine Ban Convention") & (facts["fact"] == "parties")]
    gone = facts[(facts["fact"] == "withdrawal in effect")]
    left = gone.loc[gone["treaty"] == "Mine Ban Convention", "state"]
    assert before["count"].item() - len(left) == 161
    then = arms[(arms["treaty"] == "Mine Ban (Ottawa)") & arms["party_date"].notna()]
    assert len(then) == 161
    assert set(left) <= set(then["participant"])
    assert then["snapshot_date"].unique() == [pd.Timestamp("2014-01-27")]


def test_says_each_row_how_far_its_source_speaks(facts):
    assert facts["as_of"].str.fullmatch(r"\d{4}-\d{2}").all()
    assert (facts["count"].notna() | facts["date"].notna()).all()
    happened = facts[facts["fact"] != "in force"]  # which is announced ahead
    known = happened["date"].dropna().dt.strftime("%Y-%m")
    assert (known <= facts.loc[known.index, "as_of"]).all()


# The prose


def test_are_the_months_of_the_arms_trade_treaty_as_told(arms):
    trade = arms[arms["treaty"] == "Arms Trade Treaty"]
    by_march = trade[["signature_date", "party_date"]] <= "2014-03-31"
    assert by_march.sum().tolist() == [118, 13]
    assert trade["party_date"].count() == 41
    months = trade["signature_date"].dt.strftime("%Y-%m"), trade["party_date"].dt.strftime("%Y-%m")
    assert "2013-12" not in set(months[0])
    assert "2013-11" not in set(months[1])


@pytest.mark.parametrize(
    ("treaty", "after", "share"),
    [
        ("CRC", 2, 53.9),
        ("CRC", 10, 97.4),
        ("ICCPR", 10, 20.2),
        ("ICCPR", 20, 44.0),
        ("ICCPR", 53, 90.2),
        ("CAT", 10, 44.0),
        ("CAT", 37, 88.6),
        ("OP-CRC-AC", 10, 71.5),
        ("OP-CRC-AC", 21, 88.1),
        ("CEDAW", 10, 50.3),
    ],
)
def test_do_the_lines_of_the_figure_read_as_told(rights, treaty, after, share):
    assert round(100 * (ages(rights, treaty) <= after).sum() / 193, 1) == share


def test_had_half_of_the_members_joined_after_2_and_25_years(rights):
    halves = {name: sorted(ages(rights, name))[96] for name in ("CRC", "ICCPR")}
    assert halves == {"CRC": 2, "ICCPR": 25}
    assert round(100 * 172 / 193, 1) == 89.1


def test_are_the_numbers_of_model_and_specimens_right(rights):
    assert round(100 * 171 / 193, 1) == 88.6
    assert (ages(rights, "CAT") <= 10).sum() == 85
    assert round(187 / 193, 4) == 0.9689
    crc = rights[rights["treaty"] == "CRC"]["status"].value_counts()
    assert crc.to_dict() == {"party": 192, "signatory": 1}


def test_began_63_members_after_1966():
    assert (load("independence")["year"] > 1966).sum() == 63


def test_had_icerd_90_parties_in_1976(rights):
    bound = rights[(rights["treaty"] == "ICERD") & (rights["status"] == "party")]
    assert (bound["year"] <= 1976).sum() == 90


def test_did_the_20th_party_to_the_genocide_convention_join_in_october_1950(arms):
    days = arms.loc[arms["treaty"] == "Genocide Convention", "party_date"].dropna().sort_values()
    assert days.iloc[19] == pd.Timestamp("1950-10-14")


def test_would_the_other_year_flag_germany_and_san_marino(rights):
    covenant = rights[rights["treaty"] == "ICCPR"].set_index("iso3")["year"]
    listed = load("independence").set_index("iso3")["cow_year"]
    assert covenant[["SMR", "DEU"]].tolist() == [1985, 1973]
    assert listed[["SMR", "DEU"]].tolist() == [1992, 1990]


def test_are_the_treaties_to_choose_from_alike(rights):
    for treaty in table()["m11"]["treaty"]:
        status = rights.loc[rights["treaty"] == treaty, "status"]
        assert (status == "party").sum() >= 170
        assert (status == "signatory").sum() >= 1

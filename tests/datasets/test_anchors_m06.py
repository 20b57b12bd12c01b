"""Covers the figures of module 06's prose, model answer and specimens that no other anchor test
computes, and the shape of the hand-written cases.

Leaves out the published totals and the traps on the cards (test_anchors_b) and what the treaty
says (docs/review).
"""

import re

import pandas as pd
import pytest

from course.data import load

HOME = 2
TWO_REGIONS = ["Europe & Central Asia", "East Asia & Pacific"]


@pytest.fixture(scope="module")
def kane():
    return load("us_troops_kane").query("ccode != @HOME")


@pytest.fixture(scope="module")
def rebuild():
    return load("us_troops_rebuild").query("ccode != @HOME")


@pytest.fixture(scope="module")
def partners():
    """How many states each state has an agreement with in 2010, by DCAD."""
    d = load("dcad").query("sign_year <= 2010 <= end_year and ccode1 != ccode2")
    one, two = d["ccode1"].to_list(), d["ccode2"].to_list()
    pairs = pd.DataFrame({"state": one + two, "other": two + one}).drop_duplicates()
    return pairs.groupby("state").size()


def people(frame, year):
    """Persons by host in a year, of hosts with somebody."""
    there = frame[(frame["year"] == year) & (frame["troops"] > 0)]
    return there.groupby("host")["troops"].sum()


def total(frame):
    return frame.groupby("year")["troops"].sum()


# Presence


def test_do_the_sanity_numbers_of_1985_agree(kane, rebuild):
    assert (len(people(kane, 1985)), len(people(rebuild, 1985))) == (124, 132)
    assert (total(kane)[1985], total(rebuild)[1985]) == (445_532, 458_685)
    assert (people(kane, 1985) >= 1000).sum() == 18


def test_does_the_mean_of_the_nineties_agree(kane):
    assert round(total(kane).loc[1990:1999].mean(), 1) == 268_534.1


def test_which_later_years_lie_below_the_published_low(kane):
    low = total(kane).loc[lambda t: t < 206_002]
    assert list(low.index) == [2002, 2016, 2018, 2019, 2020, 2021]
    assert list(low[[2002, 2016]]) == [203_037, 197_263]


def test_do_the_regions_lead_in_the_years_named(kane):
    years = kane[kane["year"].isin([1955, 1968, 1985, 2005])]
    table = years.pivot_table(index="year", columns="region", values="troops", aggfunc="sum")
    assert list(table.idxmax(axis=1)) == [
        "Europe & Central Asia",
        "East Asia & Pacific",
        "Europe & Central Asia",
        "Middle East & North Africa",
    ]


def test_are_the_words_under_the_figure_of_regions_true(kane):
    early = kane[kane["year"] <= 2005]
    place = early["region"].where(early["region"].isin(TWO_REGIONS), "other")
    lines = early.assign(place=place).pivot_table(
        index="year", columns="place", values="troops", aggfunc="sum"
    )
    europe, asia, other = lines[TWO_REGIONS[0]], lines[TWO_REGIONS[1]], lines["other"]
    assert [round(asia[year] / 1000) for year in (1953, 1968)] == [553, 769]
    assert asia.loc[:1960].idxmax() == 1953
    assert asia.loc[1976:1990].between(99_000, 113_000).all()
    assert europe.loc[1951:1991].between(250_000, 450_000).all()
    assert europe.loc[1995:].between(99_000, 114_000).all()
    assert other.loc[:2002].max() < 83_000
    assert other.loc[2003:].min() > 190_000
    assert round(other[2005] / 1000) == 219
    assert people(kane, 2005)["Iraq"] == 150_000


def test_are_the_words_under_the_two_versions_true(kane, rebuild):
    older, rebuilt = total(kane), total(rebuild)
    gap = (rebuilt - older).dropna()
    assert list(gap[[1951, 1952]]) == [0, 0]
    assert (gap.loc[1953:2002].min(), gap.loc[1953:2002].max()) == (5_914, 56_823)
    assert gap.loc[2003:2005].max() < 0
    assert gap.loc[2003:2005].min() == -41_671
    assert gap.loc[2006:].min() > 0
    assert (gap.idxmax(), gap.max()) == (2008, 240_079)
    assert (people(kane, 2007)["Iraq"], people(rebuild, 2007)["Iraq"]) == (170_000, 510_000)
    assert people(kane, 2007)["Afloat"] == 161_227
    assert (round(older[2021], -3), round(rebuilt[2024], -3)) == (182_000, 172_000)
    assert older.idxmax() == rebuilt.idxmax() == 1968


@pytest.mark.parametrize(
    ("name", "last", "count"), [("kane", 2000, 56), ("kane", 2003, 59), ("rebuild", 2000, 60)]
)
def test_how_many_names_reach_a_thousand(name, last, count, request):
    frame = request.getfixturevalue(name)
    reach = frame[(frame["troops"] >= 1000) & (frame["year"] <= last)]
    assert reach["host"].nunique() == count


def test_do_names_explain_the_count_of_hosts(kane):
    reach = kane[(kane["troops"] >= 1000) & (kane["year"] <= 2000)]
    assert {"West Germany", "Germany", "Bermuda", "Diego Garcia", "Greenland"} <= set(reach["host"])
    australia = reach[reach["host"] == "Australia"]
    assert australia[["year", "troops"]].values.tolist() == [[1956, 1000]]


def test_does_the_sanity_number_of_the_seventies_agree(kane):
    reach = kane[(kane["troops"] >= 1000) & kane["year"].between(1970, 1979)]
    assert (reach["host"].nunique(), len(reach) / 10) == (25, 19.6)


def test_which_hosts_are_in_1955_and_in_2005(kane):
    then, later = ({*people(kane, y).loc[lambda n: n >= 1000].index} for y in (1955, 2005))
    assert (len(then & later), len(then - later), len(later - then)) == (7, 20, 7)
    assert "West Germany" in then - later
    assert "Germany" in later - then


# Agreements


def test_how_many_hosts_had_an_agreement_in_2000(kane):
    d = load("dcad").query("sign_year <= 2000 <= end_year and ccode1 == 2")
    assert (load("dcad")["ccode2"] == HOME).sum() == 0
    there = kane[(kane["year"] == 2000) & (kane["troops"] > 0)]
    has = there["ccode"].isin(d["ccode2"])
    assert (len(there), has.sum()) == (140, 45)
    large = there["troops"] >= 1000
    assert (large.sum(), (large & has).sum()) == (14, 9)
    assert set(there.loc[large & ~has, "host"]) == {
        *["Belgium", "Italy", "Yugoslavia", "Bosnia & Herzegovina", "Iceland"]
    }


def test_do_three_agreements_name_one_state_twice():
    d = load("dcad")
    assert (d["ccode1"] == d["ccode2"]).sum() == 3


#: Region, states with a partner, states, states in the training reports of 2010, places.
REGIONS = [
    ("East Asia & Pacific", 17, 31, 25, 3_283),
    ("Europe & Central Asia", 48, 53, 23, 4_072),
    ("Latin America & Caribbean", 19, 33, 31, 10_174),
    ("Middle East & North Africa", 20, 20, 18, 3_399),
    ("Sub-Saharan Africa", 41, 47, 43, 18_757),
]


@pytest.mark.parametrize(("region", "tied", "states", "listed", "places"), REGIONS)
def test_do_the_counts_of_a_region_agree(kane, partners, region, tied, states, listed, places):
    there = kane.query("year == 2010 and region == @region and ccode < 1000")
    there = there[there["host"] != "Puerto Rico"]
    training = load("us_training").query("fiscal_year == 2010").groupby("iso3")["trainees"].sum()
    found = there["iso3"].map(training).dropna()
    assert (there["ccode"].isin(partners.index).sum(), len(there)) == (tied, states)
    assert (len(found), found.sum()) == (listed, places)


#: What the model answer and the specimens say of a host in 2010: partners, US people, places.
HOSTS = {
    "Brazil": (44, 23, 345),
    "Argentina": (21, 19, 831),
    "Chile": (16, 26, 403),
    "Peru": (13, 30, 662),
    "Uruguay": (7, 10, 371),
    "Colombia": (5, 45, 3_631),
    "El Salvador": (4, 26, 558),
    "Paraguay": (4, 6, 191),
    "Mexico": (0, 10, 734),
    "China": (28, 16, 66),
    "South Korea": (25, 27_868, 47),
    "Indonesia": (20, 14, 351),
    "Vietnam": (17, 3, 183),
    "Malaysia": (15, 7, 621),
    "Philippines": (13, 545, 285),
    "Singapore": (11, 216, 49),
    "Australia": (11, 163, None),
    "Mongolia": (6, 3, 232),
    "Thailand": (4, 201, 963),
    "South Africa": (55, 133, 659),
    "Nigeria": (12, 6, 1_969),
    "Angola": (8, 0, 113),
    "Mozambique": (6, 1, 194),
    "Senegal": (5, 4, 778),
    "Benin": (5, 0, 931),
    "Gabon": (5, 3, 217),
    "Rwanda": (5, 0, 280),
    "Namibia": (4, 0, 168),
    "Tanzania": (1, 3, 1_691),
    "Russia": (72, 21, 91),
    "Ukraine": (58, 6, 370),
    "Turkey": (56, 1_721, None),
    "Spain": (46, 1_396, None),
    "Italy": (42, 8_834, None),
    "France": (42, 48, None),
    "Czechia": (42, 9, None),
    "Poland": (33, 18, None),
    "Slovenia": (30, 2, None),
    "Lithuania": (26, 4, None),
    "Qatar": (8, 12_036, 11),
    "Kuwait": (4, 17_577, 7),
    "Iraq": (7, 38_581, 234),
}


@pytest.mark.parametrize("host", HOSTS)
def test_has_a_host_of_the_specimens_these_numbers(kane, partners, host):
    row = kane.query("year == 2010 and host == @host").iloc[0]
    training = load("us_training").query("fiscal_year == 2010").groupby("iso3")["trainees"].sum()
    found = partners.get(row["ccode"], 0), row["troops"], training.get(row["iso3"])
    assert found == HOSTS[host]


# Training


def test_do_the_sanity_numbers_of_training_agree():
    rows = load("us_training").query("fiscal_year == 2010")
    imet = rows[rows["programme"] == "IMET"]
    assert (rows["trainees"].sum(), imet["trainees"].sum()) == (42_460, 7_841)
    assert round(imet["cost_usd"].sum() / imet["trainees"].sum(), 2) == 8_231.74
    imet_2018 = load("us_training").query("fiscal_year == 2018 and programme == 'IMET'")
    assert imet_2018["trainees"].sum() == 5_138


def test_is_montenegro_the_only_nato_member_in_the_reports_of_2018():
    members = load("nato_members").query("accession_date < '2017-10-01'")
    listed = set(load("us_training").query("fiscal_year == 2018")["iso3"])
    assert len(members) == 29
    assert listed & set(members["iso3"]) == {"MNE"}
    assert not {"JPN", "AUS"} & set(load("us_training")["iso3"])


# Cases


@pytest.fixture(scope="module")
def cases():
    return load("vcdr_cases")


def test_are_there_24_cases_with_four_readings(cases):
    assert list(cases["case"]) == list(range(1, 25))
    assert cases["reading"].value_counts().to_dict() == {
        "lawful": 8,
        "unlawful": 8,
        "needs approval": 4,
        "may be expelled": 4,
    }


def test_names_each_case_articles_that_the_lesson_teaches_and_its_source(cases):
    for case in cases.itertuples():
        articles = case.articles.split(";")
        assert all(re.fullmatch(r"\d+(\(\d\))?(\([a-e]\))?", one) for one in articles), case.case
        assert {one.split("(")[0] for one in articles} <= {"3", "4", "5", "6", "7", "9", "11", "41"}
        assert case.source.startswith("Vienna Convention on Diplomatic Relations (1961), Article")
        assert case.source.endswith(" and ".join(articles))


def test_does_every_article_of_the_lesson_govern_some_case(cases):
    named = cases["articles"].str.split(";").explode().str.split("(").str[0]
    assert set(named) == {"3", "4", "5", "6", "7", "9", "11", "41"}


def test_is_only_a_case_of_prior_consent_under_articles_4_or_7_in_need_of_approval(cases):
    asked = cases[cases["reading"] == "needs approval"]
    assert set(asked["articles"]) == {"4", "7"}
    expelled = cases[cases["reading"] == "may be expelled"]
    assert expelled["articles"].str.startswith("9(1)").all()

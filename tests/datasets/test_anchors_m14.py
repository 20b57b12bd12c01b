"""Covers the figures of module 14: the index rebuilt from its six components, where its series
break, memberships in organisations, every column of the portfolio against other extracts; and the
figures of its prose, model answer and specimens: places, ranges of places, intervals, scores.

Leaves out what module 14 takes over: the bilateral share of new alliances by era (test_anchors),
agreements by decade and multilateral exercises (both test_anchors_a).
"""

import math

import numpy as np
import pandas as pd
import pytest

from course import load, variants

COMPONENTS = [
    "military_spending",
    "military_personnel",
    "iron_steel",
    "energy",
    "urban_population",
    "population",
]


@pytest.fixture(scope="module")
def nmc():
    return load("nmc")


@pytest.fixture(scope="module")
def shares(nmc):
    """Each state's share of the year's total, component by component."""
    return nmc[COMPONENTS] / nmc.groupby("year")[COMPONENTS].transform("sum")


@pytest.fixture(scope="module")
def organisations():
    return load("igo_by_year").set_index("year")


@pytest.fixture(scope="module")
def portfolio():
    return load("portfolio").set_index("ccode")


def test_gives_the_mean_of_shares_the_published_index(nmc, shares):
    difference = (shares.mean(axis=1) - nmc["cinc"]).abs()
    assert len(nmc) == 17_121
    assert difference.max() == pytest.approx(2.4e-8, abs=5e-10)


def test_fails_a_missing_component_taken_for_zero(nmc, shares):
    difference = (shares.fillna(0).mean(axis=1) - nmc["cinc"]).abs()
    assert (difference > 1e-6).sum() == 2_719


def test_which_states_lead_in_2012(nmc):
    year = nmc[nmc["year"] == 2012].set_index("state")["cinc"]
    assert year.nlargest(4).round(4).to_dict() == {
        "CHN": 0.2204,
        "USA": 0.1392,
        "IND": 0.0810,
        "RUS": 0.0396,
    }


def test_which_value_is_the_highest_of_all(nmc):
    top = nmc.loc[nmc["cinc"].idxmax()]
    assert (top["state"], top["year"], round(top["cinc"], 3)) == ("USA", 1945, 0.384)


def test_since_when_does_china_stand_above_the_united_states(nmc):
    index = nmc.pivot(index="year", columns="state", values="cinc")
    above = index.index[index["CHN"] > index["USA"]]
    assert [year for year in above if year >= 1950] == [
        year for year in range(1995, 2023) if year != 2002
    ]


def test_sums_the_index_to_one_only_where_nothing_is_missing(nmc):
    total = nmc.groupby("year")["cinc"].sum()
    assert total[[1816, 1860]].round(3).tolist() == [1.054, 1.075]
    assert total.max() == total[1860]
    late = total.loc[2012:2022]
    assert (round(late.min(), 3), round(late.max(), 3)) == (1.006, 1.013)
    complete = nmc.groupby("year")[COMPONENTS].apply(lambda year: year.notna().all(axis=None))
    exact = (total - 1).abs() < 1e-6
    assert exact.index[exact].tolist() == [1961, 1962, 1963, 1964]
    assert exact.equals(complete)


def test_how_many_rows_miss_a_component(nmc):
    missing = nmc[nmc[COMPONENTS].isna().any(axis=1)]
    assert nmc[COMPONENTS].isna().sum().tolist() == [2_360, 456, 26, 448, 68, 0]
    late = missing.loc[missing["year"] == 2022, "state"]
    assert (len(missing), len(late)) == (2_804, 22)
    assert "PRK" in set(late)


def test_where_do_the_series_of_people_break(nmc):
    cities = nmc.pivot(index="year", columns="state", values="urban_population")
    people = nmc.pivot(index="year", columns="state", values="population")
    assert cities.loc[[2016, 2017], "USA"].tolist() == [197_817, 109_994]
    assert people.loc[[2016, 2017], "USA"].tolist() == [322_180, 335_577]
    assert people.loc[[2016, 2017], "FSM"].tolist() == [523, 109]
    world = cities.sum(axis=1)
    assert round(100 * (world[2017] / world[2016] - 1)) == 42
    assert round(100 * (cities.loc[2017] / cities.loc[2016] - 1).median()) == 64


def test_is_population_2013_the_column_of_that_year(nmc):
    year = nmc[nmc["year"] == 2013].set_index("ccode")["population"]
    small = load("population_2013").set_index("ccode")["population"]
    assert small.sort_index().tolist() == year.sort_index().tolist()


@pytest.mark.parametrize(
    ("year", "mean", "median"),
    [(1950, 27.4, 28), (1975, 38.7, 39), (1995, 56.0, 56), (2013, 64.8, 65), (2014, 63.1, 63)],
)
def test_how_many_organisations_a_state_belongs_to(organisations, year, mean, median):
    row = organisations.loc[year]
    assert (round(row["full"] / row["states"], 1), row["median_full"]) == (mean, median)


def test_is_the_last_year_below_the_one_before(organisations):
    mean = organisations["full"] / organisations["states"]
    assert mean.idxmax() == 2013
    assert organisations.index.tolist() == list(range(1816, 2015))


def test_counts_the_organisation_file_the_states_of_the_system(organisations):
    states = load("pact_coverage").set_index("year")["states"]
    missing = (states - organisations["states"]).dropna()
    assert missing[missing != 0].to_dict() == {1990: 4}
    assert states[1990] == 165


def test_is_the_bilateral_share_lower_again_after_2000():
    alliances = load("atop_alliances").set_index("begin_year")["bilateral"].sort_index()
    late = [alliances.loc[1991:1999], alliances.loc[2000:2016]]
    assert [(len(part), round(100 * part.mean(), 1)) for part in late] == [(221, 95.9), (58, 87.9)]


def test_holds_the_portfolio_the_60_largest_of_2010(portfolio, nmc):
    largest = nmc[nmc["year"] == 2010].nlargest(60, "cinc").set_index("ccode")["cinc"]
    assert portfolio["cinc"].equals(largest)


def test_are_pact_partners_those_of_the_shipped_alliances(portfolio):
    """The column comes from ATOP 5.1; the shipped files of 4.01 give the same 60 counts."""
    alliances, members = load("atop_alliances"), load("atop_members")
    defence = alliances[
        (alliances["defence"] == 1)
        & (alliances["begin_year"] <= 2010)
        & ~(alliances["end_year"] < 2010).fillna(False)
    ]
    stays = (members["exit_year"] == 0) | (members["exit_year"] >= 2010)
    inside = members["atopid"].isin(defence["atopid"]) & (members["entry_year"] <= 2010) & stays
    inside = members.loc[inside, ["atopid", "ccode"]]
    pairs = inside.merge(inside, on="atopid").query("ccode_x != ccode_y")
    partners = pairs.groupby("ccode_x")["ccode_y"].nunique()
    assert portfolio["pact_partners"].equals(as_counted(partners, portfolio))


def test_are_agreement_partners_those_of_dcad(portfolio):
    dcad = load("dcad")
    active = dcad[(dcad["sign_year"] <= 2010) & (dcad["end_year"] >= 2010)]
    ends = pd.concat(
        [
            active[["ccode1", "ccode2"]].set_axis(["state", "partner"], axis=1),
            active[["ccode2", "ccode1"]].set_axis(["state", "partner"], axis=1),
        ]
    ).query("state != partner")
    partners = ends.groupby("state")["partner"].nunique()
    assert portfolio["dca_partners"].equals(as_counted(partners, portfolio))


def test_are_people_and_troops_those_of_the_shipped_files(portfolio):
    listed = load("un_contrib")
    listed = listed[listed["date"] == "2010-12-31"].groupby("iso3")["total"].sum()
    sent = listed.reindex(portfolio["iso3"], fill_value=0)
    assert portfolio["un_personnel"].tolist() == sent.tolist()
    hosts = load("us_troops_rebuild")
    hosts = hosts[hosts["year"] == 2010].groupby("ccode")["troops"].sum()
    abroad = portfolio["us_troops"].drop(2)
    assert abroad.tolist() == hosts[abroad.index].tolist()


def test_is_the_distance_that_of_the_shipped_positions(portfolio):
    points = load("unga_ideal")
    points = points[points["year"] == 2010].set_index("ccode")["ideal_point"]
    assert len(points) == 192
    for state, distance in portfolio["unga_distance"].dropna().items():
        others = points.drop(state)
        assert distance == pytest.approx((others - points[state]).abs().mean(), abs=5.1e-4)


def test_which_two_cells_are_blank(portfolio):
    blank = portfolio.isna()
    assert blank.sum().sum() == 2
    assert blank.loc[2, "us_troops"]
    assert blank.loc[713, "unga_distance"]


def test_are_the_examples_on_the_card_those_of_the_file(portfolio):
    by_name = portfolio.set_index("country")
    assert (portfolio["pact_partners"] == 32).sum() == 7
    assert by_name.loc["Mexico", "dca_partners"] == 0
    nato = load("nato_members")
    nato = set(nato.loc[nato["accession_year"] <= 2010, "iso3"])
    inside = portfolio["iso3"].isin(nato)
    assert portfolio.loc[inside, "pact_partners"].min() == 27
    assert by_name.loc[["Iraq", "Kazakhstan"], "us_troops"].tolist() == [47_955, 313]
    troops = load("us_troops_rebuild").query("ccode == 705").set_index("year")["troops"]
    assert troops[[2009, 2010, 2011]].tolist() == [70, 313, 9]
    far = portfolio["unga_distance"].nlargest(5).index
    assert {2, 731} <= set(far)


def as_counted(partners, portfolio):
    """The counts as a column of the portfolio: a state without partners has 0."""
    counts = partners.reindex(portfolio.index, fill_value=0)
    return counts.astype("int64").rename_axis("ccode")


# The figures of the prose.


@pytest.fixture(scope="module")
def items(portfolio):
    columns = ["pact_partners", "dca_partners", "un_personnel", "igo_memberships", "us_troops"]
    held = portfolio.set_index("country")
    return held[columns].astype(float).assign(unga_nearness=-held["unga_distance"])


@pytest.fixture(scope="module")
def scaled(items):
    return (items - items.min()) / (items.max() - items.min())


def places(scaled, weights):
    """Ranks of the weighted mean of the items a state has; 1 is the highest."""
    score = (scaled * weights).sum(axis=1) / (scaled.notna() * weights).sum(axis=1)
    return score.rank(ascending=False, method="min")


@pytest.fixture(scope="module")
def ranges(scaled):
    draws = np.random.default_rng(2026).dirichlet(np.ones(6), size=1000)
    many = [places(scaled, weights) for weights in [np.full(6, 1 / 6), *draws]]
    return pd.concat(many, axis=1)


def wilson(k, n, z=1.96):
    middle, half = k + z**2 / 2, z * math.sqrt(k * (n - k) / n + z**2 / 4)
    return tuple(round(100 * (middle + side * half) / (n + z**2), 1) for side in (-1, 1))


def test_is_the_sanity_number_of_a_year_without_gaps(nmc):
    year = nmc[nmc["year"] == 1962]
    assert len(year) == 117
    assert year[COMPONENTS].notna().all(axis=None)
    assert round(year.set_index("state")["cinc"]["USA"], 4) == 0.2099


def test_does_the_worked_example_show_what_its_reading_says(nmc, shares):
    year = shares[nmc["year"] == 2012].set_axis(nmc.loc[nmc["year"] == 2012, "state"])
    assert len(year) == 195
    soldiers, spending = year["military_personnel"], year["military_spending"]
    assert round(100 * soldiers[["CHN", "PRK"]], 1).tolist() == [11.3, 5.9]
    assert round(100 * spending["USA"], 1) == 41.7
    assert np.isnan(spending["PRK"])
    assert round(100 * year.loc["CHN", "iron_steel"], 1) == 46.9
    known, filled = year.loc["PRK"].mean(), year.loc["PRK"].fillna(0).mean()
    assert (round(known, 4), round(filled, 4)) == (0.0132, 0.0110)


def test_how_many_of_the_ten_stay_among_the_ten(nmc):
    ten = {year: set(part.nlargest(10, "cinc")["state"]) for year, part in nmc.groupby("year")}
    stay = [len(ten[year] & ten[year + 10]) for year in range(1816, 2007)]
    assert (len(stay), min(stay), stay.count(10)) == (191, 7, 77)


def test_do_the_words_about_the_items_agree(items):
    assert items["us_troops"].count() == 59
    assert (items["us_troops"].median(), items["us_troops"].max()) == (21, 47_955)
    both = items[["dca_partners", "unga_nearness"]].dropna()
    assert len(both) == 59
    assert round(both["dca_partners"].rank().corr(both["unga_nearness"].rank()), 2) == -0.12


def test_which_places_do_the_three_scales_give(items, scaled, portfolio):
    by_rank = (items.rank() - 1) / (items.count() - 1)
    ways = [scaled, (items - items.mean()) / items.std(), by_rank]
    found = pd.concat([places(way, np.ones(6)) for way in ways], axis=1)
    assert found.loc[["Germany", "Iraq", "Bangladesh"]].to_numpy().tolist() == [
        [1, 1, 6],
        [12, 11, 40],
        [18, 18, 49],
    ]
    cinc = portfolio.set_index("country")["cinc"].rank(ascending=False)
    assert [round(cinc.corr(found[way]), 2) for way in (0, 2)] == [0.45, 0.37]


def test_is_chile_at_0587(scaled):
    assert round(scaled.loc["Chile", ["pact_partners", "igo_memberships"]].mean(), 3) == 0.587


def test_how_far_do_places_move_over_a_thousand_weightings(ranges):
    equal, low, high = ranges.iloc[:, 0], ranges.min(axis=1), ranges.max(axis=1)
    top = equal.nsmallest(15).index
    assert list(top[:4]) == ["Germany", "Brazil", "Italy", "United States"]
    assert low[top[:4]].tolist() == [1, 1, 2, 1]
    assert high[top[:4]].tolist() == [41, 15, 35, 59]
    assert set(low[top]) == {1, 2, 3}
    others = (high - low)[top].drop(["Brazil", "United States"])
    assert 14 < others.min() <= others.max() < 58
    named = ["Germany", "Brazil", "United States"]
    assert (high[top].drop(named).min(), high[top].drop(named).max()) == (23, 52)
    assert (high - low).median() == 37.5


def test_are_the_scores_of_the_three_forecasters_right(organisations):
    rose = (organisations["full"] / organisations["states"]).diff() > 0
    before, after = rose.loc[1966:1989], rose.loc[1990:2014]
    assert [(part.sum(), len(part)) for part in (before, after)] == [(22, 24), (21, 25)]
    scores = [((chance - after) ** 2).mean() for chance in (0.5, before.mean(), 1)]
    assert [round(score, 3) for score in scores] == [0.25, 0.14, 0.16]


def test_do_the_printed_shares_and_intervals_of_alliances_agree():
    alliances = load("atop_alliances")
    found = {}
    for first, last in ((1945, 1990), (1991, 1999), (2000, 2016), (1991, 2016)):
        part = alliances[alliances["begin_year"].between(first, last)]
        seats = part.groupby("bilateral")["n_members"].sum()
        found[first, last] = (
            part["bilateral"].sum(),
            len(part),
            wilson(part["bilateral"].sum(), len(part)),
            round(100 * seats[0] / seats.sum(), 1),
            seats.sum(),
        )
    assert found[1945, 1990] == (213, 250, (80.3, 89.1), 48.0, 845)
    assert found[1991, 1999] == (212, 221, (92.4, 97.8), 14.6, 508)
    assert found[2000, 2016] == (51, 58, (77.1, 94.0), 54.7, 225)
    assert found[1991, 2016][:2] == (263, 279)


def test_how_many_agreements_were_signed_a_year():
    signed = load("dcad")["sign_year"]
    for first, last, a_year in ((1980, 1989, 10.5), (1990, 1999, 77.0), (2000, 2010, 90.5)):
        assert round(signed.between(first, last).sum() / (last - first + 1), 1) == a_year


def test_does_the_lower_panel_show_what_its_words_say(organisations):
    mean = organisations["full"] / organisations["states"]
    assert round(mean[1965]) == 34
    assert (mean - organisations["median_full"]).loc[1965:].abs().max() < 3


@pytest.mark.parametrize(
    ("state", "favourite", "place", "equal", "low", "high"),
    [
        ("Malaysia", "un_personnel", 39, 47, 24, 53),
        ("Malaysia", "igo_memberships", 37, 47, 24, 53),
        ("Poland", "dca_partners", 12, 22, 8, 49),
        ("Poland", "pact_partners", 13, 22, 8, 49),
        ("Kazakhstan", "dca_partners", 30, 46, 10, 53),
        ("Tanzania", "un_personnel", 28, 37, 10, 55),
        ("South Africa", "dca_partners", 4, 11, 2, 39),
        ("Bangladesh", "un_personnel", 2, 18, 2, 55),
        ("Chile", "dca_partners", 22, 19, 3, 29),
    ],
)
def test_are_the_places_of_model_answer_and_specimens_right(
    scaled, ranges, state, favourite, place, equal, low, high
):
    weights = [0.5 if item == favourite else 0.1 for item in scaled]
    mine = ranges.loc[state]
    assert places(scaled, weights)[state] == place
    assert (mine.iloc[0], mine.min(), mine.max()) == (equal, low, high)


def test_are_the_counts_of_model_answer_and_specimens_right(items):
    counts = items[["dca_partners", "un_personnel"]].astype(int)
    assert {state: tuple(counts.loc[state]) for state in variants.table()["m14"]["state"]} == {
        "Bangladesh": (6, 10_402),
        "Chile": (16, 536),
        "Kazakhstan": (18, 7),
        "Malaysia": (15, 1_163),
        "Poland": (33, 15),
        "South Africa": (55, 2_187),
        "Sweden": (27, 57),
        "Tanzania": (1, 1_150),
    }
    assert items.loc["Poland", ["pact_partners", "igo_memberships"]].tolist() == [33, 84]


def test_has_no_variant_a_blank_or_a_weight_that_changes_nothing(items, scaled):
    choices = variants.table()["m14"]
    assert items.loc[choices["state"]].notna().all(axis=None)
    assert set(choices["weights"]) <= set(items)
    for state in choices["state"]:
        found = {
            places(scaled, [0.5 if item == favourite else 0.1 for item in scaled])[state]
            for favourite in choices["weights"]
        }
        assert len(found) >= 3

"""Covers the figures of module 13: who meets a line in which copy, how far rounding reaches,
rank correlations by group of members and by measure of size, one member left out, UN burdens
a head, what the cards of its datasets state, and the figures of the prose, variants and specimens.

Leaves out what no shipped file holds: the figures of 1964, NATO's own counts, the published
correlations, and the year 2014.
"""

import numpy as np
import pandas as pd
import pytest

from course import load, variants

LAST_COPY = "2026-05-17"


@pytest.fixture(scope="module")
def burden():
    return load("nato_burden")


@pytest.fixture(scope="module")
def members():
    return load("nato_members").set_index("iso3")


@pytest.fixture(scope="module")
def latest(burden):
    """Share of GDP, members by year, each from the last copy that prints it."""
    last = burden.sort_values("copy_date").drop_duplicates(["iso3", "year"], keep="last")
    return last.pivot(index="iso3", columns="year", values="percent_gdp")


def spearman(share, measure="gdp"):
    """Rank correlation of size and share, over the members with a share."""
    share = share.dropna()
    size = load("nato_gdp").set_index("iso3")[measure].reindex(share.index)
    return share.rank().corr(size.rank())


def printed(burden, year, copy_date):
    rows = burden[(burden["year"] == year) & (burden["copy_date"] == copy_date)]
    return rows.set_index("iso3")["percent_gdp"]


def test_has_the_file_the_rows_the_card_says(burden, latest):
    assert (len(burden), burden["iso3"].nunique(), burden["copy_date"].nunique()) == (1_150, 32, 10)
    assert latest.notna().sum().tolist() == [32] * 4 + [31] * 7


def test_how_many_are_at_two_per_cent_by_year(latest):
    assert (latest >= 2).sum().tolist() == [5, 4, 4, 7, 8, 10, 8, 7, 10, 20, 31]


@pytest.mark.parametrize(
    ("year", "copy_date", "at_line", "exactly"),
    [
        (2023, "2023-12-30", 11, 1),
        (2023, "2024-12-26", 11, 1),
        (2023, "2025-12-11", 10, 1),
        (2023, LAST_COPY, 10, 1),
        (2024, "2024-12-26", 23, 3),
        (2024, "2025-12-11", 20, 5),
        (2024, LAST_COPY, 20, 5),
        (2025, LAST_COPY, 31, 13),
    ],
)
def test_how_many_are_at_two_per_cent_by_copy(burden, year, copy_date, at_line, exactly):
    shares = printed(burden, year, copy_date)
    assert ((shares >= 2).sum(), (shares == 2).sum()) == (at_line, exactly)


def test_how_far_can_rounding_move_the_count_of_2024(burden):
    shares = printed(burden, 2024, LAST_COPY)
    assert set(shares.index[shares == 2]) == {"BGR", "DEU", "FRA", "NLD", "SVK"}
    assert ((shares > 2).sum(), (shares >= 2).sum()) == (15, 20)


def test_which_members_did_revision_move_below_the_line(burden):
    first, last = (printed(burden, 2024, copy) for copy in ("2024-12-26", LAST_COPY))
    fell = first.index[(first >= 2) & (last < 2)]
    assert sorted(fell) == ["ALB", "MKD", "MNE"]
    assert (first[fell].min(), first[fell].max()) == (2.0, 2.2)
    assert (last[fell].min(), last[fell].max()) == (1.7, 1.9)
    assert not ((first < 2) & (last >= 2)).any()


def test_hide_equal_counts_of_2023_different_members(burden):
    one, two, three = (
        {iso3 for iso3, share in printed(burden, 2023, copy).items() if share >= 2}
        for copy in ("2023-12-30", "2024-12-26", LAST_COPY)
    )
    assert (one - two, two - one) == ({"ROU"}, {"DNK"})
    assert (two - three, three - two) == ({"SVK"}, set())


def test_what_changed_between_the_last_two_copies(burden):
    dated = burden.set_index(["iso3", "year", "copy_date"])["percent_gdp"].unstack()
    one, two = dated["2025-12-11"], dated[LAST_COPY]
    gained, lost = two[one.isna()].dropna(), one[two.isna()].dropna()
    assert gained.to_dict() == {("DEU", 2025): 2.4}
    assert lost.to_dict() == {("DEU", 2020): 1.5}
    shared = one.notna() & two.notna()
    assert (one[shared] == two[shared]).all()


def test_which_shares_are_highest_in_2025(latest):
    top = latest[2025].nlargest(5, keep="all").to_dict()
    assert top == {"POL": 4.5, "LTU": 4.0, "LVA": 3.7, "EST": 3.4, "NOR": 3.4}
    assert (latest.loc["USA", 2025], latest.loc["ESP", 2025]) == (3.2, 2.0)


def test_print_later_copies_one_decimal(burden):
    two_decimals = (burden["percent_gdp"] * 10 - (burden["percent_gdp"] * 10).round()).abs() > 1e-6
    late = burden["copy_date"] >= "2022"
    assert (two_decimals[late].sum(), late.sum()) == (3, 775)
    assert two_decimals[~late].mean() > 0.75


@pytest.mark.parametrize(
    ("iso3", "year", "copies"),
    [
        ("POL", 2023, {"2024-12-26": 3.9, "2025-12-11": 3.3}),
        ("LVA", 2023, {"2024-12-26": 2.4, "2025-12-11": 3.0}),
        ("FIN", 2021, {"2024-12-26": 1.9, "2025-12-11": 1.4}),
        ("TUR", 2015, {"2015-11-29": 2.29, "2020-11-27": 1.39}),
        ("HRV", 2021, {"2021-12-30": 2.79}),
    ],
)
def test_are_the_revisions_on_the_card_those_of_the_file(burden, iso3, year, copies):
    assert {copy: printed(burden, year, copy)[iso3] for copy in copies} == copies


def test_has_iceland_only_four_figures_from_one_copy(burden):
    iceland = burden[burden["iso3"] == "ISL"]
    assert iceland["percent_gdp"].tolist() == [0.3] * 4
    assert iceland["year"].tolist() == [2015, 2016, 2017, 2018]
    assert set(iceland["copy_date"].dt.strftime("%Y-%m-%d")) == {"2020-11-27"}


def test_mark_the_last_copies_every_year_as_an_estimate(burden):
    assert (burden.loc[burden["copy_date"] >= "2025", "estimate"] == 1).all()
    assert set(burden["estimate"]) == {0, 1}


GROUPS = {
    "all": [0.253, 0.229, 0.274, 0.170, 0.033, 0.117, -0.004, -0.007, -0.073, 0.037, 0.147],
    "no Iceland": [0.195, 0.165, 0.214, 0.1, 0.033, 0.117, -0.004, -0.007, -0.073, 0.037, 0.147],
    "joined": [0.221, 0.185, 0.191, 0.056, 0.011, 0.154, 0.024, 0.019, -0.064, 0.037, 0.147],
    "of 1964": [0.354, 0.411, 0.420, 0.374, 0.361, 0.472, 0.345, 0.443, 0.359, 0.218, 0.095],
    "newer": [-0.047, -0.216, -0.043, -0.143, -0.147, -0.096, -0.093, -0.046, -0.057, 0.237, 0.228],
}
COUNTED = {
    "all": [32] * 4 + [31] * 7,
    "no Iceland": [31] * 11,
    "joined": [27, 27, 28, 28, 28, 29, 29, 29, 30, 31, 31],
    "of 1964": [14] * 11,
    "newer": [17] * 11,
}


@pytest.mark.parametrize("group", GROUPS)
def test_depends_the_rank_correlation_on_who_is_counted(latest, members, group):
    joined = members["accession_year"].reindex(latest.index)
    with_forces = pd.Series(latest.index != "ISL", index=latest.index)
    values, counts = [], []
    for year, share in latest.items():
        counted = {
            "all": with_forces | True,
            "no Iceland": with_forces,
            "joined": with_forces & (joined <= year),
            "of 1964": with_forces & (joined <= 1964),
            "newer": with_forces & (joined > 1964),
        }[group]
        share = share[counted].dropna()
        values.append(spearman(share))
        counts.append(len(share))
    assert values == pytest.approx(GROUPS[group], abs=5e-4)
    assert counts == COUNTED[group]


def test_moves_the_correlation_with_the_measure_of_size(latest):
    years = [2015, 2018, 2021, 2024, 2025]
    by_parity = [spearman(latest[year], "gdp_ppp") for year in years]
    assert by_parity == pytest.approx([0.291, 0.219, 0.062, 0.057, 0.139], abs=5e-4)


def test_is_the_united_states_the_case_that_matters_most_to_2024(latest):
    left_out = pd.DataFrame(
        {
            year: {iso3: spearman(share.drop(iso3)) for iso3 in share.dropna().index}
            for year, share in latest.items()
        }
    )
    assert left_out.idxmin().to_dict() == dict.fromkeys(range(2015, 2025), "USA") | {2025: "ALB"}
    without = left_out.loc["USA", [2015, 2018, 2021, 2024]].tolist()
    assert without == pytest.approx([0.178, 0.086, -0.100, -0.036], abs=5e-4)


def test_how_large_is_a_chance_correlation_of_fourteen():
    random = np.random.default_rng(13)
    ranks = np.arange(14)
    chance = [np.corrcoef(ranks, random.permutation(ranks))[0, 1] for _ in range(20_000)]
    assert np.quantile(chance, 0.95) == pytest.approx(0.46, abs=0.01)


@pytest.fixture(scope="module")
def a_million():
    """Uniformed people in UN missions on 31 December 2013, for each million people at home."""
    listed = load("un_contrib")
    listed = listed[listed["date"] == "2013-12-31"].groupby("iso3")["total"].sum()
    people = load("population_2013").set_index("iso3")["population"]
    return (1_000 * listed.reindex(people.index, fill_value=0) / people).rename("a_million")


def test_has_every_contributor_a_population():
    people = load("population_2013")
    assert set(load("un_contrib")["iso3"]) <= set(people["iso3"])
    assert people["ccode"].nunique() == len(people) == 195


def test_who_gives_most_people_a_head(a_million):
    top = a_million.nlargest(5).round(0).to_dict()
    assert top == {"FJI": 870, "URY": 635, "RWA": 429, "JOR": 387, "MNG": 326}
    assert a_million[["BGD", "PAK", "IND", "CHN", "USA"]].round(1).tolist() == [
        50.3,
        45.5,
        6.1,
        1.5,
        0.4,
    ]


def test_say_money_and_people_sent_nothing_of_each_other(a_million, latest, members):
    sent = a_million[members.index]
    assert set(sent.index[sent == 0]) == {"ISL", "LVA"}
    assert sent.nlargest(3).round(1).to_dict() == {"FIN": 66.8, "SVK": 29.5, "ITA": 18.7}
    share = latest[2015].dropna()
    assert share.rank().corr(sent[share.index].rank()) == pytest.approx(0.002, abs=5e-4)


def test_has_every_member_a_row_of_us_troops_each_year(members):
    troops = load("us_troops_rebuild").query("year >= 2013 and year <= 2023")
    hosts = troops[troops["iso3"].isin(members.index)].groupby("year")["iso3"].nunique()
    assert (hosts == 32).all()


def test_are_the_populations_on_the_card_those_of_the_file():
    people = load("population_2013").set_index("iso3")["population"]
    said = {"NRU": 11, "TUV": 11, "SRB": 8_920, "XKX": 1_824, "FSM": 511, "ERI": 4_651}
    assert people[list(said)].to_dict() == said


# Figures of the lesson's prose.


def of_1964(members):
    return members.index[(members["accession_year"] <= 1964) & (members.index != "ISL")]


def test_do_the_medians_of_two_groups_run_as_the_words_say(latest, members):
    old = latest.loc[of_1964(members)].median()
    later = latest.loc[members.index[members["accession_year"] > 1964]].median()
    assert (old[2015], old[2025]) == pytest.approx((1.265, 2.35))
    assert (later[2015], later[2025]) == pytest.approx((1.14, 2.1))
    above = later.round(6) > old.round(6)
    assert above.loc[2018:2024].all()
    assert not above[2025]
    assert (old[2023] < 2, old[2024], later[2023] < 2, later[2024]) == (True, 2.0, True, 2.1)


def test_how_large_is_a_chance_correlation_of_thirty_two():
    random = np.random.default_rng(13)
    ranks = np.arange(32)
    chance = [np.corrcoef(ranks, random.permutation(ranks))[0, 1] for _ in range(20_000)]
    assert np.quantile(chance, 0.95) == pytest.approx(0.30, abs=0.01)


def test_does_who_is_counted_move_more_than_one_member(latest, members):
    share = latest.loc[of_1964(members), 2022]
    without = pd.Series({iso3: spearman(share.drop(iso3)) for iso3 in share.index})
    assert without.idxmax() == "GRC"
    assert (spearman(share), without["GRC"]) == pytest.approx((0.443, 0.738), abs=5e-4)


def test_tie_three_members_in_2025(latest):
    share = latest[2025].dropna()
    without = pd.Series({iso3: spearman(share.drop(iso3)) for iso3 in share.index}).round(6)
    assert set(without.index[without == without.min()]) == {"ALB", "MNE", "MKD"}
    assert without.min() == pytest.approx(0.090, abs=5e-4)


def test_pull_early_rows_up_those_who_had_not_joined():
    everybody, joined = np.array(GROUPS["all"]), np.array(GROUPS["joined"])
    difference = everybody - joined
    assert (difference[:5] > 0).all()  # 2015 to 2019
    assert (difference[5:9] < 0).all()
    assert np.abs(difference[5:]).max() < 0.04


def test_are_the_sanity_numbers_of_the_tasks_right(latest, burden):
    assert spearman(latest[2020]) == pytest.approx(0.117, abs=5e-4)
    assert spearman(latest[2016].drop("PRT")) == pytest.approx(0.245, abs=6e-4)
    shares = printed(burden, 2022, "2023-12-30")
    assert (len(shares), (shares >= 2).sum(), (shares > 2).sum()) == (31, 8, 7)


@pytest.fixture(scope="module")
def beside(latest, members, a_million):
    """Share of 2015, people sent and troops hosted a million in 2013, and ranks, by country."""
    troops = load("us_troops_rebuild").query("year == 2013").groupby("iso3")["troops"].sum()
    people = load("population_2013").set_index("iso3")["population"].reindex(members.index)
    table = pd.DataFrame({"share": latest[2015], "sent": a_million[members.index]})
    table["hosted"] = (1_000 * troops.reindex(members.index) / people).drop("USA")
    ranks = table.rank(ascending=False).add_prefix("rank_")
    return table.join(ranks).rename(index=members["country"])


def test_do_the_ranks_of_the_text_and_the_figure_agree(beside):
    ranks = beside[["rank_share", "rank_sent"]]
    said = {
        "Greece": [2, 14],
        "Finland": [9, 1],
        "Slovakia": [20, 2],
        "Italy": [23, 3],
        "Poland": [3, 28],
        "Estonia": [5, 21],
        "Portugal": [13, 30],
        "United Kingdom": [4, 16],
        "Spain": [29, 6],
        "France": [6.5, 4],
        "Germany": [17, 20],
    }
    assert {name: ranks.loc[name].tolist() for name in said} == said
    assert beside.loc["Canada", ["sent", "hosted"]].tolist() == pytest.approx(
        [3.26, 4.25], abs=0.006
    )
    assert beside.loc["Germany", "hosted"] == pytest.approx(446.6, abs=0.05)
    assert beside.loc["Greece", ["share", "sent"]].round(1).tolist() == [2.3, 5.2]


def test_came_people_from_122_states():
    listed = load("un_contrib")
    listed = listed[(listed["date"] == "2013-12-31") & (listed["total"] > 0)]
    assert listed["iso3"].nunique() == 122


@pytest.mark.parametrize("five", variants.table()["m13"]["members"])
def test_has_each_five_of_the_variants_clear_orders(five, beside, latest, members):
    names = five.split(", ")
    mean = latest.rename(index=members["country"]).loc[names].mean(axis=1)
    assert len(names) == 5
    assert len(set(mean.round(2))) == 5
    assert beside.loc[names, "hosted"].notna().all()
    orders = {tuple(beside.loc[names, column].sort_values().index) for column in ("sent", "hosted")}
    orders.add(tuple(mean.sort_values().index))
    assert len(orders) == 3  # the measure decides
    for line in variants.table()["m13"]["line"]:
        years = (latest.rename(index=members["country"]).loc[names] >= line).sum(axis=1)
        assert years.nunique() > 1


#: Mean share of GDP 2015 to 2025, share of 2015 and 2025, people sent, troops hosted.
SAID = {
    "Poland": (2.57, 2.22, 4.5, 0.3, 1.2),
    "Croatia": (1.76, 1.78, 2.0, 7.0, 3.0),
    "Türkiye": (1.71, 1.39, 2.3, 4.6, 20.0),
    "Denmark": (1.60, 1.11, 3.2, 5.3, 2.8),
    "Netherlands": (1.47, 1.13, 2.5, 2.8, 22.4),
    "Canada": (1.37, 1.20, 2.0, 3.3, 4.3),
    "Greece": (2.81, 2.30, 2.9, 5.2, 34.7),
    "Hungary": (1.56, 0.92, 2.1, 9.0, 6.7),
    "Latvia": (2.27, 1.04, 3.7, 0.0, 3.4),
    "Spain": (1.10, 0.92, 2.0, 12.8, 41.2),
    "Albania": (1.39, 1.20, 2.0, 0.3, 2.4),
    "France": (1.89, 1.78, 2.1, 14.9, 1.0),
    "Germany": (1.52, 1.18, 2.4, 3.1, 446.6),
    "Lithuania": (2.24, 1.14, 4.0, 1.7, 3.3),
    "Portugal": (1.43, 1.33, 2.0, 0.2, 66.4),
    "Belgium": (1.12, 0.92, 2.0, 9.3, 103.9),
    "Estonia": (2.40, 2.02, 3.4, 3.0, 6.8),
    "Bulgaria": (1.74, 1.26, 2.1, 0.3, 2.5),
    "Finland": (1.72, 1.50, 2.8, 66.8, 2.0),
    "Luxembourg": (0.77, 0.44, 2.0, 3.7, 11.0),
    "Slovakia": (1.59, 1.12, 2.0, 29.5, 2.0),
    "United Kingdom": (2.22, 2.05, 2.4, 4.5, 141.6),
    "North Macedonia": (1.35, 1.00, 2.0, 0.5, 6.3),
}


def test_are_the_numbers_of_the_model_answer_and_the_specimens_right(beside, latest, members):
    shares = latest.rename(index=members["country"])
    found = {
        name: (
            round(shares.loc[name].mean(), 2),
            shares.loc[name, 2015],
            shares.loc[name, 2025],
            round(beside.loc[name, "sent"], 1),
            round(beside.loc[name, "hosted"], 1),
        )
        for name in SAID
    }
    assert found == SAID
    years = (shares >= 2).sum(axis=1)
    assert years[["Estonia", "Norway", "Romania", "Italy", "Belgium"]].tolist() == [11, 3, 3, 1, 1]
    assert (shares.loc["Estonia"] == 2).sum() == 3


def test_is_income_a_head_as_the_second_specimen_has_it():
    people = load("population_2013").set_index("iso3")["population"]
    a_head = 1_000 * load("nato_gdp").set_index("iso3")["gdp"] / people
    assert a_head[["DEU", "FRA", "PRT", "LTU", "ALB"]].round(0).tolist() == [57, 49, 29, 28, 9]

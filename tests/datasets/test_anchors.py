"""Covers every figure that modules 01, 03 and 07 print or grade, and every count on a card.

Each is computed from the shipped files by the shortest code that says what is meant. Leaves
out figures of other modules, and published numbers that no shipped file can give (648
alliances in ATOP version 3).
"""

import pandas as pd
import pytest

from course.data import load

P5 = ["CHN", "FRA", "GBR", "RUS", "USA"]
WESTERN = [
    *["USA", "CAN", "GBR", "FRA", "DEU", "ITA", "ESP", "NLD", "BEL", "NOR", "DNK"],
    *["SWE", "FIN", "AUT", "IRL", "PRT", "AUS", "NZL", "GRC", "CHE", "LUX", "ISL"],
]
ERAS = [(1816, 1944), (1945, 1990), (1991, 2016)]


@pytest.fixture(scope="module")
def claims():
    return load("claims")


@pytest.fixture(scope="module")
def missions():
    return load("un_missions")


@pytest.fixture(scope="module")
def alliances():
    return load("atop_alliances")


@pytest.fixture(scope="module")
def members():
    return load("atop_members")


@pytest.fixture(scope="module")
def contributors():
    return load("un_contrib")


@pytest.fixture(scope="module")
def mission_months():
    return load("un_mission_months")


def on(frame, date):
    return frame[frame["date"] == date]


def gini(values):
    """Mean difference of all pairs over twice the mean: the form that divides by n."""
    values = list(values)
    mean = sum(values) / len(values)
    return sum(abs(a - b) for a in values for b in values) / (2 * len(values) ** 2 * mean)


# Module 00


def test_does_the_orientation_frame_repeat_un_contrib(contributors):
    small = load("orientation")
    same_day = on(contributors, "2012-12-31").set_index("iso3")
    assert (len(small), len(same_day)) == (12, 115)
    assert int(small.isna().sum().sum()) == 1
    for row in small.itertuples():
        assert row.troops == same_day.loc[row.iso3, "troops"]
        assert pd.isna(row.police) or row.police == same_day.loc[row.iso3, "police"]
    assert small["region"].nunique() == 5


# Module 01


def test_does_the_inventory_hold_229_items_with_one_tag_each(claims):
    assert list(claims["no"]) == list(range(1, 230))
    counts = claims["tag"].value_counts().to_dict()
    assert counts == {"L": 95, "C": 65, "D": 17, "N": 16, "F": 12, "S": 11, "P": 8, "X": 5}
    assert claims["tag"].isin(list("DFCNP")).sum() == 118
    assert claims["section"].nunique() == 18


def test_is_every_module_named_by_some_claim(claims):
    named = claims["module"].str.split(";").explode()
    assert sorted(named.unique()) == [f"{number:02}" for number in range(1, 15)]


def test_are_there_71_operations_and_53_after_1990(missions):
    start = missions["start"].dt.year
    assert len(missions) == 71
    assert (start > 1990).sum() == 53
    assert (start < 1990).sum() == 18
    assert (start == 1990).sum() == 0
    assert start.between(1948, 2017).sum() == 71
    assert start.between(1991, 2017).sum() == 53


def test_do_starts_by_decade_agree(missions):
    decades = (missions["start"].dt.year // 10 * 10).value_counts().sort_index()
    assert list(decades.index) == list(range(1940, 2020, 10))
    assert list(decades) == [2, 2, 6, 3, 5, 35, 11, 7]


def test_do_81_rows_less_twelve_and_two_more_make_71(missions):
    listed = load("un_missions_listed")
    dropped = set(listed["acronym"]) - set(missions["acronym"])
    added = set(missions["acronym"]) - set(listed["acronym"])
    assert len(listed) == 81
    assert dropped == {
        *["UNAVEM", "UNEF", "UNOSOM", "IPTF", "MICAH", "UNFOR"],
        *["UNGCI", "UNOHCI", "UNPF", "UNPSG", "UNSCOB", "UNSMA"],
    }
    assert added == {"UNTAG", "UNTMIH"}


def test_does_the_cleaned_list_change_only_what_its_card_says(missions):
    listed = load("un_missions_listed").set_index("acronym")
    cleaned = missions.set_index("acronym")
    both = cleaned.index.intersection(listed.index)
    columns = ["name", "start", "end"]
    old, new = listed.loc[both, columns], cleaned.loc[both, columns]
    changed = (old != new) & ~(old.isna() & new.isna())
    assert set(both[changed["name"]]) == {"DOMREP", "ONUC", "UNISFA", "UNCPSG"}
    assert set(both[changed["end"]]) == {"MINUSMA"}
    assert not changed["start"].any()
    assert cleaned.loc["MINUSMA", "end"] == pd.Timestamp("2023-12-31")
    assert cleaned["name"].str.fullmatch(r"[^\"]*[a-zI]").all()


def test_are_as_many_dates_cut_to_the_month_as_the_card_says(missions):
    ends = missions["end"].dropna()
    assert ((ends.dt.day == 1).sum(), len(ends)) == (47, 60)
    assert (missions["start"].dt.day == 1).sum() == 52
    assert (ends >= missions.loc[ends.index, "start"]).all()


# Module 03


def test_does_atop_hold_745_alliances_and_2398_memberships(alliances, members):
    assert len(alliances) == 745
    assert len(members) == 2398
    assert alliances["defence"].sum() == 275
    assert round(100 * alliances["defence"].mean(), 1) == 36.9


@pytest.mark.parametrize(
    ("era", "n", "defence", "bilateral"),
    [
        (ERAS[0], 209, 49.8, 75.6),
        (ERAS[1], 250, 53.2, 85.2),
        (ERAS[2], 279, 11.1, 94.3),
    ],
)
def test_do_shares_by_era_agree(alliances, era, n, defence, bilateral):
    new = alliances[alliances["begin_year"].between(*era)]
    assert len(new) == n
    assert round(100 * new["defence"].mean(), 1) == defence
    assert round(100 * new["bilateral"].mean(), 1) == bilateral


def test_are_78_per_cent_of_new_alliances_non_aggression_pacts(alliances):
    new = alliances[alliances["begin_year"].between(*ERAS[2])]
    assert new["nonaggression"].sum() == 218
    assert round(100 * new["nonaggression"].mean(), 1) == 78.1


def test_do_721_alliances_begin_by_2003(alliances):
    assert (alliances["begin_year"] <= 2003).sum() == 721


def test_is_nato_coded_as_the_task_says(alliances):
    nato = alliances.set_index("atopid").loc[3180]
    obligations = ["defence", "offence", "neutrality", "nonaggression", "consultation"]
    assert list(nato[obligations]) == [1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("year", "count"), [(1949, 12), (1951, 14), (1985, 16), (1997, 19), (2016, 29)]
)
def test_does_nato_have_as_many_members(members, year, count):
    exit_year = members["exit_year"]
    there = (members["entry_year"] <= year) & ((exit_year == 0) | (exit_year >= year))
    assert members.loc[there & (members["atopid"] == 3180), "ccode"].nunique() == count


def test_does_poland_enter_in_1997_by_atop_and_in_1999_by_accession(members):
    poland = members[(members["atopid"] == 3180) & (members["ccode"] == 290)]
    assert list(poland["entry_year"]) == [1997]
    acceded = load("nato_members").set_index("iso3")["accession_year"]
    assert acceded["POL"] == 1999


def test_do_nato_accessions_add_up_round_by_round():
    years = load("nato_members")["accession_year"]
    assert not years.lt(1949).any()
    after = {1949: 12, 1952: 14, 1955: 15, 1982: 16, 1999: 19, 2004: 26, 2009: 28}
    after |= {2017: 29, 2020: 30, 2023: 31, 2024: 32}
    assert {year: int((years <= year).sum()) for year in after} == after
    assert set(years) == set(after)


def test_do_the_atop_dates_of_entry_agree_with_the_member_file(members):
    nato = members[members["atopid"] == 3180].groupby("ccode")["entry_year"].min()
    dated = load("nato_members").dropna(subset="atop_entry_date")
    assert len(dated) == 29
    for row in dated.itertuples():
        # The file has one Germany; ATOP has the Federal Republic, 260, until 1990.
        assert nato[260 if row.iso3 == "DEU" else row.ccode] == row.atop_entry_date.year
    late = load("nato_members")["atop_entry_date"].isna()
    assert set(load("nato_members").loc[late, "iso3"]) == {"MKD", "FIN", "SWE"}


def test_does_accession_date_agree_with_accession_year():
    nato = load("nato_members")
    assert (nato["accession_date"].dt.year == nato["accession_year"]).all()


@pytest.mark.parametrize(
    ("year", "with_pact", "states", "share"),
    [
        (1816, 14, 23, 60.9),
        (1900, 9, 42, 21.4),
        (1950, 52, 75, 69.3),
        (1990, 109, 165, 66.1),
        (2016, 146, 195, 74.9),
    ],
)
def test_does_pact_coverage_agree(year, with_pact, states, share):
    row = load("pact_coverage").set_index("year").loc[year]
    assert (row["with_pact"], row["states"]) == (with_pact, states)
    assert round(100 * with_pact / states, 1) == share


def test_does_pact_coverage_have_every_year_and_never_more_pacts_than_states():
    coverage = load("pact_coverage")
    assert list(coverage["year"]) == list(range(1816, 2017))
    assert (coverage["with_pact"] <= coverage["states"]).all()


def test_are_the_traps_on_the_alliance_cards_as_counted(alliances, members):
    assert (members["exit_year"] == 0).sum() == 1062
    assert members.duplicated().sum() == 8
    assert (alliances["begin_year"] == 1815).sum() == 7
    many = alliances[(alliances["bilateral"] == 1) & (alliances["n_members"] > 2)]
    assert len(many) == 12
    assert many.set_index("atopid")["n_members"].to_dict()[3260] == 8
    assert set(many.loc[many["atopid"] != 3260, "n_members"]) == {3, 4}


def test_is_an_end_year_blank_exactly_where_the_alliance_is_in_effect(alliances):
    assert (alliances["end_year"].isna() == (alliances["in_effect"] == 1)).all()
    ended = alliances.dropna(subset="end_year")
    assert (ended["end_year"] >= ended["begin_year"]).all()


def test_does_n_members_count_the_member_file(alliances, members):
    counted = members.groupby("atopid")["ccode"].nunique()
    assert counted.to_dict() == alliances.set_index("atopid")["n_members"].to_dict()


# Module 07


def test_are_there_148_names_and_147_states(contributors):
    assert len(contributors) == 25_657
    assert contributors["contributor"].nunique() == 148
    assert contributors["iso3"].nunique() == 147
    macedonia = contributors[contributors["iso3"] == "MKD"].groupby("contributor")["date"]
    assert macedonia.count().to_dict()["The former Yugoslav Republic of Macedonia"] == 1
    assert macedonia.count().size == 2


@pytest.mark.parametrize(("date", "count"), [("1993-06-30", 73), ("2012-12-31", 115)])
def test_do_the_published_contributor_counts_come_out(contributors, date, count):
    assert (on(contributors, date)["total"] > 0).sum() == count


def test_is_no_row_of_un_contrib_zero(contributors):
    for column in ["troops", "police", "experts", "total"]:
        assert contributors[column].dropna().min() == 1


def test_is_the_total_the_sum_of_its_parts(contributors, mission_months):
    parts = contributors[["troops", "police", "experts"]].sum(axis="columns")
    assert (parts == contributors["total"]).all()
    parts = mission_months[["troops", "police", "observers"]].sum(axis="columns")
    assert (parts == mission_months["total"]).all()


def test_is_the_peak_of_the_file_in_may_2010(contributors):
    totals = contributors.groupby("date")["total"].sum()
    assert totals.idxmax() == pd.Timestamp("2010-05-31")
    assert totals.max() == 101_888


@pytest.mark.parametrize(
    ("date", "n", "total", "top_ten", "concentration"),
    [("1993-12-31", 69, 69_931, 51.4, 0.616), ("2012-12-31", 115, 94_081, 59.5, 0.776)],
)
def test_do_total_top_ten_and_gini_agree(contributors, date, n, total, top_ten, concentration):
    there = on(contributors, date)["total"]
    assert (len(there), there.sum()) == (n, total)
    assert round(100 * there.nlargest(10).sum() / total, 1) == top_ten
    assert round(gini(there), 3) == concentration


@pytest.mark.parametrize(
    ("group", "date", "share"),
    [
        (WESTERN, "1993-06-30", 46.0),
        (WESTERN, "2013-12-31", 4.9),
        (P5, "1993-06-30", 21.8),
        (P5, "2013-12-31", 3.6),
    ],
    ids=["Western 1993", "Western 2013", "P5 1993", "P5 2013"],
)
def test_do_group_shares_agree(contributors, group, date, share):
    there = on(contributors, date).set_index("iso3")["total"]
    assert round(100 * there[there.index.isin(group)].sum() / there.sum(), 1) == share


@pytest.mark.parametrize(
    ("iso3", "date", "people"),
    [
        ("CHN", "1993-12-31", 65),
        ("CHN", "2013-12-31", 2_078),
        ("USA", "1993-12-31", 2_622),
        ("USA", "2013-12-31", 118),
        ("USA", "1999-10-31", 648),
        ("JPN", "2012-03-31", 499),
    ],
)
def test_did_a_state_send_as_many(contributors, iso3, date, people):
    assert on(contributors, date).set_index("iso3").loc[iso3, "total"] == people


def test_are_there_4674_mission_months_to_march_2014(mission_months):
    assert len(mission_months) == 5_330
    assert (mission_months["date"] <= "2014-03-31").sum() == 4_674
    assert (mission_months["date"] <= "2014-02-28").sum() == 4_657


def test_is_the_high_of_the_mission_file_in_april_2015(mission_months):
    totals = mission_months.groupby("date")["total"].sum()
    assert totals.idxmax() == pd.Timestamp("2015-04-30")
    assert totals.max() == 107_805


def test_do_contributors_and_missions_add_up_to_the_same_people(contributors, mission_months):
    by_contributor = contributors.groupby("date")["total"].sum()
    by_mission = mission_months.groupby("date")["total"].sum()
    assert by_contributor.equals(by_mission[: by_contributor.index.max()])


@pytest.mark.parametrize("name", ["un_contrib", "un_mission_months"])
def test_is_every_date_a_month_end_and_only_november_2016_absent(name):
    dates = pd.DatetimeIndex(load(name)["date"].unique())
    assert dates.is_month_end.all()
    every = pd.date_range(dates.min(), dates.max(), freq="ME")
    absent = ["2016-11-30"] if name == "un_mission_months" else []
    assert list(every.difference(dates).strftime("%Y-%m-%d")) == absent


def test_does_unprofor_report_until_december_1995(mission_months, missions):
    reported = mission_months.loc[mission_months["mission"] == "UNPROFOR", "date"]
    assert reported.max() == pd.Timestamp("1995-12-31")
    assert missions.set_index("acronym").loc["UNPROFOR", "end"] == pd.Timestamp("1995-03-01")

"""Covers every figure that modules 10, 11 and 12 print or grade, and every count on their cards.

Each is computed from the shipped files by the shortest code that says what is meant. Leaves out
published numbers that no shipped file can give (20 of 126 rivals, 58 of 75 wars, scores of
agreement between coders, parties after the snapshots), vetoes, and tables compiled by hand.
"""

import pandas as pd
import pytest

from course.data import load


@pytest.fixture(scope="module")
def incidents():
    return load("dcid")


@pytest.fixture(scope="module")
def launches():
    return load("launches")


@pytest.fixture(scope="module")
def rights():
    return load("treaties_hr")


@pytest.fixture(scope="module")
def arms():
    return load("treaties_arms")


@pytest.fixture(scope="module")
def independence():
    return load("independence")


@pytest.fixture(scope="module")
def rivalries():
    return load("rivalries")


@pytest.fixture(scope="module")
def wars():
    return load("wars")


@pytest.fixture(scope="module")
def ideal():
    return load("unga_ideal")


@pytest.fixture(scope="module")
def pairs():
    return load("unga_pairs")


@pytest.fixture(scope="module")
def rollcalls():
    return load("unga_rollcalls")


def percent(part):
    return round(100 * part.mean(), 1)


# Module 10


def test_do_incidents_objectives_and_outcomes_agree(incidents):
    assert len(incidents) == 429
    assert (incidents["concession"].sum(), percent(incidents["concession"])) == (12, 2.8)
    assert (incidents["achieved"].sum(), percent(incidents["achieved"])) == (368, 85.8)
    assert list(incidents["objective"].value_counts().sort_index()) == [120, 132, 131, 46]
    conceded = incidents.groupby("objective")["concession"].sum()
    assert list(conceded) == [0, 1, 4, 7]


def test_do_severity_counts_agree_and_stop_at_six(incidents):
    severity = incidents["severity"]
    assert severity.value_counts().to_dict() == {0: 2, 1: 15, 2: 115, 3: 159, 4: 115, 5: 18, 6: 5}
    assert (severity.between(2, 4).sum(), percent(severity.between(2, 4))) == (389, 90.7)
    assert (severity >= 5).sum() == 23
    assert list(severity.quantile([0.25, 0.5, 0.75])) == [2, 3, 4]


def test_are_initiators_and_pairs_those_named(incidents):
    leaders = incidents["initiator"].value_counts()
    assert leaders.iloc[:4].to_dict() == {
        "China": 115,
        "Russia": 113,
        "Iran": 65,
        "North Korea": 59,
    }
    assert (leaders["United States"], leaders["Pakistan"]) == (20, 20)
    assert incidents.groupby(["state_a", "state_b"]).ngroups == 40
    names = set(incidents["state_a"]) | set(incidents["state_b"])
    assert set(incidents["initiator"]) <= names
    assert all(name == name.strip() for name in names)


def test_are_the_rows_that_break_the_codebook_kept(incidents):
    rows = incidents.set_index("incident")
    assert list(rows.index[rows["severity"] == 0]) == [223, 268]
    outside = (rows["initiator"] != rows["state_a"]) & (rows["initiator"] != rows["state_b"])
    assert list(rows.index[outside]) == [291, 292, 309, 331]
    late = rows["start"] > "2020-12-31"
    assert rows.loc[late, "start"].dt.strftime("%Y-%m-%d").to_dict() == {139: "2021-01-05"}
    assert list(rows.index[rows["end"] > "2020-12-31"]) == [139]
    assert list(rows.index[rows["end"] < rows["start"]]) == [236, 237]
    assert rows["start"].min() == pd.Timestamp("2000-09-01")


def test_do_launches_and_their_peak_agree(launches):
    assert len(launches) == 5_726
    by_year = launches.groupby("year").size()
    assert (by_year.idxmax(), by_year.max()) == (1967, 139)
    assert list(by_year.index) == list(range(1957, 2019))
    assert by_year[[2017, 2018]].tolist() == [90, 80]
    assert (launches["outcome"] == "failure").sum() == 342


def test_do_shares_by_agency_type_agree(launches):
    lately = launches[launches["year"].between(2010, 2017)]
    share = lately["agency_type"].value_counts(normalize=True)
    assert share.round(3).to_dict() == {"state": 0.55, "private": 0.378, "startup": 0.072}
    kinds = launches["agency_type"].value_counts()
    assert kinds.to_dict() == {"state": 4_776, "private": 880, "startup": 70}
    assert set(launches.loc[launches["agency_type"] == "startup", "state"]) == {"United States"}
    first = launches.groupby("agency_type")["year"].min()
    assert first.to_dict() == {"state": 1957, "private": 1984, "startup": 2006}


def test_do_states_keep_the_names_on_the_card(launches):
    states = launches["state"].value_counts()
    assert (len(states), states["Cayman Islands"]) == (17, 4)
    private = launches[launches["agency_type"] == "private"]["state"].value_counts()
    assert private["France"] == 280
    assert {"Soviet Union", "Russia", "European Space Agency"} <= set(states.index)


# Module 11


def test_do_parties_by_treaty_agree(rights):
    parties = rights[rights["status"] == "party"].groupby("treaty").size()
    assert parties[["OP-CRC-AC", "CAT", "ICCPR"]].tolist() == [170, 171, 174]
    assert parties[["ICERD", "ICESCR", "CEDAW", "CRC"]].tolist() == [181, 171, 187, 192]
    assert set(rights.groupby("treaty")["iso3"].nunique()) == {193}
    assert rights["year"].notna().equals(rights["status"] == "party")


def test_does_namibia_keep_its_two_letters_in_every_treaty(rights):
    namibia = rights[rights["member"] == "Namibia"]
    assert list(namibia["iso2"]) == ["NA"] * 7
    assert set(namibia["iso3"]) == {"NAM"}
    assert rights["iso2"].notna().all()
    assert (rights.groupby("iso2")["iso3"].nunique() == 1).all()


def test_does_each_curve_start_at_nothing_and_end_at_all_parties(rights):
    parties = rights[rights["status"] == "party"]
    assert (parties["year"] >= parties["opened"]).all()
    children = parties[parties["treaty"] == "OP-CRC-AC"]["year"].value_counts().sort_index()
    assert children.cumsum().iloc[-1] == 170
    assert (children.index.min(), children.index.max()) == (2000, 2021)


def early(rights, independence, column, treaty, allow=True):
    """Codes of parties with a year before the one in `column`."""
    known = rights[(rights["status"] == "party") & (rights["treaty"] == treaty)]
    known = known.rename(columns={"year": "joined"}).merge(independence, on="iso3")
    before = known["joined"] < known[column]
    if allow:
        before &= known["may_precede"].isna()
    return set(known.loc[before.astype(bool), "iso3"])


def test_does_the_rule_find_two_states_for_the_covenant(rights, independence):
    assert early(rights, independence, "year", "ICCPR") == {"SLB", "TUV"}
    without_list = early(rights, independence, "year", "ICCPR", allow=False)
    assert without_list == {"SLB", "TUV", "BLR", "UKR", "SRB", "YEM"}
    wrong_years = early(rights, independence, "cow_year", "ICCPR")
    assert wrong_years == {"SLB", "TUV", "SMR", "DEU"}
    joined = rights[rights["treaty"] == "ICCPR"].set_index("iso3")["year"]
    assert joined[["SLB", "TUV"]].tolist() == [1976, 1976]
    assert joined[["SMR", "BLR", "UKR", "YEM"]].tolist() == [1985, 1973, 1973, 1987]


@pytest.mark.parametrize(
    ("treaty", "states"),
    [
        ("CAT", set()),
        ("CEDAW", set()),
        ("CRC", {"PLW"}),
        ("ICERD", {"BRN"}),
        ("ICESCR", {"TUV"}),
        ("OP-CRC-AC", set()),
    ],
)
def test_does_the_rule_find_as_many_in_the_other_treaties(rights, independence, treaty, states):
    assert early(rights, independence, "year", treaty) == states


def test_are_the_years_of_independence_those_on_the_card(rights, independence):
    year = independence.set_index("iso3")["year"]
    assert set(year.index) == set(rights["iso3"])
    assert year[["SLB", "TUV", "CZE", "YEM", "SMR"]].tolist() == [1978, 1978, 1993, 1990, 1816]
    assert year[["AFG", "HTI", "EST", "ZWE"]].tolist() == [1919, 1934, 1991, 1965]
    assert year[["AND", "LIE", "MCO"]].tolist() == [1816] * 3
    other = independence.set_index("iso3")["cow_year"]
    assert other[["SMR", "TUV", "DEU"]].tolist() == [1992, 2000, 1990]
    allowed = independence[independence["may_precede"].notna()]
    assert set(allowed["iso3"]) == {"BLR", "NAM", "SRB", "UKR", "YEM"}


@pytest.mark.parametrize(
    ("treaty", "k", "day"),
    [
        ("Rome Statute (ICC)", 60, "2002-04-11"),
        ("Mine Ban (Ottawa)", 40, "1998-09-16"),
        ("Cluster Munitions", 30, "2010-02-16"),
        ("CRC Optional Protocol on children in armed conflict", 10, "2001-11-12"),
    ],
)
def test_does_the_kth_party_come_on_the_day(arms, treaty, k, day):
    days = arms.loc[arms["treaty"] == treaty, "party_date"].dropna().sort_values()
    assert days.iloc[k - 1] == pd.Timestamp(day)


def test_do_parties_and_ties_of_the_arms_treaties_agree(arms):
    assert (len(arms), arms["treaty"].nunique()) == (2_561, 24)
    parties = arms.groupby("treaty")["party_date"].count()
    assert parties["Rome Statute (ICC)"] == 122
    assert parties["Mine Ban (Ottawa)"] == 161
    assert parties["Arms Trade Treaty"] == 41
    assert parties["CWC"] == 190
    ties = arms.groupby(["treaty", "party_date"]).size()
    assert ties["Rome Statute (ICC)", "2002-04-11"] == 10
    assert ties["Mine Ban (Ottawa)", "1998-09-16"] == 2
    assert ties["Cluster Munitions", "2010-02-16"] == 2
    syria = arms[(arms["treaty"] == "CWC") & (arms["iso3"] == "SYR")]
    assert syria["party_date"].item() == pd.Timestamp("2013-09-14")


def test_does_a_signature_alone_make_no_party(arms):
    assert arms["action"].isna().equals(arms["party_date"].isna())
    assert arms["action"].isna().sum() == 319
    assert (arms["party_date"] >= arms["signature_date"])[
        arms[["party_date", "signature_date"]].notna().all(axis=1)
    ].all()
    american = arms[arms["iso3"] == "USA"].set_index("treaty")
    assert pd.isna(american.loc["Rome Statute (ICC)", "party_date"])
    assert "Mine Ban (Ottawa)" not in american.index
    assert list(arms.loc[arms["iso3"].isna(), "participant"]) == ["European Union"]


def test_do_the_counts_on_the_arms_card_agree(arms):
    actions = arms["action"].value_counts().to_dict()
    assert actions == {
        "ratification": 1_231,
        "accession": 620,
        "consent to be bound": 288,
        "acceptance": 51,
        "succession": 44,
        "approval": 8,
    }
    unsigned = arms.groupby("treaty")["signature_date"].count()
    assert set(unsigned.index[unsigned == 0]) == {
        "CCW Protocol IV blinding lasers",
        "CCW Protocol V explosive remnants",
        "CCW amended Protocol II mines",
        "CCW art. 1 amendment",
        "Rome Statute aggression amendments",
        "Rome Statute art. 8 amendment",
    }
    assert (arms.groupby("treaty")["snapshot_date"].nunique() == 1).all()


# Module 12


def rival_wars(wars, rivalries, first, last):
    """(wars, wars with rivals among the pairs), by the year the war began."""
    began = wars.groupby("war")["year"].transform("min")
    fought = wars[began.between(first, last)]
    both = fought.merge(rivalries, on=["ccode1", "ccode2"])
    hostile = both[(both["start"] <= both["year"]) & (both["year"] <= both["end"])]
    return fought["war"].nunique(), hostile["war"].nunique()


@pytest.mark.parametrize(
    ("period", "counts", "share"),
    [
        ((1816, 1999), (72, 93), 77.4),
        ((1900, 1999), (55, 64), 85.9),
        ((1946, 1999), (33, 36), 91.7),
    ],
)
def test_do_rivals_oppose_each_other_in_so_many_wars(wars, rivalries, period, counts, share):
    opposed = wars[wars["side1"] != wars["side2"]]
    every, with_rivals = rival_wars(opposed, rivalries, *period)
    assert (with_rivals, every) == counts
    assert round(100 * with_rivals / every, 1) == share


def test_do_states_on_one_side_or_years_forgotten_change_the_answer(wars, rivalries):
    assert rival_wars(wars, rivalries, 1816, 1999) == (93, 75)
    opposed = wars[wars["side1"] != wars["side2"]]
    always = rivalries.assign(start=0, end=9_999)
    assert rival_wars(opposed, always, 1816, 1999) == (93, 77)


def test_are_the_traps_on_the_war_card_as_counted(wars):
    assert wars["war"].nunique() == 95
    assert (wars.groupby("war")["name"].nunique() == 1).all()
    assert wars["name"].nunique() == 95
    opposed = wars["side1"] != wars["side2"]
    assert (opposed.sum(), (~opposed).sum()) == (958, 1_320)
    twice = wars.groupby(["war", "year", "ccode1", "ccode2"]).size() == 2
    assert twice.sum() == 54
    assert (wars["name"] == "World War II").sum() == 747
    assert (wars["ccode1"] < wars["ccode2"]).all()
    later = wars.groupby("name")["year"].min()
    assert set(later.index[later > 1999]) == {"Invasion of Afghanistan", "Invasion of Iraq"}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Crimean", 1853, 1856),
        ("World War I", 1914, 1918),
        ("Chaco", 1932, 1935),
        ("Korean", 1950, 1953),
        ("Six Day War", 1967, 1967),
        ("Iran-Iraq", 1980, 1988),
        ("Falkland Islands", 1982, 1982),
        ("Cenepa Valley", 1995, 1995),
        ("Kargil War", 1999, 1999),
    ],
)
def test_does_a_war_carry_its_name(wars, name, first, last):
    assert list(wars[wars["name"] == name]["year"].agg(["min", "max"])) == [first, last]


def test_are_the_traps_on_the_rivalry_card_as_counted(rivalries):
    assert len(rivalries) == 197
    active = (rivalries["end"] >= 1816) & (rivalries["start"] <= 1999)
    assert active.sum() == 180
    assert (rivalries["end"] == 2010).sum() == 42
    assert rivalries.groupby(["ccode1", "ccode2"]).ngroups == 177
    assert rivalries.duplicated(["ccode1", "ccode2"]).sum() == 20
    assert (rivalries["ccode1"] < rivalries["ccode2"]).all()
    afghan = rivalries.set_index("name").loc["Afghanistan-Iran 1"]
    assert (afghan["ccode1"], afghan["ccode2"]) == (630, 700)


def test_do_the_rows_of_a_pair_never_overlap(rivalries):
    ordered = rivalries.sort_values(["ccode1", "ccode2", "start"])
    gap = ordered["start"] - ordered.groupby(["ccode1", "ccode2"])["end"].shift()
    assert (gap.dropna() > 0).all()


@pytest.mark.parametrize(
    ("country", "session", "point"),
    [
        ("Poland", 40, -1.16),
        ("Poland", 45, 1.28),
        ("Hungary", 40, -1.51),
        ("Hungary", 45, 1.06),
        ("United States", 40, 2.85),
        ("United States", 45, 3.07),
        ("Russia", 40, -1.46),
        ("Russia", 45, -0.14),
        ("Russia", 74, 0.14),
    ],
)
def test_is_a_state_at_the_point(ideal, country, session, point):
    row = ideal[(ideal["country"] == country) & (ideal["session"] == session)]
    assert round(row["ideal_point"].item(), 2) == point


def test_does_polands_shift_agree(ideal):
    poland = ideal[ideal["country"] == "Poland"].set_index("session")["ideal_point"]
    assert poland[45] - poland[40] == pytest.approx(2.44, abs=0.01)
    assert 19 not in poland.index


def test_are_the_traps_on_the_ideal_point_card_as_counted(ideal):
    assert len(ideal) == 10_469
    assert set(range(1, 75)) - set(ideal["session"]) == {19}
    assert (ideal["votes"] < 10).sum() == 92
    assert not ideal.duplicated(["iso3", "session"]).any()
    assert ((ideal["low"] <= ideal["ideal_point"]) & (ideal["ideal_point"] <= ideal["high"])).all()
    last = ideal[ideal["session"] == 74].set_index("country")["ideal_point"]
    assert list(last.nlargest(2).index) == ["United States", "Israel"]
    span = ideal.groupby("country")["year"].agg(["min", "max"])
    assert list(span.loc["China"]) == [1971, 2019]
    assert list(span.loc["Taiwan"]) == [1946, 1971]
    assert list(span.loc["German Federal Republic"]) == [1973, 1990]
    assert "Côte d'Ivoire" in set(ideal["country"])


def agreement(pairs, one, two, first, last):
    rows = pairs[(pairs["state1"] == one) & (pairs["state2"] == two)]
    total = rows[rows["session"].between(first, last)][["same_vote", "both_voted"]].sum()
    return round(100 * total["same_vote"] / total["both_voted"], 1)


@pytest.mark.parametrize(
    ("one", "two", "late", "cold_war"),
    [
        ("United States", "United Kingdom", 60.2, 56.6),
        ("United States", "Israel", 87.1, 54.9),
        ("United States", "Russia", 26.4, 9.8),
        ("United States", "Turkey", 42.9, 25.5),
        ("United Kingdom", "France", 93.2, 82.8),
        ("India", "Pakistan", 80.7, 88.2),
        ("Russia", "China", 75.4, 84.0),
    ],
)
def test_do_two_states_agree_as_often(pairs, one, two, late, cold_war):
    assert agreement(pairs, one, two, 70, 74) == late
    assert agreement(pairs, one, two, 40, 44) == cold_war


def test_is_a_mean_of_rates_another_number(pairs):
    rows = pairs[(pairs["state1"] == "United States") & (pairs["state2"] == "United Kingdom")]
    rows = rows[rows["session"] >= 70]
    assert percent(rows["same_vote"] / rows["both_voted"]) == 59.8


def test_are_the_pairs_those_of_the_card(pairs, rivalries):
    listed = set(pairs.groupby(["ccode1", "ccode2"]).groups)
    still_open = rivalries[rivalries["end"] == 2010]
    rivals = set(zip(still_open["ccode1"], still_open["ccode2"], strict=True))
    assert len(listed) == 46
    assert len(listed & rivals) == 41
    assert rivals - listed == {(710, 713)}
    assert (750, 770) in listed & rivals
    assert (pairs["same_vote"] <= pairs["both_voted"]).all()


@pytest.mark.parametrize(("first", "last"), [(40, 44), (60, 64), (70, 74)])
def test_do_rivals_above_three_quarters_include_india_and_pakistan(pairs, rivalries, first, last):
    rates = pairs[pairs["session"].between(first, last)]
    rates = rates.groupby(["ccode1", "ccode2"])[["same_vote", "both_voted"]].sum()
    alike = rates[rates["same_vote"] / rates["both_voted"] > 0.75].reset_index()
    still_open = rivalries[rivalries["end"] == 2010]
    found = alike.merge(still_open, on=["ccode1", "ccode2"])["name"]
    assert "India-Pakistan" in set(found)
    assert "Israel-Syria" not in set(found)


def test_do_roll_calls_give_the_rates_of_the_pairs(rollcalls, pairs):
    wide = rollcalls.pivot(index="roll_call", columns="state", values="vote")
    session = rollcalls.groupby("roll_call")["session"].first()
    checked = 0
    for (one, two), rows in pairs[pairs["session"] >= 70].groupby(["state1", "state2"]):
        if {one, two} <= set(wide.columns):
            both = wide[[one, two]].dropna()
            same = (both[one] == both[two]).groupby(session).agg(["size", "sum"])
            counted = rows.set_index("session")[["both_voted", "same_vote"]]
            assert same.to_numpy().tolist() == counted.to_numpy().tolist(), (one, two)
            checked += 1
    assert checked == 10


def test_are_the_traps_on_the_roll_call_card_as_counted(rollcalls):
    assert rollcalls["roll_call"].nunique() == 502
    assert rollcalls["state"].nunique() == 12
    assert rollcalls["date"].agg(["min", "max"]).astype(str).tolist() == [
        "2015-10-27",
        "2020-01-14",
    ]
    assert rollcalls["resolution"].str.startswith("A/RES/").all()
    calls = rollcalls.groupby("resolution")["roll_call"].nunique()
    assert (calls > 1).sum() == 31
    assert rollcalls.groupby("state").size().max() < 502

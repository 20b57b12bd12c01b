"""Covers every figure that modules 02, 04 and 05 print or grade, and every count on a card.

Each is computed from the shipped files by the shortest code that says what is meant. Leaves
out published figures that no shipped file can give: the 251 disputes the recoding dropped, the
74.5 per cent of an earlier study, the 1,872 agreements the author reports.
"""

import itertools
import math
import os
from pathlib import Path

import pandas as pd
import pytest

from course.data import load
from course.places import ROOT

SOURCES = Path(os.environ.get("MILDIP_SOURCES", ROOT.parent / "shared" / "sources"))
needs_sources = pytest.mark.skipif(
    not SOURCES.is_dir(),
    reason="the raw files are not shipped; set MILDIP_SOURCES to a folder of your downloads",
)
OBLIGATIONS = ["defence", "offence", "neutrality", "nonaggression", "consultation"]


@pytest.fixture(scope="module")
def cow():
    return load("mids_cow")


@pytest.fixture(scope="module")
def gml():
    return load("mids_gml")


@pytest.fixture(scope="module")
def wars():
    return load("alliance_wars")


@pytest.fixture(scope="module")
def cells():
    return load("deterrence_cells")


@pytest.fixture(scope="module")
def dcad():
    return load("dcad")


@pytest.fixture(scope="module")
def allied():
    return load("atop_dyads_1980_2010")


@pytest.fixture(scope="module")
def exercises():
    return load("exercises")


@pytest.fixture(scope="module")
def participants():
    return load("exercise_participants")


def percent(condition, digits=1):
    return round(100 * condition.mean(), digits)


# Module 02


def test_are_there_2436_and_2174_disputes(cow, gml):
    assert (len(cow), len(gml)) == (2436, 2174)
    assert (cow["start_year"].min(), cow["start_year"].max()) == (1816, 2014)
    assert (gml["start_year"].min(), gml["start_year"].max()) == (1816, 2010)


def test_do_shares_of_cow_disputes_agree(cow):
    assert (cow["hostility"] == 5).sum() == 106
    assert percent(cow["hostility"] == 5, 2) == 4.35
    assert percent(cow["hostility"] == 4) == 65.8
    assert percent(cow["settlement"] == 1) == 15.2
    assert percent(cow["outcome"] == 5) == 63.3


def test_is_no_dispute_coded_below_a_threat(cow, gml):
    for disputes in (cow, gml):
        assert set(disputes["hostility"]) == {2, 3, 4, 5}


def test_does_the_share_without_deaths_depend_on_the_missing_code(cow):
    known = cow[cow["fatality"] != -9]
    assert percent(cow["fatality"] == 0) == 71.3
    assert percent(known["fatality"] == 0) == 80.1


def test_are_about_half_of_disputes_reciprocated(cow, gml):
    assert percent(cow["reciprocated"] == 1) == 49.2
    assert percent(gml["reciprocated"] == 1) == 51.5


def test_do_two_sources_share_1930_disputes_to_2001(cow, gml):
    a, b = (set(d.loc[d["start_year"] <= 2001, "dispute"]) for d in (cow, gml))
    counts = (len(a), len(b), len(a - b), len(b - a), len(a & b))
    assert counts == (2060, 1939, 130, 9, 1930)


def test_are_the_traps_on_the_dispute_cards_as_counted(cow, gml):
    codes = ["fatality", "outcome", "settlement"]
    assert list((cow[codes] == -9).sum()) == [268, 17, 21]
    assert list((gml[codes] == -9).sum()) == [45, 13, 17]
    deaths = cow.loc[cow["hostility"] == 5, "fatality"]
    assert ((deaths == -9).sum(), deaths.between(0, 5).sum()) == (14, 8)
    assert (gml.loc[gml["hostility"] == 5, "fatality"] == 6).all()
    assert (gml["hostility"] == 5).sum() == 95
    both = cow.merge(gml, on="dispute")
    assert len(both) == 2165
    assert (both["hostility_x"] != both["hostility_y"]).sum() == 176
    assert (both["fatality_x"] != both["fatality_y"]).sum() == 336
    assert len(gml) - len(both) == 9
    began = cow.loc[~cow["dispute"].isin(gml["dispute"]), "start_year"]
    spans = [(1816, 2001), (2002, 2010), (2011, 2014)]
    assert [began.between(*span).sum() for span in spans] == [130, 20, 121]
    for disputes in (cow, gml):
        assert (disputes["min_days"] <= disputes["max_days"]).all()


# Module 04


@pytest.mark.parametrize(
    ("column", "value", "honoured", "tested", "published"),
    [
        (None, None, 73, 146, 50),
        ("era", "1816-1944", 61, 92, 66),
        ("era", "1945-2003", 12, 54, 22),
        ("defence", 1, 42, 102, 41),
        ("nonaggression", 1, 18, 49, 37),
        ("offence", 1, 31, 42, 74),
        ("neutrality", 1, 35, 45, 78),
    ],
)
def test_do_the_seven_published_rates_come_out(wars, column, value, honoured, tested, published):
    chosen = wars if column is None else wars[wars[column] == value]
    assert (chosen["honoured"].sum(), len(chosen)) == (honoured, tested)
    assert round(100 * chosen["honoured"].mean()) == published


def test_does_the_interval_of_12_in_54_run_from_13_to_35_per_cent():
    k, n, z = 12, 54, 1.96
    p = k / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert (round(middle - half, 2), round(middle + half, 2)) == (0.13, 0.35)


def test_are_the_counts_on_the_alliance_wars_card_true(wars):
    assert (wars["atopid"].nunique(), wars["war_no"].nunique()) == (129, 45)
    assert (wars["war"] == "World War I").sum() == 14
    second = wars[wars["war"] == "World War II"]
    assert (len(second), (second["era"] == "1945-2003").sum()) == (43, 4)
    late = wars[wars["era"] == "1945-2003"].groupby("multilateral")["honoured"]
    assert list(late.agg(["sum", "size"]).loc[1]) == [2, 25]
    assert list(late.agg(["sum", "size"]).loc[0]) == [10, 29]
    assert 3180 not in set(wars["atopid"])


@needs_sources
def test_are_430_cases_and_all_eleven_of_nato_left_out_as_no_test(wars):
    raw = pd.read_csv(SOURCES / "alliance-fulfilment" / "bf2018_war_commitments.csv")
    assert len(raw) - len(wars) == 430 == (raw["dnaLLM"] == 1).sum()
    nato = raw[raw["atopid"] == 3180]
    assert len(nato) == 11
    assert (nato["cfnaLLM"] == 1).all()
    assert "Afghanistan2001" in set(nato["warname"])


def rates(cells):
    """Initiations and pair-years, without and with an outside pact."""
    sums = cells.groupby("outside_pact")[["initiations", "dyad_years"]].sum()
    return [tuple(sums.loc[pact]) for pact in (0, 1)]


def ratio(cells):
    (k0, n0), (k1, n1) = rates(cells)
    return k1 / n1 / (k0 / n0)


def test_do_the_deterrence_counts_and_ratios_agree(cells):
    relevant = cells[cells["relevant"] == 1]
    assert rates(relevant) == [(806, 70_389), (1_094, 118_431)]
    per_thousand = [round(1000 * k / n, 2) for k, n in rates(relevant)]
    assert per_thousand == [11.45, 9.24]
    assert round(ratio(relevant), 3) == 0.807

    near = relevant[relevant["contiguous"] == 1]
    assert rates(near) == [(588, 27_502), (743, 37_334)]
    assert round(ratio(near), 3) == 0.931

    far = relevant[relevant["contiguous"] == 0]
    assert rates(far) == [(218, 42_887), (351, 81_097)]
    assert round(ratio(far), 3) == 0.851


def test_is_the_ratio_above_one_for_all_pairs_before_1945(cells):
    early = cells[cells["period"] == "1816-1944"]
    assert rates(early) == [(508, 170_154), (251, 66_186)]
    assert round(ratio(early), 3) == 1.270


def test_is_every_cell_there_once_and_every_contiguous_pair_relevant(cells):
    keys = cells[["period", "relevant", "contiguous", "outside_pact"]]
    assert not keys.duplicated().any()
    assert len(cells) == 18
    assert cells["dyad_years"].sum() == 1_315_954
    assert set(cells["period"]) == {"1816-1944", "1945-1989", "1990-2000"}
    assert (cells.loc[cells["contiguous"] == 1, "relevant"] == 1).all()


# Module 05


def active(dcad, year):
    """Distinct unordered pairs with an agreement that year, by its estimated end."""
    there = dcad[(dcad["sign_year"] <= year) & (dcad["end_year"] >= year)]
    return {tuple(sorted(pair)) for pair in zip(there["ccode1"], there["ccode2"], strict=True)}


def neighbours(pairs):
    around = {}
    for a, b in pairs:
        around.setdefault(a, set()).add(b)
        around.setdefault(b, set()).add(a)
    return around


def transitivity(pairs):
    """Of the pairs of neighbours of a state, the share that are neighbours themselves."""
    two_paths = [
        pair
        for around in neighbours(pairs).values()
        for pair in itertools.combinations(sorted(around), 2)
    ]
    return sum(pair in pairs for pair in two_paths) / len(two_paths)


def test_do_signatures_by_decade_and_kind_agree(dcad):
    assert len(dcad) == 1871
    signed = dcad["sign_year"]
    counts = [signed.between(*years).sum() for years in [(1980, 1989), (1990, 1999), (2000, 2010)]]
    assert counts == [105, 770, 996]
    assert dcad["kind"].value_counts().to_dict() == {"general": 1322, "sector": 549}


def test_are_1202_agreements_of_906_pairs_active_in_2010(dcad):
    there = (dcad["sign_year"] <= 2010) & (dcad["end_year"] >= 2010)
    assert there.sum() == 1202
    assert (there & (dcad["kind"] == "general")).sum() == 885
    assert len(active(dcad, 2010)) == 906
    ever = {tuple(sorted(pair)) for pair in zip(dcad["ccode1"], dcad["ccode2"], strict=True)}
    assert len(ever) == 1215


@pytest.mark.parametrize(("year", "states"), [(1989, 60), (2000, 123), (2010, 154)])
def test_are_as_many_states_in_the_network(dcad, year, states):
    assert len(neighbours(active(dcad, year))) == states


@pytest.mark.parametrize(("year", "share"), [(1990, 0.128), (2000, 0.320), (2010, 0.290)])
def test_does_transitivity_agree(dcad, year, share):
    assert round(transitivity(active(dcad, year)), 3) == share


def test_are_the_five_best_connected_states_those_named(dcad):
    degrees = {state: len(around) for state, around in neighbours(active(dcad, 2010)).items()}
    names = dcad.set_index("ccode1")["state1"].groupby(level=0).first()
    top = sorted(degrees.items(), key=lambda item: (-item[1], item[0]))[:5]
    # The United States and South Africa tie.
    assert [(degree, names[state]) for state, degree in top] == [
        (72, "RUS"),
        (58, "UKR"),
        (56, "TUR"),
        (55, "USA"),
        (55, "SAF"),
    ]


def test_was_a_sixth_signed_between_states_with_a_defence_pact(dcad, allied):
    keys = ["ccode1", "ccode2", "year"]
    signed = pd.MultiIndex.from_arrays(
        [
            dcad[["ccode1", "ccode2"]].min(axis=1),
            dcad[["ccode1", "ccode2"]].max(axis=1),
            dcad["sign_year"],
        ]
    )
    pacts = pd.MultiIndex.from_frame(allied.loc[allied["defence"] == 1, keys])
    assert round(100 * signed.isin(pacts).mean(), 1) == 17.5
    assert round(100 * signed.isin(pd.MultiIndex.from_frame(allied[keys])).mean(), 1) == 64.7


def test_does_the_pair_file_hold_only_signers_lower_code_first(dcad, allied):
    assert (allied["ccode1"] < allied["ccode2"]).all()
    assert (allied[OBLIGATIONS].sum(axis=1) >= 1).all()
    pairs = set(zip(allied["ccode1"], allied["ccode2"], strict=True))
    signers = zip(dcad["ccode1"], dcad["ccode2"], strict=True)
    assert pairs <= {tuple(sorted(pair)) for pair in signers}
    assert not allied.duplicated(["ccode1", "ccode2", "year"]).any()
    assert (allied["year"].min(), allied["year"].max()) == (1980, 2010)


@needs_sources
def test_does_the_older_version_find_two_more_pacts_at_signature(dcad):
    members = pd.read_csv(SOURCES / "atop" / "atop_v4.01_members.csv.gz")
    members["yrexit"] = members["yrexit"].replace(0, 2016)
    pairs = members.merge(members, on="atopid")
    pairs = pairs[(pairs["defense_x"] == 1) | (pairs["defense_y"] == 1)]
    pairs["first"] = pairs[["yrent_x", "yrent_y"]].max(axis=1)
    pairs["last"] = pairs[["yrexit_x", "yrexit_y"]].min(axis=1)
    pairs = pairs.rename(columns={"member_x": "ccode1", "member_y": "ccode2"})
    signed = dcad[dcad["ccode1"] != dcad["ccode2"]].merge(pairs, on=["ccode1", "ccode2"])
    there = signed[signed["sign_year"].between(signed["first"], signed["last"])]
    assert there["dca_id"].nunique() == 329


def test_are_the_traps_on_the_agreement_card_as_counted(dcad, allied):
    assert (dcad["ccode1"] <= dcad["ccode2"]).all()
    own = dcad[dcad["ccode1"] == dcad["ccode2"]].set_index("dca_id")
    assert list(own.index.str[-4:]) == ["0297", "1625", "1847"]
    assert list(own["ccode1"]) == [145, 541, 750]
    assert list(own.index[own["end_year"] == 2010].str[-4:]) == ["0297", "1847"]
    odd = dcad.set_index("dca_id").loc["DCADv1.0-0108"]
    assert (odd["ccode2"], odd["state2"]) == (652, "EGY")
    assert (dcad["end_year"] - dcad["sign_year"] == 6).sum() == 694
    assert (dcad["in_force_year"] > 2010).sum() == 44
    assert dcad["terminated"].value_counts().to_dict() == {-88: 1005, 0: 729, -99: 94, 1: 43}
    assert (dcad["source_type"] == "factiva").sum() == 661
    assert len(allied[["ccode1", "ccode2"]].drop_duplicates()) == 802


def test_has_each_code_one_abbreviation_but_for_two_slips(dcad):
    sides = [dcad[[f"ccode{i}", f"state{i}"]].set_axis(["ccode", "state"], axis=1) for i in (1, 2)]
    names = pd.concat(sides).groupby("ccode")["state"].unique()
    double = names[names.map(len) > 1]
    assert {code: set(found) for code, found in double.items()} == {
        145: {"BOL", "VEN"},
        652: {"SYR", "EGY"},
    }


def test_do_exercises_a_year_and_their_focus_agree(exercises):
    assert len(exercises) == 3707
    by_year = exercises["start_year"].value_counts()
    assert [by_year[year] for year in (1980, 1990, 2000, 2004, 2010)] == [67, 59, 129, 204, 148]
    assert by_year.idxmax() == 2004
    assert exercises["peacekeeping"].sum() == 327
    assert exercises["humanitarian"].sum() == 413


@pytest.mark.parametrize(
    ("years", "named", "every_row"),
    [((1980, 1990), 35.2, 35.4), ((1991, 2000), 35.9, 36.3), ((2001, 2010), 39.5, 40.4)],
)
def test_does_the_share_with_more_than_two_partners_depend_on_the_unknown(
    exercises, participants, years, named, every_row
):
    chosen = exercises.loc[exercises["start_year"].between(*years), "row"]
    known = participants[participants["country"] != "-9"]
    for rows, share in ((known, named), (participants, every_row)):
        partners = rows.groupby("row").size().reindex(chosen, fill_value=0)
        assert percent(partners > 2) == share


def test_are_the_traps_on_the_exercise_cards_as_counted(exercises, participants):
    assert len(participants) == 13_887
    assert (participants["country"] == "-9").sum() == 208
    assert set(participants["row"]) <= set(exercises["row"])
    repeated = exercises.loc[exercises["mme_id"].duplicated(), "mme_id"]
    assert sorted(repeated) == ["mme3457", "mme3458", "mme3460"]
    named = participants[participants["country"] != "-9"]
    assert (~exercises["row"].isin(named["row"])).sum() == 91
    assert (participants["ccode"].isna().sum(), named["ccode"].isna().sum()) == (345, 137)
    assert (participants.duplicated().sum(), named.duplicated().sum()) == (23, 18)
    assert exercises["name"].isna().sum() == 1033
    us = participants.loc[participants["country"] == "United States", "row"].nunique()
    assert (us, round(100 * us / len(exercises), 1)) == (1882, 50.8)


def test_do_two_known_series_lack_one_year_each(exercises):
    def years(name):
        called = exercises["name"].fillna("").str.contains(name, case=False)
        return set(exercises.loc[called, "start_year"])

    assert set(range(1980, 2011, 2)) - years("RIMPAC") == {2000}
    assert set(range(1982, 2011)) - years("Cobra Gold") == {2008}


def test_are_the_changed_codes_those_of_the_correlates_of_war(participants):
    codes = participants.dropna(subset="ccode").groupby("country")["ccode"].unique()
    expected = {"Germany": 255, "Federal Republic of Germany": 260, "Serbia": 345, "Vietnam": 816}
    for country, code in expected.items():
        assert list(codes[country]) == [code]
    assert (codes.map(len) == 1).all()

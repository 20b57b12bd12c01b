"""Covers the figures of module 05's prose, model answer and specimens that the dataset tests do
not: sanity numbers, definitions that move a count, entry into force, who signed next, overlap by
period and obligation, and the eight states to choose from.

Leaves out the anchors themselves (test_anchors_a) and figures quoted from others: the 1,872
agreements of the author's page, the 1,479 exercises of the first list.
"""

from itertools import combinations

import nbformat
import pandas as pd
import pytest

from course import load, syllabus, variants

#: The states a learner may choose from, by code: partners in 2010, and pairs of them tied.
CHOICES = {
    "Argentina": (160, 21, 72),
    "Brazil": (140, 44, 200),
    "India": (750, 31, 149),
    "Indonesia": (850, 20, 76),
    "Poland": (290, 33, 199),
    "Republic of Korea": (732, 25, 92),
    "South Africa": (560, 55, 218),
    "Türkiye": (640, 56, 257),
}
ASEAN = {775, 800, 811, 812, 816, 820, 830, 835, 840, 850}
PLUS = {2, 365, 710, 732, 740, 750, 900, 920}


@pytest.fixture(scope="module")
def dcad():
    return load("dcad")


@pytest.fixture(scope="module")
def allied():
    return load("atop_dyads_1980_2010")


@pytest.fixture(scope="module")
def exercises():
    return load("exercises")


def in_force(d, year):
    return d[(d["sign_year"] <= year) & (d["end_year"] >= year)]


def pairs(d):
    """Unordered pairs of two different states."""
    both = zip(d["ccode1"], d["ccode2"], strict=True)
    return {tuple(sorted(pair)) for pair in both if len(set(pair)) == 2}


def partners(ties):
    around = {}
    for one, other in ties:
        around.setdefault(one, set()).add(other)
        around.setdefault(other, set()).add(one)
    return around


def transitivity(ties):
    """Closed triples over connected triples."""
    around = partners(ties)
    closed = sum(len(around[one] & around[other]) for one, other in ties)
    return closed / sum(len(near) * (len(near) - 1) // 2 for near in around.values())


def percent(share):
    return round(100 * share, 1)


def keys(frame, year):
    codes = frame[["ccode1", "ccode2"]]
    return pd.MultiIndex.from_arrays([codes.min(axis=1), codes.max(axis=1), frame[year]])


# Flow, stock and the words beside them


def test_are_the_sanity_numbers_of_flow_and_stock_those_printed(dcad, exercises):
    early = dcad[dcad["sign_year"].between(1980, 1984)]
    assert (len(early), (early["kind"] == "general").sum()) == (46, 23)
    assert (dcad["sign_year"] == 1986).sum() == 2
    assert ((dcad["sign_year"] < 1990) & (dcad["kind"] == "sector")).sum() == 49
    assert ((dcad["sign_year"] == 1995).sum(), len(in_force(dcad, 1995))) == (104, 415)
    assert (exercises["start_year"] == 1995).sum() == 119
    window = dcad[dcad["sign_year"].between(1985, 1987)]
    assert (len(window), len(pairs(window))) == (24, 22)


def test_do_flow_and_stock_move_as_the_words_say(dcad):
    flow = dcad["sign_year"].value_counts().reindex(range(1980, 2011), fill_value=0)
    stock = pd.Series({year: len(in_force(dcad, year)) for year in range(1980, 2011)})
    assert flow.loc[:1991].max() < 20
    assert list(flow.loc[[1994, 1995, 2001, 2010]]) == [100, 104, 75, 117]
    assert (flow.loc[1997:2001].to_numpy() < flow.loc[1996:2000].to_numpy()).all()
    assert (stock.diff().dropna() > 0).all()
    assert list(stock.loc[[1980, 1990, 2010]]) == [8, 98, 1202]
    assert (in_force(dcad, 2010)["sign_year"] >= 2005).sum() == 578


def test_do_agreements_wait_as_long_as_the_figure_shows(dcad):
    delay = dcad["in_force_year"] - dcad["sign_year"]
    counts = [(delay < 0).sum(), *((delay == n).sum() for n in range(4)), (delay >= 4).sum()]
    assert [*counts, delay.isna().sum()] == [1, 511, 133, 66, 35, 95, 1030]
    assert (delay.isna() & (dcad["source_type"] == "factiva")).sum() == 654
    assert (delay.notna().sum(), (delay > 0).sum(), percent((delay > 0).sum() / 841)) == (
        841,
        329,
        39.1,
    )


def test_does_each_definition_of_a_thousand_give_its_number(dcad):
    there = in_force(dcad, 2010)
    general = there[there["kind"] == "general"]
    assert (len(there), len(general)) == (1202, 885)
    assert (len(pairs(there)), len(pairs(general))) == (904, 749)
    known = (dcad["in_force_year"] <= 2010) & (dcad["end_year"] >= 2010)
    assert known.sum() == 739
    assert (dcad["category"] == "COMMISSION").sum() == 77


# The network


@pytest.mark.parametrize(
    ("year", "ties", "states"),
    [(1980, 7, 11), (1985, 48, 45), (1990, 83, 59), (2000, 577, 123), (2010, 904, 154)],
)
def test_are_there_as_many_ties_and_states_without_rows_of_one_state(dcad, year, ties, states):
    found = pairs(in_force(dcad, year))
    assert (len(found), len(partners(found))) == (ties, states)


@pytest.mark.parametrize(
    ("year", "density", "closed"), [(2000, 0.0769, 0.320), (2010, 0.0767, 0.289)]
)
def test_do_density_and_transitivity_without_them_agree(dcad, year, density, closed):
    ties = pairs(in_force(dcad, year))
    around = partners(ties)
    assert round(len(ties) / (len(around) * (len(around) - 1) / 2), 4) == density
    assert round(transitivity(ties), 3) == closed


@pytest.mark.parametrize(("year", "share"), [(1990, 46.4), (2000, 33.0), (2010, 28.3)])
def test_do_the_ten_best_connected_hold_as_much(dcad, year, share):
    degrees = sorted(len(near) for near in partners(pairs(in_force(dcad, year))).values())
    assert percent(sum(degrees[-10:]) / sum(degrees)) == share


def test_are_russia_and_the_united_states_first_in_2000(dcad):
    around = partners(pairs(in_force(dcad, 2000)))
    assert (len(around[365]), len(around[2])) == (54, 50)
    assert max(len(near) for state, near in around.items() if state not in (2, 365)) < 50


def test_did_pairs_sign_at_the_rates_of_the_figure(dcad):
    ties = pairs(in_force(dcad, 2000))
    around = partners(ties)
    later = pairs(dcad[dcad["sign_year"].between(2001, 2010)])
    untied = pd.DataFrame(
        [
            (min(len(around[a] & around[b]), 3), len(around[a]) + len(around[b]), (a, b) in later)
            for a, b in combinations(sorted(around), 2)
            if (a, b) not in ties
        ],
        columns=["shared", "together", "signed"],
    )
    assert (len(untied), untied["signed"].sum()) == (6926, 483)
    bands = pd.cut(untied["together"], [1, 9, 19, 29, 999], labels=[2, 10, 20, 30])
    for key, sizes, shares in (
        ("shared", [3422, 1910, 683, 911], [2.0, 5.8, 13.5, 23.3]),
        (bands, [2598, 2136, 1012, 1180], [1.5, 4.3, 10.6, 20.8]),
    ):
        found = untied.groupby(key, observed=False)["signed"].agg(["size", "mean"])
        assert list(found["size"]) == sizes
        assert [percent(share) for share in found["mean"]] == shares
    both = untied.groupby([bands, "shared"], observed=False)["signed"].agg(["size", "mean"])
    printed = {(20, 0): (238, 3.8), (20, 3): (312, 16.0), (2, 1): (555, 2.2), (30, 1): (315, 13.7)}
    for cell, (size, share) in printed.items():
        assert (both.loc[cell, "size"], percent(both.loc[cell, "mean"])) == (size, share)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("year", "observed", "mean", "below"), [(2000, 0.320, 0.301, 98), (2010, 0.289, 0.281, 85)]
)
def test_do_shuffled_ties_of_the_same_hubs_close_nearly_as_many_triples(
    dcad, year, observed, mean, below
):
    """The lesson's own `shuffled`, so that its words are about what learners run."""
    cells = nbformat.read(syllabus.module("m05").notebook, as_version=4).cells
    space = {}
    exec(next(cell.source for cell in cells if cell.id == "m05_shuffle"), space)
    ties = pairs(in_force(dcad, year))
    degrees = {state: len(near) for state, near in partners(ties).items()}
    found = [space["shuffled"](ties, seed) for seed in range(100)]
    again = partners(found[0])
    assert {state: len(near) for state, near in again.items()} == degrees
    shares = [transitivity(one) for one in found]
    assert round(transitivity(ties), 3) == observed
    assert round(sum(shares) / 100, 3) == mean
    assert sum(share < transitivity(ties) for share in shares) == below


def test_are_54_of_153_pairs_of_the_asean_frame_tied_in_2010(dcad):
    frame = ASEAN | PLUS
    assert len(list(combinations(frame, 2))) == 153
    assert sum(set(tie) <= frame for tie in pairs(in_force(dcad, 2010))) == 54


def test_has_every_state_to_choose_from_enough_partners(dcad):
    assert set(CHOICES) == set(variants.table()["m05"]["state"])
    ties = pairs(in_force(dcad, 2010))
    around = partners(ties)
    for code, count, closed in CHOICES.values():
        assert len(around[code]) == count >= 20
        assert sum(pair in ties for pair in combinations(sorted(around[code]), 2)) == closed


# Overlap with alliances


@pytest.mark.parametrize(
    ("obligation", "share"),
    [
        ("defence", 17.5),
        ("offence", 0.0),
        ("neutrality", 6.3),
        ("nonaggression", 63.8),
        ("consultation", 28.0),
    ],
)
def test_was_each_obligation_owed_at_as_many_signatures(dcad, allied, obligation, share):
    owed = keys(allied[allied[obligation] == 1], "year")
    assert percent(keys(dcad, "sign_year").isin(owed).mean()) == share


@pytest.mark.parametrize(
    ("span", "pact", "signed"),
    [
        ((1980, 2010), 327, 1871),
        ((1980, 1989), 42, 105),
        ((1990, 1999), 110, 770),
        ((2000, 2010), 175, 996),
        ((1990, 2010), 285, 1766),
        ((1996, 2010), 230, 1405),
    ],
)
def test_did_as_many_sign_with_a_pact_in_each_period(dcad, allied, span, pact, signed):
    some = dcad[dcad["sign_year"].between(*span)]
    pacts = keys(allied[allied["defence"] == 1], "year")
    assert (keys(some, "sign_year").isin(pacts).sum(), len(some)) == (pact, signed)


def test_did_1211_sign_with_some_alliance(dcad, allied):
    assert keys(dcad, "sign_year").isin(keys(allied, "year")).sum() == 1211


def test_do_pacts_mostly_bring_a_duty_to_consult(allied):
    pacts = allied[(allied["defence"] == 1) & (allied["year"] == 2010)]
    assert (len(pacts), pacts["consultation"].sum()) == (379, 366)


# Exercises


@pytest.mark.parametrize(
    ("span", "n"), [((1980, 1990), 840), ((1991, 2000), 1140), ((2001, 2010), 1727)]
)
def test_are_there_as_many_exercises_in_each_period(exercises, span, n):
    assert exercises["start_year"].between(*span).sum() == n


def test_were_21_of_75_exercises_of_1985_multilateral_by_any_way_of_counting(exercises):
    participants = load("exercise_participants")
    rows = exercises.loc[exercises["start_year"] == 1985, "row"]
    assert exercises.loc[exercises["start_year"] == 1985, "peacekeeping"].sum() == 0
    named = participants[participants["country"] != "-9"]
    names = named.groupby("row")["country"].nunique().reindex(rows, fill_value=0)
    assert ((names > 2).sum(), len(rows)) == (21, 75)


def test_does_a_name_that_stands_twice_move_no_share(exercises):
    named = load("exercise_participants").query("country != '-9'")
    sizes = named.groupby("row")["country"].agg(["size", "nunique"]).reindex(exercises["row"])
    assert ((sizes["size"] > 2) == (sizes["nunique"] > 2)).all()
    none, one = sizes["size"].isna().sum(), (sizes["size"] == 1).sum()
    assert (none, one) == (91, 43)

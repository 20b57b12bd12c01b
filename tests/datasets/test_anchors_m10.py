"""Covers the figures of module 10's prose, and of its specimens, that the dataset tests do not:
sanity numbers, intervals, what the audit finds, the pairs to choose from, the two eras.

Leaves out the anchors themselves (test_anchors_c).
"""

import math

import pytest

from course import load, variants


@pytest.fixture(scope="module")
def dcid():
    frame = load("dcid")
    return frame.assign(pair=frame["state_a"] + " / " + frame["state_b"])


@pytest.fixture(scope="module")
def launches():
    return load("launches")


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 per cent interval of a share, in per cent."""
    share, weight = part / whole, 1 + z**2 / whole
    middle = (share + z**2 / (2 * whole)) / weight
    half = z * (share * (1 - share) / whole + z**2 / (4 * whole**2)) ** 0.5 / weight
    return round(100 * max(0, middle - half), 1), round(100 * (middle + half), 1)


def quartiles(codes) -> list[int]:
    """The smallest codes that a quarter, a half, three quarters of all codes reach."""
    ranked = sorted(codes)
    return [ranked[math.ceil(len(ranked) * part / 4) - 1] for part in (1, 2, 3)]


def breaking(frame) -> dict[str, list[int]]:
    """Incident numbers by the rule of task 10.4 that they break."""
    pairs = zip(frame["initiator"], frame["state_a"], frame["state_b"], strict=True)
    rules = {
        "severity": frame["severity"] < 1,
        "initiator": [initiator not in (a, b) for initiator, a, b in pairs],
        "period": ~frame["start"].dt.year.between(2000, 2020),
        "order": frame["end"] < frame["start"],
        "repeated": frame["incident"].duplicated(),
    }
    return {rule: frame.loc[rows, "incident"].tolist() for rule, rows in rules.items()}


def test_do_seven_bars_hold_all_initiators(dcid):
    begun = dcid["initiator"].value_counts()
    assert begun.head(6).tolist() == [115, 113, 65, 59, 20, 20]
    assert (len(begun) - 6, begun[6:].sum()) == (10, 37)


def test_are_the_sanity_numbers_of_the_incidents_right(dcid):
    early = dcid[dcid["start"].dt.year <= 2010]
    assert (len(early), (early["objective"] == 1).sum(), (early["objective"] == 4).sum()) == (
        108, 41, 12,
    )  # fmt: skip
    with_iran = dcid[dcid["pair"] == "United States / Iran"]
    assert (len(with_iran), with_iran["concession"].sum()) == (30, 4)
    neighbours = dcid.loc[dcid["pair"] == "India / Pakistan", "severity"]
    assert (len(neighbours), quartiles(neighbours)) == (26, [2, 2, 3])
    assert (neighbours >= 3).sum() == 9
    first = {rule: len(found) for rule, found in breaking(dcid[dcid["incident"] <= 235]).items()}
    assert first == {"severity": 1, "initiator": 0, "period": 1, "order": 0, "repeated": 0}


def test_do_nine_rows_break_a_rule_and_change_little(dcid):
    found = breaking(dcid)
    assert found == {
        "severity": [223, 268], "initiator": [291, 292, 309, 331], "period": [139],
        "order": [236, 237], "repeated": [],
    }  # fmt: skip
    flagged = {number for numbers in found.values() for number in numbers}
    rest = dcid[~dcid["incident"].isin(flagged)]
    assert (len(rest), rest["concession"].sum(), rest["achieved"].sum()) == (420, 12, 362)
    assert [round(100 * x, 1) for x in (9 / 429, 12 / 420, 362 / 420)] == [2.1, 2.9, 86.2]
    turned = dcid[dcid["end"] < dcid["start"]]
    assert set(turned["start"].dt.month) == {11}
    assert set(turned["end"].dt.month) == {1}


def test_do_the_rates_by_purpose_agree(dcid):
    by = dcid.groupby("objective")["concession"].agg(["sum", "size"])
    assert by.to_numpy().tolist() == [[0, 120], [1, 132], [4, 131], [7, 46]]
    assert round(100 * 7 / 46, 1) == 15.2
    intervals = [wilson(12, 429), wilson(0, 120), wilson(7, 46), wilson(20, 126)]
    assert intervals == [(1.6, 4.8), (0, 3.1), (7.6, 28.2), (10.5, 23.2)]
    assert dcid["achieved"].sum() == 368
    kinds = dcid["objective"].value_counts()
    assert (kinds[2] + kinds[3], kinds[[1, 2, 3]].sum()) == (263, 383)
    assert round(100 * 383 / 429, 1) == 89.3


def test_do_the_ranks_of_severity_agree(dcid):
    assert quartiles(dcid["severity"]) == [2, 3, 4]
    high = [(dcid["severity"] >= level).sum() for level in (4, 5)]
    assert (high, dcid["severity"].max()) == ([138, 23], 6)
    assert [round(100 * n / 429, 1) for n in high] == [32.2, 5.4]
    medians = dcid.groupby("objective")["severity"].apply(lambda codes: quartiles(codes)[1])
    assert medians.tolist() == [2, 3, 3, 4]
    assert (dcid.loc[dcid["severity"] >= 5, "objective"] == 4).sum() == 22


def test_are_the_pairs_to_choose_from_of_like_size(dcid):
    pairs = variants.table()["m10"]["pair"]
    sizes = dcid["pair"].value_counts()[pairs]
    assert sizes.between(7, 26).all()
    assert sizes.drop("India / Pakistan").max() == 13
    states = [state for pair in pairs for state in pair.split(" / ")]
    assert max(map(states.count, states)) == 3


@pytest.mark.parametrize(
    ("pair", "years", "n", "objectives", "initiators"),
    [
        ("India / Pakistan", (2001, 2020), 26, [19, 5, 2, 0], {"Pakistan": 18, "India": 8}),
        ("China / Japan", (2001, 2019), 13, [1, 5, 5, 2], {"China": 13}),
        ("South Korea / Japan", (2001, 2011), 8, [6, 2, 0, 0], {"South Korea": 5, "Japan": 3}),
        ("China / Vietnam", (2007, 2020), 10, [1, 6, 2, 1], {"China": 8, "Vietnam": 2}),
        ("United Kingdom / Russia", (2011, 2020), 10, [3, 3, 4, 0], {"Russia": 10}),
        ("Iran / Saudi Arabia", (2012, 2019), 12, [2, 2, 2, 6], {"Iran": 12}),
        ("Iran / Turkey", (2014, 2019), 7, [0, 4, 3, 0], {"Iran": 7}),
    ],
)
def test_do_the_pairs_of_the_written_answers_agree(dcid, pair, years, n, objectives, initiators):
    rows = dcid[dcid["pair"] == pair]
    assert (rows["start"].dt.year.min(), rows["start"].dt.year.max()) == years
    assert len(rows) == n
    assert [(rows["objective"] == code).sum() for code in (1, 2, 3, 4)] == objectives
    assert rows["initiator"].value_counts().to_dict() == initiators


def test_do_the_shares_of_the_written_answers_agree(dcid):
    severe = {
        pair: dcid.loc[dcid["pair"] == pair, "severity"]
        for pair in ("United Kingdom / Russia", "Iran / Saudi Arabia")
    }
    assert (severe["United Kingdom / Russia"] >= 4).sum() == 6
    assert quartiles(severe["Iran / Saudi Arabia"])[1] == 4
    intervals = [wilson(19, 26), wilson(10, 13), wilson(8, 10), wilson(6, 10), wilson(26, 656)]
    assert intervals == [(53.9, 86.3), (49.7, 91.8), (49.0, 94.3), (31.3, 83.2), (2.7, 5.7)]


def test_do_the_two_eras_agree(launches):
    a_year = launches.groupby(["agency_type", "year"]).size()
    state, private, young = (a_year[kind] for kind in ("state", "private", "startup"))
    assert (state[[1957, 1967, 2004, 2017]].tolist(), state.max()) == ([3, 139, 27, 39], 139)
    assert (state.loc[1965:1988] > 100).all()
    assert state.loc[1989] < 100
    assert state.loc[1989:2017].min() == 27
    assert (private.index.min(), private[[1984, 2000, 2017]].tolist()) == (1984, [3, 45, 32])
    assert private.max() == 45
    assert (young.index.min(), young[[2006, 2017]].tolist()) == (2006, [1, 19])
    assert state[2000] == 38
    cold = launches[launches["year"] <= 1991]
    assert (len(cold), (cold["agency_type"] == "state").sum()) == (3_663, 3_592)
    assert round(100 * 3_592 / 3_663, 1) == 98.1
    assert [wilson(19, 90), wilson(51, 90)] == [(14.0, 30.6), (46.4, 66.4)]


def test_do_the_years_2000_to_2017_agree(launches):
    former = launches.loc[launches["year"].between(2000, 2009), "agency_type"].value_counts()
    assert former[["state", "private", "startup"]].tolist() == [340, 305, 5]
    lately = launches[launches["year"].between(2010, 2017)]
    kinds = lately["agency_type"].value_counts()
    assert kinds[["state", "private", "startup"]].tolist() == [361, 248, 47]
    assert (lately["outcome"] == "failure").sum() == 26
    assert lately["state"].value_counts()[["China", "India"]].tolist() == [143, 32]
    french = lately[(lately["agency_type"] == "private") & (lately["state"] == "France")]
    assert len(french) == 73
    assert round(100 * (361 + 73) / 656, 1) == 66.2

"""Covers the figures of module 01's prose that the dataset tests do not: the worked example, the
counts beside Sandler's, the two ends of the list, and the made-up kappas.

Leaves out the counts of tags, operations and decades (test_anchors).
"""

import pytest

from course import load, variants

ASKED = [14, 69, 124, 147, 152, 172, 182, 196, 203, 208]  # the items of task 1.4


@pytest.fixture(scope="module")
def claims():
    return load("claims")


@pytest.fixture(scope="module")
def missions():
    return load("un_missions")


def kappa(pairs: list[tuple[str, str]]) -> float:
    """Agreement of two coders beyond chance, from the pairs of their codes."""
    n, kinds = len(pairs), {code for pair in pairs for code in pair}
    same = sum(a == b for a, b in pairs) / n
    chance = sum(
        sum(a == kind for a, _ in pairs) * sum(b == kind for _, b in pairs) / n**2 for kind in kinds
    )
    return (same - chance) / (1 - chance)


def test_does_the_worked_example_come_out(claims):
    section = claims[claims["section"] == "Crisis management"]
    assert section["tag"].value_counts().to_dict() == {"L": 12, "C": 3, "D": 1}
    assert (claims["section"] == "Importance").sum() == 19


def test_are_causes_and_descriptions_two_thirds_of_the_claims(claims):
    assert round(claims["tag"].isin(["C", "F"]).sum() / 118, 2) == 0.65
    assert round((claims["tag"] == "P").sum() / 118, 4) == 0.0678


def test_does_the_list_hold_70_and_52_to_the_end_of_2016(missions):
    by_then = missions[missions["start"] < "2017"]
    assert (len(by_then), (by_then["start"].dt.year > 1990).sum()) == (70, 52)
    last = missions.loc[missions["start"].idxmax()]
    assert (last["acronym"], str(last["start"].date())) == ("MINUJUSTH", "2017-10-16")
    assert str(missions["start"].min())[:7] == "1948-05"


def test_did_eight_operations_begin_from_1955_to_1966(missions):
    assert missions["start"].dt.year.between(1955, 1966).sum() == 8


def test_is_kappa_negative_where_two_coders_agree_on_90_of_100():
    pairs = [("C", "C")] * 90 + [("C", "N")] * 5 + [("N", "C")] * 5
    assert round(kappa(pairs), 2) == -0.05


def test_does_one_item_of_ten_coded_otherwise_move_kappa_by_more_than_a_tenth(claims):
    tags = list(claims.set_index("no").loc[ASKED, "tag"])
    for place, tag in enumerate(tags):
        for other in set("DFCNP") - {tag}:
            mine = [*tags[:place], other, *tags[place + 1 :]]
            assert 1 - kappa(list(zip(mine, tags, strict=True))) > 0.1


def test_has_each_section_to_choose_from_three_to_eleven_causal_items(claims):
    causal = claims[claims["tag"] == "C"].groupby("section").size()
    counts = [int(causal[section]) for section in variants.table()["m01"]["section"]]
    assert (min(counts), max(counts)) == (3, 11)

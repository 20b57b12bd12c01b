"""Covers the figures of module 02's prose that test_anchors_a does not: sanity numbers, the worked
example, the comparison of the two codings, decades, eras and windows.

Leaves out what no shipped file holds: the 251, 75, 19, 234 and 1,009 disputes of the published
review, and the 47 states that proposed a resolution.
"""

import pytest

from course import variants
from course.data import load


@pytest.fixture(scope="module")
def cow():
    return load("mids_cow")


@pytest.fixture(scope="module")
def gml():
    return load("mids_gml")


@pytest.fixture(scope="module")
def shared(cow, gml):
    return cow.merge(gml, on="dispute", suffixes=("_cow", "_gml"))


def wars_of(disputes, first, last):
    """(wars, disputes) of a period, by year of beginning."""
    begun = disputes[disputes["start_year"].between(first, last)]
    return int((begun["hostility"] == 5).sum()), len(begun)


def test_are_so_many_settlements_negotiated(cow, gml):
    counts = cow["settlement"].value_counts()
    assert (counts[1], counts[3], counts[-9]) == (371, 1825, 21)
    assert round(100 * 371 / 2436, 1) == 15.2
    assert round(100 * 371 / (2436 - 21), 1) == 15.4
    assert (gml["settlement"] == 1).sum() == 477


def test_are_the_sanity_numbers_right(cow, gml):
    assert (cow["hostility"] == 3).sum() == 653
    assert wars_of(cow, 1900, 1939) == (34, 329)
    early = cow.loc[cow["start_year"] < 1900, "fatality"]
    assert ((early == 0).sum(), (early != -9).sum(), len(early)) == (199, 238, 258)
    a, b = (set(d.loc[d["start_year"] <= 1900, "dispute"]) for d in (cow, gml))
    assert (len(a), len(b), len(a - b), len(b - a), len(a & b)) == (263, 249, 15, 1, 248)


def test_are_wars_rarer_since_1990_in_both_files(cow, gml):
    assert (wars_of(cow, 1816, 1989), wars_of(cow, 1990, 2014)) == ((100, 1725), (6, 711))
    assert (wars_of(gml, 1816, 1989), wars_of(gml, 1990, 2010)) == ((87, 1616), (8, 558))
    for disputes in (cow, gml):
        wars, begun = wars_of(disputes, 1830, 1949)
        later_wars, later_begun = wars_of(disputes, 1950, 2009)
        assert later_wars / later_begun < wars / begun


def test_do_equal_shares_of_wars_hide_unequal_lists(cow, gml, shared):
    assert (wars_of(cow, 1816, 2014), wars_of(gml, 1816, 2010)) == ((106, 2436), (95, 2174))
    in_cow, in_gml = shared["hostility_cow"] == 5, shared["hostility_gml"] == 5
    assert (in_cow & in_gml).sum() == 77
    assert shared.loc[in_cow & ~in_gml, "hostility_gml"].tolist() == [4] * 26
    assert shared.loc[in_gml & ~in_cow, "hostility_cow"].tolist() == [4] * 18
    assert 106 - in_cow.sum() == 3
    assert len(shared) == 2165
    assert (shared["hostility_cow"] != shared["hostility_gml"]).sum() == 176


def test_are_most_wars_of_the_1940s_coded_otherwise(cow, gml):
    forties = cow[cow["start_year"].between(1940, 1949) & (cow["hostility"] == 5)]
    levels = forties.merge(gml, on="dispute", how="left", suffixes=("", "_gml"))["hostility_gml"]
    assert (len(levels), (levels == 4).sum(), (levels == 5).sum()) == (15, 10, 3)
    assert levels.isna().sum() == 2
    assert (forties["outcome"] == 9).sum() == 12


def test_were_unknown_deaths_unlike_the_known(cow, shared):
    unknown = shared[shared["fatality_cow"] == -9]
    settled = unknown.loc[unknown["fatality_gml"] != -9, "fatality_gml"]
    assert (len(unknown), len(settled), (settled == 0).sum()) == (239, 201, 90)
    known = cow.loc[cow["fatality"] != -9, "fatality"]
    assert (len(known), (known == 0).sum()) == (2168, 1736)


@pytest.mark.parametrize(
    ("decade", "in_cow", "in_gml"),
    [
        (1850, (5, 43), None),
        (1860, (8, 37), (4, 33)),
        (1930, (12, 93), None),
        (1940, (15, 159), (3, 146)),
        (1950, (3, 189), None),
        (1980, (3, 336), (9, 319)),
        (2000, (1, 292), (1, 273)),
    ],
)
def test_do_the_decades_agree(cow, gml, decade, in_cow, in_gml):
    assert wars_of(cow, decade, decade + 9) == in_cow
    assert in_gml in (None, wars_of(gml, decade, decade + 9))


def test_has_each_drawn_decade_twenty_disputes_in_both_files(cow, gml):
    counts = [(d["start_year"] // 10 * 10).value_counts().sort_index() for d in (cow, gml)]
    in_both = (counts[0] >= 20) & (counts[1] >= 20)
    assert in_both.index[in_both].tolist() == list(range(1830, 2001, 10))


def test_are_the_heights_in_words_right(cow):
    counts = (cow["start_year"] // 10 * 10).value_counts()
    assert [counts[k] for k in (1810, 1910, 1980, 1990, 2000, 2010)] == [3, 121, 336, 279, 292, 140]


def test_has_every_window_wars_enough_to_speak_of(cow, gml):
    shares = []
    for window in variants.table()["m02"]["window"]:
        first, last = map(int, window.split("-"))
        assert last - first == 39
        for disputes in (cow, gml):
            wars, begun = wars_of(disputes, first, last)
            assert wars >= 19
            assert begun >= 250
            shares.append(wars / begun)
    assert len(set(shares)) == len(shares)


def test_are_there_as_many_states_as_the_words_say():
    states = load("pact_coverage").set_index("year")["states"]
    assert (states[1816], states[2014]) == (23, 195)

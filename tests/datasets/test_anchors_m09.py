"""Covers the figures of module 09's prose, and of its specimens, that the dataset tests do not:
sanity numbers, intervals, what lies behind the two rates, and the eight crises to choose from.

Leaves out the anchors themselves (test_anchors_b).
"""

import pytest

from course import load, variants

#: The crises a learner may choose from: number and region in the data.
CHOICES = {
    "Kuwait 1961": (183, "Western Asia"),
    "Cuba 1962": (196, "Americas"),
    "Ussuri River 1969": (231, "Asia"),
    "Cod War 1975": (263, "Europe"),
    "Egypt and Libya 1977": (281, "Africa"),
    "Beagle Channel 1978": (295, "Americas"),
    "Burkina Faso and Mali 1985": (359, "Africa"),
    "Thailand and Laos 1987": (381, "Asia"),
}


@pytest.fixture(scope="module")
def actors():
    frame = load("icb_actors")
    return frame.assign(
        attacked=frame["trigger"] == 9,
        violent=frame["technique"] >= 7,
        agreed=frame["outcome_form"] <= 3,
        helped=frame["un_activity"].isin([5, 8]),
    )


def of(frame, outcome: str) -> tuple[int, int]:
    """How many rows have the outcome, and how many there are."""
    return int(frame[outcome].sum()), len(frame)


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 per cent interval of a share, in per cent."""
    share, weight = part / whole, 1 + z**2 / whole
    middle = (share + z**2 / (2 * whole)) / weight
    half = z * (share * (1 - share) / whole + z**2 / (4 * whole**2)) ** 0.5 / weight
    return round(100 * (middle - half), 1), round(100 * (middle + half), 1)


def test_does_the_worked_example_come_out(actors):
    political, negotiated = actors["trigger"] == 2, actors["technique"] == 1
    assert (political.sum(), negotiated.sum(), (political & negotiated).sum()) == (249, 206, 73)
    assert (negotiated & ~political).sum() == 133
    shares = [73 / 249, 73 / 206, 133 / 851]
    assert [round(100 * share, 1) for share in shares] == [29.3, 35.4, 15.6]


def test_do_crises_have_as_many_actors_as_the_first_figure_says(actors):
    sizes = actors.groupby("crisis").size()
    assert sizes.clip(upper=6).value_counts().sort_index().tolist() == [150, 232, 53, 36, 7, 18]
    assert sizes.max() == 21


def test_are_the_sanity_numbers_those_of_the_first_hundred_crises(actors):
    early = actors[actors["crisis"] <= 100]
    flags = ["attacked", "violent", "agreed", "helped"]
    assert [of(early, flag) for flag in flags] == [(73, 245), (124, 245), (61, 245), (13, 245)]
    groups = early[early["attacked"]], early[~early["attacked"]]
    assert [of(group, "violent") for group in groups] == [(63, 73), (61, 172)]
    assert [of(group, "agreed") for group in groups] == [(23, 73), (38, 172)]
    shares = [63 / 73, 61 / 172, 23 / 73, 38 / 172]
    assert [round(100 * share, 1) for share in shares] == [86.3, 35.5, 31.5, 22.1]


def test_does_europe_give_the_decades_of_the_prompt(actors):
    first = actors[actors["region"] == "Europe"].groupby("crisis")["trigger_year"].min()
    counts = (first // 10 * 10).value_counts()
    assert [counts.get(decade, 0) for decade in (1910, 1920, 1930, 2000)] == [7, 15, 21, 0]


def test_do_the_intervals_of_agreement_agree(actors):
    helped, others = actors[actors["helped"]], actors[~actors["helped"]]
    assert (of(helped, "agreed"), of(others, "agreed")) == ((55, 83), (345, 1017))
    assert (wilson(55, 83), wilson(345, 1017)) == ((55.6, 75.5), (31.1, 36.9))
    mediated = actors[actors["technique"] == 3]
    assert (of(mediated, "agreed"), wilson(16, 24)) == ((16, 24), (46.7, 82.0))


def test_are_the_83_a_mixture_from_38_longer_crises(actors):
    helped, others = actors[actors["helped"]], actors[~actors["helped"]]
    assert helped["crisis"].nunique() == 38
    assert of(helped[helped["un_activity"] == 5], "agreed") == (22, 33)
    assert of(helped[helped["un_activity"] == 8], "agreed") == (33, 50)
    assert (helped["days"].median(), helped["days"].count()) == (164, 81)
    assert (others["days"].median(), others["days"].count()) == (68, 1006)


def test_do_the_shares_beside_the_second_figure_agree(actors):
    groups = actors[actors["attacked"]], actors[~actors["attacked"]]
    assert [of(group, "agreed") for group in groups] == [(161, 395), (239, 705)]
    wider = actors["trigger"] >= 8
    assert of(actors[wider], "violent") == (367, 507)
    assert of(actors[~wider], "violent") == (212, 593)
    shares = [161 / 395, 239 / 705, 367 / 507, 212 / 593]
    assert [round(100 * share, 1) for share in shares] == [40.8, 33.9, 72.4, 35.8]
    assert of(actors[actors["violent"]], "attacked") == (305, 579)
    assert round(100 * 305 / 579, 1) == 52.7


@pytest.mark.parametrize(
    ("region", "attacked", "counts", "interval"),
    [
        ("Africa", True, (85, 113), (66.5, 82.3)),
        ("Asia", True, (86, 107), (71.9, 86.8)),
        ("Europe", False, (56, 206), (21.6, 33.6)),
        ("Western Asia", True, (71, 95), (65.2, 82.4)),
        ("Western Asia", False, (64, 157), (33.4, 48.6)),
    ],
)
def test_do_the_regional_rates_of_the_specimens_agree(actors, region, attacked, counts, interval):
    there = actors[(actors["region"] == region) & (actors["attacked"] == attacked)]
    assert of(there, "violent") == counts
    assert wilson(*counts) == interval


def test_are_the_crises_to_choose_from_of_like_size_and_from_five_regions(actors):
    assert variants.table()["m09"]["crisis"] == list(CHOICES)
    crises = load("icb_crises").set_index("crisis")
    for name, (number, region) in CHOICES.items():
        assert crises.loc[number, "region"] == region
        assert str(crises.loc[number, "trigger_year"]) == name.split()[-1]
        assert crises.loc[number, "actors"] in (2, 3)
        # An end is on record for every actor: a closed case.
        assert actors.loc[actors["crisis"] == number, "days"].notna().all()
    assert len({region for _, region in CHOICES.values()}) == 5


def test_has_every_region_cases_enough_for_a_rate(actors):
    regions = variants.table()["m09"]["region"]
    assert set(regions) == set(actors["region"])
    for region in regions:
        there = actors[actors["region"] == region]
        assert there["attacked"].sum() >= 30
        assert there["helped"].sum() >= 13

"""How often states with and without allies were challenged, 1816-2000: counts by cell.

A derived table, made to teach confounding. The unit counted is a directed pair and year: a
possible challenger and its target, both members of the Correlates of War state system.
"""

from pathlib import Path

import pandas as pd
from _tidy import read, run

FIRST, LAST = 1816, 2000
PERIODS = {"1816-1944": 1944, "1945-1989": 1989, "1990-2000": LAST}
PAIR = ["challenger", "target", "year"]
CELL = ["period", "relevant", "contiguous", "outside_pact"]


def build(sources: Path) -> pd.DataFrame:
    """Return one row a cell; the cells do not overlap, so they add up."""
    pairs = _pairs(read(sources / "cow-states" / "cow_states_v2016.csv"))
    contiguous = _contiguous(read(sources / "state-system" / "cow_direct_contiguity_v3.2.csv"))
    majors = read(sources / "cow-states" / "cow_majors_v2016.csv")
    majors = _yearly(majors, ["ccode"], majors["styear"], majors["endyear"])
    pacts = read(sources / "atop" / "atop_v5.1_dyadyear.csv.gz")
    challenges = read(sources / "mids" / "gml_directed_dyad_dispute_years_1816-2010.csv.gz")

    pairs["contiguous"] = _found(pairs, PAIR, contiguous, PAIR)
    pairs["relevant"] = pairs["contiguous"]
    for side in ("challenger", "target"):
        pairs["relevant"] |= _found(pairs, [side, "year"], majors, ["ccode", "year"])
    pairs["outside_pact"] = _outside_pact(pairs, pacts)
    pairs["initiation"] = _found(pairs, PAIR, _initiations(challenges), PAIR)
    pairs["period"] = pd.cut(pairs["year"], [FIRST - 1, *PERIODS.values()], labels=list(PERIODS))

    cells = pairs.groupby(CELL, observed=True)["initiation"].agg(
        dyad_years="size", initiations="sum"
    )
    return cells.reset_index().astype(dict.fromkeys(CELL[1:], int))


def _yearly(spells: pd.DataFrame, keys: list[str], first, last) -> pd.DataFrame:
    """Return one row a key and year, both ends of each spell included."""
    ranges = [
        range(max(int(a), FIRST), min(int(b), LAST) + 1) for a, b in zip(first, last, strict=True)
    ]
    yearly = spells[keys].assign(year=ranges).explode("year").dropna(subset="year")
    # A state can leave and return within a year.
    return yearly.astype("int64").drop_duplicates(ignore_index=True)


def _pairs(spells: pd.DataFrame) -> pd.DataFrame:
    states = _yearly(spells, ["ccode"], spells["styear"], spells["endyear"])
    pairs = states.merge(states, on="year").set_axis(["challenger", "year", "target"], axis=1)
    return pairs[pairs["challenger"] != pairs["target"]].reset_index(drop=True)


def _contiguous(spells: pd.DataFrame) -> pd.DataFrame:
    """By land or up to 400 miles of water, types 1 to 5; type 0 is farther."""
    spells = spells.set_axis(["challenger", "target", *spells.columns[2:]], axis=1)
    near = spells[spells["conttype"].between(1, 5)]
    return _yearly(near, PAIR[:2], near["stdate"].str[:4], near["enddate"].str[:4])


def _outside_pact(pairs: pd.DataFrame, pacts: pd.DataFrame) -> pd.Series:
    """Whether the target has a defence pact with anyone but the challenger."""
    pacts = pacts.loc[pacts["atop_defense"] == 1, ["ccode1", "ccode2", "year"]].astype("int64")
    either_way = pd.concat(
        [pacts.set_axis(PAIR, axis=1), pacts.set_axis(["target", "challenger", "year"], axis=1)]
    )
    allies = either_way.groupby(["target", "year"]).size()
    of_target = pd.MultiIndex.from_frame(pairs[["target", "year"]])
    number = allies.reindex(of_target, fill_value=0).to_numpy()
    return number - _found(pairs, PAIR, either_way, PAIR).astype(int) > 0


def _initiations(challenges: pd.DataFrame) -> pd.DataFrame:
    """First year of a dispute, both states there from the first day, challenger on side A."""
    first_day = (challenges[["midonset", "orig1", "orig2"]] == 1).all(axis=1)
    sides = (challenges["sidea1"] == 1) & (challenges["sidea2"] == 0)
    return challenges.loc[first_day & sides, ["ccode1", "ccode2", "year"]].set_axis(PAIR, axis=1)


def _found(
    pairs: pd.DataFrame, keys: list[str], among: pd.DataFrame, their_keys: list[str]
) -> pd.Series:
    listed = pd.MultiIndex.from_frame(among[their_keys].astype("int64"))
    found = pd.MultiIndex.from_frame(pairs[keys]).isin(listed)
    return pd.Series(found, index=pairs.index)


if __name__ == "__main__":
    run(build, __file__)

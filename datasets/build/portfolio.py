"""Six defence-diplomacy items of the 60 states with the largest CINC in 2010."""

from pathlib import Path

import dcad
import nmc
import pandas as pd
import population_2013
import un_contrib
import unga_ideal
import us_troops_rebuild
from _tidy import read, run

YEAR, SIZE = 2010, 60
HOME = 2  # United States: troops at home are not hosted
COUNTS = ["pact_partners", "dca_partners", "un_personnel", "igo_memberships", "us_troops"]


def build(sources: Path) -> pd.DataFrame:
    """Return one row a state, the largest CINC first."""
    power = nmc.build(sources)
    largest = power[power["year"] == YEAR].nlargest(SIZE, "cinc")[["ccode", "cinc"]]
    names = population_2013.build(sources)[["ccode", "country", "iso3"]]
    tidy = largest.merge(names, on="ccode", how="left")

    code = tidy["ccode"]
    tidy["pact_partners"] = code.map(_pact_partners(sources)).fillna(0)
    tidy["dca_partners"] = code.map(_dca_partners(sources)).fillna(0)
    tidy["un_personnel"] = tidy["iso3"].map(_un_personnel(sources)).fillna(0)
    tidy["igo_memberships"] = code.map(_igo_memberships(sources))
    tidy["us_troops"] = code.map(_us_troops(sources)).mask(code == HOME)
    tidy["unga_distance"] = code.map(_unga_distance(sources)).round(3)
    tidy = tidy.astype(dict.fromkeys(COUNTS, "Int64"))
    return tidy[["country", "iso3", *tidy.columns.drop(["country", "iso3"])]]


def _partners(pairs: pd.DataFrame) -> pd.Series:
    """How many other states each state has a pair with."""
    pairs = pairs[["ccode1", "ccode2"]].astype("int64")
    swapped = pairs.set_axis(["ccode2", "ccode1"], axis=1)
    both_ways = pd.concat([pairs, swapped]).query("ccode1 != ccode2")
    return both_ways.groupby("ccode1")["ccode2"].nunique()


def _pact_partners(sources: Path) -> pd.Series:
    pacts = read(sources / "atop" / "atop_v5.1_dyadyear.csv.gz")
    return _partners(pacts[(pacts["year"] == YEAR) & (pacts["atop_defense"] == 1)])


def _dca_partners(sources: Path) -> pd.Series:
    agreements = dcad.build(sources)
    active = (agreements["sign_year"] <= YEAR) & (agreements["end_year"] >= YEAR)
    return _partners(agreements[active])


def _un_personnel(sources: Path) -> pd.Series:
    listed = un_contrib.build(sources)
    return listed[listed["date"] == f"{YEAR}-12-31"].groupby("iso3")["total"].sum()


def _igo_memberships(sources: Path) -> pd.Series:
    states = read(sources / "cow-igo" / "cow_igo_state_year.csv.gz")
    return states[states["year"] == YEAR].set_index("ccode")["sum_igo_full"]


def _us_troops(sources: Path) -> pd.Series:
    hosts = us_troops_rebuild.build(sources)
    return hosts[hosts["year"] == YEAR].groupby("ccode")["troops"].sum()


def _unga_distance(sources: Path) -> pd.Series:
    """Mean distance of a state's position from those of all others in the session."""
    points = unga_ideal.build(sources)
    points = points[points["year"] == YEAR].set_index("ccode")["ideal_point"]
    total = points.map(lambda point: (points - point).abs().sum())
    return total / (len(points) - 1)


if __name__ == "__main__":
    run(build, __file__)

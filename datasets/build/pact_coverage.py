"""How many states of the world had a defence pact, year by year.

A derived table: states come from the COW state list (2016), pacts from ATOP pair-years (5.1).
A state counts in a year if it was a member of the system on any day of it. It has a pact
if any pair-year with another state carries a defence obligation.
"""

from pathlib import Path

import pandas as pd
from _tidy import read, run

YEARS = range(1816, 2017)


def build(sources: Path) -> pd.DataFrame:
    """Return one row a year."""
    spells = read(sources / "cow-states" / "cow_states_v2016.csv")
    pairs = read(sources / "atop" / "atop_v5.1_dyadyear.csv.gz")
    pacts = pairs[pairs["atop_defense"] == 1]
    rows = []
    for year in YEARS:
        alive = (spells["styear"] <= year) & (spells["endyear"] >= year)
        states = set(spells.loc[alive, "ccode"])
        this_year = pacts[pacts["year"] == year]
        pledged = set(this_year["ccode1"]) | set(this_year["ccode2"])
        # Hanover and Mecklenburg-Schwerin had pacts in 1816 but entered the system later.
        rows.append((year, len(states), len(states & pledged)))
    return pd.DataFrame(rows, columns=["year", "states", "with_pact"])


if __name__ == "__main__":
    run(build, __file__)

"""National material capabilities, 1816-2022: six components and their published index."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "state": "state",
    "ccode": "ccode",
    "year": "year",
    "milex": "military_spending",
    "milper": "military_personnel",
    "irst": "iron_steel",
    "pec": "energy",
    "upop": "urban_population",
    "tpop": "population",
    "cinc": "cinc",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a state and year, all of them: shares of the world need every state."""
    raw = read(sources / "cow-nmc" / "cow_nmc_v7_stateyear.csv.gz")
    states = read(sources / "cow-states" / "cow_states_v2016.csv")
    raw["state"] = raw["ccode"].map(states.groupby("ccode")["stateabb"].first())
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["ccode", "year"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

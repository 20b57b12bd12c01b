"""Who took part in which military exercise, 1980-2010, from MME version 7."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

# The source codes states by Gleditsch and Ward; these differ from Correlates of War.
GW_TO_COW = {340: 345}  # Serbia
# The source has 817, the Republic of Vietnam, which ended in 1975; every row is later.
VIETNAM = {817: 816}
# One code for the Federal Republic and for Germany since 1990; the names tell them apart.
GERMANY = 255


def build(sources: Path) -> pd.DataFrame:
    """Return one row a participant; -9, an unknown partner, stays as the source has it."""
    raw = read(sources / "mme-exercises" / "mme_v7_participants.csv.gz")
    tidy = raw[["row", "country"]].assign(ccode=raw["gwcode"].replace(GW_TO_COW | VIETNAM))
    tidy.loc[tidy["country"] == "Germany", "ccode"] = GERMANY
    return tidy.sort_values(["row", "country"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

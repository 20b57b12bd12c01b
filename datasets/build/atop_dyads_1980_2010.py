"""Alliance obligations of the pairs of states that ever signed a DCA, from ATOP version 5.1."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "ccode1": "ccode1",
    "ccode2": "ccode2",
    "year": "year",
    "atop_defense": "defence",
    "atop_offense": "offence",
    "atop_neutral": "neutrality",
    "atop_nonagg": "nonaggression",
    "atop_consul": "consultation",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a pair, lower code first, and year with any obligation."""
    raw = read(sources / "atop" / "atop_v5.1_dyadyear.csv.gz")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    signed = read(sources / "dcad" / "DCAD-v1.0-main.csv")[["ccode1", "ccode2"]]
    # The whole file, all pairs of the world, is not ours to pass on.
    pairs = pd.MultiIndex.from_arrays([signed.min(axis=1), signed.max(axis=1)])
    wanted = pd.MultiIndex.from_frame(tidy[["ccode1", "ccode2"]]).isin(pairs)
    obliged = (tidy[list(COLUMNS.values())[3:]] == 1).any(axis=1)
    tidy = tidy[wanted & obliged & tidy["year"].between(1980, 2010)]
    return tidy.sort_values(["ccode1", "ccode2", "year"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

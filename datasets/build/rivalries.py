"""Strategic rivalries, 1494-2010, from the list of Thompson and Dreyer (2012)."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "rivalryno": "rivalry",
    "rivalryname": "name",
    "ccode1": "ccode1",
    "ccode2": "ccode2",
    "styear": "start",
    "endyear": "end",
    "type1": "type1",
    "type2": "type2",
    "type3": "type3",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a rivalry; a pair of states can have two."""
    raw = read(sources / "rivalry-territory" / "thompson_dreyer_rivalries.csv")
    return raw.rename(columns=COLUMNS)[list(COLUMNS.values())].sort_values(
        "rivalry", ignore_index=True
    )


if __name__ == "__main__":
    run(build, __file__)

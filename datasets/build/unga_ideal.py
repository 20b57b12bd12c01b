"""Positions of states in the UN General Assembly, sessions 1-74, estimated from their votes."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "ccode": "ccode",
    "iso3c": "iso3",
    "country": "country",
    "session": "session",
    "year": "year",
    "n_votes": "votes",
    "ideal_point": "ideal_point",
    "q05": "low",
    "q95": "high",
}
ROUNDED = {"ideal_point": 3, "low": 3, "high": 3}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a state and session."""
    raw = read(sources / "un-idealpoints" / "un_idealpoints_all_apr2020.csv.gz")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())].round(ROUNDED)
    # Both Yemens carry the code YAR; this one is the People's Republic in the south.
    tidy.loc[tidy["ccode"] == 680, "iso3"] = "YMD"
    # An apostrophe of another encoding became a control character.
    tidy["country"] = tidy["country"].str.replace("\x92", "'")
    return tidy.sort_values(["ccode", "session"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

"""Multinational military exercises, 1980-2010, from MME version 7."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "row": "row",
    "MMEID": "mme_id",
    "Ex_Name": "name",
    "s_year": "start_year",
    "Warfighting": "warfighting",
    "Peacekeeping": "peacekeeping",
    "Humanitarian": "humanitarian",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row an exercise."""
    raw = read(sources / "mme-exercises" / "mme_v7_exercises.csv.gz")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    # The source writes an unknown name in two ways, -9 and a blank.
    tidy["name"] = tidy["name"].replace("-9", pd.NA)
    return tidy.sort_values("row", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

"""The UN's list of peace operations as published: 81 rows, nothing corrected."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "mission_acronym": "acronym",
    "mission_name": "name",
    "start_date": "start",
    "end_date": "end",
    "mission_isactive": "active",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a line of the list, so that phases stand beside their aggregate."""
    raw = read(sources / "un-missions-list" / "DPPADPOSS-PKO.csv")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values("acronym", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

"""US troops by host and year, 1950-2021: the older series, begun by Kane."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "year": "year",
    "countryname": "host",
    "ccode": "ccode",
    "iso3c": "iso3",
    "region": "region",
    "troops": "troops",
}
# Later rows carry no ISO codes, other names ("Korea, South") and no row for the home country.
LAST_YEAR = 2021


def build(sources: Path) -> pd.DataFrame:
    """Return one row a host and year; the home country and hosts without an ISO code stay."""
    raw = read(sources / "us-troops" / "us_troops_kane_allen_1950_2023.csv.gz")
    tidy = raw.loc[raw["year"] <= LAST_YEAR].rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["year", "ccode", "host"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

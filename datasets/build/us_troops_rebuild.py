"""US troops by host and year, 1950-2024: the series rebuilt from the original reports."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "year": "year",
    "countryname": "host",
    "ccode": "ccode",
    "iso3c": "iso3",
    "region": "region",
    "troops_ad": "troops",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a host and year; the home country and hosts without an ISO code stay."""
    raw = read(sources / "us-troops" / "us_troops_rebuild_countryyear.csv.gz")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["year", "ccode", "host"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

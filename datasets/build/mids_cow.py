"""Militarised interstate disputes, from Correlates of War MID version 5.0."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "dispnum": "dispute",
    "styear": "start_year",
    "hostlev": "hostility",
    "fatality": "fatality",
    "outcome": "outcome",
    "settle": "settlement",
    "recip": "reciprocated",
    "mindur": "min_days",
    "maxdur": "max_days",
}


def tidy(raw: pd.DataFrame) -> pd.DataFrame:
    """Return one row a dispute; -9, the source's code for missing, stays a number."""
    return raw.rename(columns=COLUMNS)[list(COLUMNS.values())].sort_values(
        "dispute", ignore_index=True
    )


def build(sources: Path) -> pd.DataFrame:
    """Return one row a dispute."""
    return tidy(read(sources / "cow-mids" / "mid5_disputes.csv"))


if __name__ == "__main__":
    run(build, __file__)

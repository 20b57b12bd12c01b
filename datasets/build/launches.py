"""Attempts to reach orbit, 1957 to October 2018, by state and type of agency."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

# The launch date is left out: 13 are blank and one reads 2918. The year is whole.
COLUMNS = {
    "tag": "launch",
    "launch_year": "year",
    "state_code": "state",
    "agency_type": "agency_type",
    "category": "outcome",
}

STATES = {
    "BR": "Brazil",
    "CN": "China",
    "CYM": "Cayman Islands",
    "F": "France",
    "I": "Italy",
    "I-ELDO": "European Launcher Development Organisation",
    "I-ESA": "European Space Agency",
    "IL": "Israel",
    "IN": "India",
    "IR": "Iran",
    "J": "Japan",
    "KP": "North Korea",
    "KR": "South Korea",
    "RU": "Russia",
    "SU": "Soviet Union",
    "UK": "United Kingdom",
    "US": "United States",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row an attempt."""
    raw = read(sources / "space-launches" / "launches.csv.gz")
    raw["state_code"] = raw["state_code"].map(STATES)
    raw["category"] = raw["category"].map({"O": "success", "F": "failure"})
    return raw.rename(columns=COLUMNS)[list(COLUMNS.values())].sort_values(
        ["year", "launch"], ignore_index=True
    )


if __name__ == "__main__":
    run(build, __file__)

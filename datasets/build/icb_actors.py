"""States in international crises, 1918-2019, from the ICB actor file, version 15."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "cracno": "case",
    "crisno": "crisis",
    "crisname": "name",
    "actor": "actor",
    "systrgyr": "system_year",
    "yrtrig": "trigger_year",
    "region": "region",
    "triggr": "trigger",
    "crismg": "technique",
    "globact": "un_activity",
    "outfor": "outcome_form",
    "trgterra": "days",
}
# ICB has some twenty sub-regions; a lesson compares a handful of regions of some size.
REGIONS = {
    "Africa": [20, 21, 22, 23, 24],
    "Americas": [40, 41, 42, 43],
    "Asia": [9, 11, 12, 13],
    "Europe": [30, 31, 32, 33, 34, 35],
    "Western Asia": [10, 15],
}
REGION_OF = {code: region for region, codes in REGIONS.items() for code in codes}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a state in a crisis, with the codes of the source."""
    raw = read(sources / "icb-crises" / "icb2v15_actors.csv.gz")
    raw["region"] = raw["geog"].map(REGION_OF)
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values("case", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

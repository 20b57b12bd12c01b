"""Bilateral defence cooperation agreements, from DCAD version 1.0 (Kinne 2020)."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "DCAid": "dca_id",
    "ccode1": "ccode1",
    "cowName1": "state1",
    "ccode2": "ccode2",
    "cowName2": "state2",
    "signYear": "sign_year",
    "EIFYear": "in_force_year",
    "endYearEstimate": "end_year",
    "terminated": "terminated",
    "type": "kind",
    "category1": "category",
    "sourceType": "source_type",
}

# The source writes these three states in two ways; the Correlates of War list has the second.
ABBREVIATIONS = {"FRG": "GFR", "GER": "GMY", "KOR": "ROK"}


def build(sources: Path) -> pd.DataFrame:
    """Return one row an agreement, its states in the order and with the codes of the source."""
    raw = read(sources / "dcad" / "DCAD-v1.0-main.csv")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    for column in ("state1", "state2"):
        # HUN and ROM sometimes end in a blank.
        tidy[column] = tidy[column].str.strip().replace(ABBREVIATIONS)
    return tidy.sort_values("dca_id", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

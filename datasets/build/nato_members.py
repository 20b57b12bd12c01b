"""NATO's members and the two dates at which each can be said to have joined."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = ["country", "iso3", "ccode", "accession_date", "accession_year", "atop_entry_date"]


def build(sources: Path) -> pd.DataFrame:
    """Return one row a member, by accession."""
    raw = read(sources / "nato-members" / "nato_members.csv")
    return raw[COLUMNS].sort_values(["accession_date", "country"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

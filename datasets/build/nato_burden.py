"""Defence spending of today's NATO members, as dated copies of the CIA World Factbook print it."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "country": "country",
    "iso3": "iso3",
    "ref_year": "year",
    "edition_date": "copy_date",
    "pct_gdp": "percent_gdp",
    "is_estimate": "estimate",
}

# Older figures repeat one year's value in the next and mix sources.
FIRST = 2015


def build(sources: Path) -> pd.DataFrame:
    """Return one row a member, year described and copy that prints the year."""
    raw = read(sources / "factbook-milex" / "factbook_milex_all_editions.csv.gz")
    members = read(sources / "nato-members" / "nato_members.csv")
    # The list of members has plain names: Turkey, not Turkey (Turkiye).
    raw = raw.drop(columns="country").merge(members[["iso3", "country"]], on="iso3")
    tidy = raw[raw["ref_year"] >= FIRST].rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["iso3", "year", "copy_date"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

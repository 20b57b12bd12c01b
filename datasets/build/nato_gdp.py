"""Size of the economies of NATO's members in 2024, from the CIA World Factbook."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "country": "country",
    "iso3": "iso3",
    "gdp_oer_busd": "gdp",
    "gdp_ppp_b2021usd": "gdp_ppp",
}
YEAR = 2024


def build(sources: Path) -> pd.DataFrame:
    """Return one row a member; both measures must describe 2024."""
    raw = read(sources / "factbook-milex" / "nato_gdp_2024.csv")
    if not (raw[["gdp_oer_year", "gdp_ppp_year"]] == YEAR).all(axis=None):
        raise SystemExit(f"nato_gdp_2024.csv: a figure does not describe {YEAR}.")
    members = read(sources / "nato-members" / "nato_members.csv")[["iso3", "country"]]
    tidy = raw.merge(members, on="iso3").rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values("iso3", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

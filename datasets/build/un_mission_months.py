"""Uniformed personnel by mission and month, from the IPI Peacekeeping Database."""

from pathlib import Path

import pandas as pd
from _tidy import month_end, read, run

COLUMNS = {
    "date": "date",
    "mission": "mission",
    "mission_country": "country",
    "mission_iso3": "iso3",
    "mission_region": "region",
    "n_contributors": "contributors",
    "troops": "troops",
    "police": "police",
    "observers": "observers",
    "total": "total",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a mission and month."""
    raw = read(sources / "ipi-peacekeeping" / "mission_month.csv.gz")
    # The same six months as in un_contrib carry another day than the last.
    raw["date"] = month_end(raw["date"])
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["date", "mission"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

"""Authorised and deployed personnel of three UN missions, month by month."""

from pathlib import Path

import pandas as pd
from _tidy import month_end, read, run

# The terms of the source are unclear, so only the missions that a lesson needs are shipped.
MISSIONS = ["UNAMID", "UNAMIR", "UNPROFOR"]
COLUMNS = {
    "date": "date",
    "mission": "mission",
    "authtroop": "authorised_troops",
    "authpolice": "authorised_police",
    "authmilobs": "authorised_observers",
    "totalauth": "authorised_total",
    "troop": "deployed_troops",
    "police": "deployed_police",
    "milobs": "deployed_observers",
    "total": "deployed_total",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a mission and month."""
    raw = read(sources / "un-authorized-vs-deployed" / "mission_month_1990-2015.csv.gz")
    raw = raw[raw["mission"].isin(MISSIONS)].copy()
    # The column yearmon cannot tell January from October: 1994.1 is October.
    day = raw["year"].astype(str) + "-" + raw["month"].astype(str).str.zfill(2) + "-01"
    raw["date"] = month_end(day)
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    numbers = tidy.columns[2:]
    tidy[numbers] = tidy[numbers].astype("Int64")
    return tidy.sort_values(["mission", "date"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

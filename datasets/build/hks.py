"""Civilians killed and UN personnel, by conflict and month, Africa 1991-2008."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "osvAll": "deaths",
    "troopLag": "troops",
    "policeLag": "police",
    "militaryobserversLag": "observers",
    "brv_AllLag": "log_battle_deaths",
    "osvAllLagDum": "deaths_before",
    "incomp": "issue",
    "epduration": "episode_months",
    "lntpop": "log_population",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a conflict and month, in the order of the source, which has no key."""
    raw = read(sources / "hks2013-civilian-protection" / "hks_conflict_months.csv.gz")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    # Thousands to three decimals are persons; what follows is noise of the stored fractions.
    thousands = ["troops", "police", "observers"]
    tidy[thousands] = tidy[thousands].round(3)
    return tidy.round(6)


if __name__ == "__main__":
    run(build, __file__)

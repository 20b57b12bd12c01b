"""Alliances and what they oblige members to do, from ATOP version 4.01."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "atopid": "atopid",
    "begyr": "begin_year",
    "endyr": "end_year",
    "ineffect": "in_effect",
    "bilat": "bilateral",
    "wartime": "wartime",
    "asymm": "asymmetric",
    "defense": "defence",
    "offense": "offence",
    "neutral": "neutrality",
    "nonagg": "nonaggression",
    "consul": "consultation",
    "n_members": "n_members",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row an alliance."""
    raw = read(sources / "atop" / "atop_v4.01_alliances.csv")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    # The source writes 0 for an alliance that was still in force when it was coded.
    tidy["end_year"] = tidy["end_year"].replace(0, pd.NA)
    return tidy.sort_values("atopid", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

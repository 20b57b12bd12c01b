"""Who belonged to which alliance, and when, from ATOP version 4.01."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "atopid": "atopid",
    "member": "ccode",
    "yrent": "entry_year",
    "yrexit": "exit_year",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a member and phase; exit 0, still a member, stays as the source has it."""
    raw = read(sources / "atop" / "atop_v4.01_members.csv.gz")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(list(tidy.columns), ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

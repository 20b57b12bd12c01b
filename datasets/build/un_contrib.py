"""Uniformed personnel by contributor and month, from the IPI Peacekeeping Database."""

from pathlib import Path

import pandas as pd
from _tidy import month_end, read, run

COLUMNS = ["date", "contributor", "iso3", "troops", "police", "experts", "total"]


def build(sources: Path) -> pd.DataFrame:
    """Return one row a contributor and month."""
    raw = read(sources / "ipi-peacekeeping" / "contributor_month.csv.gz")
    # Six months carry another day (28 February in leap years, 30 August 2002, 30 March 2003).
    raw["date"] = month_end(raw["date"])
    return raw[COLUMNS].sort_values(["date", "contributor"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

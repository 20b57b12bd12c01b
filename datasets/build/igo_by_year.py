"""Memberships of states in intergovernmental organisations, year by year, 1816-2014.

A derived table: sums and the median over the states of the Correlates of War system.
"""

from pathlib import Path

import pandas as pd
from _tidy import read, run


def build(sources: Path) -> pd.DataFrame:
    """Return one row a year."""
    raw = read(sources / "cow-igo" / "cow_igo_state_year.csv.gz")
    tidy = raw.groupby("year").agg(
        states=("ccode", "size"),
        full=("sum_igo_full", "sum"),
        associate=("sum_igo_associate", "sum"),
        observer=("sum_igo_observer", "sum"),
        median_full=("sum_igo_full", "median"),
    )
    return tidy.reset_index()


if __name__ == "__main__":
    run(build, __file__)

"""Militarised interstate disputes as recoded by Gibler, Miller and Little, version 2.2.1."""

from pathlib import Path

import pandas as pd
from _tidy import read, run
from mids_cow import tidy


def build(sources: Path) -> pd.DataFrame:
    """Return one row a dispute, in the columns of `mids_cow`."""
    return tidy(read(sources / "mids" / "gml_mid_disputes_v2.2.1.csv"))


if __name__ == "__main__":
    run(build, __file__)

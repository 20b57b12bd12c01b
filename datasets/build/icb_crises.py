"""International crises, 1918-2019, one row each: derived from the ICB actor file."""

from pathlib import Path

import icb_actors
import pandas as pd
from _tidy import run


def build(sources: Path) -> pd.DataFrame:
    """Return one row a crisis: its name, its years by two definitions, its actors."""
    crises = icb_actors.build(sources).groupby("crisis")
    return crises.agg(
        name=("name", "first"),
        # Actors feel a crisis at different times; the first of them dates it.
        trigger_year=("trigger_year", "min"),
        system_year=("system_year", "min"),
        region=("region", "first"),
        # A state may face two crises in one: cases count, as in the published 1,100.
        actors=("case", "size"),
    ).reset_index()


if __name__ == "__main__":
    run(build, __file__)

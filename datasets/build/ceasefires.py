"""Ceasefires in civil wars, 1989-1999, and how long each held, to the end of 2004."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "war": "war",
    "cfdate": "ceasefire",
    "faildate": "last_day",
    "peacekeepers": "peacekeepers",
    "badness": "difficulty",
    "delay_years": "years",
    "censored": "held",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a ceasefire; a missing score of difficulty stays blank."""
    raw = read(sources / "fortna-peace-duration" / "ros_minidata_96_ceasefires.csv")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["ceasefire", "war"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

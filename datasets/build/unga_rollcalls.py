"""Votes of twelve states in the roll calls of the UN General Assembly, sessions 70 to 74."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

FIRST, LAST = 70, 74
STATES = {
    "BR": "Brazil",
    "CN": "China",
    "FR": "France",
    "GB": "United Kingdom",
    "IL": "Israel",
    "IN": "India",
    "JP": "Japan",
    "PK": "Pakistan",
    "RU": "Russia",
    "TR": "Turkey",
    "US": "United States",
    "ZA": "South Africa",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a roll call and state that voted; a state that did not vote has none."""
    calls = read(sources / "unga-votes" / "un_roll_calls.csv.gz")
    calls = calls[calls["session"].between(FIRST, LAST)]
    votes = read(sources / "unga-votes" / "un_votes_all.csv.gz")
    votes["state"] = votes["country_code"].map(STATES)
    tidy = votes.dropna(subset="state").merge(calls, on="rcid")
    # Some resolutions are numbered R/70/5, others A/RES/74/56: one form for all.
    tidy["unres"] = tidy["unres"].str.replace(r"^R/", "A/RES/", regex=True)
    tidy = tidy.rename(columns={"rcid": "roll_call", "unres": "resolution"})
    tidy = tidy[["roll_call", "session", "date", "resolution", "state", "vote"]]
    return tidy.sort_values(["roll_call", "state"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

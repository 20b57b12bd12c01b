"""Cyber incidents between rival states, 2000-2020, from DCID version 2.0."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

# The terms of the source are unclear, so names, texts and links of incidents stay behind.
COLUMNS = {
    "cyberincidentnum": "incident",
    "statea": "state_a",
    "stateb": "state_b",
    "initiator": "initiator",
    "interactionstartdate": "start",
    "interactionenddate": "end",
    "cyber_objective": "objective",
    "objective_achievement": "achieved",
    "concession": "concession",
    "severity": "severity",
}

NAMES = {
    "US": "United States",
    "UK": "United Kingdom",
    "N Korea": "North Korea",
    "S Korea": "South Korea",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row an incident, dates and codes as published."""
    raw = read(sources / "cyber-dcid" / "dcid_v2.0_incidents_2000-2020.csv")
    # Twelve names end in a blank.
    raw["statea"] = raw["statea"].str.strip().replace(NAMES)
    raw["stateb"] = raw["stateb"].str.strip().replace(NAMES)
    # The pair is two state numbers written together; the second has three digits.
    names = dict(zip(raw["dyadpair"] // 1000, raw["statea"], strict=True))
    names |= dict(zip(raw["dyadpair"] % 1000, raw["stateb"], strict=True))
    raw["initiator"] = raw["initiator"].map(names)
    return raw.rename(columns=COLUMNS)[list(COLUMNS.values())].sort_values(
        "incident", ignore_index=True
    )


if __name__ == "__main__":
    run(build, __file__)

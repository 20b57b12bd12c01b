"""Signature and participation, day by day, of 24 treaties kept by the UN Secretary-General."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

ACTIONS = {
    "a": "accession",
    "A": "acceptance",
    "AA": "approval",
    "d": "succession",
    "P": "consent to be bound",
}
COLUMNS = {
    "treaty_short": "treaty",
    "participant": "participant",
    "iso3": "iso3",
    "signature_date": "signature_date",
    "party_date": "party_date",
    "action": "action",
    "snapshot_date": "snapshot_date",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a treaty and participant that signed or joined."""
    raw = read(sources / "un-treaties" / "arms_law_treaties_status.csv")
    # A party date without a letter is a ratification.
    action = raw["party_action_code"].map(ACTIONS).fillna("ratification")
    raw["action"] = action.where(raw["party_date"].notna())
    tidy = raw[list(COLUMNS)].rename(columns=COLUMNS)
    return tidy.sort_values(["treaty", "participant"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

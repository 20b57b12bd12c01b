"""The 71 UN peacekeeping operations: the UN's list of 81 rows, cleaned row by row."""

from pathlib import Path

import pandas as pd
import un_missions_listed
from _tidy import run

DROPPED = {
    "UNAVEM": "sums up UNAVEM I and II, which have rows of their own",
    "UNEF": "sums up UNEF I and II, which have rows of their own",
    "UNOSOM": "sums up UNOSOM I and II, which have rows of their own",
    "UNPSG": "is the operation listed again as UNCPSG; dated here by the resolution, not the start",
    "IPTF": "was the police component of UNMIBH",
    "UNPF": "was the headquarters of UNPROFOR, UNCRO and UNPREDEP",
    "UNFOR": "has no dates and is not in the UN's count of operations",
    "MICAH": "was a civilian support mission",
    "UNGCI": "was a contingent of guards, not a peacekeeping operation",
    "UNOHCI": "was a humanitarian office",
    "UNSCOB": "was a committee of the General Assembly",
    "UNSMA": "was a political mission",
}

# Two operations the list lacks, with the precision of its other rows: the first of the month.
ADDED = [
    # Security Council resolution 435 (1978); the UN's own page gives April 1989 to March 1990.
    ("UNTAG", "United Nations Transition Assistance Group", "1989-04-01", "1990-03-01"),
    # Security Council resolution 1123 (1997) of 30 July, "a single four-month period" to
    # 30 November; UN press release SC/6403.
    ("UNTMIH", "United Nations Transition Mission in Haiti", "1997-08-01", "1997-11-01"),
]

# acronym: (column, corrected value); the reason stands above each.
CORRECTED = {
    # The name breaks off in the middle and keeps a stray quotation mark.
    "DOMREP": (
        "name",
        "Mission of the Representative of the Secretary-General in the Dominican Republic",
    ),
    # The operation's name is United Nations Operation in the Congo; the O stands for that.
    "ONUC": ("name", "United Nations Operation in the Congo"),
    # The word Organization is not part of this mission's name.
    "UNISFA": ("name", "United Nations Interim Security Force for Abyei"),
    # The only name with "UN" not written out.
    "UNCPSG": ("name", "United Nations Civilian Police Support Group"),
    # Listed as active in February 2024; Security Council resolution 2690 (2023) set the end.
    "MINUSMA": ("end", "2023-12-31"),
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row an operation, by start date."""
    listed = un_missions_listed.build(sources).set_index("acronym")[["name", "start", "end"]]
    cleaned = listed.drop(index=list(DROPPED))
    for acronym, (column, value) in CORRECTED.items():
        cleaned.loc[acronym, column] = value
    added = pd.DataFrame(ADDED, columns=["acronym", "name", "start", "end"]).set_index("acronym")
    together = pd.concat([cleaned, added]).reset_index()
    return together.sort_values(["start", "acronym"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

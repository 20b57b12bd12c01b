"""Alliance commitments put to the test in a war, from Berkemeier and Fuhrmann (2018)."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "warid": "war_no",
    "war": "war",
    "era": "era",
    "atopid": "atopid",
    "multilateral": "multilateral",
    "defense": "defence",
    "offense": "offence",
    "neutral": "neutrality",
    "nonagg": "nonaggression",
    "consul": "consultation",
    "honorLLM": "honoured",
}

# Splitting at capitals and digits mends every other name.
NAMES = {
    "FrancoPrussian1870-1871": "Franco-Prussian 1870-1871",
    "WarofAttrition_1969-70": "War of Attrition 1969-70",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row an alliance and war in which the commitment was due."""
    raw = read(sources / "alliance-fulfilment" / "bf2018_war_commitments.csv")
    # dnaLLM = 1 marks what was no test: no call to act, or a pledge only to consult.
    tested = raw[raw["dnaLLM"].isna()]
    # The source writes 1 or a blank, never 0; without dnaLLM a blank means violated.
    honoured = tested["honorLLM"].fillna(0)
    assert honoured.eq(1 - tested["violateLLM"].fillna(0)).all()
    tidy = tested.assign(
        honorLLM=honoured,
        era=tested["sample"].map({1: "1816-1944", 0: "1945-2003"}),
        # Names run together in the source: ItalianUnification1859, SixDay_1967.
        war=tested["warname"]
        .replace(NAMES)
        .str.replace("_", " ")
        .str.replace(r"(?<=[a-z])(?=[A-Z0-9])", " ", regex=True),
    )
    tidy = tidy.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["war_no", "atopid"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

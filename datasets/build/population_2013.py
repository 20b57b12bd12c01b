"""People in each state in 2013, the last full year of the UN's list of contributors here."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

YEAR = 2013
COLUMNS = {"name_short": "country", "ISO3": "iso3", "ccode": "ccode", "tpop": "population"}

# The table of codes has no Correlates of War number for Serbia, which kept Yugoslavia's.
ADDED = {"SRB": 345}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a state of the Correlates of War system."""
    raw = read(sources / "cow-nmc" / "cow_nmc_v7_stateyear.csv.gz")
    codes = read(sources / "state-system" / "country_codes_iso_cow_gw.csv").set_index("ISO3")
    number = codes["cow_ccode"].astype("Int64")
    number.update(pd.Series(ADDED, dtype="Int64"))
    codes = codes.assign(ccode=number).dropna(subset="ccode").reset_index()
    people = raw.loc[raw["year"] == YEAR, ["ccode", "tpop"]].astype("int64")
    tidy = codes.merge(people, on="ccode", how="right").rename(columns=COLUMNS)
    return tidy[list(COLUMNS.values())].sort_values("iso3", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

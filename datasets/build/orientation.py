"""Twelve contributors at one date: a small real frame for the first hour with pandas."""

from pathlib import Path

import pandas as pd
import un_contrib
from _tidy import read, run

DATE = "2012-12-31"

# Large and small contributors from five continents; Japan reported no police that month,
# which gives the frame its one missing value.
CHOSEN = ["BGD", "BRA", "ETH", "FJI", "FRA", "GHA", "IND", "IRL", "JPN", "RWA", "SEN", "URY"]


def build(sources: Path) -> pd.DataFrame:
    """Return one row a chosen contributor."""
    contributors = un_contrib.build(sources)
    codes = read(sources / "state-system" / "country_codes_iso_cow_gw.csv")
    continent = codes.set_index("ISO3")["continent"].replace({"America": "Americas"})
    rows = contributors[(contributors["date"] == DATE) & contributors["iso3"].isin(CHOSEN)]
    rows = rows.assign(region=rows["iso3"].map(continent))
    return rows[["iso3", "contributor", "region", "troops", "police"]]


if __name__ == "__main__":
    run(build, __file__)

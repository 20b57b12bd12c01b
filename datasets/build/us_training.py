"""US training of foreign forces, by country, fiscal year and programme group."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

COLUMNS = {
    "fy": "fiscal_year",
    "iso3": "iso3",
    "country": "country",
    "program_group": "programme",
    "trainees": "trainees",
    "cost_usd": "cost_usd",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a country, fiscal year and programme group."""
    raw = read(sources / "us-fmt" / "us_fmt_country_year_program.csv.gz")
    tidy = raw.rename(columns=COLUMNS)[list(COLUMNS.values())]
    return tidy.sort_values(["fiscal_year", "country", "programme"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

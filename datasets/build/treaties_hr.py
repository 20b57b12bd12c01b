"""Status of seven United Nations human-rights treaties for 193 members, 2022."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

# By file: short name, and the year in the depositary's title, when the treaty was adopted or
# opened: 10 December 1984, 18 December 1979, 20 November 1989, 16 December 1966, 7 March 1966,
# 16 December 1966, 25 May 2000.
TREATIES = {
    "cat": ("CAT", 1984),
    "cedaw": ("CEDAW", 1979),
    "crc": ("CRC", 1989),
    "iccpr": ("ICCPR", 1966),
    "icerd": ("ICERD", 1966),
    "icescr": ("ICESCR", 1966),
    "op_crc_ac": ("OP-CRC-AC", 2000),
}

# The three columns of flags contradict the text in five rows, so the text is read.
STATUS = {"state party": "party", "signatory state": "signatory", "no action": "no action"}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a treaty and UN member."""
    frames = []
    for file, (treaty, opened) in TREATIES.items():
        raw = read(sources / "un-treaties" / f"hr_status_{file}_2022.csv")
        frames.append(raw.assign(treaty=treaty, opened=opened))
    raw = pd.concat(frames, ignore_index=True)
    # In two files Namibia's code, NA, was lost as a missing value.
    raw.loc[raw["member"] == "Namibia", "iso2"] = "NA"
    # TP was withdrawn in 2002, when East Timor became independent.
    raw["iso2"] = raw["iso2"].replace({"TP": "TL"})
    codes = read(sources / "state-system" / "country_codes_iso_cow_gw.csv")
    # That file holds patterns where a country has two codes: ^GB$|^UK$.
    codes["ISO2"] = codes["ISO2"].str.strip("^").str[:2]
    raw["iso3"] = raw["iso2"].map(codes.set_index("ISO2")["ISO3"])
    raw["status"] = raw["status"].map(STATUS)
    tidy = raw.rename(columns={"year ratification or accession": "year"})
    tidy = tidy[["treaty", "opened", "iso2", "iso3", "member", "status", "year"]]
    return tidy.sort_values(["treaty", "iso3"], ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

"""The year in which each UN member became independent, and who could join treaties before it."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

# The list of states leaves out the smallest. Years as in reference works, such as the field
# "Independence" of the CIA World Factbook; 1816 for states older than the list, as it does.
ADDED = {
    "AND": 1816,
    "ATG": 1981,
    "DMA": 1978,
    "FSM": 1986,
    "GRD": 1974,
    "KIR": 1979,
    "KNA": 1983,
    "LCA": 1979,
    "LIE": 1816,
    "MCO": 1816,
    "MHL": 1986,
    "NRU": 1968,
    "PLW": 1994,
    "SMR": 1816,
    "STP": 1975,
    "SYC": 1976,
    "TON": 1970,
    "TUV": 1978,
    "VCT": 1979,
    "VUT": 1980,
    "WSM": 1962,
}

# The table of codes points to Czechoslovakia and to South Yemen. Today's states date from
# 1 January 1993 and 22 May 1990.
CHANGED = {"CZE": 1993, "YEM": 1990}

# States that joined treaties before that year, and rightly.
ALLOWED = {
    "BLR": "member of the United Nations since 1945",
    "NAM": "the United Nations Council for Namibia joined on its behalf",
    "SRB": "continues the state union of which it was part",
    "UKR": "member of the United Nations since 1945",
    "YEM": "continues the two states that united",
}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a UN member of 2022."""
    members = read(sources / "un-treaties" / "hr_status_iccpr_2022.csv")["iso2"]
    codes = read(sources / "state-system" / "country_codes_iso_cow_gw.csv")
    # That file holds patterns where a country has two codes: ^GB$|^UK$.
    codes["ISO2"] = codes["ISO2"].str.strip("^").str[:2]
    tidy = codes[codes["ISO2"].isin(members.replace({"TP": "TL"}))].set_index("ISO3")

    states = read(sources / "state-system" / "gw_states_2017.csv")
    # A state that lost its independence and regained it has two rows; the last one counts.
    begun = states["startdate"].str[:4].astype("Int64").groupby(states["gwcode"]).max()
    year = tidy["GWcode"].map(begun).astype("Int64")
    year.update(pd.Series(ADDED | CHANGED, dtype="Int64"))

    system = read(sources / "cow-states" / "cow_states_v2016.csv")
    cow_year = tidy["cow_ccode"].map(system.groupby("ccode")["styear"].max()).astype("Int64")

    tidy = pd.DataFrame(
        {
            "iso3": tidy.index,
            "country": tidy["name_short"].to_numpy(),
            "year": year.to_numpy(),
            "cow_year": cow_year.to_numpy(),
            "may_precede": tidy.index.map(ALLOWED),
        }
    )
    return tidy.sort_values("iso3", ignore_index=True)


if __name__ == "__main__":
    run(build, __file__)

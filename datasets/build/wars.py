"""Pairs of states in the same inter-state war, year by year, 1823-2003, with the side of each."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

# Names of the wars in the producers' list, which the raw file leaves out. Corrected here:
# Columbian, IfniWar and Ugandian.
NAMES = {
    1: "Franco-Spanish War",
    4: "First Russo-Turkish",
    7: "Mexican-American",
    10: "Austro-Sardinian",
    13: "First Schleswig-Holstein",
    16: "Roman Republic",
    19: "La Plata",
    22: "Crimean",
    25: "Anglo-Persian",
    28: "Italian Unification",
    31: "First Spanish-Moroccan",
    34: "Italian-Roman",
    37: "Neapolitan",
    40: "Franco-Mexican",
    43: "Ecuadorian-Colombian",
    46: "Second Schleswig-Holstein",
    49: "Lopez",
    52: "Naval War",
    55: "Seven Weeks",
    58: "Franco-Prussian",
    60: "First Central American",
    61: "Second Russo-Turkish",
    64: "War of the Pacific",
    65: "Conquest of Egypt",
    67: "Sino-French",
    70: "Second Central American",
    73: "First Sino-Japanese",
    76: "Greco-Turkish",
    79: "Spanish-American",
    82: "Boxer Rebellion",
    83: "Sino-Russian",
    85: "Russo-Japanese",
    88: "Third Central American",
    91: "Fourth Central American",
    94: "Second Spanish-Moroccan",
    97: "Italian-Turkish",
    100: "First Balkan",
    103: "Second Balkan",
    106: "World War I",
    107: "Estonian Liberation",
    108: "Latvian Liberation",
    109: "Russo-Polish",
    112: "Hungarian Adversaries",
    115: "Second Greco-Turkish",
    116: "Franco-Turkish",
    117: "Lithuanian-Polish",
    118: "Manchurian",
    121: "Second Sino-Japanese",
    124: "Chaco",
    125: "Saudi-Yemeni",
    127: "Conquest of Ethiopia",
    130: "Third Sino-Japanese",
    133: "Changkufeng",
    136: "Nomonhan",
    139: "World War II",
    142: "Russo-Finnish",
    145: "Franco-Thai",
    147: "First Kashmir",
    148: "Arab-Israeli",
    151: "Korean",
    153: "Off-shore Islands",
    155: "Sinai War",
    156: "Soviet Invasion of Hungary",
    158: "Ifni War",
    159: "Taiwan Straits",
    160: "Assam",
    163: "Vietnam War, Phase 2",
    166: "Second Kashmir",
    169: "Six Day War",
    170: "Second Laotian, Phase 2",
    172: "War of Attrition",
    175: "Football War",
    176: "Communist Coalition",
    178: "Bangladesh",
    181: "Yom Kippur War",
    184: "Turco-Cypriot",
    186: "War over Angola",
    187: "Second Ogaden War, Phase 2",
    189: "Vietnamese-Cambodian",
    190: "Ugandan-Tanzanian",
    193: "Sino-Vietnamese Punitive",
    199: "Iran-Iraq",
    202: "Falkland Islands",
    205: "War over Lebanon",
    207: "War over the Aouzou Strip",
    208: "Sino-Vietnamese Border War",
    211: "Gulf War",
    215: "Bosnian Independence",
    216: "Azeri-Armenian",
    217: "Cenepa Valley",
    219: "Badme Border",
    221: "War for Kosovo",
    223: "Kargil War",
    225: "Invasion of Afghanistan",
    227: "Invasion of Iraq",
}
KEY = ["war", "year", "ccode1", "ccode2", "side1", "side2"]


def build(sources: Path) -> pd.DataFrame:
    """Return one row a war, year and pair of states, the smaller number first."""
    raw = read(sources / "cow-wars" / "cow_war_inter_v4.csv").rename(
        columns={"warnum": "war", "sidea1": "side1", "sidea2": "side2"}
    )
    # Each pair stands there twice, once each way, and again if it fought twice in a year.
    opposed = raw.loc[raw["ccode1"] < raw["ccode2"], KEY].drop_duplicates()
    pairs = pd.concat([opposed, _same_side(raw)])
    pairs.insert(1, "name", pairs["war"].map(NAMES))
    return pairs.sort_values(KEY, ignore_index=True)


def _same_side(raw: pd.DataFrame) -> pd.DataFrame:
    """States that fought in the same war and year on one side; the raw file has opponents only."""
    states = raw[["war", "year", "ccode1", "side1"]].drop_duplicates()
    pairs = states.merge(states.rename(columns={"ccode1": "ccode2"}), on=["war", "year", "side1"])
    pairs = pairs[pairs["ccode1"] < pairs["ccode2"]]
    return pairs.assign(side2=pairs["side1"])[KEY]


if __name__ == "__main__":
    run(build, __file__)

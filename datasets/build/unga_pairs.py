"""How often pairs of states voted alike in the UN General Assembly, session by session."""

from pathlib import Path

import pandas as pd
from _tidy import read, run

# Seven pairs of the lesson, by two-letter code. The others are all rivalries that the list of
# Thompson and Dreyer leaves open in 2010, its last year.
LESSON = {"US GB", "US IL", "US RU", "US TR", "GB FR", "IN PK", "CN RU"}
OPEN = 2010
KEY = ["ccode1", "ccode2", "state1", "state2", "session", "year"]

# The votes file keeps Yugoslavia's code for Serbia, whose number is the same.
CODES = {"YU": 345}
NAMES = {"BA": "Bosnia and Herzegovina", "YU": "Serbia"}


def build(sources: Path) -> pd.DataFrame:
    """Return one row a pair and session in which both states voted at least once."""
    votes = read(sources / "unga-votes" / "un_votes_all.csv.gz")
    sessions = read(sources / "unga-votes" / "un_roll_calls.csv.gz")[["rcid", "session"]]
    states = _states(sources)
    votes = votes.merge(sessions, on="rcid").merge(states, on="country_code")

    frames = []
    for one, two in _pairs(sources, states):
        first, second = votes[votes["ccode"] == one], votes[votes["ccode"] == two]
        frames.append(first.merge(second, on=["rcid", "session"], suffixes=("1", "2")))
    both = pd.concat(frames)
    both["year"] = both["session"] + 1945
    both["same"] = both["vote1"] == both["vote2"]
    tidy = both.groupby(KEY)["same"].agg(both_voted="size", same_vote="sum").reset_index()
    return tidy.sort_values(["ccode1", "ccode2", "session"], ignore_index=True)


def _states(sources: Path) -> pd.DataFrame:
    """Correlates of War number and name by the two-letter code of the votes file."""
    codes = read(sources / "state-system" / "country_codes_iso_cow_gw.csv")
    # That file holds patterns where a country has two codes: ^GB$|^UK$.
    numbers = codes.assign(ISO2=codes["ISO2"].str.strip("^").str[:2])
    numbers = numbers.dropna(subset="cow_ccode").set_index("ISO2")["cow_ccode"].astype("int64")
    numbers = pd.concat([numbers, pd.Series(CODES)])
    names = read(sources / "unga-votes" / "un_countries.csv")
    names["state"] = names["country_code"].map(NAMES).fillna(names["country"])
    names["ccode"] = names["country_code"].map(numbers).astype("Int64")
    return names.dropna(subset="ccode")[["country_code", "state", "ccode"]]


def _pairs(sources: Path, states: pd.DataFrame) -> list[tuple[int, int]]:
    rivals = read(sources / "rivalry-territory" / "thompson_dreyer_rivalries.csv")
    rivals = rivals[rivals["endyear"] == OPEN]
    # Taiwan stays out: it has held no seat since 1971.
    voters = set(states.loc[states["country_code"] != "TW", "ccode"])
    listed = zip(rivals["ccode1"], rivals["ccode2"], strict=True)
    pairs = {pair for pair in listed if set(pair) <= voters}
    number = states.set_index("country_code")["ccode"]
    pairs |= {tuple(sorted(number[code] for code in pair.split())) for pair in LESSON}
    return sorted(pairs)


if __name__ == "__main__":
    run(build, __file__)

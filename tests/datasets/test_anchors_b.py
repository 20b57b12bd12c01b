"""Covers every figure that modules 06, 08 and 09 print or grade, and every count on their cards.

Each is computed from the shipped files by the shortest code that says what is meant. Leaves
out defence agreements (module 05 has their tests), the levels that the article on civilian
deaths reports (the reduced file gives ratios only), and figures of other modules.
"""

import math

import numpy as np
import pandas as pd
import pytest

from course.data import load

HOME = 2
TERRITORIES = [
    *["Puerto Rico", "Guam", "American Samoa", "US Virgin Islands"],
    *["Mariana Islands", "Midway Islands", "Wake Island", "Johnston Island"],
]
BANDS = [-math.inf, 0, 1, 4, 8, math.inf]


@pytest.fixture(scope="module")
def kane():
    return load("us_troops_kane")


@pytest.fixture(scope="module")
def rebuild():
    return load("us_troops_rebuild")


@pytest.fixture(scope="module")
def training():
    return load("us_training")


@pytest.fixture(scope="module")
def mission_months():
    return load("un_mission_months")


@pytest.fixture(scope="module")
def authorised():
    return load("un_authorised")


@pytest.fixture(scope="module")
def ceasefires():
    return load("ceasefires")


@pytest.fixture(scope="module")
def deaths():
    return load("hks")


@pytest.fixture(scope="module")
def actors():
    return load("icb_actors")


@pytest.fixture(scope="module")
def crises():
    return load("icb_crises")


def abroad(troops, exclude=()):
    """Persons abroad, by year."""
    there = troops[(troops["ccode"] != HOME) & ~troops["host"].isin(exclude)]
    return there.groupby("year")["troops"].sum()


def percent(part):
    return round(100 * part.mean(), 1)


# Module 06


def test_does_the_older_series_give_the_published_totals(kane):
    total = abroad(kane)
    assert (total[1968], total[1999], total[2002]) == (1_082_777, 206_002, 203_037)
    assert round(total.loc[1950:2000].mean()) == 535_541
    assert total.loc[1950:2000].idxmax() == 1968
    assert total.loc[1950:2000].idxmin() == 1999
    assert total.loc[1950:2005].idxmin() == 2002


def test_do_hosts_without_an_iso_code_belong_to_the_total(kane):
    in_1968 = kane[(kane["year"] == 1968) & kane["iso3"].isna()]
    vietnam = in_1968[in_1968["host"] == "Republic of Vietnam"]
    assert list(vietnam["troops"]) == [537_377]
    coded = kane[kane["iso3"].notna()]
    assert abroad(coded)[1968] == 1_082_777 - in_1968["troops"].sum()


def test_are_the_traps_on_the_card_of_the_older_series_as_counted(kane):
    assert kane["year"].max() == 2021
    assert kane["iso3"].isna().sum() == 775
    assert (kane["troops"] == 0).sum() == 5_368
    assert kane["host"].nunique() == 239
    twice = kane[kane.duplicated(["year", "host"], keep=False)]
    assert set(twice["host"]) == {"Montenegro", "South Sudan", "Taiwan"}
    pairs = twice.groupby(["year", "host"])["troops"].agg(["min", "max"])
    assert (len(pairs), pairs["min"].max(), pairs["max"].max()) == (20, 0, 39)
    germany = kane[(kane["year"] == 1990) & kane["ccode"].isin([255, 260])]
    assert set(germany["host"]) == {"Germany", "West Germany"}
    from_year = kane.groupby("host")["year"].min()
    assert from_year[["Guam", "Puerto Rico", "UNKNOWN"]].tolist() == [2008, 2008, 2008]
    afloat = kane.loc[kane["host"] == "Afloat", "year"]
    assert list(afloat) == [2006, 2007]


@pytest.mark.parametrize("name", ["us_troops_kane", "us_troops_rebuild"])
def test_does_1951_repeat_in_1952(name):
    troops = load(name)
    hosts = troops[troops["ccode"] != HOME].pivot_table(
        index="ccode", columns="year", values="troops", aggfunc="sum", fill_value=0
    )
    same = [year for year in hosts.columns[1:] if hosts[year].equals(hosts[year - 1])]
    assert same == [1952]


def test_is_the_home_country_in_every_year_of_both_series(kane, rebuild):
    for troops in (kane, rebuild):
        home = troops[troops["ccode"] == HOME].set_index("year")["troops"]
        assert list(home.index) == sorted(troops["year"].unique())
    assert list(home[home == 0].index) == [1950, 1951, 1952]


def test_are_the_traps_on_the_card_of_the_rebuilt_series_as_counted(kane, rebuild):
    assert rebuild["host"].nunique() == 245
    twice = rebuild[rebuild.duplicated(["year", "ccode"], keep=False)]
    pairs = twice.groupby(["year", "ccode"])["troops"].agg(["size", "min"])
    assert (len(pairs), set(pairs["size"]), set(pairs["min"])) == (29, {2}, {0})
    iraq = [t[t["host"] == "Iraq"].set_index("year")["troops"] for t in (rebuild, kane)]
    assert list(iraq[0][[2006, 2007]]) == [423_300, 510_000]
    assert list(iraq[0][[2006, 2007]] // iraq[1][[2006, 2007]]) == [3, 3]
    virgin = rebuild[rebuild["host"].str.contains("Virgin")]
    assert set(virgin["region"]) == {"East Asia & Pacific"}


def test_is_south_vietnam_under_another_name_and_number_in_each_series(kane, rebuild):
    for troops, host, ccode in ((kane, "Republic of Vietnam", 817), (rebuild, "Vietnam", 816)):
        row = troops[(troops["year"] == 1968) & (troops["host"] == host)]
        assert (row["ccode"].item(), row["troops"].item()) == (ccode, 537_377)


def test_are_there_56_hosts_of_a_thousand_and_20_in_a_typical_year(kane):
    hosts = kane[(kane["ccode"] != HOME) & (kane["troops"] >= 1000)]
    hosts = hosts[hosts["year"].between(1950, 2000)]
    assert hosts["host"].nunique() == 56
    assert round(hosts.groupby("year").size().mean(), 2) == 19.96


def test_does_the_rebuilt_series_give_the_other_totals(rebuild):
    total = abroad(rebuild)
    assert (total[1968], total[1999]) == (1_108_773, 212_615)
    assert round(total.loc[1950:2000].mean()) == 555_683
    without = abroad(rebuild, TERRITORIES)
    assert (without[1968], without[1999]) == (1_083_495, 206_154)
    assert round(without.loc[1950:2000].mean()) == 539_391


def test_does_a_pattern_for_virgin_drop_too_much(rebuild):
    names = set(rebuild["host"])
    assert set(TERRITORIES) <= names
    by_pattern = [name for name in names if "Virgin" in name]
    assert set(by_pattern) == {"US Virgin Islands", "British Virgin Islands"}
    short = abroad(rebuild, TERRITORIES) - abroad(rebuild, TERRITORIES + by_pattern)
    assert short[1968] == 126


@pytest.mark.parametrize(
    ("name", "year", "host", "people"),
    [
        ("us_troops_kane", 1953, "Korea", 326_863),
        ("us_troops_rebuild", 1953, "Korea", 326_863),
        ("us_troops_kane", 1985, "Germany", 246_927),
        ("us_troops_rebuild", 1985, "Germany", 246_875),
        ("us_troops_rebuild", 2024, "Japan", 55_154),
    ],
)
def test_does_a_host_have_as_many(name, year, host, people):
    rows = load(name).query("year == @year")
    assert people in list(rows.loc[rows["host"].str.contains(host), "troops"])


def test_do_the_training_totals_equal_the_printed_ones(training):
    totals = training.groupby("fiscal_year")[["trainees", "cost_usd"]].sum()
    assert list(totals.index) == [2008, *range(2010, 2021)]
    assert list(totals.loc[2018]) == [53_446, 314_141_403]
    assert list(totals.loc[2010]) == [42_460, 181_135_654]
    assert totals.loc[2019, "trainees"] == 62_942
    assert totals.loc[2020, "trainees"] == 29_645


@pytest.mark.parametrize(
    ("programme", "share", "cost_a_head"), [("Peacekeeping", 53.5, 1_811), ("IMET", 9.6, 15_069)]
)
def test_do_share_and_cost_a_head_of_a_programme_agree(training, programme, share, cost_a_head):
    rows = training[training["fiscal_year"] == 2018]
    group = rows[rows["programme"].str.startswith(programme)]
    assert round(100 * group["trainees"].sum() / rows["trainees"].sum(), 1) == share
    assert round(group["cost_usd"].sum() / group["trainees"].sum()) == cost_a_head


def test_are_the_leading_recipients_those_named(training):
    rows = training[training["fiscal_year"] == 2018]
    leading = rows.groupby("iso3")["trainees"].sum().nlargest(3)
    assert leading.to_dict() == {"UGA": 6_234, "RWA": 5_804, "UKR": 2_831}


def test_are_the_traps_on_the_training_card_as_counted(training):
    assert training["iso3"].nunique() == 174
    spellings = training.groupby("iso3")["country"].nunique()
    assert (spellings > 1).sum() == 10
    assert set(training.loc[training["iso3"].isna(), "country"]) == {"Indochina"}
    assert ((training["cost_usd"] == 0).sum(), (training["trainees"] == 0).sum()) == (390, 3)


def test_are_close_allies_absent_from_the_training_reports(training):
    allies = {"GBR", "FRA", "DEU", "POL", "JPN", "AUS", "NZL"}
    assert not allies & set(training["iso3"])


# Module 08


def mission(frame, name):
    return frame[frame["mission"] == name].set_index("date")


def test_do_both_missions_report_every_month_of_their_time(mission_months):
    for name, first, last, months in [
        ("UNAMIR", "1993-10-31", "1996-03-31", 30),
        ("UNPROFOR", "1992-04-30", "1995-12-31", 45),
    ]:
        dates = mission(mission_months, name).index
        assert list(dates) == list(pd.date_range(first, last, freq="ME"))
        assert len(dates) == months


def test_does_unamir_shrink_by_three_quarters_in_april_1994(mission_months):
    unamir = mission(mission_months, "UNAMIR")
    parts = ["troops", "observers", "police", "total"]
    assert list(unamir.loc["1994-03-31", parts]) == [2_189, 245, 51, 2_485]
    assert list(unamir.loc["1994-04-30", parts]) == [378, 242, 20, 640]
    assert round(100 * (640 / 2_485 - 1), 1) == -74.2
    assert list(unamir.loc["1994-07-31":"1994-08-31", "total"]) == [1_115, 3_860]


def test_does_unprofor_peak_in_september_1994_and_break_in_april_1995(mission_months):
    total = mission(mission_months, "UNPROFOR")["total"]
    assert (total.idxmax(), total.max()) == (pd.Timestamp("1994-09-30"), 39_893)
    assert list(total["1995-03-31":"1995-04-30"]) == [38_930, 24_215]


def test_is_authorised_far_above_deployed_in_june_1994(authorised):
    unamir = mission(authorised, "UNAMIR")
    assert list(unamir.loc["1994-06-30":"1994-08-31", "deployed_troops"]) == [328, 930, 3_465]
    assert set(unamir.loc["1994-06-30":"1995-06-30", "authorised_troops"]) == {5_500}
    assert set(unamir.loc[:"1994-05-31", "authorised_troops"]) == {1_217}
    gap = 1 - unamir["deployed_total"] / unamir["authorised_total"]
    assert list((100 * gap["1994-06-30":"1994-07-31"]).round()) == [90, 82]


def test_are_the_other_missions_as_their_card_says(authorised):
    months = authorised.groupby("mission")["date"].agg(["min", "max", "size"])
    assert list(months["size"]) == [81, 30, 45]
    for name in months.index:
        first, last = months.loc[name, ["min", "max"]]
        dates = mission(authorised, name).index
        assert list(dates) == list(pd.date_range(first, last, freq="ME"))
    unamid = mission(authorised, "UNAMID").loc["2008-09-30"]
    assert (unamid["authorised_troops"], unamid["deployed_troops"]) == (19_195, 8_287)
    unprofor = mission(authorised, "UNPROFOR")
    assert set(unprofor.loc["1995-03-31":"1995-04-30", "authorised_troops"]) == {44_870}


def test_do_the_two_mission_files_nearly_agree(authorised, mission_months):
    both = authorised.merge(mission_months, on=["date", "mission"])
    known = both.dropna(subset="deployed_total")
    assert (len(both), len(known)) == (156, 152)
    gap = (known["deployed_total"] / known["total"] - 1).abs()
    far = known.loc[gap > 0.04, ["mission", "date"]]
    unamir = far.loc[far["mission"] == "UNAMIR", "date"]
    assert list(unamir) == [
        pd.Timestamp("1993-10-31"),
        *pd.date_range("1994-09-30", "1995-06-30", freq="ME"),
    ]
    assert round(gap[unamir.index[1:]].min(), 2) == 0.12
    assert round(gap[unamir.index[1:]].max(), 2) == 0.21
    rest = far[far["mission"] != "UNAMIR"]
    assert rest.values.tolist() == [["UNPROFOR", pd.Timestamp("1992-09-30")]]


def test_is_deployed_blank_only_where_the_card_says(authorised):
    blank = authorised[authorised["deployed_troops"].isna()]
    assert list(zip(blank["mission"], blank["date"].dt.strftime("%Y-%m"), strict=True)) == [
        ("UNAMID", "2014-09"),
        *(("UNPROFOR", f"1992-0{month}") for month in (4, 5, 6, 7)),
    ]
    assert blank["deployed_total"].notna().sum() == 1
    kinds = ["troops", "police", "observers"]
    for prefix in ("authorised", "deployed"):
        whole = authorised.dropna(subset=[f"{prefix}_{kind}" for kind in kinds])
        parts = sum(whole[f"{prefix}_{kind}"] for kind in kinds)
        assert (parts == whole[f"{prefix}_total"]).all()


def test_is_more_deployed_than_authorised_in_early_1994(authorised):
    unamir = mission(authorised, "UNAMIR")
    more = unamir[unamir["deployed_troops"] > unamir["authorised_troops"]]
    assert list(more.index[:3].strftime("%Y-%m")) == ["1994-01", "1994-02", "1994-03"]


def test_is_april_1995_no_withdrawal_when_the_three_missions_are_added(mission_months):
    there = mission_months[mission_months["mission"].isin(["UNPROFOR", "UNCRO", "UNPREDEP"])]
    total = there.groupby("date")["total"].sum()
    assert list(total.loc["1995-03-31":"1995-04-30"]) == [38_930, 39_360]
    assert set(there.loc[there["mission"] == "UNPROFOR", "country"]) == {"Croatia"}


def test_did_peace_hold_in_19_of_34_and_21_of_62(ceasefires):
    held = ceasefires.groupby("peacekeepers")["held"].agg(["sum", "size"])
    assert held.loc[1].tolist() == [19, 34]
    assert held.loc[0].tolist() == [21, 62]
    assert (ceasefires["held"].sum(), len(ceasefires)) == (40, 96)


def test_do_the_halves_by_difficulty_agree(ceasefires):
    scored = ceasefires.dropna(subset="difficulty")
    assert len(scored) == 79
    harder = scored["difficulty"] > scored["difficulty"].median()
    held = scored.groupby([harder, "peacekeepers"])["held"].agg(["sum", "size"])
    assert held.loc[(False, 1)].tolist() == [7, 10]
    assert held.loc[(False, 0)].tolist() == [15, 30]
    assert held.loc[(True, 1)].tolist() == [7, 17]
    assert held.loc[(True, 0)].tolist() == [4, 22]
    mean = scored.groupby("peacekeepers")["difficulty"].mean()
    assert mean[1] > mean[0]


def test_are_the_traps_on_the_ceasefire_card_as_counted(ceasefires):
    unscored = ceasefires[ceasefires["difficulty"].isna()]
    assert unscored["peacekeepers"].value_counts().to_dict() == {0: 10, 1: 7}
    assert ceasefires["war"].nunique() == 64
    assert {"Congo Brazzaville", "Congo-Brazzaville"} <= set(ceasefires["war"])


def test_does_a_ceasefire_that_held_last_to_the_end_of_2004(ceasefires):
    ended = ceasefires["last_day"] < "2004-12-31"
    assert (ended == (ceasefires["held"] == 0)).all()
    years = (ceasefires["last_day"] - ceasefires["ceasefire"]).dt.days / 365.25
    assert (years - ceasefires["years"]).abs().max() < 0.02
    assert ceasefires["ceasefire"].dt.year.agg(["min", "max"]).tolist() == [1989, 1999]


def test_is_the_largest_row_the_one_of_unamirs_march_strength(deaths, authorised):
    assert len(deaths) == 3_746
    largest = deaths.nlargest(3, "deaths")
    assert list(largest["deaths"]) == [145_844, 14_904, 8_586]
    troops = mission(authorised, "UNAMIR").loc["1994-03-31", "deployed_troops"]
    assert round(1000 * largest["troops"].iloc[0]) == troops == 2_184


def test_does_the_run_of_rows_follow_unamir(deaths, authorised):
    unamir = mission(authorised, "UNAMIR")["deployed_troops"]
    first = deaths["deaths"].idxmax() - 2
    run = deaths.loc[first : first + 8, "troops"] * 1000
    assert list(run.round()) == list(unamir["1994-01-31":"1994-09-30"])
    assert deaths.duplicated().sum() == 94


def test_do_deaths_by_band_agree(deaths):
    band = pd.cut(deaths["troops"], BANDS, labels=range(5))
    table = deaths.groupby(band, observed=True)["deaths"].agg(["size", "mean", "median"])
    assert list(table["size"]) == [3_274, 146, 94, 110, 122]
    assert list(table["mean"].round(1)) == [28.3, 58.2, 1_619.2, 53.5, 10.6]
    assert set(table["median"]) == {0}
    assert percent(deaths["deaths"] == 0) == 76.5
    assert round(deaths["deaths"].mean(), 1) == 69.5


def test_does_one_row_carry_the_middle_band(deaths):
    rest = deaths.drop(deaths["deaths"].idxmax())
    middle = rest[(rest["troops"] > 1) & (rest["troops"] <= 4)]
    assert len(middle) == 93
    assert round(middle["deaths"].mean(), 1) == 68.4


def negative_binomial(frame):
    """Coefficients by name: maximum likelihood, log link, variance mu + alpha mu^2."""
    y = frame["deaths"].to_numpy(float)
    names = [name for name in frame.columns if name != "deaths"]
    raw = frame[names].to_numpy(float)
    scale = raw.std(axis=0)
    x = np.column_stack([np.ones(len(y)), raw / scale])
    values, counts = np.unique(y, return_counts=True)

    def likelihood(beta, log_alpha):
        alpha = math.exp(log_alpha)
        gammas = [math.lgamma(v + 1 / alpha) - math.lgamma(1 / alpha) for v in values]
        mu = np.exp(x @ beta)
        return counts @ gammas + np.sum(
            y * np.log(alpha * mu) - (y + 1 / alpha) * np.log1p(alpha * mu)
        )

    def step_in_beta(beta, log_alpha):
        mu = np.exp(x @ beta)
        shrink = 1 + math.exp(log_alpha) * mu
        step = np.linalg.solve((x.T * (mu / shrink)) @ x, x.T @ ((y - mu) / shrink))
        now = likelihood(beta, log_alpha)
        while likelihood(beta + step, log_alpha) < now and np.abs(step).max() > 1e-13:
            step = step / 2
        return step

    def step_in_alpha(beta, log_alpha, h=1e-4):
        low, now, high = (likelihood(beta, log_alpha + d) for d in (-h, 0, h))
        return (high - low) * h / 2 / (2 * now - low - high)

    beta, log_alpha = np.array([math.log(y.mean()), *np.zeros(len(names))]), math.log(10)
    for _ in range(500):
        beta = beta + (in_beta := step_in_beta(beta, log_alpha))
        if np.abs(in_beta).max() > 1e-8:
            continue
        log_alpha += (in_alpha := step_in_alpha(beta, log_alpha))
        if abs(in_alpha) < 1e-6:
            return dict(zip(names, beta[1:] / scale, strict=True))
    raise AssertionError("the fit did not settle")


def test_do_the_coefficients_come_out_and_halve_without_one_row(deaths):
    whole = negative_binomial(deaths)
    # Often printed as -0.523, from a fit that stopped a little early; the ratio is the same.
    assert round(whole["troops"], 4) == -0.5225
    assert round(whole["police"], 2) == -9.77
    for coefficient in (whole["troops"], -0.523):
        assert round(math.exp(8 * coefficient), 3) == 0.015
    assert round(math.exp(0.2 * whole["police"]), 3) == 0.142
    rest = negative_binomial(deaths.drop(deaths["deaths"].idxmax()))
    assert round(rest["troops"], 3) == -0.247
    assert round(rest["police"], 2) == -7.68


# Module 09


def test_does_icb_hold_496_crises_and_1100_actors(actors, crises):
    assert (len(actors), len(crises)) == (1_100, 496)
    assert set(actors["crisis"]) == set(crises["crisis"])
    assert percent(crises["actors"] == 1) == 30.2
    assert actors["days"].median() == 70


def test_do_violence_and_agreement_agree(actors):
    trigger = actors["trigger"] == 9
    violent = actors["technique"].isin([7, 8])
    agreed = actors["outcome_form"].isin([1, 2, 3])
    united_nations = actors["un_activity"].isin([5, 8])
    counts = [int(flag.sum()) for flag in (trigger, violent, agreed, united_nations)]
    assert counts == [395, 579, 400, 83]
    assert (percent(trigger), percent(violent), percent(agreed)) == (35.9, 52.6, 36.4)
    assert (violent[trigger].sum(), percent(violent[trigger])) == (305, 77.2)
    assert (violent[~trigger].sum(), percent(violent[~trigger])) == (274, 38.9)
    assert (agreed[united_nations].sum(), percent(agreed[united_nations])) == (55, 66.3)
    assert (agreed[~united_nations].sum(), percent(agreed[~united_nations])) == (345, 33.9)
    mediation = actors["technique"] == 3
    assert (mediation.sum(), percent(agreed[mediation])) == (24, 66.7)
    assert (actors["technique"] == 1).sum() == 206


@pytest.mark.parametrize(
    ("column", "first_two"), [("trigger_year", [11, 27]), ("system_year", [12, 26])]
)
def test_do_crises_by_decade_depend_on_the_column(actors, crises, column, first_two):
    counts = [*first_two, 38, 55, 41, 64, 74, 81, 42, 28, 35]
    for year in (crises[column], actors.groupby("crisis")[column].min()):
        by_decade = (year // 10 * 10).value_counts().sort_index()
        assert by_decade.to_dict() == dict(zip(range(1910, 2020, 10), counts, strict=True))


def test_are_the_traps_on_the_crisis_cards_as_counted(actors, crises):
    by_crisis = actors.groupby("crisis")
    assert (by_crisis["actor"].nunique() < by_crisis.size()).sum() == 15
    assert (by_crisis["actor"].nunique() == 1).sum() == 152
    assert (by_crisis.size() == crises.set_index("crisis")["actors"]).all()
    assert list(by_crisis["system_year"].nunique().loc[lambda n: n > 1].index) == [15, 284]
    assert list(by_crisis["region"].nunique().loc[lambda n: n > 1].index) == [427, 434]
    assert (by_crisis["trigger_year"].nunique() > 1).sum() == 32
    differ = crises[crises["trigger_year"] != crises["system_year"]]
    assert differ[["crisis", "trigger_year", "system_year"]].values.tolist() == [[15, 1920, 1919]]
    same_name = crises[crises["name"].duplicated(keep=False)]
    assert list(same_name["crisis"]) == [384, 414]
    assert actors["days"].isna().sum() == 13


def test_is_the_cuban_missile_crisis_coded_as_the_codebook_reads(actors):
    cuba = actors[actors["crisis"] == 196].set_index("actor")
    assert set(cuba.index) == {"USA", "CUB", "RUS"}
    assert (cuba.loc["USA", "trigger"], cuba.loc["USA", "technique"]) == (4, 6)
    assert set(cuba["outcome_form"]) == {2}

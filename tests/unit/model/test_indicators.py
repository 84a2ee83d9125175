from datetime import date
from pathlib import Path

import pytest

from signald.errors import ConfigError
from signald.model.indicators import load_indicators, names_of, stage_on
from signald.model.macro import Unit

_SHIPPED = Path(__file__).parents[3] / "configs" / "indicators.toml"
_CHANGES = ("mom", "yoy")
_ENTRY = """
[[indicator]]
id = "us.cpi.yoy"
name = "Consumer prices"
unit = "percent"
step = 0.1
plausible = [-5.0, 20.0]
family = "inflation"
agency = "BLS"
report = "us.cpi"
release_time = "08:30"
time_zone = "America/New_York"
frequency = "monthly"
"""


def test_the_shipped_list_has_the_series_of_early_2025_and_more_than_forty() -> None:
    indicators = load_indicators(_SHIPPED.read_bytes())

    assert len(indicators) >= 40
    assert indicators["us.nfp"].unit is Unit.THOUSAND_PERSONS
    for name in ("us.unemployment_rate", "us.ppi.yoy", "us.cpi.yoy", "us.core_pce.yoy", "us.pce.yoy"):
        assert indicators[name].unit is Unit.PERCENT
        assert indicators[name].release_time == "08:30"


def test_every_shipped_series_names_its_report_and_fits_its_own_step() -> None:
    for one in load_indicators(_SHIPPED.read_bytes()).values():
        assert one.report.startswith(one.id[:3])
        assert one.plausible[1] - one.plausible[0] > 4 * one.step


@pytest.mark.parametrize("feed", ["forexfactory", "investing", "tradingeconomics"])
@pytest.mark.parametrize("country", ["us", "eu", "gb", "jp", "cn"])
def test_no_two_shipped_series_of_a_country_share_a_name_in_a_feed(feed: str, country: str) -> None:
    names = names_of(load_indicators(_SHIPPED.read_bytes()), feed, country=country)

    assert all(named.indicator.id.startswith(country) for named in names.values())


def test_one_name_for_each_stage_tells_the_stage() -> None:
    names = names_of(load_indicators(_SHIPPED.read_bytes()), "forexfactory", country="us")

    assert names["Prelim GDP q/q"].indicator.id == "us.gdp.qoq"
    assert names["Prelim GDP q/q"].stage == "second"
    assert names["CPI y/y"].stage is None


@pytest.mark.parametrize(
    ("day", "stage"), [(date(2024, 4, 25), "advance"), (date(2024, 5, 30), "second"), (date(2024, 6, 27), "third")]
)
def test_the_day_tells_the_stage_where_the_name_does_not(day: date, stage: str) -> None:
    gdp = load_indicators(_SHIPPED.read_bytes())["us.gdp.qoq"]

    assert stage_on(gdp, day, date(2024, 1, 1)) == stage


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('id = "us.cpi.yoy"', 'id = "US CPI"'), "an id is"),
        (('"percent"', '"per cent"'), "per cent"),
        (("step = 0.1", "step = 0.0"), "step 0.0"),
        (("[-5.0, 20.0]", "[20.0, -5.0]"), "is empty"),
        (('"08:30"', '"8:30"'), "not HH:MM"),
        (("America/New_York", "America/Gotham"), "America/Gotham"),
        (('"percent"', '"billion"'), "currency"),
        (("step = 0.1", "stepp = 0.1"), "stepp"),
        (('"monthly"', '"monthly"\nstages = { final = 21, flash = 0 }'), "not in order"),
        (('"monthly"', '"monthly"\naliases = { investing = ["A", "B"] }'), "2 names in investing"),
        (("[[indicator]]", "[[indicators]]"), "indicators"),
    ],
)
def test_a_wrong_entry_is_an_error_that_names_it(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_indicators(_ENTRY.replace(*change))


def test_a_series_listed_twice_is_an_error() -> None:
    with pytest.raises(ConfigError, match="listed twice"):
        load_indicators(_ENTRY + _ENTRY)


def test_two_series_of_one_country_under_one_name_are_an_error() -> None:
    entry = _ENTRY + 'aliases = { investing = ["CPI"] }\n'

    with pytest.raises(ConfigError, match=r"'CPI' is both us\.cpi\.yoy and us\.cpi\.mom"):
        names_of(load_indicators(entry + entry.replace(".yoy", ".mom")), "investing", country="us")


def test_text_that_is_no_toml_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"my\.toml"):
        load_indicators(b"\xff\xfe = [", where="my.toml")


def test_what_moves_markets_is_listed() -> None:
    indicators = load_indicators(_SHIPPED.read_bytes())
    prices = [
        f"us.{core}{index}.{change}" for core in ("", "core_") for index in ("cpi", "ppi", "pce") for change in _CHANGES
    ]
    labour = ["nfp", "unemployment_rate", "average_hourly_earnings.mom", "jobless_claims", "jolts", "adp"]
    activity = [
        "gdp.qoq",
        "retail_sales.mom",
        "ism_manufacturing",
        "ism_services",
        "durable_goods.mom",
        "housing_starts",
    ]
    sentiment = ["michigan_sentiment", "michigan_inflation_1y", "consumer_confidence", "fomc.rate"]

    wanted = [*prices, *(f"us.{name}" for name in (*labour, *activity, *sentiment))]

    assert [name for name in wanted if name not in indicators] == []
    assert sum(name.startswith("us.") for name in indicators) >= 40
    for country in ("eu", "gb", "jp", "cn"):
        assert sum(name.startswith(f"{country}.") for name in indicators) in {2, 3}


def test_figures_of_one_report_come_at_one_minute_of_one_place() -> None:
    by_report: dict[str, set[tuple[str, str]]] = {}
    for one in load_indicators(_SHIPPED.read_bytes()).values():
        by_report.setdefault(one.report, set()).add((one.release_time, one.time_zone))

    assert {report for report, places in by_report.items() if len(places) > 1} == set()


@pytest.mark.parametrize(
    ("name", "day", "stage"),
    [
        ("us.michigan_sentiment", date(2025, 11, 7), "preliminary"),
        ("us.michigan_sentiment", date(2025, 11, 21), "final"),
        ("us.michigan_sentiment", date(2025, 12, 5), "preliminary"),
        ("us.michigan_sentiment", date(2024, 2, 23), "final"),
        ("us.michigan_sentiment", date(2024, 1, 19), "preliminary"),
    ],
)
def test_a_survey_is_final_from_the_third_week_on(name: str, day: date, stage: str) -> None:
    indicator = load_indicators(_SHIPPED.read_bytes())[name]

    assert stage_on(indicator, day, day.replace(day=1)) == stage

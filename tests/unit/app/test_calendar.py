from pathlib import Path

import pytest

from signald.app.calendar import known_calendar, rebuild
from signald.app.calendar_view import as_json, as_table
from signald.app.world import load_world
from signald.config import Config, find_file, load_config
from signald.errors import ConfigError
from signald.model.time import LAST_NANOS, parse_rfc3339
from signald.replay.importers.calendar_csv import import_calendar_csv
from signald.vintages import VintageStore

CALENDAR = """ts_scheduled,indicator,period,actual,consensus,prior
2025-01-15T13:30:00Z,us.cpi.yoy,2024-12,2.9,2.9,2.7
2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,
2025-02-13T13:30:00Z,us.ppi.yoy,2025-01,,3.2,3.3
"""


@pytest.fixture
def config() -> Config:
    return load_config(find_file("configs/signald.toml"), {})


@pytest.fixture
def journal(tmp_path: Path, config: Config) -> Path:
    (tmp_path / "calendar.csv").write_text(CALENDAR)
    import_calendar_csv([tmp_path / "calendar.csv"], tmp_path / "journal", load_world(config).indicators)
    return tmp_path / "journal"


def test_a_journal_tells_what_was_known_at_a_time(config: Config, journal: Path) -> None:
    at_release = parse_rfc3339("2025-02-12T13:30:00Z")

    before, after = (known_calendar(config, journals=[journal], as_of=at_release + shift) for shift in (0, 10**9))

    assert [(one.release_id, one.state, one.actual) for one in before.releases[:2]] == [
        ("us.cpi.yoy:2024-12", "released", 2.9),
        ("us.cpi.yoy:2025-01", "armed", None),
    ]
    assert [(one.release_id, one.state, one.actual, one.prior) for one in after.releases][1] == (
        "us.cpi.yoy:2025-01",
        "released",
        3.0,
        2.9,
    )


def test_a_figure_that_never_came_is_missed_and_counted(config: Config, journal: Path) -> None:
    known = known_calendar(config, journals=[journal], as_of=None)

    assert known.releases[-1].state == "missed"
    assert known.faults == {"missed": 1}


def test_a_store_that_was_rebuilt_from_a_journal_says_the_same(config: Config, journal: Path) -> None:
    world = load_world(config)
    with VintageStore(None) as store:
        rebuild(store, world, [journal])
        rebuild(store, world, [journal])

        found = store.as_of(LAST_NANOS, indicators=world.indicators)

    assert found == known_calendar(config, journals=[journal], as_of=None).releases


def test_what_an_import_tells_can_be_kept_in_the_store(tmp_path: Path, journal: Path) -> None:
    stored = {"SIGNALD_CALENDAR__VINTAGES": str(tmp_path / "kept.sqlite")}
    config = load_config(find_file("configs/signald.toml"), stored)
    at_release = parse_rfc3339("2025-02-12T13:30:00Z")

    told = known_calendar(config, journals=[journal], as_of=at_release, keep=True)

    assert told == known_calendar(config, journals=[journal], as_of=at_release)
    assert told == known_calendar(config, journals=[], as_of=at_release)
    assert known_calendar(config, journals=[], as_of=None).releases[-1].state == "missed"


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = load_config(
        find_file("configs/signald.toml"), {"SIGNALD_CALENDAR__VINTAGES": str(tmp_path / "none.sqlite")}
    )

    with pytest.raises(ConfigError, match=r"none\.sqlite"):
        known_calendar(config, journals=[], as_of=None)


def test_programs_and_people_see_the_same(config: Config, journal: Path) -> None:
    known = known_calendar(config, journals=[journal], as_of=None)

    line = as_json(known.releases[0])
    table = as_table(known).splitlines()

    assert line["ts_scheduled"] == parse_rfc3339("2025-01-15T13:30:00Z")
    assert (line["consensus"], line["prior"], line["actual"]) == (2.9, 2.7, 2.9)
    assert table[1].split() == ["2025-01-15T13:30:00Z", "us.cpi.yoy:2024-12", "released", "2.9", "2.7", "2.9", "-"]
    assert table[-1] == "wrong: 1 missed"

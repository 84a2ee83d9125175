"""A source lives as long as it sends heartbeats."""

from signald.core.liveness import FORGOTTEN_AFTER_NS, MAX_SOURCES, SILENT_AFTER_NS, SourceLiveness
from signald.model.notices import SourceAlive, SourceSilent
from tests.support.calendar import CPI_JANUARY, T0, heartbeat

CPI = "us.cpi.yoy"


def test_nobody_covers_anything_at_first() -> None:
    liveness = SourceLiveness()

    assert liveness.is_silent(CPI, T0)
    assert liveness.next_silence() is None


def test_a_source_is_silent_fifteen_seconds_after_its_last_heartbeat() -> None:
    liveness = SourceLiveness()

    said = liveness.heard(heartbeat(at=T0))

    assert said == [SourceAlive(source="bls", covers=("us.*",), ts_ingest=T0)]
    assert not liveness.is_silent(CPI, T0 + SILENT_AFTER_NS - 1)
    assert liveness.is_silent(CPI, T0 + SILENT_AFTER_NS)
    assert liveness.next_silence() == T0 + SILENT_AFTER_NS


def test_each_heartbeat_puts_silence_off_and_is_no_news() -> None:
    liveness = SourceLiveness()
    liveness.heard(heartbeat(at=T0))

    said = liveness.heard(heartbeat(at=T0 + 5))

    assert said == []
    assert liveness.next_silence() == T0 + 5 + SILENT_AFTER_NS


def test_silence_is_said_once_and_ends_with_a_heartbeat() -> None:
    liveness = SourceLiveness()
    liveness.heard(heartbeat(at=T0))
    silence = T0 + SILENT_AFTER_NS

    assert liveness.fall_silent(silence - 1) == []
    assert [one.source for one in liveness.fall_silent(silence)] == ["bls"]
    assert liveness.fall_silent(silence) == []
    assert liveness.next_silence() is None
    assert liveness.heard(heartbeat(at=silence + 1)) == [
        SourceAlive(source="bls", covers=("us.*",), ts_ingest=silence + 1)
    ]
    assert not liveness.is_silent(CPI, silence + 2)


def test_an_older_or_repeated_heartbeat_changes_nothing() -> None:
    liveness = SourceLiveness()
    liveness.heard(heartbeat(at=T0, sequence=7))

    for sequence in (7, 6):
        assert liveness.heard(heartbeat(at=T0 + 5, sequence=sequence)) == []
    assert liveness.next_silence() == T0 + SILENT_AFTER_NS


def test_a_source_that_does_not_cover_the_indicator_does_not_count() -> None:
    liveness = SourceLiveness()

    for covers in (("gb.*",), ("us.cpi",), ("us.cpi.yoy.x",), (), ("",), ("cpi*",)):
        liveness.heard(heartbeat(f"source of {covers}", at=T0, covers=covers))

    assert liveness.is_silent(CPI, T0)


def test_a_pattern_covers_what_begins_like_it() -> None:
    for covers in ((CPI,), ("us.*",), ("*",), ("us.cpi*",), ("gb.*", "us.cpi.*")):
        liveness = SourceLiveness()
        liveness.heard(heartbeat(at=T0, covers=covers))

        assert not liveness.is_silent(CPI, T0)


def test_one_silent_source_among_those_that_cover_it_is_a_reason_for_doubt() -> None:
    liveness = SourceLiveness()
    liveness.heard(heartbeat("bls", at=T0))
    liveness.heard(heartbeat("wire", at=T0 - SILENT_AFTER_NS))

    assert liveness.is_silent(CPI, T0)
    assert liveness.missing(CPI_JANUARY, CPI, T0) == [
        SourceSilent(source="wire", ts_heard=T0 - SILENT_AFTER_NS, release_id=CPI_JANUARY, ts_ingest=T0)
    ]


def test_that_no_source_covers_a_release_is_said_too() -> None:
    assert SourceLiveness().missing(CPI_JANUARY, CPI, T0) == [
        SourceSilent(source="", ts_heard=None, release_id=CPI_JANUARY, ts_ingest=T0)
    ]


def test_a_source_that_was_silent_for_a_day_is_gone() -> None:
    liveness = SourceLiveness()
    liveness.heard(heartbeat("old", at=T0 - FORGOTTEN_AFTER_NS))
    liveness.heard(heartbeat("bls", at=T0))

    assert not liveness.is_silent(CPI, T0)


def test_a_flood_of_strange_sources_never_displaces_one_that_is_alive() -> None:
    liveness = SourceLiveness()
    liveness.heard(heartbeat("bls", at=T0))

    for number in range(2 * MAX_SOURCES):
        liveness.heard(heartbeat(f"stranger {number}", at=T0 + number))

    assert len(liveness.newest) == MAX_SOURCES
    assert "bls" in liveness.newest


def test_a_new_source_takes_the_place_of_the_one_that_was_silent_for_longest() -> None:
    liveness = SourceLiveness()
    for number in range(MAX_SOURCES):
        liveness.heard(heartbeat(f"source {number}", at=T0 + number))

    liveness.heard(heartbeat("bls", at=T0 + SILENT_AFTER_NS))

    assert "source 0" not in liveness.newest
    assert "bls" in liveness.newest
    assert len(liveness.newest) == MAX_SOURCES

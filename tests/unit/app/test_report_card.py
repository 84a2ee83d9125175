"""The card says what the engine said, against what was planted on the board."""

import json
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from signald.app.report_card import ReportCard, card_of, report_card
from signald.app.report_page import as_page, as_text
from signald.core.guard.rules import GuardRules
from signald.errors import ConfigError
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.sinks.encoding import encode_data
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, DAY, T0, figure, scheduled
from tests.support.engine import BTCUSDT, build_engine, seconds, tell, those, wait
from tests.support.policy import policy_event
from tests.support.rows import BOOK, live_rows

MOVED_BPS = -30.0
THEN = live_rows(
    mid=BOOK["mid"] * (1.0 + MOVED_BPS * 1e-4), spread_bps=0.02, bid_depth_5=305_000.0, ask_depth_5=295_000.0
)


def said() -> list[Signal]:
    """A release of two figures, with an event of another kind in between, on a market that falls by 30 bps."""
    engine = build_engine(guard=GuardRules(renew_every_ns=2 * DAY))
    outputs = tell(engine, scheduled(), scheduled(CORE_CPI_JANUARY)) + wait(engine, T0)
    outputs += tell(engine, figure(), figure(3.1, CORE_CPI_JANUARY, ts_ingest=T0 + 190_000_000))
    outputs += tell(engine, policy_event(severity=0.1, ts_ingest=T0 + seconds(2)), rows=THEN)
    outputs += wait(engine, T0 + seconds(3_600), rows=THEN)
    return those(outputs, Signal)


def card() -> ReportCard:
    return card_of(said(), CPI_JANUARY)


def test_what_was_foretold_stands_against_what_happened() -> None:
    bitcoin = next(one for one in card().instruments if one.instrument == BTCUSDT.id)

    newest = next(one for one in reversed(said()) if one.kind == "release" and one.instrument == BTCUSDT.id)
    assert bitcoin.revision == 2
    assert [(one.seconds, one.mean_bps) for one in bitcoin.horizons] == [
        (one.seconds, one.mean_bps) for one in newest.horizons
    ]
    assert [one.realised_bps for one in bitcoin.horizons] == [pytest.approx(MOVED_BPS)] * 2
    [outcome] = [one for one in said() if one.kind == "outcome" and one.instrument == BTCUSDT.id and not one.policy]
    assert {str(one.seconds): one.held for one in bitcoin.horizons} == outcome.held
    assert sum(one.contribution_bps for one in bitcoin.drivers) == pytest.approx(bitcoin.horizons[0].mean_bps)
    assert bitcoin.is_over


def test_latency_and_liquidity_are_those_of_the_figure() -> None:
    found = card()

    assert (found.arrived_after_ms, found.source_after_ms) == (184.0, 184.0)
    assert {cause.release_id for cause in found.figures} == {CPI_JANUARY, CORE_CPI_JANUARY}
    [first, *_] = found.instruments[0].liquidity
    assert (first.after_s, first.spread_ratio, first.depth_ratio) == (10, pytest.approx(2.0), pytest.approx(0.5))


def test_guard_saved_the_move_less_half_the_spread_and_cost_its_width_over_its_time() -> None:
    bitcoin = next(one for one in card().instruments if one.instrument == BTCUSDT.id)

    assert bitcoin.saved_bps == pytest.approx(-MOVED_BPS - 0.005)
    assert [one.state for one in bitcoin.guard] == ["widen", "hold", "released", "recover", "normal"]
    wide = bitcoin.guard[:-1]
    assert bitcoin.guarded_s == pytest.approx(sum(one.seconds for one in wide))
    assert bitcoin.guard[0].seconds == 895.0
    weighted = sum(one.seconds * (one.widen_bps or 0.0) for one in wide)
    assert bitcoin.cost_bps == pytest.approx(weighted / bitcoin.guarded_s)


def test_what_is_not_over_yet_is_not_known() -> None:
    early = [one for one in said() if one.ts_event < T0 + seconds(10)]

    found = card_of(early, CPI_JANUARY).instruments[0]

    assert not found.is_over
    assert found.saved_bps is None
    assert [one.realised_bps for one in found.horizons] == [None, None]


def test_release_that_was_not_scored_is_named_with_those_that_were() -> None:
    with pytest.raises(ConfigError, match=CPI_JANUARY):
        card_of(said(), "us.nfp:2025-01")


def test_journal_gives_the_card_and_the_card_a_page(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "journal") as journal:
        journal.append(session_record(Session(mode="live", model_id="m1", version="0.1.0"), T0 - DAY))
        for signal in sorted(said(), key=lambda one: one.ts_ingest):
            journal.append(Record(RecordKind.SIGNAL, signal.ts_ingest, "", signal.id, encode_data(signal)))

    found = report_card(tmp_path / "journal", CPI_JANUARY)

    terminal = StringIO()
    Console(file=terminal, width=120).print(as_text(found))
    assert found == card()
    assert json.loads(msgspec.json.encode(found))["release_id"] == CPI_JANUARY
    for shown in (terminal.getvalue(), as_page(found)):
        assert BTCUSDT.id in shown
        assert "−30.0" in shown


def test_documents_of_a_newer_version_are_counted_and_the_others_read(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as journal:
        journal.append(session_record(Session(mode="live"), T0))
        for one in said():
            data = encode_data(one)
            newer = data.replace(b'"flags":[', b'"flags":["newer_flag"' + (b"," if one.flags else b""), 1)
            journal.append(Record(RecordKind.SIGNAL, T0, "", one.id, newer))
        journal.append(Record(RecordKind.SIGNAL, T0, "", "x", data.replace(b'"kind":"', b'"kind":"newer_', 1)))
        journal.append(
            Record(RecordKind.SIGNAL, T0, "", "y", data.replace(b"signald.signal/1", b"signald.signal/2", 1))
        )

    read = report_card(tmp_path, CPI_JANUARY)

    assert read == msgspec.structs.replace(card(), unread=2)
    assert "2 documents were written by another version" in as_page(read)

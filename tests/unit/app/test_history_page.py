from pathlib import Path

import msgspec

from signald.app.history_page import write_history
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.model.notices import Notice, Withheld
from signald.model.records import Record, RecordKind
from signald.sinks.encoding import encode_data
from tests.support.signals import T0, sample_signal


def notice_record(notice: Notice) -> Record:
    return Record(RecordKind.NOTICE, T0, "", type(notice).__name__, msgspec.json.encode(notice))


def journal_of(path: Path, *records: Record) -> Path:
    rules = {"consumers": [{"name": "otc-desk-1", "jurisdiction": "SG"}]}
    with JournalWriter(path) as journal:
        journal.append(session_record(Session(mode="live", model_id="m1", version="0.1.0", rules=rules), T0))
        for record in records:
            journal.append(record)
    return path


def test_page_says_what_was_said_to_whom_and_on_what_grounds(tmp_path: Path) -> None:
    signal = sample_signal(flags=("thin_history",))
    journal = journal_of(tmp_path / "journal", Record(RecordKind.SIGNAL, T0, "", signal.id, encode_data(signal)))

    written = write_history(journal, tmp_path / "page.html", from_ts=None, to_ts=None)

    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert written == 1
    for fact in (
        "otc-desk-1 (SG)",
        "2025-02-12T13:30:00Z",
        "us.cpi.yoy:2025-01: 3 against 2.9",
        "down, -61.0 bps in 300 s",
        "95700.1 / 95700.2",
        "m1",
        "thin_history",
        signal.id,
    ):
        assert fact in page


def test_page_says_what_was_withheld_and_escapes_what_others_wrote(tmp_path: Path) -> None:
    withheld = Withheld(id="<b>", kind="release", instrument="BTCUSDT.BINANCE", reason="halt", ts_ingest=T0)
    journal = journal_of(tmp_path / "journal", notice_record(withheld))

    write_history(journal, tmp_path / "page.html", from_ts=None, to_ts=None)

    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "release withheld" in page
    assert "&lt;b&gt;" in page
    assert "<td><b></td>" not in page


def test_what_a_newer_version_wrote_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    data = encode_data(sample_signal(flags=("thin_history",)))
    newer_flag = data.replace(b'"flags":[', b'"flags":["newer_flag",', 1)
    newer_kind = data.replace(b'"kind":"release"', b'"kind":"newer_kind"', 1)
    newer_notice = b'{"type":"Controlled","command":7}'
    journal = journal_of(
        tmp_path / "journal",
        Record(RecordKind.SESSION, T0, "", "newer", b'{"mode":"newer"}'),
        Record(RecordKind.SIGNAL, T0, "", "doubted", newer_flag),
        Record(RecordKind.SIGNAL, T0, "", "unheard-of", newer_kind),
        Record(RecordKind.NOTICE, T0, "", "Controlled", newer_notice),
    )

    write_history(journal, tmp_path / "page.html", from_ts=None, to_ts=None)

    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "down, -61.0 bps in 300 s" in page
    assert "unheard-of" in page
    assert page.count("written by another version: not read here") == 3

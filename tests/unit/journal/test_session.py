import pytest

from signald.errors import JournalError
from signald.journal.session import Session, read_session, session_record
from signald.model.records import Record, RecordKind


def test_a_session_is_read_as_it_was_written() -> None:
    session = Session(mode="import", instruments=("BTCUSDT.BINANCE",), model_id="m", version="1")

    record = session_record(session, 5)

    assert (record.kind, record.ts_ingest, record.channel, record.key) == (RecordKind.SESSION, 5, "", "import")
    assert read_session(record) == session


def test_fields_of_a_newer_program_are_ignored() -> None:
    record = Record(RecordKind.SESSION, 5, "", "live", b'{"mode":"live","processes":4}')

    assert read_session(record) == Session(mode="live")


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"mode":"fast"}', b'{"mode":"live","instruments":[1]}'])
def test_what_is_no_session_is_refused(payload: bytes) -> None:
    with pytest.raises(JournalError, match="session of 5"):
        read_session(Record(RecordKind.SESSION, 5, "", "live", payload))

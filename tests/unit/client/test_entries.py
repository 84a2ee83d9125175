import pytest

from signald.client.entries import SchemaError, UnreadableError, entry_ms, read_entry, streams_reply
from signald.sinks.encoding import encode_data
from tests.support.signals import sample_signal


def fields(data: bytes) -> dict[bytes, bytes]:
    return {
        b"id": b"a",
        b"kind": b"release",
        b"instrument": b"",
        b"sequence": b"7",
        b"ts_scored": b"1",
        b"ts_publish": b"2",
        b"late_ms": b"0",
        b"data": data,
    }


def test_entry_is_read_as_it_was_written() -> None:
    signal = sample_signal()

    received = read_entry("5-0", fields(encode_data(signal)))

    assert (received.signal, received.sequence, received.instrument) == (signal, 7, None)


def test_another_schema_is_named() -> None:
    with pytest.raises(SchemaError, match=r"signald\.signal/9"):
        read_entry("5-0", fields(b'{"schema":"signald.signal/9"}'))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"schema":"signald.signal/1","kind":"unheard_of"}'])
def test_what_has_no_meaning_here_is_said_to_be_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError, match="5-0"):
        read_entry("5-0", fields(data))


def test_missing_field_is_said_to_be_unreadable() -> None:
    with pytest.raises(UnreadableError, match="ts_publish"):
        read_entry(
            "5-0",
            {name: value for name, value in fields(b'{"schema":"signald.signal/1"}').items() if name != b"ts_publish"},
        )


def test_field_that_is_not_known_yet_does_no_harm() -> None:
    data = encode_data(sample_signal())[:-1] + b',"later":1}'

    assert read_entry("5-0", fields(data)).signal == sample_signal()


def test_reply_without_entries_is_empty() -> None:
    assert streams_reply(None) == []
    assert streams_reply([[b"key", [[b"5-1", [b"a", b"1"]], [b"5-2", None]]]]) == [("5-1", {b"a": b"1"}), ("5-2", None)]


def test_entry_knows_when_the_server_took_it() -> None:
    assert entry_ms("1739367000123-4") == 1_739_367_000_123

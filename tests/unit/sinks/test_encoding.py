"""The document's bytes are the contract's: its order, integer nanoseconds, shortest floats, never NaN."""

import json

import msgspec
import pytest

from signald.model.signals import BookView, DepthSides, Horizon
from signald.sinks.encoding import decode_data, decode_entry, document_of, encode_data
from tests.support.signals import T0, sample_signal

CONTRACT_ORDER = [
    *("schema", "id", "kind", "revision", "causes", "instrument", "verdict", "confidence", "horizons"),
    *("book", "desk", "model", "flags", "ts_scheduled", "ts_event", "ts_ingest"),
]


def test_fields_come_in_the_contracts_order() -> None:
    data = encode_data(sample_signal())

    assert list(json.loads(data)) == CONTRACT_ORDER


def test_numbers_are_shortest_and_times_are_integers() -> None:
    data = encode_data(sample_signal())

    assert b'"mid":95700.15,' in data
    assert b'"ts_event":1739367000000000000,' in data
    assert b" " not in data


def test_retracts_appears_only_where_there_is_something_to_retract() -> None:
    plain = encode_data(sample_signal())
    retraction = encode_data(sample_signal(kind="retraction", retracts=("aa" * 16,)))

    assert b"retracts" not in plain
    assert json.loads(retraction)["retracts"] == ["aa" * 16]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_by_name(number: float) -> None:
    horizon = Horizon(seconds=300, mean_bps=number, std_bps=1.0, lo_bps=0.0, hi_bps=0.0, p_up=0.5, n=1)

    with pytest.raises(ValueError, match=r"horizons\.0\.mean_bps is not finite"):
        encode_data(sample_signal(horizons=(horizon,)))


def test_infinities_that_cancel_out_are_refused_too() -> None:
    book = BookView(
        bid=float("inf"),
        ask=float("-inf"),
        mid=1.0,
        microprice=1.0,
        spread_bps=1.0,
        imbalance=0.0,
        depth_usd={"5": DepthSides(bid=None, ask=float("nan"))},
        age_ms=0.0,
    )

    with pytest.raises(ValueError, match=r"book\.bid is not finite"):
        encode_data(sample_signal(book=book))


def test_a_document_that_is_none_is_refused_by_field() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.revision"):
        decode_data(encode_data(sample_signal()).replace(b'"revision":1', b'"revision":"one"'))


def test_a_document_carries_what_the_sinks_need() -> None:
    signal = sample_signal(flags=("test",))
    data = encode_data(signal)

    document = document_of(signal, ts_scored=T0 + 1, data=data, ingested=5)

    assert (document.id, document.test, document.ts_event, document.data) == (signal.id, True, T0, data)


def test_an_entry_is_read_as_it_was_written() -> None:
    signal = sample_signal(instrument=None)
    fields = {
        b"id": signal.id.encode(),
        b"kind": b"release",
        b"instrument": b"",
        b"sequence": b"7",
        b"ts_scored": b"1",
        b"ts_publish": b"2",
        b"late_ms": b"0",
        b"data": encode_data(signal),
    }

    entry = decode_entry(fields)

    assert (entry.instrument, entry.sequence, entry.signal) == (None, 7, signal)

"""Documents of one id must rest on the same causes, model and surprise; books and times may differ."""

import msgspec
import pytest
from hypothesis import given

from signald.model.signals import ModelView, Signal
from signald.sinks.encoding import encode_data
from signald.sinks.replicas import compare_documents
from tests.support.calendar import figure, heartbeat, scheduled
from tests.support.engine import build_engine, of_bitcoin, tell
from tests.support.signals import signals


def build_document() -> Signal:
    [signal] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure()))
    return signal


DOCUMENT = build_document()
[CAUSE] = DOCUMENT.causes


def changed(**fields: object) -> bytes:
    return encode_data(msgspec.structs.replace(DOCUMENT, **fields))


def caused(**fields: object) -> bytes:
    return changed(causes=(msgspec.structs.replace(CAUSE, **fields),))


@given(signals())
def test_a_document_agrees_with_itself(signal: Signal) -> None:
    assert compare_documents(encode_data(signal), encode_data(signal)) is None


def test_books_and_times_may_differ() -> None:
    other = changed(book=None, ts_ingest=DOCUMENT.ts_ingest + 1, flags=("no_book",), confidence=0.5)

    assert compare_documents(encode_data(DOCUMENT), other) is None


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (changed(model=ModelView(id="another", drivers=())), ("model.id", DOCUMENT.model.id, "another")),
        (changed(model=None), ("model.id", DOCUMENT.model.id, "nothing")),
        (caused(actual=3.1), ("causes[0].actual", "3.0", "3.1")),
        (caused(consensus=None), ("causes[0].consensus", "2.9", "nothing")),
        (caused(surprise_z=9.0), ("causes[0].surprise_z", str(CAUSE.surprise_z), "9.0")),
        (changed(causes=()), ("causes", "1", "0")),
    ],
)
def test_the_first_difference_is_named_with_both_words(theirs: bytes, found: tuple[str, str, str]) -> None:
    assert compare_documents(encode_data(DOCUMENT), theirs) == found


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        compare_documents(encode_data(DOCUMENT), b"{}")


def test_kinds_flags_and_fields_of_a_newer_version_are_no_disagreement() -> None:
    document = msgspec.json.decode(encode_data(DOCUMENT))
    newer = document | {"kind": "foreboding", "flags": ["ominous"], "outlook": {"1h": 0.5}}

    assert compare_documents(encode_data(DOCUMENT), msgspec.json.encode(newer)) is None

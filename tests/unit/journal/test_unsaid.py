import pytest

from signald.journal.unsaid import Tail
from signald.model.records import Record, RecordKind
from tests.support.signals import sample_signal

ONE, OTHER = sample_signal(id="one"), sample_signal(id="other")


def record(kind: RecordKind, key: str = "") -> Record:
    return Record(kind, 1, "mqtt", key, b"")


def tail(*records: Record) -> Tail:
    read = Tail()
    for each in records:
        read.read(each)
    return read


def test_documents_that_are_not_on_record_behind_the_newest_input_are_unsaid() -> None:
    read = tail(record(RecordKind.MESSAGE), record(RecordKind.SIGNAL, "one"))

    assert read.unsaid([ONE, "a notice", OTHER]) == (OTHER,)


@pytest.mark.parametrize("kind", [RecordKind.NOTICE, RecordKind.SESSION])
def test_a_restart_that_is_cut_off_itself_leaves_the_rest_to_the_next(kind: RecordKind) -> None:
    read = tail(record(RecordKind.MESSAGE), record(RecordKind.SIGNAL, "one"), record(kind))

    assert read.unsaid([ONE, OTHER]) == (OTHER,)


def test_what_was_said_of_an_earlier_input_counts_no_more() -> None:
    read = tail(record(RecordKind.MESSAGE), record(RecordKind.SIGNAL, "one"), record(RecordKind.TICK))

    assert read.unsaid([ONE]) == (ONE,)


@pytest.mark.parametrize("kind", [RecordKind.FRAME, RecordKind.RESPONSE])
def test_nothing_is_unsaid_once_the_run_went_on(kind: RecordKind) -> None:
    assert tail(record(RecordKind.MESSAGE), record(kind)).unsaid([ONE]) == ()


def test_nothing_is_unsaid_before_any_input() -> None:
    assert tail().unsaid([ONE]) == ()

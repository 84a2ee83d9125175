import pytest

from signald.errors import JournalError
from signald.model.records import Record, RecordKind
from signald.replay.ahead import Ahead


def frame(ts: int, size: int = 100) -> Record:
    return Record(RecordKind.FRAME, ts, "bids", "", bytes(size))


def test_what_waits_is_given_away_once_in_its_order() -> None:
    ahead = Ahead()
    for ts, place in ((1, 1), (2, 2), (3, 1)):
        ahead.keep(frame(ts), place)

    taken = ahead.take()

    assert [(piece.ts_ingest, place) for piece, place in taken if isinstance(piece, Record)] == [(1, 1), (2, 2), (3, 1)]
    assert not ahead
    assert ahead.take() == []


def test_a_worker_that_began_anew_waits_with_what_came_since() -> None:
    ahead = Ahead()
    ahead.keep(frame(1), 1)
    ahead.keep(frame(2), 2)

    ahead.drop(1)

    assert 1 not in ahead
    assert [place for _, place in ahead.take()] == [2]


def test_of_a_worker_that_waits_for_too_much_nothing_is_kept() -> None:
    ahead = Ahead(most_bytes=10_000)

    for ts in range(1_000):
        ahead.keep(frame(ts), 1)

    assert 1 in ahead
    with pytest.raises(JournalError, match="more than 10000 bytes ahead"):
        ahead.take()


def test_a_worker_that_waits_anew_has_all_the_room_again() -> None:
    ahead = Ahead(most_bytes=10_000)
    for ts in range(1_000):
        ahead.keep(frame(ts), 1)

    ahead.drop(1)
    ahead.keep(frame(1_000), 1)

    assert [piece.ts_ingest for piece, _ in ahead.take() if isinstance(piece, Record)] == [1_000]

from signald.simulate.market import ASK, BID, Change
from signald.simulate.venues.ledger import Batch, Ledger, Touch


def test_each_change_is_one_update() -> None:
    ledger = Ledger(["fast"], update_id=100)

    ledger.apply([Change(BID, 10, 5), Change(ASK, 12, 6), Change(BID, 10, 7)])

    assert ledger.update_id == 103
    assert ledger.tell("fast") == Batch(101, 103, ({10: 7}, {12: 6}))


def test_each_stream_is_told_everything_once_at_its_own_pace() -> None:
    ledger = Ledger(["fast", "slow"], update_id=0)

    ledger.apply([Change(BID, 10, 5)])
    first = ledger.tell("fast")
    ledger.apply([Change(BID, 10, 0)])

    assert first == Batch(1, 1, ({10: 5}, {}))
    assert ledger.tell("fast") == Batch(2, 2, ({10: 0}, {}))
    assert ledger.tell("fast") is None
    assert ledger.tell("slow") == Batch(1, 2, ({10: 0}, {}))


def test_the_batches_of_a_stream_leave_no_id_out() -> None:
    ledger = Ledger(["fast"], update_id=0)
    batches: list[Batch | None] = []

    for count in (3, 1, 5):
        ledger.apply([Change(ASK, 20 + n, 1) for n in range(count)])
        batches.append(ledger.tell("fast"))

    assert [(b.first_id, b.last_id) for b in batches if b] == [(1, 3), (4, 4), (5, 9)]


def test_the_best_levels_come_best_first() -> None:
    ledger = Ledger([], update_id=0)

    ledger.apply([Change(BID, p, p) for p in (8, 10, 9)] + [Change(ASK, p, p) for p in (13, 12, 14)])

    assert ledger.best(BID, 2) == [(10, 10), (9, 9)]
    assert ledger.best(ASK, 2) == [(12, 12), (13, 13)]
    assert ledger.touch() == Touch(10, 10, 12, 12)


def test_an_empty_side_has_no_touch() -> None:
    ledger = Ledger([], update_id=0)

    ledger.apply([Change(BID, 10, 3)])

    assert ledger.touch() == Touch(10, 3, 0, 0)

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from signald.simulate.market import Change
from signald.simulate.venues.ledger import Ledger

changes = st.builds(Change, st.integers(0, 1), st.integers(1, 20), st.integers(0, 5))
moments = st.lists(st.tuples(st.lists(changes, max_size=6), st.booleans()), max_size=20)


@given(before=st.lists(changes, max_size=10), between=st.lists(changes, max_size=10), later=moments)
def test_a_snapshot_and_the_batches_after_it_give_the_later_book(
    before: list[Change], between: list[Change], later: list[tuple[list[Change], bool]]
) -> None:
    ledger = Ledger(["stream"], update_id=100)
    ledger.apply(before)
    ledger.tell("stream")
    ledger.apply(between)  # in flight when the snapshot is taken
    book, last_id = deepcopy(ledger.sides), ledger.update_id

    for applied, is_told in [*later, ([], True)]:
        ledger.apply(applied)
        batch = ledger.tell("stream") if is_told else None
        if batch is None or batch.last_id <= last_id:
            continue
        assert batch.first_id <= last_id + 1 <= batch.last_id
        last_id = batch.last_id
        for side, levels in zip(book, batch.sides, strict=True):
            side.update(levels)
            for price in [price for price, size in side.items() if not size]:
                del side[price]

    assert book == ledger.sides
    assert last_id == ledger.update_id

"""How often books were lost and found."""

from signald.live.book_tally import BookTally


def test_the_first_time_that_a_book_is_live_is_no_resync() -> None:
    memory = bytearray(BookTally.nbytes(2))
    keeper, reader = BookTally(["A.X", "B.Y"], memory), BookTally(["A.X", "B.Y"], memory)

    keeper.found("B.Y")
    keeper.lost("B.Y")
    keeper.found("B.Y")

    assert (reader.gaps("B.Y"), reader.resyncs("B.Y")) == (1, 1)
    assert (reader.gaps("A.X"), reader.resyncs("A.X")) == (0, 0)


def test_a_book_that_nobody_knows_is_not_counted() -> None:
    tally = BookTally()

    tally.lost("A.X")

    assert BookTally.nbytes(0) == 0

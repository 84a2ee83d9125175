from signald.client.sequences import Gap, Sequences, lost


def test_numbers_in_a_row_leave_nothing_out() -> None:
    sequences = Sequences()
    sequences.start(4)

    assert [*sequences.missing(5)] == []


def test_number_too_far_names_those_between() -> None:
    sequences = Sequences()
    sequences.note(4)

    assert [*sequences.missing(8)] == [5, 6, 7]


def test_first_number_and_a_stream_begun_anew_are_no_gap() -> None:
    sequences = Sequences()

    assert [*sequences.missing(900)] == []
    sequences.note(900)
    assert [*sequences.missing(1)] == []


def test_lost_numbers_are_told_as_runs() -> None:
    assert lost(range(5, 11), {6, 9}) == [Gap(5, 5), Gap(7, 8), Gap(10, 10)]

"""One release remembers what its sources promised and said, and forgets nothing that an id rests on."""

from signald.core.release_window import ReleaseWindow
from signald.core.release_window.window import indicator_of
from signald.model.macro import ReleaseKind
from tests.support.calendar import CPI, CPI_JANUARY, figure, scheduled
from tests.support.signals import sample_signal

FIRST, CORRECTION = ReleaseKind.FIRST, ReleaseKind.CORRECTION


def window() -> ReleaseWindow:
    return ReleaseWindow(CPI_JANUARY, CPI)


def test_a_release_id_begins_with_its_indicator() -> None:
    assert indicator_of("us.gdp.qoq:2025-Q1:advance") == "us.gdp.qoq"


def test_nothing_is_promised_or_expected_at_first() -> None:
    assert window().promise is None
    assert window().expectation[:2] == (None, None)


def test_what_is_expected_is_frozen_by_the_first_figure_until_the_release_begins_anew() -> None:
    one = window()
    one.schedule(scheduled(), consensus=2.9, prior=2.8)
    one.freeze()
    one.schedule(scheduled(sequence=2), consensus=3.0, prior=2.8)
    assert one.expectation[:2] == (2.9, 2.8)

    one.begin_anew()

    assert one.expectation[:2] == (3.0, 2.8)
    assert not one.is_heard


def test_figures_count_from_zero_and_corrections_from_one() -> None:
    one = window()

    numbers = [one.accept(figure(), kind, ()).number for kind in (FIRST, CORRECTION, CORRECTION, FIRST)]

    assert (numbers, one.scored) == ([0, 1, 2, 3], 4)
    assert window().accept(figure(), CORRECTION, ()).number == 1


def test_a_withdrawn_figure_takes_all_that_rests_on_it_along() -> None:
    one = window()
    one.accept(figure(), FIRST, ())
    one.note(sample_signal())
    one.contradict({"wire": 3.1})

    figure_ = one.withdraw()

    assert (one.current, one.withdrawn, one.issued, one.contradicted, one.state) == (
        None,
        (figure_,),
        {},
        {},
        "retracted",
    )


def test_a_contradiction_is_news_when_it_begins_and_when_it_ends() -> None:
    one = window()

    news = [one.contradict(others) for others in ({}, {"wire": 3.1}, {"wire": 3.1, "x": 3.1}, {"x": 3.1}, {}, {})]

    assert news == [False, True, False, False, True, False]
    assert one.conceded == (3.1,)


def test_each_doubt_is_worth_one_document_until_there_are_too_many() -> None:
    one = window()

    assert [one.doubt(figure(9.0), "outlier"), one.doubt(figure(9.0), "outlier")] == [True, False]
    assert one.doubt(figure(9.0), "late_release")
    assert sum(one.doubt(figure(100.0 + number), "outlier") for number in range(100)) == 14


def test_only_the_newest_documents_of_an_instrument_are_remembered() -> None:
    one = window()
    for number in range(1_000):
        one.note(sample_signal(id=f"{number:032x}"))

    [ids] = one.issued.values()

    assert (len(ids), ids[-1]) == (256, f"{999:032x}")


def test_documents_taken_back_for_a_siblings_sake_are_forgotten() -> None:
    one = window()
    for name in "ab":
        one.note(sample_signal(id=name))

    one.forget("BTCUSDT-PERP.BINANCE", frozenset("a"))
    one.forget("ETHUSDT.BINANCE", frozenset("b"))

    assert one.issued == {"BTCUSDT-PERP.BINANCE": ["b"]}

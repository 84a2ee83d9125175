"""What the matrix demands of lateness, on entries made up."""

from signald.sinks.encoding import encode_data
from signald.sinks.redis import IN_FLIGHT
from tests.chaos.checks import citation_problems, punctuality_problems
from tests.chaos.reader import Delivered
from tests.chaos.source import Figure
from tests.support.signals import sample_signal

OUTAGE = (1_000, 2_000)


def entry(ts_scored: int, late_ms: int) -> Delivered:
    return Delivered(id=f"{ts_scored}", sequence=1, ts_scored=ts_scored, late_ms=late_ms, data=b"")


def problems(*entries: Delivered, direct: bool = False, crowds: bool = False) -> list[str]:
    return list(punctuality_problems(entries, outages=[OUTAGE], direct=direct, crowds=crowds))


def test_what_was_scored_in_an_outage_must_be_marked_late() -> None:
    assert problems(entry(1_500, 0), entry(1_600, 0)) == ["2 documents of an outage are not marked late"]
    assert problems(entry(1_500, 1)) == []


def test_what_was_scored_before_or_after_an_outage_need_not_be() -> None:
    assert problems(entry(999, 0), entry(2_001, 0)) == []


def test_nothing_is_late_where_nothing_came_between() -> None:
    assert problems(entry(2_500, 7), direct=True) == ["marked late by 7 ms without a reason"]


def test_where_much_comes_due_at_once_only_what_stands_behind_a_crowd_may_be_late() -> None:
    crowd = [entry(5_000, 0)] * IN_FLIGHT

    assert problems(*crowd, entry(5_001, 7), direct=True, crowds=True) == []
    assert problems(*crowd[1:], entry(5_001, 7), direct=True, crowds=True) != []
    assert problems(*crowd, entry(5_001 + 5 * 10**9, 7), direct=True, crowds=True) != []
    assert problems(*crowd, entry(5_001, 7), direct=True) != []


def test_a_figure_must_be_cited_as_it_was_said() -> None:
    signal = sample_signal()
    [cause] = signal.causes
    assert cause.actual is not None
    assert cause.consensus is not None
    said = Figure(cause.release_id, cause.consensus, cause.actual)
    entries = [Delivered(id="1", sequence=1, ts_scored=1, late_ms=0, data=encode_data(signal))]

    assert list(citation_problems(entries, [said], complete=True)) == []
    assert len(list(citation_problems(entries, [said._replace(actual=7.0)], complete=True))) == 1
    assert len(list(citation_problems(entries, [said._replace(consensus=7.0)], complete=False))) == 1

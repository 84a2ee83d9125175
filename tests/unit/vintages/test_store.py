import sqlite3
from pathlib import Path

import msgspec
import pytest

from signald.errors import VintageError
from signald.model.macro import ReleaseKind, ScheduleState
from signald.model.notices import Quarantined, Rejected, WindowChanged
from signald.vintages import Faults, Vintage, VintageStore, known_figures
from tests.support.calendar import CPI, CPI_JANUARY, DAY, T0
from tests.support.vintages import figure, schedule


@pytest.fixture
def store() -> VintageStore:
    return VintageStore(None)


def only(store: VintageStore, ts: int) -> Vintage:
    (vintage,) = store.as_of(ts)
    return vintage


def test_what_came_later_is_never_seen(store: VintageStore) -> None:
    store.record_all([schedule(T0 - DAY, 2.8), schedule(T0 - 5, 2.9), figure(T0 + 1, 3.0, revised_prior=2.7)])

    moments = (T0 - DAY - 1, T0 - DAY, T0 - 5, T0, T0 + 1)
    seen = [[(one.consensus, one.actual, one.revised_prior) for one in store.as_of(ts)] for ts in moments]

    assert seen == [[], [(2.8, None, None)], [(2.9, None, None)], [(2.9, None, None)], [(2.9, 3.0, 2.7)]]


def test_a_consensus_from_after_the_figure_was_none(store: VintageStore) -> None:
    store.record_all([schedule(T0 - DAY, 2.9), figure(T0 + 1, 3.0), schedule(T0 + 2, 3.0)])

    assert only(store, T0 + DAY).consensus == 2.9


def test_corrections_leave_the_first_figure_and_change_the_one_that_counts(store: VintageStore) -> None:
    store.record_all([schedule(T0 - DAY, 2.9), figure(T0 + 1, 3.0)])
    store.record(figure(T0 + 10, 3.1, ReleaseKind.CORRECTION))
    store.record(figure(T0 + 20, None, ReleaseKind.RETRACTION))

    found = [only(store, ts) for ts in (T0 + 1, T0 + 10, T0 + 20)]

    assert [(one.actual, one.current, one.state) for one in found] == [
        (3.0, 3.0, "released"),
        (3.0, 3.1, "corrected"),
        (3.0, None, "retracted"),
    ]


def test_what_is_recorded_twice_or_older_is_there_once(store: VintageStore) -> None:
    words = [schedule(T0 - DAY, 2.8), schedule(T0 - 5, 2.9), figure(T0 + 1, 3.0)]
    store.record_all(words)

    store.record_all([*words, schedule(T0 - 2 * DAY, 1.0)])

    assert only(store, T0 + DAY).consensus == 2.9


def test_the_most_trusted_source_counts(store: VintageStore) -> None:
    store.record_all([schedule(T0 - DAY, 2.8, source="bls"), schedule(T0 - 5, 2.7, source="abc")])

    trusting = msgspec.structs.replace(CPI, sources=("bls",))
    (by_trust,) = store.as_of(T0, indicators={"us.cpi.yoy": trusting})

    assert by_trust.consensus == 2.8
    assert only(store, T0).consensus == 2.7


def test_an_implausible_consensus_is_not_known(store: VintageStore) -> None:
    store.record_all([schedule(T0 - DAY, 2.8), schedule(T0 - 5, 290.0)])

    (found,) = store.as_of(T0, indicators={CPI.id: CPI})

    assert found.consensus == 2.8


def test_a_prior_that_nobody_told_is_the_figure_of_the_period_before(store: VintageStore) -> None:
    before = "us.cpi.yoy:2024-12"
    store.record_all([figure(T0 - 30 * DAY, 2.9, release_id=before)])
    store.record(figure(T0 - 20 * DAY, 2.8, ReleaseKind.CORRECTION, release_id=before))
    store.record(schedule(T0 - DAY, 2.9, prior=None))

    found = {one.release_id: one.prior for one in store.as_of(T0)}

    assert found == {before: None, CPI_JANUARY: 2.8}


DECEMBER = "us.cpi.yoy:2024-12"


def settled(store: VintageStore, ts: int) -> list[tuple[str, float | None, int]]:
    return [(one.release_id, one.actual, one.ts_known) for one in store.settled(ts, indicators={CPI.id: CPI})]


def test_what_counts_is_handed_on_as_it_was_known_then(store: VintageStore) -> None:
    store.record_all([schedule(T0 - 9, 2.9), figure(T0 + 1, 3.0), figure(T0 + 7, 2.8, ReleaseKind.CORRECTION)])
    store.record(figure(T0 + 9, None, ReleaseKind.RETRACTION))

    told = [settled(store, ts) for ts in (T0, T0 + 1, T0 + 7, T0 + 9)]

    says = [(CPI_JANUARY, 3.0, T0 + 1), (CPI_JANUARY, 2.8, T0 + 7), (CPI_JANUARY, None, T0 + 9)]
    assert told == [says[:number] for number in range(4)]


def test_what_was_outvoted_never_due_or_a_stranger_s_is_not_handed_on(store: VintageStore) -> None:
    store.record_all([schedule(T0 - 9, 2.9), figure(T0 + 1, 3.0), figure(T0 - 8, 2.7, release_id=DECEMBER)])
    store.record(msgspec.structs.replace(figure(T0 + 2, 3.9), source="wire"))
    store.record(figure(T0 + 1, 256.0, release_id="us.nfp:2025-01"))

    assert settled(store, T0 + DAY) == [(CPI_JANUARY, 3.0, T0 + 1)]


def test_a_figure_that_surprises_counts_once_two_say_it(store: VintageStore) -> None:
    doubt = Quarantined(release_id=CPI_JANUARY, source="bls", actual=9.9, reason="outlier", ts_ingest=T0 + 1)
    store.record_all([schedule(T0 - 9, 2.9), figure(T0 + 1, 9.9), doubt])
    alone = settled(store, T0 + DAY)

    store.record(msgspec.structs.replace(figure(T0 + 2, 9.9), source="wire"))

    assert (alone, settled(store, T0 + DAY)) == ([], [(CPI_JANUARY, 9.9, T0 + 2)])


def test_where_there_is_no_store_nothing_is_known_and_none_is_made(tmp_path: Path) -> None:
    assert known_figures(tmp_path / "none", T0, {CPI.id: CPI}) == []
    assert not (tmp_path / "none").exists()


def test_a_quarantined_figure_is_not_shown(store: VintageStore) -> None:
    slip = Quarantined(release_id=CPI_JANUARY, source="bls", actual=0.03, reason="unit_slip", ts_ingest=T0 + 1)
    store.record_all([schedule(T0 - DAY, 2.9), figure(T0 + 1, 0.03), slip, figure(T0 + 5, 3.0)])

    assert only(store, T0 + 2).actual is None
    assert only(store, T0 + 9).actual == 3.0
    assert store.faults(T0 + 9) == {"unit_slip": 1}


def test_a_test_is_no_figure(store: VintageStore) -> None:
    store.record_all([schedule(T0 - DAY, 2.9), figure(T0 - 5, 9.9, ReleaseKind.TEST)])

    assert (only(store, T0).actual, only(store, T0).state) == (None, ScheduleState.SCHEDULED.value)


def test_the_state_is_that_of_the_moment(store: VintageStore) -> None:
    store.record(schedule(T0 - DAY, 2.9))
    for ts, state in ((T0 - DAY, "scheduled"), (T0 - 900, "armed"), (T0 + 60, "missed"), (T0 + 3_600, "closed")):
        store.record(WindowChanged(release_id=CPI_JANUARY, state=state, ts_ingest=ts))

    assert [only(store, ts).state for ts in (T0 - DAY, T0, T0 + 60, T0 + DAY)] == [
        "scheduled",
        "armed",
        "missed",
        "missed",
    ]


def test_faults_are_counted_by_kind_up_to_a_moment(store: VintageStore) -> None:
    store.record(Faults(T0, {"wrong_zone": 621, "repeated": 11}))
    for ts in (T0 + 1, T0 + 2):
        store.record(Rejected(channel="te", reason="repeated", field="sequence", problem="older", ts_ingest=ts))

    assert store.faults(T0) == {"wrong_zone": 621, "repeated": 11}
    assert store.faults(T0 + 1) == {"wrong_zone": 621, "repeated": 12}


def test_a_store_is_read_again_from_its_file(tmp_path: Path) -> None:
    with VintageStore(tmp_path / "deep" / "vintages.sqlite") as store:
        store.record(schedule(T0 - DAY, 2.9))

    with VintageStore(tmp_path / "deep" / "vintages.sqlite") as again:
        assert only(again, T0).consensus == 2.9


def test_a_file_that_is_no_store_or_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is not a database, not at all, whatever its name may say" * 20)
    with sqlite3.connect(tmp_path / "later") as later:
        later.execute("PRAGMA user_version = 99")

    for name in ("text", "later"):
        with pytest.raises(VintageError, match=name):
            VintageStore(tmp_path / name)

"""The one door: stamped, journalled, fed, journalled again, and only then told to anybody."""

import errno
from collections.abc import Sequence
from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal.reader import read
from signald.journal.session import Session
from signald.journal.writer import JournalWriter
from signald.live.intake import Intake
from signald.model.notices import Notice
from signald.model.records import RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S
from signald.sinks.encoding import Document, decode_data
from signald.sinks.stages import Stages
from tests.support.calendar import CPI_JANUARY, T0, heartbeat_payload, release_payload, schedule_payload
from tests.support.pipelines import NAMES, build_pipeline

HOUR = 3_600 * NS_PER_S


class TwoHandedClock:
    """Both times stand still until they are moved by hand."""

    def __init__(self, now: int) -> None:
        self.wall = now
        self.mono = 0

    def now(self) -> int:
        return self.wall

    def monotonic(self) -> int:
        return self.mono

    def pass_by(self, duration: int) -> None:
        self.wall += duration
        self.mono += duration


class WatchingOutlet:
    """Writes down what it was told, and what the journal had on disk at that moment."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self.documents: list[Document] = []
        self.on_record: list[set[str]] = []
        self.notices: list[Notice] = []
        self.failures: list[str] = []
        self.steps: list[int] = []

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        self.documents += [document for _, document in said]
        self.on_record.append({one.key for one in read(self._journal) if one.kind is RecordKind.SIGNAL})

    def tell(self, notice: Notice) -> None:
        self.notices.append(notice)

    def clock_fell_behind(self, by: int) -> None:
        self.steps.append(by)

    def journal_failed(self, error: JournalError) -> None:
        self.failures.append(str(error))


class Shell:
    """An intake and all around it."""

    def __init__(self, path: Path, *, now: int = T0 - NS_PER_S) -> None:
        self.path = path
        self.clock = TwoHandedClock(now)
        self.outlet = WatchingOutlet(path)
        self.journal = JournalWriter(path)
        self.intake = Intake(
            clock=self.clock,
            journal=self.journal,
            pipeline=build_pipeline(),
            outlet=self.outlet,
            stages=Stages(),
        )
        self.intake.begin(Session(mode="live", instruments=NAMES), ())

    def hear(self, what: str, payload: bytes) -> None:
        self.intake.take(RecordKind.MESSAGE, channel="mqtt", key=f"calendar/{what}", payload=payload)

    def release(self) -> None:
        """The schedule, of which nothing is to be foreseen, and a second later the figure."""
        self.hear(f"schedule/{CPI_JANUARY}/bls", schedule_payload(consensus=None))
        self.clock.pass_by(NS_PER_S)
        self.hear(f"release/{CPI_JANUARY}/bls", release_payload())

    def beat(self) -> int:
        """One heartbeat; the time it was given."""
        self.intake.take(RecordKind.MESSAGE, channel="mqtt", key="heartbeat/bls", payload=heartbeat_payload())
        return [one.ts_ingest for one in read(self.path)][-1]


def test_a_document_is_on_record_before_anybody_is_told(tmp_path: Path) -> None:
    shell = Shell(tmp_path)

    shell.release()

    assert [document.instrument for document in shell.outlet.documents] == list(NAMES)
    ids = [document.id for document in shell.outlet.documents]
    assert shell.outlet.on_record == [{*ids[:1]}, {*ids}]  # the first goes out before the others are written down


def test_what_comes_is_on_record_when_the_call_returns_since_its_acknowledgement_follows(tmp_path: Path) -> None:
    shell = Shell(tmp_path)

    shell.hear(f"schedule/{CPI_JANUARY}/bls", schedule_payload())

    assert f"calendar/schedule/{CPI_JANUARY}/bls" in {one.key for one in read(tmp_path)}


def test_a_full_disk_halts_nothing_and_the_journal_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path)

    def full(_handle: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("signald.journal.appender.os.write", full)
        shell.release()
        published = [document.id for document in shell.outlet.documents]
        assert shell.journal.status().failing == "No space left on device"
    shell.journal.sync()

    assert len(published) == len(NAMES)
    assert len(shell.outlet.failures) == 1
    assert [one.key for one in read(tmp_path) if one.kind is RecordKind.SIGNAL] == published
    assert shell.journal.status().failing == ""


def test_what_the_run_before_left_unsaid_is_on_record_and_as_late_as_its_cause(tmp_path: Path) -> None:
    donor = Shell(tmp_path / "donor")
    donor.release()
    shell = Shell(tmp_path / "heir", now=T0 + HOUR)
    unsaid = [decode_data(document.data) for document in donor.outlet.documents]

    documents = shell.intake.begin(Session(mode="live", instruments=NAMES), unsaid)

    assert [document.ts_scored for document in documents] == [T0, T0]
    assert {one.key for one in read(shell.path) if one.kind is RecordKind.SIGNAL} == {one.id for one in unsaid}
    assert shell.outlet.documents == []


# -- time -------------------------------------------------------------------------------------------------------------


def test_a_clock_set_back_is_an_alarm_and_time_goes_on_at_half_its_pace(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    before = shell.beat()

    shell.clock.wall -= HOUR
    times = [shell.beat()]
    for _ in range(2):
        shell.clock.pass_by(10 * NS_PER_S)
        times.append(shell.beat())

    assert times == [before, before + 5 * NS_PER_S, before + 10 * NS_PER_S]
    assert shell.outlet.steps == [HOUR]
    assert shell.intake.behind_ns() == HOUR - 10 * NS_PER_S


def test_our_time_and_the_clock_meet_again(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.beat()
    shell.clock.wall -= HOUR
    shell.beat()

    shell.clock.pass_by(2 * HOUR)
    shell.beat()
    shell.clock.pass_by(1)

    assert shell.beat() == shell.clock.wall
    assert shell.intake.behind_ns() == 0


def test_a_clock_that_is_corrected_by_little_is_no_alarm(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    before = shell.beat()

    shell.clock.wall -= NS_PER_S // 2

    assert (shell.beat(), shell.outlet.steps) == (before, [])


def test_a_clock_set_forward_is_followed(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.beat()

    shell.clock.wall += HOUR

    assert shell.beat() == shell.clock.wall


def test_a_rehearsal_is_sent_and_noted_but_is_nothing_that_came(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.hear(f"schedule/{CPI_JANUARY}/bls", schedule_payload(consensus=None))
    before = [*read(tmp_path)]

    went = shell.intake.rehearse(
        channel="mqtt", key=f"calendar/release/{CPI_JANUARY}/bls", payload=release_payload(kind="test")
    )

    since = list(read(tmp_path))[len(before) :]
    assert went
    assert [document.test for document in shell.outlet.documents] == [True, True]
    assert {(record.kind, record.key) for record in since} == {(RecordKind.NOTICE, "Rehearsed")}


def test_nothing_is_rehearsed_while_a_deadline_is_due_since_it_would_be_met_past_the_record(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.hear(f"schedule/{CPI_JANUARY}/bls", schedule_payload(consensus=None))
    shell.clock.pass_by(HOUR)

    went = shell.intake.rehearse(
        channel="mqtt", key=f"calendar/release/{CPI_JANUARY}/bls", payload=release_payload(kind="test")
    )

    assert not went
    assert shell.outlet.documents == []

"""The live clock is the machine's; a shared one carries its offset through the file."""

from pathlib import Path

import pytest

from signald.runtime.clock import LiveClock, SharedClock

Q1_2025 = 1_739_367_000_000_000_000


def test_live_clock_gives_epoch_nanoseconds_and_a_rising_monotonic_time() -> None:
    clock = LiveClock()

    before, after = clock.monotonic(), clock.monotonic()

    assert clock.now() > 1_700_000_000_000_000_000
    assert after >= before


def test_setting_a_shared_clock_moves_every_clock_on_that_file(tmp_path: Path) -> None:
    setter = SharedClock.create(tmp_path / "clock")
    reader = SharedClock(tmp_path / "clock")

    setter.set_now(Q1_2025)

    assert 0 <= reader.now() - Q1_2025 < 5_000_000_000
    assert reader.offset_ns == setter.offset_ns < 0


def test_a_shift_leaves_the_monotonic_clock_alone(tmp_path: Path) -> None:
    clock = SharedClock.create(tmp_path / "clock")
    before = clock.monotonic()

    clock.set_now(Q1_2025)

    assert 0 <= clock.monotonic() - before < 5_000_000_000


def test_a_new_clock_file_holds_the_offset_it_was_given(tmp_path: Path) -> None:
    clock = SharedClock.create(tmp_path / "clock", offset_ns=-42)

    assert clock.offset_ns == -42


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_bytes(b"x" * 9)

    with pytest.raises(ValueError, match="clock is not a clock file"):
        SharedClock(path)


def test_a_closed_clock_lets_go_of_its_file(tmp_path: Path) -> None:
    clock = SharedClock.create(tmp_path / "clock")

    clock.close()

    with pytest.raises(ValueError, match="released"):
        clock.now()

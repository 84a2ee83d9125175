from pathlib import Path

import pytest

from signald.errors import ConfigError, ImportFormatError
from signald.research.delay.latencies import Latencies, draw, read_latencies, sort_out


def test_a_number_is_the_same_always() -> None:
    latencies = read_latencies("2.5", where="--feed")

    assert not latencies.varies
    assert {draw(latencies, seconds=at, key=str(at)) for at in (-1e6, 0.0, 0.5, 1e6)} == {2.5}


def test_latencies_are_drawn_of_their_own_distance_from_the_release(tmp_path: Path) -> None:
    (tmp_path / "seen.csv").write_text("seconds,latency_ms\n-100,1\n-90,2\n0.2,40\n0.9,80\n")

    latencies = read_latencies(str(tmp_path / "seen.csv"), where="--feed")

    assert {draw(latencies, seconds=-200.0, key=str(one)) for one in range(50)} == {1.0, 2.0}
    assert {draw(latencies, seconds=0.5, key=str(one)) for one in range(50)} == {40.0, 80.0}


def test_what_was_never_seen_is_as_what_was_seen_nearest() -> None:
    latencies = Latencies("seen", sort_out([(0.5, 40.0), (1_000.0, 3.0)]))

    assert draw(latencies, seconds=2.0, key="a") == 40.0
    assert draw(latencies, seconds=299.0, key="a") == 3.0


def test_draws_are_spread_as_what_was_seen_and_the_same_for_the_same_key() -> None:
    latencies = Latencies("seen", sort_out([(0.5, float(one)) for one in range(10)]))

    drawn = [draw(latencies, seconds=0.5, key=f"{one}") for one in range(4_000)]

    assert sum(drawn) / len(drawn) == pytest.approx(4.5, abs=0.2)
    assert drawn == [draw(latencies, seconds=0.5, key=f"{one}") for one in range(4_000)]


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "no-such-file.csv"])
def test_what_is_no_latency_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--feed"):
        read_latencies(text, where="--feed")


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("a,b\n", 1), ("seconds,latency_ms\n1,2\n1\n", 3), ("seconds,latency_ms\n1,-2\n", 2)],
)
def test_a_file_that_is_not_one_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "seen.csv"
    path.write_text(text)

    with pytest.raises(ImportFormatError, match=f"seen.csv:{line}:"):
        read_latencies(str(path), where="--feed")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ImportFormatError, match="no CSV"):
        read_latencies(str(path), where="--feed")

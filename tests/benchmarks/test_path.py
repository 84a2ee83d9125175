"""``signald bench path`` still measures what it says; its figures are reported, never asserted."""

from pathlib import Path

import pytest

from signald.bench.path import load
from signald.bench.path.markdown import write_markdown
from signald.bench.path.measure import Measured, bench_path, sections
from signald.bench.path.packets import Inbox, acknowledge, publish, read_publish
from signald.bench.path.page import write_page
from signald.bench.path.replies import RedisSocket
from signald.simulate.servers import embedded_valkey


@pytest.mark.timeout(180)
def test_bench_reports_what_the_contract_names(tmp_path: Path) -> None:
    result = bench_path(releases=40, rounds=2, rate=100.0, servers=["embedded"])
    write_page(result, tmp_path / "path.html")
    write_markdown(result, tmp_path / "latency.md")

    assert [run["case"] for run in result["runs"]] == ["qos 1", "qos 0"]
    assert all(lost == 0 for run in result["runs"] for lost in run["lost"].values())
    assert result["runs"][0]["n"] == 40
    assert set(result["us"]) == {"signald", "floor", "idiom"}
    for ratio in ("ratio_to_floor", "ratio_to_idiom"):
        assert set(result[ratio]) == {"p50", "p99", "p999"}
    assert result["ready_s"]["signald, embedded"] > 0
    assert result["machine"]["cores"] > 0
    assert sections(result)
    assert "<svg" in (tmp_path / "path.html").read_text(encoding="utf-8")
    page = (tmp_path / "latency.md").read_text(encoding="utf-8")
    assert all(f"| {run['case']} | {side} | 40 | 0 |" in page for run in result["runs"] for side in run["us"])


def test_what_a_machine_takes_is_not_known_where_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        """A flood that does not flow."""

        def do(self, **_: object) -> dict[str, int]:
            return {"sent": 0}

    monkeypatch.setattr(load, "_SECONDS", 0.01)

    assert load.frames_beside(Silent(), "signald", lambda: None) is None  # pyright: ignore[reportArgumentType] - all that is used of it


def test_how_sure_a_ratio_is_follows_from_the_rounds() -> None:
    ours, theirs = Measured(), Measured()
    ours.rounds = [[100 + number] * 10 for number in range(25)]
    theirs.rounds = [[100] * 10] * 25

    assert ours.to(theirs)["p99"] == 1.12
    assert ours.p99_within(theirs) == (1.07, 1.18)  # ranks 12.5 -+ 4.9 of the 25
    assert theirs.p99_within(theirs) == (1.0, 1.0)


def test_packets_written_by_hand_are_read_by_hand() -> None:
    class Chunks:
        """A connection that gives what it is told, in pieces of three bytes."""

        def __init__(self, sent: bytes) -> None:
            self._sent = sent

        def recv(self, _: int) -> bytes:
            piece, self._sent = self._sent[:3], self._sent[3:]
            return piece

    payload = b"x" * 300
    sent = publish("a/b", payload, qos=1, number=515) + acknowledge(7) + publish("c", b"y", qos=0, number=1)

    first, second, third = Inbox(Chunks(sent)).packets()  # pyright: ignore[reportArgumentType] - all that is used of it

    assert read_publish(first) == (b"a/b", 515, payload)
    assert second.body == b"\x00\x07"
    assert read_publish(third) == (b"c", 0, b"y")


def test_replies_are_read_whatever_their_shape() -> None:
    with embedded_valkey() as server:
        redis = RedisSocket(server.port)

        redis.ask(b"XADD", b"s", b"1-1", b"data", b"x" * 100_000)

        assert redis.ask(b"XRANGE", b"s", b"-", b"+") == [[b"1-1", [b"data", b"x" * 100_000]]]
        assert redis.ask(b"GET", b"none") is None
        assert redis.ask(b"INCR", b"n") == 1
        with pytest.raises(ConnectionError, match="WRONGTYPE"):
            redis.ask(b"GET", b"s")
        redis.socket.close()

import msgspec
from msgspec.structs import replace

from signald.app.tail_status import Overheard
from signald.app.tail_text import footer, lines_of, next_due
from signald.live.agenda import DueRelease
from signald.model.signals import DeskGuidance, Rung
from signald.model.time import NS_PER_S
from signald.sinks.encoding import encode_data
from tests.support.desk_stream import guard_signal
from tests.support.signals import T0, sample_signal


def due(name: str, *, consensus: float | None = None) -> DueRelease:
    return DueRelease(
        release_id=name, ts_scheduled=T0, state="armed", armed=True, consensus=consensus, prior=None, sources=()
    )


def test_scored_figure_is_one_line_with_what_was_expected_and_what_follows() -> None:
    [line] = lines_of(sample_signal(flags=("late_release",)))

    assert line.plain.startswith("13:30:00 release    BTCUSDT-PERP.BINANCE")
    for fact in ("down", "us.cpi.yoy:2025-01 3 against 2.9 +1.31σ", "-61.0 bps [-209, +87] n 64", "late_release"):
        assert fact in line.plain


def test_guard_says_its_state_and_its_numbers() -> None:
    [line] = lines_of(guard_signal("hold", life_s=60, ts_event=T0))

    assert "hold" in line.plain
    assert "widen 3.0" in line.plain
    assert "us.cpi" not in line.plain


def test_halt_says_who_and_why() -> None:
    [line] = lines_of(sample_signal(kind="halt", verdict=None, causes=(), by="ops", reason="venue in trouble"))

    assert "by ops: venue in trouble" in line.plain


def test_outcome_says_what_happened_and_what_held() -> None:
    [line] = lines_of(sample_signal(kind="outcome", verdict=None, realised_bps=-30.5, held={"300": True, "900": False}))

    assert "realised -30.5 bps" in line.plain
    assert "300 s held, 900 s not held" in line.plain


def test_scenario_is_a_ladder_with_its_bars_to_both_sides() -> None:
    desk = DeskGuidance(state="released", quote_widen_bps=1.0, skew_bps=0.0, max_size_usd=None, ts_expires=T0)
    rung = Rung(
        surprise_z=0.0, verdict="no_edge", mean_bps=0.0, std_bps=9.0, lo_bps=-9.0, hi_bps=9.0, p_up=0.5, desk=desk
    )
    moves = {"2.7": 40.0, "2.8": 20.0, "2.9": 0.0, "3.0": -20.0, "3.1": -40.0}
    ladder = {name: replace(rung, mean_bps=move) for name, move in moves.items()}

    _, *rungs = lines_of(sample_signal(kind="scenario", verdict=None, ladder=ladder))

    assert [line.plain.split()[0] for line in rungs] == list(moves)
    assert [line.plain.count("█") for line in rungs] == [24, 12, 0, 12, 24]
    assert rungs[0].plain.index("│") < rungs[0].plain.index("█")
    assert rungs[4].plain.index("█") < rungs[4].plain.index("│")


def test_countdown_names_what_is_due_next() -> None:
    several = tuple(due(f"us.series_{number}:2025-01", consensus=2.9 if number == 0 else None) for number in range(5))

    line = next_due(several, T0 - 3_723 * NS_PER_S).plain

    assert line.startswith("T−01:02:03  us.series_0:2025-01 (consensus 2.9), us.series_1:2025-01")
    assert line.endswith("and 2 more")
    assert next_due((), T0).plain == "nothing is due"


def test_narrow_terminal_has_facts_below_the_head_and_no_line_is_too_long() -> None:
    signal = sample_signal(flags=("late_release", "thin_history", "stale_book"))

    lines = [line.plain for line in lines_of(signal, width=80)]

    assert len(lines) > 2
    assert max(map(len, lines)) <= 80
    assert all(line.startswith(" " * 20) for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == " ".join(next(iter(lines_of(signal))).plain.split())


def test_footer_counts_down_by_the_daemons_clock_and_says_when_it_is_silent_or_halted() -> None:
    heard = Overheard()
    nobody = footer(heard, 0).plain
    calendar = {"now": T0 - 90 * NS_PER_S, "releases": (due("us.cpi.yoy:2025-01"),), "sources": ()}
    heard.take([msgspec.json.encode(calendar), b'{"now":0}'], [None, None], 1_000 * NS_PER_S)
    counting = footer(heard, 1_005 * NS_PER_S).plain
    silent = footer(heard, 1_020 * NS_PER_S).plain
    halt = sample_signal(kind="halt", verdict=None, causes=(), by="ops", reason="venue in trouble")
    resume = sample_signal(kind="resume", verdict=None, causes=(), by="ops", reason="over", ts_event=T0 + 1)
    heard.take([msgspec.json.encode(calendar), b'{"now":1}'], [encode_data(halt), None], 1_030 * NS_PER_S)
    halted = footer(heard, 1_030 * NS_PER_S).plain
    heard.take([None, None], [encode_data(halt), encode_data(resume)], 1_031 * NS_PER_S)

    assert nobody == "no daemon was heard of"
    assert counting.startswith("T−00:01:25  us.cpi.yoy:2025-01")
    assert silent == "the daemon has said nothing for 20 s"
    assert halted.startswith(" HALTED  by ops: venue in trouble")
    assert heard.halted is None

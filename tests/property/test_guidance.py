"""The desk's formulas: monotone in volatility, depth and uncertainty, and never narrower for knowing less."""

from hypothesis import given
from hypothesis import strategies as st

from signald.core.guard.rules import GuardRules
from signald.core.guard.watch import RANK, Level, Place, Watch, combine
from signald.core.scoring import guidance as g
from signald.model.signals import DeskGuidance, GuardState
from signald.model.time import NS_PER_S
from tests.support.desk_stream import INSTRUMENT

STDS = st.floats(0.0, 1_000.0)
MEANS = st.floats(-500.0, 500.0)
CONFIDENCES = st.floats(0.5, 1.0)
DEPTHS = st.floats(0.0, 1e9)
WIDTHS = st.floats(0.0, 1_000.0)
SECONDS = st.floats(0.1, 3_600.0)
SHARES = st.floats(0.01, 1.0)

members = st.builds(
    DeskGuidance,
    state=st.sampled_from(["normal", "widen", "hold", "released", "recover"]),
    quote_widen_bps=st.none() | WIDTHS,
    skew_bps=st.none() | MEANS,
    max_size_usd=st.none() | DEPTHS,
    ts_expires=st.integers(0, 2**62),
)


@given(STDS, STDS, SECONDS, SECONDS)
def test_widening_rises_with_volatility(one: float, other: float, life_s: float, horizon_s: float) -> None:
    low, high = sorted((one, other))

    assert g.widen_bps(low, quote_life_s=life_s, horizon_s=horizon_s) <= g.widen_bps(
        high, quote_life_s=life_s, horizon_s=horizon_s
    )
    assert g.jump_bps(low) <= g.jump_bps(high)


@given(STDS, SECONDS, SECONDS, SECONDS)
def test_widening_rises_with_a_quotes_life(std: float, one: float, other: float, horizon_s: float) -> None:
    short, long = sorted((one, other))

    assert g.widen_bps(std, quote_life_s=short, horizon_s=horizon_s) <= g.widen_bps(
        std, quote_life_s=long, horizon_s=horizon_s
    )


@given(STDS, SECONDS, SECONDS)
def test_quote_over_the_figure_is_never_narrower_than_one_that_lives_no_longer_than_the_horizon(
    std: float, one: float, other: float
) -> None:
    life_s, horizon_s = sorted((one, other))

    assert g.jump_bps(std) >= g.widen_bps(std, quote_life_s=life_s, horizon_s=horizon_s)


@given(STDS, SECONDS, SECONDS, SECONDS)
def test_what_is_left_of_a_move_falls_with_time_and_ends(
    std: float, one: float, other: float, horizon_s: float
) -> None:
    early, late = sorted((one, other))

    left = [g.remaining_bps(std, elapsed_s=elapsed, horizon_s=horizon_s) for elapsed in (0.0, early, late, horizon_s)]

    assert left[0] == std
    assert left[1] >= left[2] >= 0.0
    assert left[3] == 0.0


@given(MEANS, CONFIDENCES, CONFIDENCES)
def test_skew_has_the_means_sign_and_grows_with_confidence_up_to_it(mean: float, one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert abs(g.skew_bps(mean, low)) <= abs(g.skew_bps(mean, high)) <= abs(mean)
    assert g.skew_bps(mean, high) * mean >= 0.0
    assert g.skew_bps(mean, 0.5) == 0.0
    assert g.skew_bps(mean, 1.0) == mean


@given(DEPTHS, DEPTHS, WIDTHS, WIDTHS)
def test_size_rises_with_depth_and_falls_with_risk(one: float, other: float, narrow: float, wide: float) -> None:
    (thin, deep), (narrow, wide) = sorted((one, other)), sorted((narrow, wide))

    sizes = g.size_usd(thin, narrow), g.size_usd(deep, narrow), g.size_usd(deep, wide)

    assert None not in sizes
    assert (sizes[0] or 0.0) <= (sizes[1] or 0.0) <= deep
    assert (sizes[2] or 0.0) <= (sizes[1] or 0.0)


@given(DEPTHS, WIDTHS)
def test_a_fill_risks_no_more_than_unwinding_the_depth_costs(depth: float, widen: float) -> None:
    size = g.size_usd(depth, widen)

    assert size is not None
    assert size * widen <= depth * g.UNWOUND_WITHIN_BPS * (1.0 + 1e-9) or widen <= g.UNWOUND_WITHIN_BPS


@given(st.none() | DEPTHS)
def test_what_is_not_known_makes_nothing_up(depth: float | None) -> None:
    assert g.size_usd(depth, None) == depth
    assert g.size_usd(None, 3.0) is None


@given(st.none() | WIDTHS, st.none() | WIDTHS, SHARES, SHARES)
def test_more_is_asked_for_a_larger_share(now: float | None, before: float | None, one: float, other: float) -> None:
    small, large = sorted((one, other))

    for falling in (True, False):
        is_back = g.recovered(now, before, share=large, falling=falling)
        assert not is_back or g.recovered(now, before, share=small, falling=falling)
        assert not is_back or None not in (now, before)


@given(st.lists(members, min_size=1, max_size=5))
def test_combining_is_the_widest_of_each(several: list[DeskGuidance]) -> None:
    together = combine(several)

    assert RANK[together.state] == max(RANK[one.state] for one in several)
    assert all(
        one.quote_widen_bps is None or one.quote_widen_bps <= (together.quote_widen_bps or 0.0) for one in several
    )
    assert all(
        one.max_size_usd is None or (together.max_size_usd is not None and together.max_size_usd <= one.max_size_usd)
        for one in several
    )
    assert together.ts_expires == min(one.ts_expires for one in several)
    assert together == combine([*several, *several])


def guided(state: GuardState, *, std: float, depth: float, spread: float, elapsed_s: float) -> DeskGuidance:
    """What a moment's state asks of quotes, with so much uncertainty, on such a book; its spread was 1 bp before."""
    place = Place(state=state, uncertainty_bps=std, before=Level(1.0, depth), now=Level(spread, depth))
    watch = Watch(0, {INSTRUMENT: place}, plan=1, ts_widen=0)
    return watch.guidance(INSTRUMENT, round(elapsed_s * NS_PER_S), GuardRules(), quote_life_s=10.0, horizon_s=300.0)


@given(
    st.sampled_from(["widen", "hold", "recover"]),
    st.tuples(STDS, STDS),
    st.tuples(DEPTHS, DEPTHS),
    st.tuples(WIDTHS, WIDTHS),
    st.floats(0.0, 600.0),
)
def test_every_state_widens_with_uncertainty_and_spread_and_sizes_with_depth(
    state: GuardState,
    stds: tuple[float, float],
    depths: tuple[float, float],
    spreads: tuple[float, float],
    elapsed_s: float,
) -> None:
    (sure, unsure), (thin, deep), (tight, loose) = sorted(stds), sorted(depths), sorted(spreads)

    easy = guided(state, std=sure, depth=deep, spread=tight, elapsed_s=elapsed_s)
    harder = [
        guided(state, std=unsure, depth=deep, spread=tight, elapsed_s=elapsed_s),
        guided(state, std=sure, depth=deep, spread=loose, elapsed_s=elapsed_s),
        guided(state, std=sure, depth=thin, spread=tight, elapsed_s=elapsed_s),
    ]

    for one in harder:
        assert (one.quote_widen_bps or 0.0) >= (easy.quote_widen_bps or 0.0)
        assert (one.max_size_usd or 0.0) <= (easy.max_size_usd or 0.0)

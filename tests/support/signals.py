"""Signals to test with: one like the contract's sample, and a Hypothesis strategy for all there may be."""

from hypothesis import strategies as st

from signald.model.signals import (
    BookView,
    Cause,
    DepthSides,
    DeskGuidance,
    Driver,
    Horizon,
    ModelView,
    Signal,
)

T0 = 1_739_367_000_000_000_000
"""2025-02-12T13:30:00Z, when January's consumer prices came out."""


def sample_signal(**changes: object) -> Signal:
    """The document of the contract, with ``changes`` to its fields."""
    fields: dict[str, object] = {
        "id": "0f" * 16,
        "kind": "release",
        "revision": 1,
        "causes": (
            Cause(
                release_id="us.cpi.yoy:2025-01",
                figure=0,
                actual=3.0,
                consensus=2.9,
                prior=2.9,
                revised_prior=None,
                surprise=0.1,
                surprise_z=1.31,
            ),
        ),
        "instrument": "BTCUSDT-PERP.BINANCE",
        "verdict": "down",
        "confidence": 0.75,
        "horizons": (
            Horizon(seconds=300, mean_bps=-61.0, std_bps=90.0, lo_bps=-209.0, hi_bps=87.0, p_up=0.25, n=64),
            Horizon(seconds=900, mean_bps=-63.0, std_bps=120.0, lo_bps=-260.0, hi_bps=134.0, p_up=0.3, n=64),
        ),
        "book": BookView(
            bid=95700.1,
            ask=95700.2,
            mid=95700.15,
            microprice=95700.12,
            spread_bps=0.01,
            imbalance=-0.18,
            depth_usd={"5": DepthSides(bid=610000, ask=590000), "25": DepthSides(bid=4100000, ask=None)},
            age_ms=12.4,
        ),
        "desk": DeskGuidance(
            state="released", quote_widen_bps=14.0, skew_bps=-19.0, max_size_usd=None, ts_expires=T0 + 900_000_000_000
        ),
        "model": ModelView(id="m1", drivers=(Driver(release_id="us.cpi.yoy:2025-01", contribution_bps=-61.0),)),
        "flags": (),
        "ts_scheduled": T0,
        "ts_event": T0,
        "ts_ingest": T0 + 184_000_000,
    }
    return Signal(**(fields | changes))  # pyright: ignore[reportArgumentType] - the changes are the test's own word


_numbers = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)
_times = st.integers(min_value=0, max_value=2**63 - 1)


def signals() -> st.SearchStrategy[Signal]:
    """Any signal whose numbers are finite."""
    return st.builds(
        Signal,
        id=st.text("0123456789abcdef", min_size=32, max_size=32),
        kind=st.sampled_from(["release", "correction", "retraction", "missed"]),
        revision=st.integers(0, 1000),
        causes=st.lists(
            st.builds(
                Cause,
                actual=st.none() | _numbers,
                consensus=st.none() | _numbers,
                prior=st.none() | _numbers,
                revised_prior=st.none() | _numbers,
                surprise=st.none() | _numbers,
                surprise_z=st.none() | _numbers,
            ),
            max_size=3,
        ).map(tuple),
        instrument=st.none() | st.text(min_size=1),
        verdict=st.sampled_from(["up", "down", "no_edge", "quarantined", None]),
        confidence=st.none() | st.floats(0, 1),
        horizons=st.lists(
            st.builds(Horizon, mean_bps=_numbers, std_bps=_numbers, lo_bps=_numbers, hi_bps=_numbers, p_up=_numbers),
            max_size=2,
        ).map(tuple),
        book=st.none()
        | st.builds(
            BookView,
            bid=_numbers,
            ask=_numbers,
            mid=_numbers,
            microprice=_numbers,
            spread_bps=_numbers,
            imbalance=_numbers,
            depth_usd=st.dictionaries(
                st.text(), st.builds(DepthSides, bid=st.none() | _numbers, ask=st.none() | _numbers), max_size=2
            ),
            age_ms=_numbers,
        ),
        desk=st.none()
        | st.builds(
            DeskGuidance,
            quote_widen_bps=st.none() | _numbers,
            skew_bps=st.none() | _numbers,
            max_size_usd=st.none() | _numbers,
            ts_expires=_times,
        ),
        model=st.none()
        | st.builds(
            ModelView,
            drivers=st.lists(st.builds(Driver, contribution_bps=_numbers), max_size=2).map(tuple),
        ),
        flags=st.lists(st.sampled_from(["no_book", "test", "thin_history"]), unique=True).map(tuple),
        ts_scheduled=_times,
        ts_event=_times,
        ts_ingest=_times,
    )

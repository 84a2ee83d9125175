"""A small model with chosen numbers, and instruments to score with it."""

from collections.abc import Sequence
from decimal import Decimal

from signald.model.instruments import Instrument
from signald.model.learning import Pace
from signald.model.parameters import Family, Parameters, Report, Response, Series, Transfer, identify

PLAIN_FAMILY = Family(mean=-20.0, variance=100.0, between=400.0, count=60)


def build_instrument(base: str, venue: str = "binance") -> Instrument:
    """A spot instrument of ``base`` against USDT."""
    return Instrument(
        id=f"{base}USDT.{venue.upper()}",
        venue=venue,
        venue_symbol=f"{base}USDT",
        base=base,
        quote="USDT",
        kind="spot",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
    )


def build_series(name: str, report: str, *, sigma: float = 0.1, response: str = "own", thin: bool = False) -> Series:
    """A series of 24 surprises."""
    return Series(
        id=name,
        indicator=name.partition(":")[0],
        report=report,
        family="inflation",
        sigma=sigma,
        farthest=8.0 * sigma,
        n_surprises=24,
        response=response,  # pyright: ignore[reportArgumentType]  # one of the three words
        thin_history=thin or response != "own",
    )


def build_response(
    seconds: int,
    beta: Sequence[float],
    *,
    pooled: int = 0,
    family: Family = PLAIN_FAMILY,
    std_error: float = 5.0,
    residual: float = 50.0,
    count: int = 23,
    pace: Pace | None = None,
) -> Response:
    """A response of ``beta`` with independent errors, and ``pooled`` series that take ``family``; equal residuals."""
    size = len(beta)
    return Response(
        seconds=seconds,
        n=100,
        r2=0.2,
        beta=tuple(beta),
        covariance=tuple(
            tuple(std_error**2 if row == column else 0.0 for column in range(size)) for row in range(size)
        ),
        count=(count,) * size,
        families={"inflation": family},
        residual=(residual,) * (size + pooled),
        pace=pace,
    )


def build_pace(series: int, *, prior: float = 400.0, fades: float = 0.0, count: float = 20.0) -> Pace:
    """A pace at which all of ``series`` responses learn alike and their residuals' size is never forgotten."""
    return Pace(
        prior=(prior,) * series,
        fades=(fades,) * series,
        residual_count=(count,) * series,
        residual_fades=(0.0,) * series,
        hour=0.5,
        lately=20.0,
    )


def build_model(
    series: Sequence[Series],
    assets: dict[str, tuple[Response, ...]],
    *,
    reports: Sequence[Report] = (),
    transfers: dict[str, Transfer] | None = None,
) -> Parameters:
    """A model of these parts; series with a response are in the order given."""
    return identify(
        Parameters(
            calendars=(),
            prices=(),
            first_release="2022-08-05T12:30:00Z",
            last_release="2024-06-28T12:30:00Z",
            window=24,
            winsor=4.0,
            primary_s=300,
            series=tuple(sorted(series, key=lambda one: one.id)),
            own=tuple(one.id for one in series if one.response == "own"),
            pooled=tuple(one.id for one in series if one.response == "pooled"),
            reports=tuple(reports),
            assets=assets,
            transfers=transfers or {},
        )
    )

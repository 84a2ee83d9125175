"""Engines after what a test says of January's consumer prices, and what they answer."""

from signald.core.engine import Engine, Output
from signald.model.macro import Indicator, ReleaseKind
from signald.model.signals import Signal
from tests.support.calendar import (
    CORE_CPI_JANUARY,
    INDICATORS,
    T0,
    build_indicator,
    heartbeat,
    scheduled,
)
from tests.support.engine import build_engine, seconds, tell, those

CORRECTION, RETRACTION, TEST = ReleaseKind.CORRECTION, ReleaseKind.RETRACTION, ReleaseKind.TEST
BOTH = (scheduled(), scheduled(CORE_CPI_JANUARY, consensus=3.1, prior=3.2), heartbeat())
ALONE = (scheduled(), heartbeat())
UNTRUSTED = {**INDICATORS, "us.cpi.yoy": build_indicator("us.cpi.yoy")}


def after(*events: object, indicators: dict[str, Indicator] = INDICATORS) -> Engine:
    """An engine that has heard all that."""
    engine = build_engine(indicators=indicators)
    tell(engine, *events)  # pyright: ignore[reportArgumentType] - the test's own words
    return engine


def later(count: float) -> int:
    """So many seconds after the scheduled time."""
    return T0 + seconds(count)


def ids(outputs: list[Output]) -> list[str]:
    """Of the documents among them."""
    return [one.id for one in those(outputs, Signal)]

"""A release as a vendor's calendar has it, in our words: what every bridge reads its feed into."""

from typing import NamedTuple

import msgspec

from signald.model.figures import parse_figure
from signald.model.macro import IndicatorId, ReleaseId, Unit
from signald.model.time import Nanos

COUNTRY_OF_CURRENCY = {"USD": "us", "EUR": "eu", "GBP": "gb", "JPY": "jp", "CNY": "cn"}
"""How calendars made for currency traders name countries."""


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One release; figures in the indicator's unit, ``None``: not given.

    Attributes:
        release_id: ``us.cpi.yoy:2025-01``.
        indicator: ``us.cpi.yoy``.
        period: ``2025-01``.
        ts_scheduled: When it is due.
        is_tentative: Whether its time of day is not known.
        consensus: What is expected.
        prior: Last period's figure before it is restated.
        actual: The figure, if it is out.
        revised_prior: Last period's figure as restated with it.
    """

    release_id: ReleaseId
    indicator: IndicatorId
    period: str
    ts_scheduled: Nanos
    is_tentative: bool = False
    consensus: float | None = None
    prior: float | None = None
    actual: float | None = None
    revised_prior: float | None = None


class FeedRows(NamedTuple):
    """The rows that could be read, and how many of the others were wrong, by kind."""

    rows: tuple[FeedRow, ...]
    faults: dict[str, int]


def read_vendor_figure(text: str | float | None, unit: Unit) -> float | None:
    """A figure as vendors print it: without one, or with a currency's sign before it; raises ``ValueError``."""
    if text is None or text == "":
        return None
    if isinstance(text, str):
        sign, bare = ("-", text[1:]) if text[0] in "-−" else ("", text)
        return parse_figure(sign + bare.strip().lstrip("$€£¥C").strip(), unit)
    return parse_figure(text, unit)

"""What is expected of the Federal Reserve: said outright, or by the prices of futures."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from signald.core.fed_funds import Decision, Month, decisions, implied_cuts
from signald.errors import MalformedFrameError
from signald.model.expectations import Expectations
from signald.model.time import Nanos
from signald.sources.calendars.mqtt.fields import read_past_time, require_source, shown
from signald.sources.calendars.mqtt.messages import ExpectationsMessage

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_ROUNDED: Final = 0.015  # by how much three probabilities of two decimals may miss 1


def read_expectations(topic: str, message: ExpectationsMessage, *, now: Nanos) -> Expectations:
    """``expectations/fed_funds``.

    ``{"source":"cme","sequence":1739366998000000000,"meeting":"2025-03-19","p_cut":0.03,"p_hold":0.97,"p_hike":0,
    "implied_cuts_year_end":1.4,"ts_event":"2025-02-12T13:29:58Z"}``

    Raises:
        MalformedFrameError: It makes no sense, or says it in both ways or in neither.
    """
    require_source(topic, message.source, message.source)
    meeting = _day(topic, "meeting", message.meeting)
    p_cut, p_hold, p_hike, cuts = _by_prices(topic, message, meeting) if message.prices else _outright(topic, message)
    return Expectations(
        meeting=message.meeting,
        p_cut=p_cut,
        p_hold=p_hold,
        p_hike=p_hike,
        implied_cuts_year_end=cuts,
        source=message.source,
        sequence=message.sequence,
        ts_event=read_past_time(topic, "ts_event", message.ts_event, now=now),
        ts_ingest=now,
    )


def _outright(topic: str, message: ExpectationsMessage) -> tuple[float, float, float, float]:
    told = {name: getattr(message, name) for name in ("p_cut", "p_hold", "p_hike", "implied_cuts_year_end")}
    for name, number in told.items():
        if number is None:
            raise MalformedFrameError(topic, name, "is missing, and there are no prices")
    p_cut, p_hold, p_hike, cuts = told.values()
    if abs(p_cut + p_hold + p_hike - 1.0) > _ROUNDED:
        problem = f"{p_cut:g} with p_hold {p_hold:g} and p_hike {p_hike:g} is {p_cut + p_hold + p_hike:g}, not 1"
        raise MalformedFrameError(topic, "p_cut", problem)
    return p_cut, p_hold, p_hike, cuts


def _by_prices(topic: str, message: ExpectationsMessage, meeting: date) -> tuple[float, float, float, float]:
    """The same from futures by CME's method; see :mod:`signald.core.fed_funds`."""
    for name in ("p_cut", "p_hold", "p_hike", "implied_cuts_year_end"):
        if getattr(message, name) is not None:
            raise MalformedFrameError(topic, name, f"{getattr(message, name):g} is said beside prices that tell it")
    if message.rate is None:
        raise MalformedFrameError(topic, "rate", "is missing, and cuts are counted from it")
    assert message.prices is not None
    prices = {_month(topic, month): price for month, price in message.prices.items()}
    meetings = [_day(topic, "meetings", one) for one in message.meetings]
    if meeting not in meetings or len({(one.year, one.month) for one in meetings}) < len(meetings):
        problem = f"{shown(message.meetings)} lacks {message.meeting}, or two of them are in one month"
        raise MalformedFrameError(topic, "meetings", problem)
    found = _find(decisions(prices, meetings, rate=message.rate), meeting)
    if found is None:
        raise MalformedFrameError(topic, "prices", f"{shown(sorted(message.prices))} do not reach {message.meeting}")
    cuts = implied_cuts(prices, meetings, year=meeting.year, rate=message.rate)
    if cuts is None:
        problem = f"{shown(sorted(message.prices))} do not tell all meetings to the end of {meeting.year}"
        raise MalformedFrameError(topic, "prices", problem)
    return found.p_cut, found.p_hold, found.p_hike, cuts


def _find(found: Sequence[Decision], meeting: date) -> Decision | None:
    return next((one for one in found if one.meeting == meeting), None)


def _day(topic: str, field: str, text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise MalformedFrameError(topic, field, f"{shown(text)} is not a day such as 2025-03-19")


def _month(topic: str, text: str) -> Month:
    found = _MONTH.fullmatch(text)
    if found is None:
        raise MalformedFrameError(topic, "prices", f"{shown(text)} is not a month such as 2025-03")
    return int(found[1]), int(found[2])

"""Claims about prices, as a file states them, and what prices say of each: supported, contradicted or not testable."""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias, cast
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from signald.errors import UNREADABLE, ConfigError
from signald.model.macro import IndicatorId
from signald.model.time import NS_PER_S, Nanos
from signald.research.prices import Bars, Prices, moves_of

Verdict: TypeAlias = Literal["supported", "contradicted", "not testable"]
Floats: TypeAlias = NDArray[np.float64]

_ZONE: Final = ZoneInfo("America/New_York")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_PLACEBO_DAYS: Final = 120
_LEAST: Final = 15
"""Moments, or common bars, below which nothing is said of an average."""
_Z_95: Final = float(stats.norm.ppf(0.975))


class _Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="test"):
    id: str
    says: str


class Move(_Claim, frozen=True, kw_only=True, tag="move"):
    """The price moved between two times by a percentage within ``low`` and ``high``."""

    begin: datetime
    end: datetime
    low: float
    high: float
    asset: str = "BTC"


class Leg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of several moves that follow one another."""

    begin: datetime
    end: datetime
    low: float
    high: float


class Path(_Claim, frozen=True, kw_only=True, tag="path"):
    """Several moves, all of which must be as claimed."""

    legs: tuple[Leg, ...]
    asset: str = "BTC"


class Turn(_Claim, frozen=True, kw_only=True, tag="turn"):
    """The lowest (``bottom``) or highest close within ``span_days`` of a time was within ``within_days`` of it."""

    kind: Literal["bottom", "top"]
    at: datetime
    within_days: float
    span_days: float
    asset: str = "BTC"


class Reaction(_Claim, frozen=True, kw_only=True, tag="reaction"):
    """Moves over ``seconds`` after releases are larger than those at the same minute of days without one."""

    indicators: tuple[str, ...] = ()
    seconds: int = 300
    asset: str = "BTC"


class Follows(_Claim, frozen=True, kw_only=True, tag="follows"):
    """Returns over ``seconds`` of one asset go with those of another: a correlation of ``least`` or more."""

    reference: str
    seconds: int = 3_600
    least: float = 0.2
    begin: datetime | None = None
    end: datetime | None = None
    asset: str = "BTC"


Claim: TypeAlias = Move | Path | Turn | Reaction | Follows


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one claim.

    Attributes:
        id: The claim's.
        says: What it claims.
        test: How it was tested, in words.
        found: What was found; ``""`` where nothing could be.
        n: Moments, windows or bars that the finding rests on.
        verdict: ``not testable`` also where so few cannot tell.
    """

    id: str
    says: str
    test: str
    found: str
    n: int
    verdict: Verdict


class Occasion(NamedTuple):
    """One moment at which figures came out, and which."""

    ts: Nanos
    indicators: tuple[IndicatorId, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: tuple[Claim, ...]


def read_claims(content: bytes, *, where: str) -> tuple[Claim, ...]:
    """Read a file of claims; raises ``ConfigError``."""
    try:
        return msgspec.toml.decode(content, type=_File).claim
    except UNREADABLE as error:
        raise ConfigError(where, str(error)) from error


def examine(claim: Claim, prices: Prices, occasions: Sequence[Occasion]) -> Finding:
    """Test one claim on these prices and releases."""
    bars = prices.get(claim.asset, ())
    match claim:
        case Move():
            return _examine_move(claim, bars)
        case Path():
            return _examine_path(claim, bars)
        case Turn():
            return _examine_turn(claim, bars)
        case Reaction():
            return _examine_reaction(claim, bars, occasions)
        case Follows():
            return _examine_follows(claim, bars, prices.get(claim.reference, ()))


def _examine_move(claim: Move, bars: Sequence[Bars]) -> Finding:
    test = f"{claim.asset} from {_clock(claim.begin)} to {_clock(claim.end)}, {_range(claim)}"
    move = _move_percent(bars, claim.begin, claim.end)
    if move is None:
        return _untestable(claim, test, "no prices of these times")
    others = _same_window_percent(bars, claim.begin, claim.end)
    farther = int(np.sum(others <= move if move < 0.0 else others >= move))
    unusual = f"; {farther} of {others.size} windows at the same time of other days went as far" if others.size else ""
    verdict = "supported" if claim.low <= move <= claim.high else "contradicted"
    return _finding(claim, test, f"{move:+.2f} %{unusual}", n=1 + others.size, verdict=verdict)


def _examine_path(claim: Path, bars: Sequence[Bars]) -> Finding:
    test = "; then ".join(f"{_clock(leg.begin)} to {_clock(leg.end)}, {_range(leg)}" for leg in claim.legs)
    moves = [_move_percent(bars, leg.begin, leg.end) for leg in claim.legs]
    known = [move for move in moves if move is not None]
    if len(known) < len(moves):
        return _untestable(claim, f"{claim.asset} {test}", "no prices of these times")
    holds = all(leg.low <= move <= leg.high for leg, move in zip(claim.legs, known, strict=True))
    found = ", then ".join(f"{move:+.2f} %" for move in known)
    return _finding(
        claim, f"{claim.asset} {test}", found, n=len(known), verdict="supported" if holds else "contradicted"
    )


def _examine_turn(claim: Turn, bars: Sequence[Bars]) -> Finding:
    test = f"{claim.asset}'s {claim.kind} within {claim.span_days:g} days of {_clock(claim.at)} lies within "
    test += f"{claim.within_days:g} days of it"
    at, span = _nanos(claim.at), round(claim.span_days * _DAY.total_seconds()) * NS_PER_S
    for one in reversed(bars):
        inside = (one.start + one.step_ns >= at - span) & (one.start + one.step_ns <= at + span)
        ends, closes = (one.start + one.step_ns)[inside], one.close[inside]
        if len(ends) * one.step_ns < span or len(set(one.origin[inside].tolist())) > 1:
            continue  # less than half of it is on record, or on two markets
        index = int(np.argmin(closes) if claim.kind == "bottom" else np.argmax(closes))
        away_days = (int(ends[index]) - at) / NS_PER_S / _DAY.total_seconds()
        verdict = "supported" if abs(away_days) <= claim.within_days else "contradicted"
        return _finding(claim, test, f"{away_days:+.2f} days from it", n=len(ends), verdict=verdict)
    return _untestable(claim, test, "no prices of these days")


def _examine_reaction(claim: Reaction, bars: Sequence[Bars], occasions: Sequence[Occasion]) -> Finding:
    test = f"|{claim.asset}'s move| over {claim.seconds} s after a release against the same minute of days without"
    wanted = [one.ts for one in occasions if not claim.indicators or {*one.indicators} & {*claim.indicators}]
    busy = np.array([one.ts for one in occasions], dtype=np.int64)
    quiet = sorted({other for ts in wanted for other in _quiet_days(ts, busy)})
    after, without = (_finite(np.abs(moves_of(bars, moments, claim.seconds))) for moments in (wanted, quiet))
    if len(after) < _LEAST or len(without) < _LEAST:
        return _untestable(claim, test, "too few releases with prices", n=len(after))
    ratio = float(after.mean() / without.mean())
    error = math.hypot(_relative_error(after), _relative_error(without))  # of its logarithm, by the delta method
    low, high = ratio * math.exp(-_Z_95 * error), ratio * math.exp(_Z_95 * error)
    p = cast("float", stats.mannwhitneyu(after, without, alternative="greater").pvalue)
    verdict: Verdict = "supported" if low > 1.0 else "contradicted" if high < 1.0 else "not testable"
    found = f"{ratio:.2f} times as large, 95 % interval {low:.2f} to {high:.2f}, Mann-Whitney p {p:.2g}"
    return _finding(claim, test, found, n=len(after), verdict=verdict)


def _examine_follows(claim: Follows, bars: Sequence[Bars], others: Sequence[Bars]) -> Finding:
    pair = f"{claim.asset}'s and {claim.reference}'s"
    test = f"correlation of {pair} returns over {claim.seconds} s is at least {claim.least:g}"
    if not bars or not others:
        missing = claim.asset if not bars else claim.reference
        return _untestable(claim, test, f"no prices of {missing}")
    starts = np.union1d(bars[-1].start, others[-1].start)
    moments = np.unique(starts - starts % (claim.seconds * NS_PER_S))
    begin = -math.inf if claim.begin is None else _nanos(claim.begin)
    end = math.inf if claim.end is None else _nanos(claim.end)
    kept: list[Nanos] = [int(ts) for ts in moments if begin <= ts < end]
    one, other = moves_of(bars, kept, claim.seconds), moves_of(others, kept, claim.seconds)
    both = np.isfinite(one) & np.isfinite(other)
    count = int(both.sum())
    if count < _LEAST:
        return _untestable(claim, test, "too few hours in common", n=count)
    correlation = float(np.corrcoef(one[both], other[both])[0, 1])
    spread = _Z_95 / math.sqrt(count - 3)  # Fisher's z
    low, high = math.tanh(math.atanh(correlation) - spread), math.tanh(math.atanh(correlation) + spread)
    verdict: Verdict = "supported" if low >= claim.least else "contradicted" if high < claim.least else "not testable"
    return _finding(claim, test, f"{correlation:.2f}, 95 % interval {low:.2f} to {high:.2f}", n=count, verdict=verdict)


# -- prices -----------------------------------------------------------------------------------------------------------


def _move_percent(bars: Sequence[Bars], begin: datetime, end: datetime) -> float | None:
    seconds = round((end - begin).total_seconds())
    [move] = moves_of(bars, [_nanos(begin)], seconds)
    return None if math.isnan(move) else float(move) / 100.0


def _same_window_percent(bars: Sequence[Bars], begin: datetime, end: datetime) -> Floats:
    """The same window of New York's clock on the days around it, those that overlap it left out."""
    length = end - begin
    local = begin.astimezone(_ZONE)
    days = [day for day in range(-_PLACEBO_DAYS, _PLACEBO_DAYS + 1) if abs(day) * _DAY >= length and day]
    moments = [_nanos((local + day * _DAY).replace(fold=0)) for day in days]
    return _finite(moves_of(bars, moments, round(length.total_seconds()))) / 100.0


def _quiet_days(ts: Nanos, busy: NDArray[np.int64]) -> list[Nanos]:
    """The same minute of New York's clock on days near by on which nothing came out within an hour of it."""
    local = (_EPOCH + timedelta(seconds=ts // NS_PER_S)).astimezone(_ZONE)
    found: list[Nanos] = []
    for days in (-7, 7, -14, 14, -1, 1, -2, 2):
        other = _nanos(local + days * _DAY)
        near = np.searchsorted(busy, [other - 3_600 * NS_PER_S, other + 3_600 * NS_PER_S])
        if near[0] == near[1]:
            found.append(other)
    return found


def _relative_error(numbers: Floats) -> float:
    """Standard error of a mean as a share of it."""
    return float(numbers.std(ddof=1) / numbers.mean() / math.sqrt(len(numbers)))


def _finite(numbers: Floats) -> Floats:
    return numbers[np.isfinite(numbers)]


# -- words ------------------------------------------------------------------------------------------------------------


def _nanos(moment: datetime) -> Nanos:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(seconds=1) * NS_PER_S


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _range(leg: Move | Leg) -> str:
    return f"between {leg.low:+g} and {leg.high:+g} %"


def _untestable(claim: Claim, test: str, why: str, *, n: int = 0) -> Finding:
    return _finding(claim, test, why, n=n, verdict="not testable")


def _finding(claim: Claim, test: str, found: str, *, n: int, verdict: Verdict) -> Finding:
    return Finding(id=claim.id, says=claim.says, test=test, found=found, n=n, verdict=verdict)

"""A history of components beside a calendar: bridges to core PCE, and how good their nowcasts would have been.

Every figure is taken as it was known: a period's components as they stood before its target came out, and the target's
first figure (real-time vintages; Koenig, Dolmas & Piger 2003, "The use and abuse of real-time data in economic
forecasting", Review of Economics and Statistics 85). A past nowcast is that of the moment at which its components were
first complete, by a bridge over the periods whose target was out before that moment: its error is out of sample.
"""

import hashlib
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from signald.core.learning import tidied, tidy
from signald.core.movers.recovery import conformal
from signald.core.surprise import MINIMUM
from signald.errors import ImportFormatError
from signald.model.macro import Indicator, IndicatorId
from signald.model.nowcast import REPORTS, TARGETS, Bridge, NowcastModel, is_alike, regressor_of
from signald.model.time import Nanos, parse_rfc3339
from signald.research.cuts import LEAST_SPARE
from signald.research.regression import regress
from signald.research.sample import Floats
from signald.research.tables import read_table
from signald.sources.calendars.files import CalendarRow

HEADER: Final = ("ts_known", "release_id", "component", "actual")
LEAST_PAST: Final = 9
"""Nowcasts behind an error: with fewer nothing bounds nine of ten."""

_FARTHEST: Final = 1_000.0  # percent


class History(NamedTuple):
    """What was known of components: (regressor, period) → when and what, in order of time.

    ``name`` and ``sha256`` are those of its file.
    """

    known: Mapping[tuple[str, str], Sequence[tuple[Nanos, float]]]
    name: str
    sha256: str


class Design(NamedTuple):
    """One target beside some regressors, by period in order of time; ``complete``: when the last of them was known.

    ``first`` are the regressors as they stood at that moment, ``last`` as they stood before the target was due.
    """

    periods: Sequence[str]
    due: Sequence[Nanos]
    complete: Sequence[Nanos]
    first: Floats
    last: Floats
    actual: Floats
    consensus: Floats


class Walked(NamedTuple):
    """Nowcasts that knew nothing of what came later, by period: nowcast, first figure, consensus (NaN: none)."""

    nowcast: Floats
    actual: Floats
    consensus: Floats


def read_history(path: Path, indicators: Mapping[IndicatorId, Indicator]) -> History:
    """A file of ``ts_known,release_id,component,actual``; a later line on the same is what it was restated to.

    Raises:
        ConfigError: There is no such file.
        ImportFormatError: A line is not what it should be.
    """
    known: dict[tuple[str, str], list[tuple[Nanos, float]]] = {}
    for line, row in enumerate(read_table(path, HEADER), start=2):
        try:
            regressor, period, ts, actual = _read_row(row, indicators)
        except ValueError as error:
            raise ImportFormatError(str(path), line, f"{','.join(row)!r}: {error}") from error
        known.setdefault((regressor, period), []).append((ts, actual))
    for words in known.values():
        words.sort(key=lambda word: word[0])  # stable: of one moment the last line counts
    return History(known, path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def as_known(history: History, moment: Nanos) -> History:
    """The same before ``moment``."""
    earlier = {key: [word for word in words if word[0] < moment] for key, words in history.known.items()}
    return history._replace(known={key: words for key, words in earlier.items() if words})


def newest(history: History, period: str, target: IndicatorId) -> dict[str, float]:
    """What is known last of a period's components that may lead to a target."""
    return {
        regressor: words[-1][1]
        for (regressor, of), words in history.known.items()
        if of == period and is_alike(regressor.partition("/")[0], target)
    }


def estimate_bridges(
    history: History, rows: Sequence[CalendarRow], indicators: Mapping[IndicatorId, Indicator]
) -> NowcastModel:
    """Every bridge that can be estimated: to each target from each report's components, and from all of them."""
    bridges: list[Bridge] = []
    silent: dict[IndicatorId, str] = {}
    for target in (name for name in TARGETS if name in indicators):
        found = [bridge_to(target, names, history, rows) for names in _choices(target, history, indicators)]
        bridges += [one for one in found if isinstance(one, Bridge)]
        if not any(isinstance(one, Bridge) for one in found):
            why = [one for one in found if isinstance(one, str)]
            silent[target] = "; ".join(dict.fromkeys(why)) or "the history has no component of its kind"
    return NowcastModel(bridges=tuple(bridges), silent=silent, history=history.name, sha256=history.sha256)


def bridge_to(
    target: IndicatorId, regressors: Sequence[str], history: History, rows: Sequence[CalendarRow]
) -> Bridge | str:
    """The bridge from ``regressors``, or why there is none."""
    design = lay_out(target, regressors, history, rows)
    n, size = design.last.shape
    least = size + 1 + LEAST_SPARE
    if n < least + LEAST_PAST:
        return f"{n} periods have all of {', '.join(regressors)} and the figure: {least + LEAST_PAST} are needed"
    if np.linalg.matrix_rank(_with_constant(design.last)) <= size:
        return f"{', '.join(regressors)} do not move independently of one another"
    walked = walk(design, least=least)
    errors = np.abs(walked.nowcast - walked.actual)
    bound = conformal(errors.tolist())
    if bound is None:
        return f"{len(errors)} past nowcasts from {', '.join(regressors)} bound nothing: {LEAST_PAST} are needed"
    fit = regress(design.actual, _with_constant(design.last))
    spread = design.actual - design.actual.mean()
    left = design.actual - _with_constant(design.last) @ fit.beta
    beyond, right = _told(walked)
    has_consensus = not np.isnan(walked.consensus).any()
    return Bridge(
        target=target,
        regressors=tuple(regressors),
        constant=tidy(float(fit.beta[0])),
        beta=tidied(fit.beta[1:]),
        errors=tidied(np.sqrt(np.diag(fit.covariance))),
        covariance=tuple(tidied(row) for row in fit.covariance),
        ranges=tuple((float(column.min()), float(column.max())) for column in design.last.T),
        n=n,
        first_period=design.periods[0],
        last_period=design.periods[-1],
        r2=tidy(1.0 - float(left @ left) / float(spread @ spread)) if spread.any() else 0.0,
        past_n=len(errors),
        past_error=tidy(_root_mean_square(errors)),
        bound=tidy(bound),
        consensus_error=tidy(_root_mean_square(walked.consensus - walked.actual)) if has_consensus else None,
        beyond=beyond,
        right=right,
    )


def lay_out(target: IndicatorId, regressors: Sequence[str], history: History, rows: Sequence[CalendarRow]) -> Design:
    """The periods of which everything was known in time."""
    taken: list[tuple[str, Nanos, Nanos, list[float], list[float], float, float]] = []
    for row in rows:
        words = [history.known.get((name, row.period), ()) for name in regressors]
        if row.indicator != target or row.actual is None or not all(words):
            continue
        complete = max(of[0][0] for of in words)
        if complete >= row.ts_scheduled:
            continue
        first, last = _as_of(words, complete + 1), _as_of(words, row.ts_scheduled)
        consensus = math.nan if row.consensus is None else row.consensus
        taken.append((row.period, row.ts_scheduled, complete, first, last, row.actual, consensus))
    taken.sort(key=lambda one: one[1])
    shape = len(taken), len(regressors)
    return Design(
        periods=[one[0] for one in taken],
        due=[one[1] for one in taken],
        complete=[one[2] for one in taken],
        first=np.array([one[3] for one in taken], dtype=np.float64).reshape(shape),
        last=np.array([one[4] for one in taken], dtype=np.float64).reshape(shape),
        actual=np.array([one[5] for one in taken], dtype=np.float64),
        consensus=np.array([one[6] for one in taken], dtype=np.float64),
    )


def walk(design: Design, *, least: int) -> Walked:
    """Each period's nowcast by what was known when its components were complete, from ``least`` periods on."""
    places: list[int] = []
    nowcasts: list[float] = []
    for place, moment in enumerate(design.complete):
        out = bisect_left(design.due, moment)  # in order of time: those before it are out
        past = _with_constant(design.last[:out])
        if out < least or np.linalg.matrix_rank(past) < past.shape[1]:
            continue
        beta = np.linalg.lstsq(past, design.actual[:out], rcond=None)[0]
        places.append(place)
        nowcasts.append(float(beta[0] + design.first[place] @ beta[1:]))
    return Walked(np.array(nowcasts), design.actual[places], design.consensus[places])


def _told(walked: Walked) -> tuple[int, int]:
    """How often a nowcast was beyond the error known before it, and how often of these it had the right side."""
    errors = walked.nowcast - walked.actual
    beyond = right = 0
    for place in range(MINIMUM, len(errors)):
        difference = walked.nowcast[place] - walked.consensus[place]
        if abs(difference) > _root_mean_square(errors[:place]):
            beyond += 1
            right += (walked.actual[place] - walked.consensus[place]) * difference > 0.0
    return beyond, int(right)


def sentences(model: NowcastModel) -> Iterator[str]:
    """Each bridge in words, its coefficients with their standard errors; what there is none to, and why."""
    for one in model.bridges:
        told = [f"{one.constant:+.3f} ({one.errors[0]:.3f})"]
        told += [
            f"{beta:+.3f} ({error:.3f}) · {name}"
            for name, beta, error in zip(one.regressors, one.beta, one.errors[1:], strict=True)
        ]
        beside = "" if one.consensus_error is None else f", consensus {one.consensus_error:.3f}"
        yield f"{one.target} = {' '.join(told)}; {one.first_period} … {one.last_period}, n = {one.n}, R² {one.r2:.2f}."
        yield (
            f"  Past error {one.past_error:.3f}{beside} (n = {one.past_n}, out of sample; nine of ten within"
            f" {one.bound:.3f}); farther from consensus than its error {one.beyond} times, the figure then on its side"
            f" {one.right} times."
        )
    for target, why in model.silent.items():
        yield f"{target}: nothing can be said: {why}."


def _choices(
    target: IndicatorId, history: History, indicators: Mapping[IndicatorId, Indicator]
) -> Iterator[tuple[str, ...]]:
    """Components by report: of each alone, of each two, of all."""
    by_report: dict[str, list[str]] = {}
    for name in sorted({regressor for regressor, _ in history.known}):
        source = name.partition("/")[0]
        if is_alike(source, target):
            by_report.setdefault(indicators[source].report, []).append(name)
    sizes = range(1, len(by_report) + 1)
    for reports in chain.from_iterable(combinations(sorted(by_report), size) for size in sizes):
        yield tuple(name for report in reports for name in by_report[report])


def _as_of(words: Sequence[Sequence[tuple[Nanos, float]]], moment: Nanos) -> list[float]:
    """Of each regressor the newest figure before ``moment``; there must be one."""
    return [[actual for ts, actual in of if ts < moment][-1] for of in words]


def _with_constant(columns: Floats) -> Floats:
    return np.column_stack([np.ones(len(columns)), columns])


def _root_mean_square(errors: Floats) -> float:
    return math.sqrt(math.fsum(one * one for one in errors.tolist()) / len(errors))


def _read_row(row: Sequence[str], indicators: Mapping[IndicatorId, Indicator]) -> tuple[str, str, Nanos, float]:
    """Regressor, period, when, what; raises ``ValueError``."""
    told, release_id, component, number = row
    name, _, period = release_id.partition(":")
    if not period or ":" in period or name not in indicators or indicators[name].report not in REPORTS:
        msg = f"{release_id!r} is no release of {' or '.join(REPORTS)} such as us.cpi.mom:2025-01"
        raise ValueError(msg)
    if not component:
        msg = "the component has no name"
        raise ValueError(msg)
    actual = float(number)
    if not abs(actual) <= _FARTHEST:
        msg = f"{number} is no change in percent"
        raise ValueError(msg)
    return regressor_of(name, component), period, parse_rfc3339(told), actual

"""Judges a figure by its time and by its size, before anything is scored."""

from typing import Final, Literal, NamedTuple

from signald.core.release_window.rules import WindowRules
from signald.core.release_window.window import Expectation, ReleaseWindow
from signald.core.surprise import surprise
from signald.model.macro import Indicator, Release
from signald.model.signals import Flag
from signald.model.time import Nanos

_SLIP_FACTORS: Final = (1e-6, 1e-3, 1e-2, 1e2, 1e3, 1e6)
"""How far feeds slip: percent and fraction, units and thousands and millions."""

_STEP_TOLERANCE: Final = 1e-6


class Judgement(NamedTuple):
    """Whether a figure may be scored, and every reason to trust it less."""

    verdict: Literal["score", "quarantine"]
    reason: Literal[
        "",
        "unit_slip",
        "outlier",
        "early_release",
        "late_release",
        "unscheduled",
        "unconfirmed",
        "retracted_unknown",
    ]
    flags: tuple[Flag, ...]


def judge(
    window: ReleaseWindow,
    release: Release,
    rules: WindowRules,
    *,
    farthest: float | None,
    offset_ns: Nanos = 0,
    now: Nanos = 0,
) -> Judgement:
    """Judge a figure.

    Args:
        window: What is known of the release.
        release: The figure; its ``ts_ingest`` decides whether it is early or late.
        rules: The moments.
        offset_ns: How far our clock is known to be ahead.
        farthest: Largest distance from consensus that may be believed, in the indicator's unit; ``None``: unknown.
        now: When it is judged, if that is later than it came: a figure that was held for its schedule may be late by
            then, whenever it came.
    """
    scheduled = window.ts_scheduled
    bare: tuple[Flag, ...] = ("unsigned",) if release.unsigned else ()
    if scheduled is None:
        return Judgement("quarantine", "unscheduled", ("unconfirmed", *bare))
    came = release.ts_ingest - offset_ns
    if came < scheduled - rules.early_tolerance_ns:
        return Judgement("quarantine", "early_release", ("early_release", *bare))
    came = max(came, now - offset_ns)
    late: tuple[Flag, ...] = ("late_release", *bare) if came >= scheduled + rules.late_after_ns else bare
    actual = release.actual
    if actual is not None and is_unit_slip(actual, window.indicator, window.expectation):
        return Judgement("quarantine", "unit_slip", ("unit_slip", *late))
    if came >= scheduled + rules.valid_ns:
        return Judgement("quarantine", "late_release", late)
    if actual is not None and _is_outlier(actual, window.indicator, window.expectation.consensus, farthest):
        return Judgement("quarantine", "outlier", ("outlier", *late))
    return Judgement("score", "", late)


def is_plausible(figure: float, indicator: Indicator) -> bool:
    """Whether ``figure`` lies where figures of ``indicator`` may lie."""
    low, high = indicator.plausible
    return low <= figure <= high


def is_unit_slip(actual: float, indicator: Indicator, expectation: Expectation) -> bool:
    """Whether ``actual`` cannot be a figure of ``indicator`` as it stands, but could be after a shift of unit.

    256000 of ``thousand_persons`` lies outside every plausible range and 256 does not; 0.029 percent is not on the
    indicator's step of 0.1, and 2.9, nearer to the consensus, is.
    """
    if is_plausible(actual, indicator) and _is_on_step(actual, indicator.step):
        return False
    reference = expectation.consensus if expectation.consensus is not None else expectation.prior
    for factor in _SLIP_FACTORS:
        shifted = actual * factor
        if not is_plausible(shifted, indicator) or not _is_on_step(shifted, indicator.step):
            continue
        if reference is None or abs(shifted - reference) < abs(actual - reference):
            return True
    return False


def _is_on_step(actual: float, step: float) -> bool:
    steps = actual / step
    return abs(steps - round(steps)) <= _STEP_TOLERANCE * max(1.0, abs(steps))


def _is_outlier(actual: float, indicator: Indicator, consensus: float | None, farthest: float | None) -> bool:
    if not is_plausible(actual, indicator):
        return True
    return consensus is not None and farthest is not None and abs(surprise(actual, consensus)) > farthest

"""What a document rests on: its causes, the keys that make its identity, and the flags that follow from them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, get_args

import msgspec

from signald.core.release_window import Bundle, Figure, ReleaseWindow
from signald.core.scoring import Scorer
from signald.core.surprise import surprise
from signald.model.identity import cause_key
from signald.model.macro import Release, ReleaseId
from signald.model.signals import Cause, Flag
from signald.model.time import Nanos

_FLAG_RANK: Final[dict[Flag, int]] = {flag: rank for rank, flag in enumerate(get_args(Flag))}


def cause_of(scorer: Scorer, window: ReleaseWindow, release: Release, number: int) -> Cause:
    """A figure against what was expected of it."""
    consensus, prior, consensus_std = window.expectation
    found = None if release.actual is None else scorer.surprise(window.release_id, release.actual, consensus)
    revised = release.revised_prior
    return Cause(
        release_id=window.release_id,
        figure=number,
        actual=release.actual,
        consensus=consensus,
        prior=prior,
        revised_prior=revised,
        surprise=found.raw if found else None,
        surprise_z=found.z if found else None,
        surprise_survey_z=msgspec.UNSET if found is None else _in_survey_stds(found.raw, consensus_std),
        prior_revision=surprise(revised, prior) if revised is not None and prior is not None else msgspec.UNSET,
        contradicted_by=dict(window.contradicted) or msgspec.UNSET,
    )


def _in_survey_stds(raw: float, std: float | None) -> float | msgspec.UnsetType:
    """A surprise in standard deviations of the forecasts; unset where these do not say."""
    z = raw / std if std else math.inf
    return z if math.isfinite(z) else msgspec.UNSET


def absence_of(window: ReleaseWindow) -> Cause:
    """What was expected of a figure that did not come."""
    consensus, prior, _ = window.expectation
    return Cause(
        release_id=window.release_id,
        figure=0,
        actual=None,
        consensus=consensus,
        prior=prior,
        revised_prior=None,
        surprise=None,
        surprise_z=None,
    )


def bundle_keys(bundle: Bundle) -> tuple[str, ...]:
    """Identity of what a bundle says now: the same whatever the order in which it became known.

    Its figures, the figures that contradict them or did, and those that were taken back.
    """
    return tuple(_bundle_keys(bundle))


def _bundle_keys(bundle: Bundle) -> Iterator[str]:
    for window in bundle.siblings:
        if window.current is not None:
            number, actual = window.current.number, window.current.release.actual
            yield cause_key("figure", window.release_id, number, actual)
            for other in window.contradicted.values():
                yield cause_key("contradiction", window.release_id, number, other)
            for other in window.conceded:
                yield cause_key("concession", window.release_id, number, other)
        else:
            for figure in window.withdrawn:
                yield withdrawal_key(window, figure)


def withdrawal_key(window: ReleaseWindow, figure: Figure) -> str:
    """A figure that was taken back."""
    return cause_key("retraction", window.release_id, figure.number, figure.release.actual)


def quarantine_key(window: ReleaseWindow, release: Release, flags: Sequence[Flag]) -> str:
    """A figure that may not be scored, and why; another key than the figure's, which may yet be scored."""
    return cause_key("quarantined", window.release_id, window.numbers, release.actual, *flags)


def scenario_key(window: ReleaseWindow) -> str:
    """What is expected of a release."""
    return cause_key("scenario", window.release_id, window.expectation.consensus)


def step_key(release_id: ReleaseId, ts_scheduled: Nanos, step: str) -> str:
    """Something that follows from the schedule alone."""
    return cause_key("step", release_id, ts_scheduled, step)


def bundle_flags(bundle: Bundle) -> Iterator[Flag]:
    """Reasons to trust a bundle's figures less that lie in how they came."""
    for window in bundle.out:
        assert window.current is not None
        yield from window.current.flags
        if window.contradicted:
            yield "conflicting_sources"
        if window.has_witnesses and not window.is_confirmed:
            yield "unconfirmed"
    if bundle.is_partial:
        yield "partial_bundle"


def noted(flags: Iterable[Flag], causes: Sequence[Cause], *, silent: bool) -> tuple[Flag, ...]:
    """``flags`` and those that follow from the causes and from the sources' silence."""
    found = list(flags)
    if any(cause.revised_prior is not None and cause.revised_prior != cause.prior for cause in causes):
        found.append("revised_prior")
    if silent:
        found.append("silent_source")
    return tuple(found)


def in_order(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Each flag once, in the contract's order: no set is iterated into a document."""
    found = dict.fromkeys(flags)
    return tuple(found) if len(found) < 2 else tuple(sorted(found, key=_FLAG_RANK.__getitem__))  # noqa: PLR2004 - one is in order

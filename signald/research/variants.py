"""Ways to estimate that were weighed and left out, each by its name: what an ADR says of them can be run again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from signald.core.surprise import MINIMUM, WINSOR, scale, surprise, winsorise
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import SeriesId, series_of
from signald.research.learner import Kin
from signald.research.panel import Observed
from signald.research.sample import Floats, Sample
from signald.sources.calendars.files import CalendarRow

Variant: TypeAlias = Literal["size", "revisions", "basis-points", "family-scale", "drift", "drift-30m"]
"""``size``: a response to the size of each surprise beside that to the surprise, which is sign asymmetry.
``revisions``: one to the revision of the prior figure. ``basis-points``: moves are not measured in usual ones, so
volatility does not count. ``family-scale``: residuals' scales are drawn to that of the family, not of all reports.
``drift``: of each prediction the share is taken off that was over in the ten hours before the release; ``drift-30m``:
in the half hour before it."""

VARIANTS: Final[tuple[Variant, ...]] = get_args(Variant)


def observe_revisions(rows: Iterable[CalendarRow], indicators: Mapping[IndicatorId, Indicator]) -> list[Observed]:
    """Restated less prior as known, at each release that has both and a surprise, scaled as surprises are."""
    past: dict[SeriesId, list[float]] = {}
    found: list[Observed] = []
    for row in rows:
        if None in {row.actual, row.consensus} or row.prior is None or row.revised_prior is None:
            continue
        name = f"{series_of(row.release_id)}:revision"
        raw = surprise(row.revised_prior, row.prior)
        seen = past.setdefault(name, [])
        sigma = scale(seen, step=indicators[row.indicator].step, minimum=MINIMUM)
        z = None if sigma is None else winsorise(raw / sigma, WINSOR)
        found.append(Observed(row.release_id, name, row.ts_scheduled, raw, z))
        seen.append(raw)
    return found


def vary(sample: Sample, variant: Variant | None, *, indicators: Sequence[IndicatorId]) -> Sample:
    """The sample as a variant has it; ``indicators`` are those whose surprises' size counts, all if there are none."""
    if variant == "size":
        return _with_sizes(sample, indicators)
    if variant == "basis-points":
        by_asset = ({asset: _flat(of) for asset, of in one.items()} for one in (sample.usual, sample.lately))
        return sample._replace(**dict(zip(("usual", "lately"), by_asset, strict=True)))
    return sample


def vary_kin(kin: Mapping[SeriesId, Kin], variant: Variant | None) -> Mapping[SeriesId, Kin]:
    """Which residuals are drawn together."""
    return {name: one._replace(scale=one.family) for name, one in kin.items()} if variant == "family-scale" else kin


def _with_sizes(sample: Sample, indicators: Sequence[IndicatorId]) -> Sample:
    columns = [
        place for place, name in enumerate(sample.series) if not indicators or name.partition(":")[0] in indicators
    ]
    return sample._replace(
        series=(*sample.series, *(f"{sample.series[place]}:size" for place in columns)),
        raw=np.hstack([sample.raw, np.abs(sample.raw[:, columns])]),
        z=np.hstack([sample.z, np.abs(sample.z[:, columns])]),
    )


def _flat(of: Mapping[int, Floats]) -> dict[int, Floats]:
    """The first usual move that is known, at all times at which there is one."""
    return {
        seconds: np.where(values > 0.0, values[values > 0.0][0], np.nan) if np.any(values > 0.0) else values
        for seconds, values in of.items()
    }

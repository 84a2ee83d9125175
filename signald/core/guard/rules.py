"""The guard's moments and shares, as configured."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from signald.core.news import NewsRules
from signald.model.macro import IndicatorId
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """Moments of the desk's timeline as offsets from a release's scheduled time T0, in nanoseconds.

    Attributes:
        widen_before_ns: ``widen`` from T0 less this, where one of ``important`` is due.
        minor_widen_before_ns: The same where none is.
        important: Indicators, each may end in ``*``.
        hold_before_ns: ``hold`` from T0 less this.
        overdue_after_ns: From T0 plus this on a figure that has not come is no reason to hold, but to ``widen``.
        released_after_ns: ``released`` so long after the first figure: its siblings come within milliseconds.
        recover_after_ns: ``recover`` from T0 plus this at the latest.
        normal_after_ns: ``normal`` from T0 plus this at the latest.
        recover_share: Share of the liquidity before that makes ``released`` a ``recover``.
        normal_share: Share that makes it ``normal``.
        check_at_ns: When after T0 liquidity is looked at.
        react_at_ns: When after T0 the reaction is told; at the model's horizons it always is.
        renew_every_ns: ``normal`` is said again this often; a desk that does not hear it falls back to ``widen``.
        news: Which events that no calendar announces are guarded.
        grace_ns: How much longer than until the next step a step holds, so that it need not be late to be heard.
    """

    widen_before_ns: Nanos = 900 * NS_PER_S
    minor_widen_before_ns: Nanos = 120 * NS_PER_S
    important: tuple[str, ...] = ("*",)
    hold_before_ns: Nanos = 5 * NS_PER_S
    overdue_after_ns: Nanos = 60 * NS_PER_S
    released_after_ns: Nanos = 50 * NS_PER_MS
    recover_after_ns: Nanos = 300 * NS_PER_S
    normal_after_ns: Nanos = 1_800 * NS_PER_S
    recover_share: float = 0.5
    normal_share: float = 0.8
    check_at_ns: tuple[Nanos, ...] = tuple(s * NS_PER_S for s in (10, 30, 60, 120, 300, 600, 900, 1_200))
    react_at_ns: tuple[Nanos, ...] = tuple(s * NS_PER_S for s in (10, 60, 300, 900))
    renew_every_ns: Nanos = 3_600 * NS_PER_S
    grace_ns: Nanos = 2 * NS_PER_S
    news: NewsRules = field(default_factory=NewsRules)

    def lead_ns(self, indicator: IndicatorId) -> Nanos:
        """How long before T0 a release of ``indicator`` is guarded."""
        is_important = any(fnmatchcase(indicator, pattern) for pattern in self.important)
        return self.widen_before_ns if is_important else self.minor_widen_before_ns

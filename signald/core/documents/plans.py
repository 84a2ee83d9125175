"""Keeps what was laid out beforehand for the bundles that are due."""

from itertools import islice
from typing import Final

from signald.core.scoring import Plan, Scorer
from signald.core.scoring.conditions import Conditions
from signald.model.macro import ReleaseId
from signald.model.time import Nanos

MAX_PLANS: Final = 64
"""Plans kept; the one not used for longest goes first. A day has a handful of bundles."""

MAX_READY: Final = 8
"""As many of them, the last used, remember their answers too: that is some megabytes each."""


class Plans:
    """One plan per model and bundle, laid out once."""

    def __init__(self, scorer: Scorer) -> None:
        """Take the model."""
        self._scorer = scorer
        self._plans: dict[tuple[str, tuple[ReleaseId, ...]], tuple[Plan, Conditions]] = {}

    def of(self, bundle: tuple[ReleaseId, ...], *, scheduled: Nanos | None) -> Plan:
        """The plan of these releases, due at ``scheduled``, laid out now if it was not before."""
        key = self._scorer.model_id, bundle
        conditions = self._scorer.conditions_at(scheduled)
        plan, before = self._plans.pop(key, (None, None))
        if plan is None:
            plan = self._scorer.plan(bundle, scheduled=scheduled)
            if len(self._plans) >= MAX_PLANS:
                del self._plans[next(iter(self._plans))]
            for old, _ in islice(reversed(self._plans.values()), MAX_READY - 1, None):
                old.answers.clear()
        elif before is not conditions:
            plan.rescale(conditions.factors)
        self._plans[key] = plan, conditions
        return plan

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._plans)

"""Walks the guard through every release's moment, and says each step once.

A step is due at an offset from a scheduled time, never at an observed one; books decide only at which look a quote may
come back. So its identity is the same on every replica, after every restart, and in replay.

Longer than other modules: plans, steps and guidance change the same watches; divided they would hand them to and fro.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from signald.core.board import BoardRows
from signald.core.documents.desk import DeskDocuments, Then, mid_of
from signald.core.guard.alarms import Alarms
from signald.core.guard.clock import LiquidityClock
from signald.core.guard.rules import GuardRules
from signald.core.guard.steps import NO_MOMENT, StepName, Steps, after_offsets
from signald.core.guard.watch import Place, Watch, combine, level_of
from signald.core.news import Story
from signald.core.release_window import Register, ReleaseWindow
from signald.core.scoring.view import Row
from signald.model.instruments import InstrumentId
from signald.model.notices import Rejected
from signald.model.signals import DeskGuidance, GuardState, Signal
from signald.model.time import NS_PER_S, Nanos

_SCORED: Final = frozenset({"release", "correction"})
_HEARD: Final = _SCORED | {"retraction"}
_REMEMBERED: Final = 1_024  # moments that were called off with quotes widened
_SLACK: Final = 32  # steps of a moment that may lie about, void ones included


class Guard:
    """The desk's timeline over all releases."""

    def __init__(self, *, register: Register, documents: DeskDocuments, rules: GuardRules) -> None:
        """Take the releases that are known, the model, and the moments."""
        scorer = documents.scorer
        self._register = register
        self._documents = documents
        self._rules = rules
        self._names = tuple(instrument.id for instrument in scorer.instruments)
        self._horizons = tuple(seconds * NS_PER_S for seconds in scorer.horizons_s)
        self._offsets = after_offsets(rules, self._horizons)
        self._told = frozenset((*rules.react_at_ns, *self._horizons))
        self._steps = Steps()
        self._watches: dict[Nanos, Watch] = {}
        self._active: dict[Nanos, Watch] = {}
        self._plans = 0
        self._called_off: dict[Nanos, int] = {}
        self._last_scheduled: Nanos = 0
        self._renews = False
        self._movers = documents.movers
        self._clock = LiquidityClock(documents.movers, rules)
        self._alarms = Alarms(documents, rules, guide=self._guidance)

    # -- what is due -------------------------------------------------------------------------------------------------

    def next_ts(self) -> Nanos | None:
        """When the next step is due."""
        own, alarm = self._next_own_ts(), self._alarms.next_ts()
        return own if alarm is None or (own is not None and own <= alarm) else alarm

    def raise_alarm(self, story: Story, rows: BoardRows) -> list[Signal | Rejected]:
        """Something happened that no calendar announced."""
        return self._alarms.raise_for(story, rows)

    def _next_own_ts(self) -> Nanos | None:
        while (step := self._steps.next()) is not None:
            watch = self._watches.get(step.ts_scheduled)
            if step.ts_scheduled == NO_MOMENT or (watch is not None and watch.plan == step.plan):
                return step.ts
            self._steps.pop()
        return None

    def reschedule(self, before: Nanos | None, after: Nanos | None, now: Nanos) -> None:
        """A release was moved from one moment to another; ``None``: it had none, or has none any more."""
        if after == before:
            return
        if before is not None:
            if before in self._register.bundles:
                self._plan(before, now)
            else:
                self._call_off(before, now)
        if after is not None and after + self._offsets[-1] > now:
            self._plan(after, now)

    def fire(self, rows: BoardRows) -> list[Signal]:
        """Do the next step, at its own time."""
        if self.next_ts() != self._next_own_ts():
            return self._alarms.fire(rows)
        step = self._steps.pop()
        if step.name == "renew":
            return self._renew(step.ts, rows)
        watch = self._watches[step.ts_scheduled]
        match step.name:
            case "widen":
                if not self._windows(watch.ts_scheduled):  # forgotten, as the oldest are when there are too many
                    self._forget(watch)
                    return []
                self._begin(watch, rows, step.ts)
                watch.move("widen")
            case "hold":
                self._look(watch, rows, step.ts, is_before=True)
                watch.move("hold", [name for name, place in watch.places.items() if place.state == "widen"])
            case "released":
                self._look(watch, rows, step.ts)
                watch.is_overdue = False
                watch.move("released")
            case "overdue":
                return self._fall_overdue(watch, rows, step.ts)
            case "cancelled":
                self._forget(watch)
            case "after":
                return self._look_after(watch, rows, step.ts)
        return self._tell(watch, step.name, self._names, rows, step.ts)

    def note(self, outputs: Iterable[object]) -> None:
        """See what was said of figures: the first that is scored releases the hold."""
        for signal in outputs:
            if not isinstance(signal, Signal) or signal.kind not in _HEARD or signal.verdict == "quarantined":
                continue
            watch = self._watches.get(signal.ts_scheduled or 0)
            if watch is None or signal.instrument is None or "test" in signal.flags:
                continue
            if signal.kind not in _SCORED:
                watch.places[signal.instrument].is_withdrawn = True
                continue
            if not watch.is_begun:
                self._name(watch)
            place = watch.places[signal.instrument]
            is_first = all(one.signal is None for one in watch.places.values())
            if place.signal is None:
                place.mid = mid_of(signal.book)
                place.usd = self._documents.peg_usd(signal.instrument)
            place.signal, place.is_withdrawn = signal, False
            if is_first:
                self._hear(watch, signal.ts_ingest)

    def _hear(self, watch: Watch, now: Nanos) -> None:
        """The first figure is out: release the hold in a moment, and look closely at what becomes of the books."""
        self._add(watch, "released", now + self._rules.released_after_ns)
        for ts in self._clock.looks(watch, now):
            if ts - watch.ts_scheduled not in self._offsets:  # else it is looked at anyhow, and told once
                self._add(watch, "after", ts)
        watch.ts_heard = now
        if self._movers is not None:
            self._movers.sampler.begin(now)

    # -- plans -------------------------------------------------------------------------------------------------------

    def _plan(self, scheduled: Nanos, now: Nanos) -> None:
        """Note the steps that are still to come; a ``widen`` that should stand already is due now."""
        known = self._watches.get(scheduled)
        if known is not None and known.is_begun:
            return  # its steps stand; a release that joins it now is guarded with it
        self._plans += 1
        rules = self._rules
        lead = max(rules.lead_ns(window.indicator.id) for window in self._windows(scheduled))
        watch = Watch(
            scheduled,
            {name: Place() for name in self._names},
            plan=self._plans,
            ts_widen=max(scheduled - lead, now),
            edition=self._called_off.get(scheduled, 0),
        )
        self._watches[scheduled] = watch
        self._sweep()
        if now < scheduled:
            self._add(watch, "widen", watch.ts_widen)
            self._add(watch, "hold", max(scheduled - rules.hold_before_ns, now))
        if now < scheduled + rules.overdue_after_ns:
            self._add(watch, "overdue", scheduled + rules.overdue_after_ns)
        for offset in self._offsets:
            if scheduled + offset > now:
                self._add(watch, "after", scheduled + offset)
        self._last_scheduled = max(self._last_scheduled, scheduled)
        if not self._renews and scheduled > now:
            self._renews = True
            self._steps.add("renew", self._next_renewal(now))

    def _add(self, watch: Watch, name: StepName, ts: Nanos) -> None:
        self._steps.add(name, ts, ts_scheduled=watch.ts_scheduled, plan=watch.plan)

    def _next_renewal(self, now: Nanos) -> Nanos:
        return (now // self._rules.renew_every_ns + 1) * self._rules.renew_every_ns

    def _call_off(self, scheduled: Nanos, now: Nanos) -> None:
        """No release is due any more at this moment: if quotes were widened for it, say so at once."""
        watch = self._watches.get(scheduled)
        if watch is None:
            return
        if watch.is_over:
            self._forget(watch)
        else:
            self._called_off[scheduled] = watch.edition + 1
            if len(self._called_off) > _REMEMBERED:
                del self._called_off[next(iter(self._called_off))]
            self._plans += 1
            watch.plan = self._plans
            watch.move("normal")
            self._add(watch, "cancelled", now)

    def _begin(self, watch: Watch, rows: BoardRows, now: Nanos) -> None:
        self._name(watch)
        uncertain = self._documents.uncertainty_bps(watch.releases, scheduled=watch.ts_scheduled)
        for name, std in zip(self._names, uncertain, strict=True):
            watch.places[name].uncertainty_bps = std
        self._look(watch, rows, now, is_before=True)

    def _name(self, watch: Watch) -> None:
        watch.is_begun = True
        watch.releases = tuple(window.release_id for window in self._windows(watch.ts_scheduled))
        self._active[watch.ts_scheduled] = watch

    def _forget(self, watch: Watch) -> None:
        self._watches.pop(watch.ts_scheduled, None)
        self._active.pop(watch.ts_scheduled, None)

    # -- steps -------------------------------------------------------------------------------------------------------

    def _fall_overdue(self, watch: Watch, rows: BoardRows, due: Nanos) -> list[Signal]:
        if any(place.signal is not None for place in watch.places.values()) or not watch.is_begun:
            return []
        self._look(watch, rows, due)
        watch.is_overdue = True
        watch.move("widen")
        return self._tell(watch, "overdue", self._names, rows, due)

    def _look_after(self, watch: Watch, rows: BoardRows, due: Nanos) -> list[Signal]:
        """Liquidity is looked at; quotes may come back; and it may be time to tell of the reaction."""
        offset = due - watch.ts_scheduled
        self._look(watch, rows, due)
        self._clock.see(watch, due)
        if self._movers is not None and offset in self._told:
            self._movers.compare(rows)
        signals = list(self._react(watch, rows, due)) if offset in self._told else []
        if watch.is_begun:
            rules = self._rules
            back = [
                name for name in self._coming_back(watch, rules.normal_share) if watch.places[name].state == "recover"
            ]
            if offset >= rules.normal_after_ns:
                back = [name for name in self._names if watch.places[name].state != "normal"]
            going = [name for name, place in watch.places.items() if place.state not in {"recover", "normal"}]
            if offset < rules.recover_after_ns:
                back_or_unseen = {*self._coming_back(watch, rules.recover_share), *self._unseen(watch, offset)}
                going = [name for name in going if name in back_or_unseen]
            going = [name for name in going if name not in back]
            moves: tuple[tuple[GuardState, list[InstrumentId]], ...] = (("recover", going), ("normal", back))
            for state, names in moves:
                if names:
                    watch.move(state, names)
                    step = f"overdue-{state}" if watch.is_overdue else state  # it may come yet, and all begin again
                    signals.extend(self._tell(watch, step, names, rows, due))
        if offset == self._offsets[-1]:
            self._clock.conclude(watch)
            self._forget(watch)
        return signals

    def _unseen(self, watch: Watch, offset: Nanos) -> list[InstrumentId]:
        """Instruments whose book cannot be seen, and would be back by now as nine of ten were."""
        is_out = any(place.signal is not None for place in watch.places.values())
        places = watch.places.items()
        return [name for name, place in places if is_out and place.now is None and self._clock.is_overdue(name, offset)]

    def _coming_back(self, watch: Watch, share: float) -> list[InstrumentId]:
        """Instruments whose book is back, of those whose figure is out or overdue: before that there is no way back."""
        is_out = watch.is_overdue or any(place.signal is not None for place in watch.places.values())
        return [name for name in self._names if is_out and watch.is_back(name, share)]

    def _react(self, watch: Watch, rows: BoardRows, due: Nanos) -> Iterator[Signal]:
        bundle = self._register.bundles.get(watch.ts_scheduled)
        if bundle is None or not bundle.out:
            return
        for index, name in enumerate(self._names):
            place = watch.places[name]
            if place.signal is not None and not place.is_withdrawn:
                yield self._documents.reaction(
                    place.signal,
                    watch.releases,
                    row=_row(rows, index),
                    then=Then(place.mid, place.usd),
                    liquidity=self._clock.liquidity(watch, name),
                    held=place.held,
                    is_last=due - watch.ts_scheduled == self._horizons[-1],
                    due=due,
                )

    def _renew(self, due: Nanos, rows: BoardRows) -> list[Signal]:
        """``normal`` is said again while more releases are known to come: a calendar that ends is no calm."""
        self._renews = self._last_scheduled > due
        if self._renews:
            self._steps.add("renew", due + self._rules.renew_every_ns)
        if not self._renews or not self._alarms.is_calm or any(not watch.is_over for watch in self._active.values()):
            return []
        return [
            self._documents.step(
                *("normal", (), ()),
                instrument=name,
                row=_row(rows, index),
                desk=self._calm(due),
                ts_scheduled=None,
                due=due,
            )
            for index, name in enumerate(self._names)
        ]

    # -- guidance ----------------------------------------------------------------------------------------------------

    def _look(self, watch: Watch, rows: BoardRows, now: Nanos, *, is_before: bool = False) -> None:
        for index, name in enumerate(self._names):
            place = watch.places[name]
            place.now = level_of(self._documents.book(name, _row(rows, index), now))
            if is_before and place.before is None:
                place.before = place.now

    def _tell(
        self, watch: Watch, step: str, names: Sequence[InstrumentId], rows: BoardRows, due: Nanos
    ) -> list[Signal]:
        """Say what quotes of these instruments are to do now, on account of all moments that bear on them."""
        return [
            self._documents.step(
                f"{step}/{watch.edition}" if watch.edition else step,
                watch.releases,
                self._windows(watch.ts_scheduled),
                instrument=name,
                row=_row(rows, self._names.index(name)),
                desk=self._guidance(name, due),
                ts_scheduled=watch.ts_scheduled,
                due=due,
            )
            for name in names
        ]

    def _guidance(self, name: InstrumentId, now: Nanos) -> DeskGuidance:
        scorer = self._documents.scorer
        members = [
            watch.guidance(
                name, now, self._rules, quote_life_s=scorer.quote_life_s, horizon_s=scorer.parameters.primary_s
            )
            for watch in self._active.values()
            if watch.places[name].state != "normal"
        ]
        members.extend(self._alarms.bearing(name, now))
        return combine(members) if members else self._calm(now)

    def _calm(self, now: Nanos) -> DeskGuidance:
        """``normal``, until the next release is near or it is said again."""
        begins = (watch.ts_widen for watch in self._watches.values() if not watch.is_begun and watch.ts_widen > now)
        renewed = self._next_renewal(now)
        return DeskGuidance(
            state="normal",
            quote_widen_bps=0.0,
            skew_bps=0.0,
            max_size_usd=None,
            ts_expires=min([renewed, *begins]) + self._rules.grace_ns,
        )

    def _windows(self, scheduled: Nanos) -> tuple[ReleaseWindow, ...]:
        """The releases of a moment, by id; none if they were moved away, or forgotten."""
        bundle = self._register.bundles.get(scheduled)
        return () if bundle is None else tuple(bundle.windows.values())

    def _sweep(self) -> None:
        """Drop void steps when they outnumber the others: a release may be moved to and fro without end."""
        if len(self._steps) > _SLACK * (len(self._watches) + 2):
            self._steps.keep({watch.ts_scheduled: watch.plan for watch in self._watches.values()})


def _row(rows: BoardRows, index: int) -> Row:
    return rows[index].item()

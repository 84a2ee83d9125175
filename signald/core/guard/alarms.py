"""The guard for what no calendar announced: hold at once, recover, normal; and what became of it.

Nothing is predicted. While quotes are held back none rests; after that they are as wide as the market has moved since
the news, taken as diffusive: realised · √(τ / t), τ a quote's life, t the time since the news came; plus half of what
the spread is wider than before. The size is bounded as after a release.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from signald.core.board import BoardRows
from signald.core.documents.desk import DeskDocuments, mid_of
from signald.core.guard.rules import GuardRules
from signald.core.guard.watch import Place, excess_bps, is_back, level_of, liquidity_of
from signald.core.news import Story
from signald.core.scoring import guidance as g
from signald.core.scoring.view import Row
from signald.model.instruments import InstrumentId
from signald.model.notices import Rejected
from signald.model.signals import DeskGuidance, GuardState, PolicyView, Signal
from signald.model.time import NS_PER_S, Nanos

_Step: TypeAlias = Literal["recover", "look", "end"]
Guide: TypeAlias = Callable[[InstrumentId, Nanos], DeskGuidance]
"""What quotes of an instrument are to do on account of everything that bears on them."""

MOST: Final = 32
"""Events that are guarded at a time; each that holds is asked for every quote."""

_LEAST_NS: Final = NS_PER_S  # no hold is shorter


@dataclass(slots=True)
class Alarm:
    """One event under guard; ``begins`` is when we heard of it.

    Attributes:
        story: What became of it is told.
        begins: When we heard of it.
        recovers: Until when quotes are held back.
        ends: When they are ``normal`` at the latest.
        holder: On whose account they are held back: another's if there were too many to guard each by itself.
        places: What is known of each instrument.
        last_ns: When after ``begins`` the last reaction is told.
        due: How many steps of each name are still to come.
    """

    story: Story
    begins: Nanos
    recovers: Nanos
    ends: Nanos
    holder: Story
    places: dict[InstrumentId, Place] = field(default_factory=dict[InstrumentId, Place])
    last_ns: Nanos = 0
    due: Counter[_Step] = field(default_factory=Counter[_Step])

    def is_at(self, name: InstrumentId, state: GuardState) -> bool:
        """Whether quotes of an instrument are at ``state`` on this event's account."""
        return self.places[name].state == state

    def guidance(self, name: InstrumentId, now: Nanos, *, grace_ns: Nanos, quote_life_s: float) -> DeskGuidance:
        """Guidance on this event's account alone."""
        place = self.places[name]
        depth = None if place.now is None else place.now.depth_usd
        widen, size, until = None, depth, self.ends
        if place.state == "hold":
            size, until = 0.0, self.recovers
        elif place.mid is not None and place.last_mid is not None and now > self.begins:
            moved = abs(place.last_mid / place.mid - 1.0) * 1e4
            elapsed_s = (now - self.begins) / NS_PER_S
            widen = g.widen_bps(moved, quote_life_s=quote_life_s, horizon_s=elapsed_s) + excess_bps(place)
            size = g.size_usd(depth, widen)
        return DeskGuidance(
            state=place.state, quote_widen_bps=widen, skew_bps=0.0, max_size_usd=size, ts_expires=until + grace_ns
        )


class _Due(NamedTuple):
    ts: Nanos
    number: int
    name: _Step
    alarm: Alarm


class Alarms:
    """All events that quotes are guarded for."""

    def __init__(self, documents: DeskDocuments, rules: GuardRules, *, guide: Guide) -> None:
        """Take who writes, the moments, and who combines what bears on a quote."""
        self._documents = documents
        self._rules = rules
        self._guide = guide
        self._names = tuple(instrument.id for instrument in documents.scorer.instruments)
        horizons = tuple(seconds * NS_PER_S for seconds in documents.scorer.horizons_s)
        self._told = tuple(sorted({*rules.react_at_ns, *horizons}))
        self._offsets = tuple(sorted({*rules.check_at_ns, *self._told}))
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._active: list[Alarm] = []

    def next_ts(self) -> Nanos | None:
        """When the next step is due."""
        return self._due[0].ts if self._due else None

    def bearing(self, name: InstrumentId, now: Nanos) -> Iterator[DeskGuidance]:
        """What each event asks of quotes of an instrument."""
        life_s = self._documents.scorer.quote_life_s
        for alarm in self._active:
            if alarm.places[name].state != "normal":
                yield alarm.guidance(name, now, grace_ns=self._rules.grace_ns, quote_life_s=life_s)

    @property
    def is_calm(self) -> bool:
        """Whether no event bears on any quote."""
        return all(place.state == "normal" for alarm in self._active for place in alarm.places.values())

    def raise_for(self, story: Story, rows: BoardRows) -> list[Signal | Rejected]:
        """Say what happened, hold quotes back if it is grave enough, and follow what becomes of it.

        What comes while as many as can be are guarded makes the gravest of those hold on for as long as it would have
        held by itself; it is not followed.
        """
        now = story.event.ts_ingest
        is_grave = story.event.severity >= self._rules.news.guard_from
        is_one_more = len(self._active) < MOST
        alarm = self._begin(story, rows) if is_one_more else max(self._active, key=_rank)
        if is_grave:
            self._hold(alarm, story)
        for offset in self._offsets if is_one_more else ():
            self._add(alarm, "look", now + offset)
        told = [
            self._documents.policy(
                *(view_of(story), story.event), instrument=name, row=_row(rows, index), desk=self._guide(name, now)
            )
            for index, name in enumerate(self._names)
        ]
        held = self._tell(alarm, "hold", self._names, rows, now) if is_grave else ()
        return [*told, *held, *(() if is_one_more else (_not_followed(story, alarm),))]

    def _begin(self, story: Story, rows: BoardRows) -> Alarm:
        """Note what books are like before it."""
        now = story.event.ts_ingest
        last_ns = self._told[-1] if self._told else 0
        alarm = Alarm(story, now, recovers=now, ends=now, holder=story, last_ns=last_ns)
        for index, name in enumerate(self._names):
            book = self._documents.book(name, _row(rows, index), now)
            level = level_of(book)
            mid = mid_of(book)
            alarm.places[name] = Place(state="normal", before=level, now=level, mid=mid, last_mid=mid)
        self._active.append(alarm)
        return alarm

    def _hold(self, alarm: Alarm, story: Story) -> None:
        """Hold quotes back on account of ``story``; never for less long than they are held already."""
        now = story.event.ts_ingest
        hold_ns = max(_LEAST_NS, round(self._rules.news.hold_ns * story.event.severity))
        ends = min(now + self._rules.normal_after_ns, max(story.ts_expires, now + hold_ns + _LEAST_NS))
        alarm.holder = story
        alarm.recovers = max(alarm.recovers, now + hold_ns)
        alarm.ends = max(alarm.ends, ends)
        for place in alarm.places.values():
            place.state = "hold"
        steps: tuple[tuple[_Step, Nanos], ...] = (("recover", alarm.recovers), ("end", alarm.ends))
        for name, ts in steps:
            if not alarm.due[name]:
                self._add(alarm, name, ts)

    def fire(self, rows: BoardRows) -> list[Signal]:
        """Do the next step, at its own time."""
        ts, _, name, alarm = heapq.heappop(self._due)
        alarm.due[name] -= 1
        later = {"recover": alarm.recovers, "end": alarm.ends}.get(name, ts)
        if later > ts:  # it holds on since
            self._add(alarm, name, later)
            return []
        self._look(alarm, rows, ts)
        signals: list[Signal] = []
        match name:
            case "recover":
                signals = self._move(
                    alarm, "recover", [one for one in self._names if alarm.is_at(one, "hold")], rows, ts
                )
            case "end":
                signals = self._move(
                    alarm, "normal", [one for one in self._names if not alarm.is_at(one, "normal")], rows, ts
                )
            case "look":
                if ts - alarm.begins in self._told:
                    signals.extend(self._react(alarm, rows, ts))
                back = [one for one in self._names if alarm.is_at(one, "recover") and self._is_back(alarm, one)]
                signals.extend(self._move(alarm, "normal", back, rows, ts))
        if not alarm.due.total():
            self._active.remove(alarm)
        return signals

    def _is_back(self, alarm: Alarm, name: InstrumentId) -> bool:
        return is_back(alarm.places[name], self._rules.normal_share)

    def _move(
        self, alarm: Alarm, state: GuardState, names: Sequence[InstrumentId], rows: BoardRows, ts: Nanos
    ) -> list[Signal]:
        for name in names:
            alarm.places[name].state = state
        return self._tell(alarm, state, names, rows, ts)

    def _tell(self, alarm: Alarm, step: str, names: Sequence[InstrumentId], rows: BoardRows, ts: Nanos) -> list[Signal]:
        return [
            self._documents.policy_step(
                step,
                view_of(alarm.holder),
                alarm.holder.event,
                instrument=name,
                row=_row(rows, self._names.index(name)),
                desk=self._guide(name, ts),
                due=ts,
            )
            for name in names
        ]

    def _react(self, alarm: Alarm, rows: BoardRows, ts: Nanos) -> Iterator[Signal]:
        for index, name in enumerate(self._names):
            place = alarm.places[name]
            yield self._documents.policy_reaction(
                view_of(alarm.story),
                alarm.story.event,
                instrument=name,
                row=_row(rows, index),
                mid=place.mid,
                liquidity=liquidity_of(place),
                is_last=ts - alarm.begins == alarm.last_ns,
                due=ts,
            )

    def _look(self, alarm: Alarm, rows: BoardRows, now: Nanos) -> None:
        for index, name in enumerate(self._names):
            book = self._documents.book(name, _row(rows, index), now)
            place = alarm.places[name]
            place.now = level_of(book)
            place.last_mid = mid_of(book) or place.last_mid

    def _add(self, alarm: Alarm, name: _Step, ts: Nanos) -> None:
        heapq.heappush(self._due, _Due(ts, next(self._numbers), name, alarm))
        alarm.due[name] += 1


def _rank(alarm: Alarm) -> tuple[float, Nanos]:
    """The gravest, and of those the newest."""
    return alarm.story.event.severity, alarm.begins


def _not_followed(story: Story, alarm: Alarm) -> Rejected:
    event = story.event
    problem = f"{MOST} events are guarded already; {event.event_id!r} holds with {alarm.story.event.event_id!r}"
    return Rejected(
        channel=event.source, reason="too_many_events", field="event_id", problem=problem, ts_ingest=event.ts_ingest
    )


def view_of(story: Story) -> PolicyView:
    """A story as documents tell it."""
    event = story.event
    return PolicyView(
        event_id=event.event_id,
        category=event.category,
        stance=event.stance,
        severity=event.severity,
        headline=event.headline,
        source=event.source,
        novelty=story.novelty,
        ts_expires=story.ts_expires,
    )


def _row(rows: BoardRows, index: int) -> Row:
    return rows[index].item()

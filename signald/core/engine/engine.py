"""The engine's three doors: an event, the time, and when the time matters next."""

from collections.abc import Mapping, Sequence
from typing import Final

from signald.core.board import BoardRows, as_of
from signald.core.documents import Documents
from signald.core.documents.desk import DeskDocuments
from signald.core.engine.barometer import Barometer
from signald.core.engine.controls import Controls
from signald.core.engine.figures import Figures
from signald.core.engine.lessons import Lessons
from signald.core.engine.nowcasts import Nowcasts
from signald.core.engine.patience import Patience
from signald.core.engine.shadow import Shadow
from signald.core.engine.stores import Store, stores_of
from signald.core.engine.surroundings import Surroundings
from signald.core.engine.timetable import Timetable
from signald.core.engine.world import Output, World, repeated
from signald.core.guard.rules import GuardRules
from signald.core.guard.timeline import Guard
from signald.core.liveness import covers
from signald.core.news import News, NewsRules
from signald.core.release_window import Bundle, Moment, Register, ReleaseWindow, WindowRules
from signald.core.release_window.window import indicator_of
from signald.model.clock import ClockOffset
from signald.model.control import Blackout, Control
from signald.model.events import Event
from signald.model.expectations import Expectations
from signald.model.macro import Heartbeat, Indicator, IndicatorId, ReleaseId, ScheduledRelease, SettledFigure
from signald.model.movers import Reference, Remembered
from signald.model.notices import PolicyHeard, SourceSilent
from signald.model.parameters import Parameters
from signald.model.policy import PolicyEvent
from signald.model.time import NS_PER_S, Nanos

_TELLS_NS: Final = 5 * NS_PER_S
"""A book of so little later still tells what it was like at a moment; what is told of it says of when it is."""

_ABSENCES: Final[frozenset[Moment]] = frozenset({"final", "confirm", "missed", "close"})
"""Moments at which we say that something has not come, and the one after which it would not be said any more."""


class Engine:
    """Walks every release through its life and says what follows from each figure.

    Attributes:
        indicators: The series that may be spoken of, by id.
        surroundings: What moves the market beside the figures.
    """

    def __init__(
        self,
        *,
        indicators: Mapping[IndicatorId, Indicator],
        documents: Documents,
        rules: WindowRules,
        guard: GuardRules | None = None,
        blackouts: Sequence[Blackout] = (),
        learns: bool = False,
        barometer: Barometer | None = None,
        shadow: Shadow | None = None,
    ) -> None:
        """Take what is known beforehand: the series, the writer of documents (which holds the model), the moments.

        Without ``guard`` nothing is said of quotes but what the documents about figures say, and nothing is learnt:
        it is the guard that sees outcomes. With it and ``learns`` the model is another one after each. With a
        ``barometer`` predictions are scaled to what moves usually are just now. A ``shadow`` says notices only.
        """
        self.indicators = indicators
        self._world = World(register=Register(indicators), documents=documents, rules=rules)
        self._timetable = Timetable(self._world)
        self._figures = Figures(self._world)
        self._nowcasts = Nowcasts(self._world, indicators)
        self.controls = Controls(blackouts)
        documents.news = News(NewsRules() if guard is None else guard.news)
        desk = DeskDocuments(documents.scorer, documents.movers)
        self._guard = guard and Guard(register=self._world.register, documents=desk, rules=guard)
        self.surroundings = Surroundings(self._world, desk)
        lead_ns = 0 if guard is None else max(guard.widen_before_ns, rules.arm_before_ns)
        self._lessons = Lessons(self._world, lead_ns=lead_ns) if learns and guard is not None else None
        self._barometer = barometer
        self._shadow = shadow
        self._patience = Patience(rules)

    @property
    def parameters(self) -> Parameters:
        """The model that scores now."""
        return self._world.documents.scorer.parameters

    def adopt(self, parameters: Parameters) -> None:
        """Begin with this model: what an earlier run had learnt."""
        self._world.documents.scorer.adopt(parameters)

    @property
    def windows(self) -> Mapping[ReleaseId, ReleaseWindow]:
        """Every release known, for status; not to be written."""
        return self._world.register.windows

    @property
    def bundles(self) -> Mapping[Nanos, Bundle]:
        """The same by the moment at which they are due, for those who look ahead; not to be written."""
        return self._world.register.bundles

    @property
    def news(self) -> News:
        """What happened that no calendar announced."""
        return self._world.documents.news

    @property
    def settled(self) -> list[SettledFigure]:
        """The figures that the next release of each series needs for its prior."""
        return [figure for series in self._world.register.series.values() for figure in series]

    @property
    def sources(self) -> Mapping[str, Heartbeat]:
        """Each source's newest heartbeat, for status."""
        return self._world.liveness.newest

    @property
    def stores(self) -> tuple[Store, ...]:
        """What grows with what others say."""
        return stores_of(self._world, muted=lambda: len(self.controls.muted))

    def next_deadline(self) -> Nanos | None:
        """When :meth:`advance` is next due; a void moment may make it too early, never too late."""
        step, look = self.next_step(), self.surroundings.next_sample()
        return step if look is None else look if step is None else min(step, look)

    def next_step(self) -> Nanos | None:
        """The same without looks that are left out where they would be late."""
        guard = None if self._guard is None else self._guard.next_ts()
        lesson = None if self._lessons is None else self._lessons.next_ts()
        look = None if self._barometer is None else self._barometer.next_ts()
        blackout = self.controls.blackouts.next_ts()
        agenda, silence = self._world.agenda.next_ts(), self._world.liveness.next_silence()
        drift, nowcast = self.surroundings.next_look(), self._nowcasts.next_ts()
        first: Nanos | None = None
        for ts in (
            agenda,
            silence,
            guard,
            blackout,
            lesson,
            look,
            drift,
            nowcast,
        ):  # asked before each event: no generator
            if ts is not None and (first is None or ts < first):
                first = ts
        return first

    def connect(self, now: Nanos) -> None:
        """Be told that the sources can be heard again: what they said meanwhile may be on its way."""
        self._world.agenda.postpone(_ABSENCES, self._patience.joined(now))

    def disconnect(self, now: Nanos) -> None:
        """Be told that the sources cannot be heard: be slow to say what is absent."""
        self._patience.parted(now)

    def wake(self, now: Nanos) -> None:
        """Be told the time before an event or a tick: if we slept over a deadline, be slow to say what is absent.

        A release whose figure came while we were down, stopped or cut off waits in the broker, and is handled in the
        next moments: until then nobody knows that it did not come.
        """
        until = self._patience.until(now, self._world.agenda.next_ts())
        if until is not None:
            self._world.agenda.postpone(_ABSENCES, until)

    def advance(self, now: Nanos, rows: BoardRows) -> list[Output]:
        """Fire each deadline up to ``now`` at its own due time; ``rows`` is what the board shows now.

        Of a moment that was slept over nobody knows what books were like that have changed since.
        """
        outputs: list[Output] = []
        while (due := self.next_deadline()) is not None and due <= now:
            then = as_of(rows, due + _TELLS_NS) if now - due > _TELLS_NS else rows
            outputs.extend(self._fire(due, then, shown=rows, now=now))
        return self.controls.admit(outputs)

    def _fire(self, due: Nanos, rows: BoardRows, *, shown: BoardRows, now: Nanos) -> list[Output]:
        """Do one thing that is due; what the model learns comes after all that it says at that moment.

        ``rows`` tell of that moment, ``shown`` is what the board shows now.
        """
        if due == self.controls.blackouts.next_ts():
            return self.controls.blackouts.turn(due or now)
        if due == self._world.liveness.next_silence():
            return self._fall_silent(due)
        if due == self.surroundings.next_sample():
            self.surroundings.sample(rows, now)
            return []
        if due == self.surroundings.next_look():
            return self.surroundings.look_before(shown, now)  # which knows itself how late it may be
        if due == self._world.agenda.next_ts():
            return self._seen(self._timetable.fire(self._world.agenda.pop(), rows))
        if self._guard is not None and due == self._guard.next_ts():
            self.surroundings.look(rows, due)
            told: list[Output] = [*self._guard.fire(rows)]
            if self._lessons is not None:
                self._lessons.note(told)
            return told if self._shadow is None else [*told, *self._shadow.note(told)]
        if self._lessons is not None and due == self._lessons.next_ts():
            return self._lessons.fire()
        if due != self._nowcasts.next_ts():
            assert self._barometer is not None  # nothing else is due
            self._timetable.lay_out_anew(self._barometer.fire(rows))
        return self._nowcasts.fire(rows) if due == self._nowcasts.next_ts() else []

    def handle(self, event: Event | ClockOffset, rows: BoardRows) -> list[Output]:
        """Fire what is due by ``event.ts_ingest``, then apply the event to what the board showed at that instant."""
        before = self.advance(event.ts_ingest, rows)
        return [*before, *self.controls.admit(self._apply(event, rows))]

    def _apply(self, event: Event | ClockOffset, rows: BoardRows) -> list[Output]:
        if isinstance(event, Control):
            return self.controls.take(event)
        if isinstance(event, PolicyEvent):
            return self._hear(event, rows)
        if isinstance(event, Reference | Remembered | Expectations):
            return self.surroundings.hear(event, rows)
        if isinstance(event, ClockOffset):
            return self._world.set_clock(event)
        if isinstance(event, SettledFigure):
            self._world.register.series[indicator_of(event.release_id)].settle(event)
            return []
        if isinstance(event, Heartbeat):
            self.surroundings.look(rows, event.ts_ingest)
            return [*self._world.liveness.heard(event)]
        if not isinstance(event, ScheduledRelease):
            told = self._seen(self._figures.take(event, rows))
            self._nowcasts.hear(event)
            return told
        before = self._ts_of(event.release_id)
        outputs = self._seen(self._timetable.schedule(event, rows))
        after = self._ts_of(event.release_id)
        if self._guard is not None:
            self._guard.reschedule(before, after, event.ts_ingest)
        self.surroundings.reschedule(before, after, event.ts_ingest)
        if self._barometer is not None and after is not None:
            self._barometer.expect(after, event.ts_ingest)
        outputs += self._seen(self._figures.take_held(event.release_id, rows, event.ts_ingest))
        self._nowcasts.hear(event)
        return outputs

    def _hear(self, event: PolicyEvent, rows: BoardRows) -> list[Output]:
        """Something happened: the first who tells it is heard at once; what happened long ago only holds."""
        if self.news.is_repetition(event):
            return [repeated(event.event_id, event.source, event.sequence, event.ts_ingest)]
        story, is_new = self.news.take(event)
        heard = PolicyHeard(
            event_id=event.event_id,
            same_as=story.event.event_id,
            source=event.source,
            novelty=story.novelty,
            is_new=is_new,
            ts_ingest=event.ts_ingest,
        )
        is_fresh = event.ts_ingest - event.ts_event <= self.news.rules.fresh_ns
        said = self._guard.raise_alarm(story, rows) if is_new and is_fresh and self._guard is not None else []
        return [*said, heard]

    def _ts_of(self, release_id: ReleaseId) -> Nanos | None:
        window = self._world.register.windows.get(release_id)
        return None if window is None else window.ts_scheduled

    def _seen(self, outputs: list[Output]) -> list[Output]:
        """``outputs``, once the guard has seen them."""
        if self._guard is not None:
            self._guard.note(outputs)
        return outputs

    def _fall_silent(self, now: Nanos) -> list[Output]:
        """An alarm for each source that is silent from now on, or one for each release near by that it covers."""
        outputs: list[Output] = []
        for newest in self._world.liveness.fall_silent(now):
            near = [one for one in self._near(now) if covers(newest, one.indicator.id)]
            outputs.extend(
                SourceSilent(source=newest.source, ts_heard=newest.ts_ingest, release_id=release_id, ts_ingest=now)
                for release_id in [window.release_id for window in near] or [None]
            )
        return outputs

    def _near(self, now: Nanos) -> list[ReleaseWindow]:
        """Releases whose figure is awaited within minutes, by time and id."""
        rules = self._world.rules
        return [
            window
            for scheduled, bundle in sorted(self._world.register.bundles.items())
            if scheduled - rules.watch_before_ns <= now < scheduled + rules.late_after_ns
            for window in bundle.awaited
        ]

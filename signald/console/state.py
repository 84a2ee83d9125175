"""What a page that opens now must know, kept up to date event by event."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from signald.client.entries import Received
from signald.console.facts import Facts
from signald.console.views import guard_view, ladder_view, signal_view
from signald.model.instruments import InstrumentId
from signald.model.signals import Signal

SIGNALS_KEPT: Final = 1_000
_NOTICES_KEPT: Final = 300
_GUARDS_KEPT: Final = 2_000
_LADDERS_KEPT: Final = 200
_POINTS_KEPT: Final = 240
_TRACKS_KEPT: Final = 200
_DOCUMENTS_KEPT: Final = 4_000
_SCORED: Final = frozenset({"release", "correction"})
_FOLLOWED: Final = frozenset({"reaction", "outcome"})
_REPORTED: Final = _SCORED | _FOLLOWED | {"guard"}


class News(NamedTuple):
    """One event for the pages."""

    event: str
    payload: Any


class Track(NamedTuple):
    """The move since a figure was scored: of which document, from which mid, until when it is watched."""

    id: str
    began_ms: float
    mid: float
    ends_ms: float
    points: deque[tuple[float, float]]


class ConsoleState:
    """Everything that is shown.

    Attributes:
        parts: The newest of what has no history, by event: ``calendar``, ``daemon``, ``books``, ``latency``.
        signals: The last documents that are no steps of the guard and no scenarios, oldest first.
        notices: The last notices, oldest first.
        facts: What documents say, for Prometheus.
        documents: The last documents about releases, oldest first, for report cards.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        """Know nothing but the indicators' ``names``."""
        self._names = names
        self.parts: dict[str, Any] = {}
        self.facts = Facts()
        self.signals: deque[dict[str, Any]] = deque(maxlen=SIGNALS_KEPT)
        self.documents: deque[Signal] = deque(maxlen=_DOCUMENTS_KEPT)
        self.notices: deque[dict[str, Any]] = deque(maxlen=_NOTICES_KEPT)
        self._guards: deque[dict[str, Any]] = deque(maxlen=_GUARDS_KEPT)
        self._ladders: dict[tuple[str, InstrumentId | None], dict[str, Any]] = {}
        self._tracks: dict[tuple[str, InstrumentId], Track] = {}

    def snapshot(self) -> dict[str, Any]:
        """All of it, for a page that opens."""
        return {
            **self.parts,
            "signals": list(self.signals),
            "notices": list(self.notices),
            "guards": list(self._guards),
            "ladders": list(self._ladders.values()),
            "paths": [{"id": track.id, "points": list(track.points)} for track in self._tracks.values()],
        }

    def take_signal(self, received: Received) -> Iterator[News]:
        """A document of the stream."""
        signal = received.signal
        self.facts.take(received)
        if signal.kind in _REPORTED:
            self.documents.append(signal)
        ladder, guard = ladder_view(signal), guard_view(signal)
        if ladder is not None:
            _keep(self._ladders, (ladder["release"], signal.instrument), ladder, most=_LADDERS_KEPT)
            yield News("ladder", ladder)
        elif guard is not None:
            self._guards.append(guard)
            yield News("guard", guard)
        else:
            view = signal_view(received, self._names)
            self.signals.append(view)
            self._track(received, view)
            yield News("signal", view)
            yield from self._reaction(view)

    def take_part(self, part: str, payload: Any) -> Iterator[News]:  # noqa: ANN401 - JSON of some part
        """The newest of something that has no history."""
        if self.parts.get(part) != payload:
            self.parts[part] = payload
            yield News(part, payload)
        if part == "books":
            yield from self._walk(payload)

    def take_notice(self, view: dict[str, Any]) -> Iterator[News]:
        """A notice of the stream."""
        self.notices.append(view)
        yield News("notice", view)

    def _track(self, received: Received, view: dict[str, Any]) -> None:
        """Begin to follow the market from a score on; a correction goes on with what its figure began."""
        signal = received.signal
        if signal.kind not in _SCORED or signal.instrument is None or signal.book is None or not signal.horizons:
            return
        key = _moment(view), signal.instrument
        before = self._tracks.get(key)
        if before is not None:
            self._tracks[key] = before._replace(id=signal.id)
            return
        longest_ms = 1_000.0 * max(one.seconds for one in signal.horizons)
        began: float = view["ts"]
        points: deque[tuple[float, float]] = deque([(0.0, 0.0)], maxlen=_POINTS_KEPT)
        track = Track(signal.id, began, signal.book.mid, began + longest_ms, points)
        _keep(self._tracks, key, track, most=_TRACKS_KEPT)

    def _reaction(self, view: dict[str, Any]) -> Iterator[News]:
        """What a reaction or an outcome says has been realised is a point of the path."""
        track = self._tracks.get((_moment(view), view["instrument"] or ""))
        if track is not None and view["kind"] in _FOLLOWED and isinstance(view["realised"], float):
            yield from _add(track, at_ms=view["ts"], bps=view["realised"])

    def _walk(self, payload: dict[str, Any]) -> Iterator[News]:
        mids = {book["instrument"]: book["mid"] for book in payload["books"] if book["state"] == "live"}
        for (_, instrument), track in self._tracks.items():
            mid = mids.get(instrument)
            if mid and track.began_ms < payload["ts"] <= track.ends_ms:
                yield from _add(track, at_ms=payload["ts"], bps=(mid / track.mid - 1.0) * 1e4)


def _add(track: Track, *, at_ms: float, bps: float) -> Iterator[News]:
    seconds = (at_ms - track.began_ms) / 1_000.0
    if seconds > track.points[-1][0]:
        point = round(seconds, 2), round(bps, 2)
        track.points.append(point)
        yield News("path", {"id": track.id, "points": [point]})


def _moment(view: dict[str, Any]) -> str:
    """Of which minute's figures a document is: they are scored together."""
    return str(view["scheduled"] or ",".join(cause["release"] for cause in view["causes"]))


def _keep(table: dict[Any, Any], key: object, value: object, *, most: int) -> None:
    table.pop(key, None)
    table[key] = value
    if len(table) > most:
        del table[next(iter(table))]

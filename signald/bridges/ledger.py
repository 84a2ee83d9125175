"""What a bridge has said, and so what of a feed's rows is new: schedules that changed, figures, corrections."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

from signald.model.macro import ReleaseId
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.sources.feed_rows import FeedRow

_HISTORY_NS: Final = 3_600 * NS_PER_S  # a figure first seen so long after its time is history, not news
_FORGOTTEN_NS: Final = 40 * 86_400 * NS_PER_S
_ENCODER: Final = msgspec.json.Encoder()


class Message(NamedTuple):
    """One message, its topic without the prefix; schedules are retained."""

    topic: str
    payload: bytes
    retain: bool


@dataclass(slots=True)
class _Said:
    schedule: tuple[object, ...] | None = None
    actual: float | None = None
    ts_scheduled: Nanos = 0
    messages: dict[str, Message] = field(default_factory=dict[str, Message])


@dataclass(slots=True)
class Ledger:
    """Turns rows into messages, each fact once.

    Attributes:
        source: Who says it: the bridge's name.
        counts: How often what was left unsaid: ``history``, ``withdrawn``.
    """

    source: str
    counts: Counter[str] = field(default_factory=Counter[str])
    _said: dict[ReleaseId, _Said] = field(default_factory=dict[ReleaseId, _Said])
    _sequence: int = 0

    def take(self, rows: Iterable[FeedRow], now: Nanos) -> list[Message]:
        """What is new in ``rows``; schedules stand before figures."""
        rows = sorted(rows, key=lambda row: (row.ts_scheduled, row.release_id))
        messages = [*self._schedules(rows, now), *self._figures(rows, now)]
        for release_id in [name for name, said in self._said.items() if said.ts_scheduled < now - _FORGOTTEN_NS]:
            del self._said[release_id]
        return messages

    def standing(self, now: Nanos) -> list[Message]:
        """What a broker that forgot everything should be told again, word for word: who knows it passes over it.

        Schedules of what is due or has just been, and the figures of the last hour.
        """
        recent = [said for said in self._said.values() if said.ts_scheduled > now - _HISTORY_NS]
        return [
            said.messages[family] for family in ("schedule", "release") for said in recent if family in said.messages
        ]

    def heartbeat(self, covers: Iterable[str], now: Nanos) -> Message:
        """The bridge and its feed are alive."""
        content = {
            "source": self.source,
            "ts_event": format_rfc3339(now),
            "sequence": self._next(now),
            "covers": sorted(covers),
        }
        return Message(f"heartbeat/{_level(self.source)}", _ENCODER.encode(content), retain=False)

    def _schedules(self, rows: Iterable[FeedRow], now: Nanos) -> Iterator[Message]:
        for row in rows:
            said = self._said.setdefault(row.release_id, _Said())
            schedule = (row.ts_scheduled, row.is_tentative, row.consensus, row.prior)
            is_out = row.actual is not None
            if schedule == said.schedule or (is_out and (said.schedule is not None or _is_history(row, now))):
                continue  # once a figure is out, what is called a forecast was not one
            moved = said.schedule is not None and row.ts_scheduled != said.ts_scheduled
            said.schedule, said.ts_scheduled = schedule, row.ts_scheduled
            content: dict[str, object] = {
                "release_id": row.release_id,
                "indicator": row.indicator,
                "period": row.period,
                "ts_scheduled": format_rfc3339(row.ts_scheduled),
                "consensus": row.consensus,
                "prior": row.prior,
                "state": "tentative" if row.is_tentative else "rescheduled" if moved else "scheduled",
            }
            yield self._message("schedule", row.release_id, content, now)

    def _figures(self, rows: Iterable[FeedRow], now: Nanos) -> Iterator[Message]:
        for row in rows:
            said = self._said[row.release_id]
            said.ts_scheduled = said.ts_scheduled or row.ts_scheduled
            if row.actual == said.actual:
                continue
            if row.actual is None:
                self.counts["withdrawn"] += 1  # feeds blank what they have: only a person retracts
                continue
            is_first = said.actual is None
            said.actual = row.actual
            if is_first and _is_history(row, now):
                self.counts["history"] += 1
                continue
            content: dict[str, object] = {
                "release_id": row.release_id,
                "actual": row.actual,
                "kind": "first" if is_first else "correction",
            }
            if row.revised_prior is not None:
                content["revised_prior"] = row.revised_prior
            yield self._message("release", row.release_id, content, now)

    def _message(self, family: str, release_id: ReleaseId, content: dict[str, object], now: Nanos) -> Message:
        whole = {**content, "source": self.source, "sequence": self._next(now), "ts_event": format_rfc3339(now)}
        topic = f"calendar/{family}/{_level(release_id)}/{_level(self.source)}"
        message = Message(topic, _ENCODER.encode(whole), retain=family == "schedule")
        self._said[release_id].messages[family] = message
        return message

    def _next(self, now: Nanos) -> int:
        self._sequence = max(self._sequence + 1, now)
        return self._sequence


def _is_history(row: FeedRow, now: Nanos) -> bool:
    return now - row.ts_scheduled > _HISTORY_NS


def _level(text: str) -> str:
    """One level of a topic: the contract has ``%``, ``/``, ``+`` and ``#`` inside it percent-encoded."""
    return quote(text, safe=":.-_ ")

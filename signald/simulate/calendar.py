"""A calendar that plays known figures over real MQTT: schedules, heartbeats, releases, as the contract spells them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from signald.model.macro import IndicatorId, ReleaseId, ReleaseKind
from signald.model.policy import Category
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.runtime.clock import Clock

HEARTBEAT_EVERY_S: Final = 4.0
"""The contract allows five seconds."""

_Q1_2025: Final = Path(__file__).with_name("q1_2025.toml")
_NEWS_FOR_S: Final = 86_400.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PlannedRelease(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that will come out: what the calendar promises and what it will be, in the indicator's unit."""

    indicator: IndicatorId
    period: str
    ts_scheduled: Nanos
    actual: float
    consensus: float | None
    prior: float | None

    @property
    def release_id(self) -> ReleaseId:
        """``us.cpi.yoy:2025-01``."""
        return f"{self.indicator}:{self.period}"

    @property
    def surprise(self) -> float | None:
        """Actual − consensus; ``None`` without a consensus."""
        return None if self.consensus is None else self.actual - self.consensus


class PlannedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """An event that no calendar announces; ``headlines`` are two sources' words for it, the first comes first."""

    ts: Nanos
    category: Category
    stance: float
    severity: float
    headlines: tuple[str, str]
    move_bps: float


class PlannedDrift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A move of the simulated market so long before the release of that day."""

    date: date
    before_s: float
    move_bps: float


class Quarter(msgspec.Struct, frozen=True, kw_only=True):
    """Releases in the order of their times, and what the simulated market makes of a surprise.

    ``response_bps_per_unit`` is the move of the mid in basis points per unit of the indicator, ``cuts_per_unit`` that
    of the cuts that futures price; ``meetings`` are the last days of the Federal Reserve's.
    """

    releases: tuple[PlannedRelease, ...]
    response_bps_per_unit: dict[IndicatorId, float]
    policies: tuple[PlannedPolicy, ...] = ()
    drifts: tuple[PlannedDrift, ...] = ()
    meetings: tuple[date, ...] = ()
    cuts_per_unit: dict[IndicatorId, float] = {}

    def bundles(self) -> list[tuple[PlannedRelease, ...]]:
        """The releases that share a timestamp, together."""
        return [tuple(group) for _, group in groupby(self.releases, key=lambda release: release.ts_scheduled)]

    def response_bps(self, bundle: Iterable[PlannedRelease]) -> float:
        """Where the market goes on the bundle's surprises; what had no consensus surprises nobody."""
        return sum(self.response_bps_per_unit[one.indicator] * (one.surprise or 0.0) for one in bundle)

    def change_cuts(self, bundle: Iterable[PlannedRelease]) -> float:
        """How many more cuts are priced on the bundle's surprises."""
        return sum(self.cuts_per_unit.get(one.indicator, 0.0) * (one.surprise or 0.0) for one in bundle)

    def next_meeting(self, ts: Nanos) -> date | None:
        """The Federal Reserve's next one."""
        return next((day for day in self.meetings if _nanos(datetime.combine(day, time(), tzinfo=UTC)) > ts), None)


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: date
    indicator: IndicatorId
    period: str
    actual: float
    prior: float
    consensus: float | None = None


class _Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: datetime
    category: Category
    stance: float
    severity: float
    headlines: tuple[str, str]
    move_bps: float


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    time_zone: str
    release_time: time
    releases: tuple[_Row, ...]
    response_bps_per_unit: dict[IndicatorId, float]
    policies: tuple[_Policy, ...] = ()
    drifts: tuple[PlannedDrift, ...] = ()
    meetings: tuple[date, ...] = ()
    cuts_per_unit: dict[IndicatorId, float] = {}


def load_quarter(path: Path = _Q1_2025) -> Quarter:
    """Read a quarter's file; by default the first of 2025. The times come from the agency's zone by tzdata."""
    file = msgspec.toml.decode(path.read_bytes(), type=_File)
    zone = ZoneInfo(file.time_zone)
    releases = [
        PlannedRelease(
            indicator=row.indicator,
            period=row.period,
            ts_scheduled=_nanos(datetime.combine(row.date, file.release_time, tzinfo=zone)),
            actual=row.actual,
            consensus=row.consensus,
            prior=row.prior,
        )
        for row in file.releases
    ]
    return Quarter(
        releases=tuple(sorted(releases, key=lambda release: release.ts_scheduled)),
        response_bps_per_unit=file.response_bps_per_unit,
        policies=tuple(
            PlannedPolicy(
                ts=_nanos(row.at),
                category=row.category,
                stance=row.stance,
                severity=row.severity,
                headlines=row.headlines,
                move_bps=row.move_bps,
            )
            for row in sorted(file.policies, key=lambda row: row.at)
        ),
        drifts=file.drifts,
        meetings=file.meetings,
        cuts_per_unit=file.cuts_per_unit,
    )


class Publishes(Protocol):
    """What carries the messages: :class:`signald.transports.mqtt.MqttConnection` does."""

    async def publish(self, topic: str, payload: bytes, *, qos: Literal[0, 1] = 1, retain: bool = False) -> None:
        """Publish one message; returns when the broker has it."""
        ...


class CalendarPublisher:
    """One source of the calendar, speaking at the times of the clock it is given."""

    def __init__(
        self, connection: Publishes, clock: Clock, *, source: str = "demo", prefix: str = "signald/v1"
    ) -> None:
        """Build it; it says nothing of its own accord."""
        self._connection = connection
        self._clock = clock
        self._source = source
        self._prefix = prefix
        self._sequence = 0

    async def announce(self, release: PlannedRelease, *, with_consensus: bool) -> None:
        """Say when a figure is due: its time only, or also what is expected and what the last one was."""
        await self._publish(
            f"calendar/schedule/{self._escape(release.release_id)}/{self._source}",
            {
                "release_id": release.release_id,
                "indicator": release.indicator,
                "period": release.period,
                "ts_scheduled": format_rfc3339(release.ts_scheduled),
                "consensus": release.consensus if with_consensus else None,
                "prior": release.prior if with_consensus else None,
            },
            retain=True,
        )

    async def release(self, release: PlannedRelease) -> None:
        """Say the figure; it happened at its scheduled time."""
        await self.say(release, ReleaseKind.FIRST, release.actual)

    async def say(self, release: PlannedRelease, kind: ReleaseKind, actual: float | None) -> None:
        """Say a figure of a release, or take it back (``None``): a first one as of its time, others as of now."""
        fields: dict[str, Any] = {"release_id": release.release_id, "kind": kind.value}
        if actual is not None:
            fields["actual"] = actual
        topic = f"calendar/release/{self._escape(release.release_id)}/{self._source}"
        await self._publish(topic, fields, ts_event=release.ts_scheduled if kind is ReleaseKind.FIRST else None)

    async def happen(self, policy: PlannedPolicy, *, headline: str) -> None:
        """Tell of an event that no calendar announced, in this source's words."""
        event_id = f"{self._source}-{policy.ts // NS_PER_S}"
        fields = {
            "event_id": event_id,
            "category": policy.category,
            "headline": headline,
            "stance": policy.stance,
            "severity": policy.severity,
            "expires_after_s": _NEWS_FOR_S,
        }
        await self._publish(f"policy/{policy.category}", fields, ts_event=policy.ts)

    async def refer(self, symbol: str, price: float) -> None:
        """Say what a reference costs."""
        await self._publish(f"reference/{symbol}", {"symbol": symbol, "price": price}, qos=0)

    async def expect_rates(self, meeting: date, *, p_cut: float, cuts: float) -> None:
        """Say what is priced: a cut at the next meeting, and cuts by the end of its year."""
        fields = {
            "meeting": meeting.isoformat(),
            "p_cut": p_cut,
            "p_hold": 1.0 - p_cut,
            "p_hike": 0.0,
            "implied_cuts_year_end": cuts,
        }
        await self._publish("expectations/fed_funds", fields, retain=True)

    async def beat(self, covers: Sequence[str] = ("us.*",)) -> None:
        """Say that this source is alive."""
        await self._publish(f"heartbeat/{self._source}", {"covers": covers}, qos=0)

    async def _publish(
        self,
        topic: str,
        fields: dict[str, Any],
        *,
        qos: Literal[0, 1] = 1,
        retain: bool = False,
        ts_event: Nanos | None = None,
    ) -> None:
        now = self._clock.now()
        self._sequence = max(self._sequence + 1, now)  # rises even while the clock stands still
        fields |= {
            "source": self._source,
            "sequence": self._sequence,
            "ts_event": format_rfc3339(now if ts_event is None else ts_event),
        }
        await self._connection.publish(f"{self._prefix}/{topic}", msgspec.json.encode(fields), qos=qos, retain=retain)

    @staticmethod
    def _escape(text: str) -> str:
        """Percent-encode what has a meaning in a topic."""
        return quote(text, safe=":.-_ ")


def _nanos(moment: datetime) -> Nanos:
    return (moment - _EPOCH) // timedelta(seconds=1) * NS_PER_S

"""What a page is told: documents, books and notices with times in milliseconds, which a browser can count in."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from signald.client.entries import Received
from signald.client.movers import movers_of
from signald.live.agenda import CalendarState, Coverage
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.signals import Cause, PolicyView, Regime, Rung, Signal
from signald.model.time import NS_PER_MS, Nanos

_STATES: Final = ("disconnected", "syncing", "live", "gap")
_FLAGS: Final = ((1, "crossed"), (2, "locked"), (4, "one-sided"), (8, "stale"), (16, "unread"))
_LARGE: Final = 1e6


def ms(ts: Nanos | None) -> float | None:
    """Milliseconds since the Unix epoch, to the microsecond."""
    return None if ts is None else round(ts / NS_PER_MS, 3)


def signal_view(received: Received, names: Mapping[str, str]) -> dict[str, Any]:
    """A document as a page shows it, with the indicators' ``names``; ladders are told apart."""
    signal = received.signal
    return {
        "entry": received.entry,
        "id": signal.id,
        "kind": signal.kind,
        "revision": signal.revision,
        "instrument": signal.instrument,
        "verdict": signal.verdict,
        "confidence": signal.confidence,
        "ts": ms(signal.ts_ingest),
        "scheduled": ms(signal.ts_scheduled),
        "published": ms(received.ts_publish),
        "late_ms": received.late_ms,
        "causes": [_cause_view(cause, names) for cause in signal.causes],
        "horizons": [
            {"s": one.seconds, "mean": one.mean_bps, "lo": one.lo_bps, "hi": one.hi_bps, "p_up": one.p_up, "n": one.n}
            for one in signal.horizons
        ],
        "desk": None if signal.desk is None else msgspec.structs.asdict(signal.desk) | {"ts": ms(signal.ts_event)},
        "mid": None if signal.book is None else signal.book.mid,
        "flags": signal.flags,
        "realised": _given(signal.realised_bps),
        "movers": [*_news_of(signal), *movers_of(signal)],
        "by": _given(signal.by),
        "reason": signal.policy.headline if isinstance(signal.policy, PolicyView) else _given(signal.reason),
    }


def _news_of(signal: Signal) -> Iterator[str]:
    """What no calendar announced, in a few words: the event itself, or what is still news as a figure comes."""
    if isinstance(signal.policy, PolicyView):
        yield f"{signal.policy.category.replace('_', ' ')}, severity {signal.policy.severity:.1f}"
    if isinstance(signal.regime, Regime) and signal.regime.policy:
        yield f"in the news: {', '.join(signal.regime.policy).replace('_', ' ')}"


def ladder_view(signal: Signal) -> dict[str, Any] | None:
    """What would be said of each plausible figure, rising; ``None`` where a document has no ladder."""
    if not isinstance(signal.ladder, dict):
        return None
    return {
        "release": signal.causes[0].release_id if signal.causes else "",
        "instrument": signal.instrument,
        "ts": ms(signal.ts_event),
        "rungs": [_rung_view(actual, rung) for actual, rung in signal.ladder.items()],
    }


def guard_view(signal: Signal) -> dict[str, Any] | None:
    """A step of the desk's timeline; ``None`` where a document is none."""
    if signal.kind != "guard" or signal.desk is None:
        return None
    return {
        "instrument": signal.instrument,
        "state": signal.desk.state,
        "ts": ms(signal.ts_event),
        "expires": ms(signal.desk.ts_expires),
        "widen": signal.desk.quote_widen_bps,
        "size": signal.desk.max_size_usd,
    }


def calendar_view(calendar: CalendarState, names: Mapping[str, str]) -> dict[str, Any]:
    """The releases to come and the sources; ``names`` are the indicators' own."""
    return {
        "releases": [
            {
                "release": one.release_id,
                "name": _name(one.release_id, names),
                "ts": ms(one.ts_scheduled),
                "state": one.state,
                "armed": one.armed,
                "consensus": one.consensus,
                "prior": one.prior,
                "sources": [_coverage_view(source) for source in one.sources],
            }
            for one in calendar.releases
        ],
        "sources": [_coverage_view(source) for source in calendar.sources],
    }


def books_view(columns: Mapping[str, Any], venues: Mapping[InstrumentId, str]) -> dict[str, Any]:
    """The books by instrument, from the status hash's columns."""
    books: list[dict[str, Any]] = []
    for number, instrument in enumerate(columns["instruments"]):
        row = {name: column[number] for name, column in columns.items() if name not in {"now", "instruments"}}
        books.append(
            {
                "instrument": instrument,
                "venue": venues.get(instrument, instrument.rpartition(".")[2].lower()),
                "state": _STATES[row["state"]],
                "flags": [name for bit, name in _FLAGS if row["flags"] & bit],
                "frames": row["applied"],
                "age_ms": ms(columns["now"] - row["ts_ingest"]) if row["ts_ingest"] else None,
                **{name: row[name] for name in ("bid", "ask", "mid", "spread_bps", "imbalance")},
                "depth": [row["bid_depth_5"], row["ask_depth_5"], row["bid_depth_25"], row["ask_depth_25"]],
                **{name: row.get(name) for name in ("basis_bps", "share", "venues", "dex_share")},
            }
        )
    return {"ts": ms(columns["now"]), "books": books}


def notice_view(entry: str, fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    """A notice as a page shows it, from its stream's fields; raises ``KeyError`` or ``ValueError``."""
    return {
        "entry": entry,
        "ts": ms(int(fields[b"ts"])),
        "level": fields[b"level"].decode(),
        "event": fields[b"event"].decode(),
        "details": dict(_short(msgspec.json.decode(fields[b"details"], type=dict[str, Any]))),
    }


def _short(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in details.items():
        if value not in (None, "", [], {}):
            yield name, _spelled(value)


def _spelled(value: object) -> str:
    match value:
        case float():
            return f"{value:.6g}" if abs(value) < _LARGE else f"{value:.0f}"
        case list():
            return ", ".join(map(_spelled, cast("list[object]", value)))
        case dict():
            items = cast("dict[str, object]", value).items()
            return ", ".join(f"{name} {_spelled(inner)}" for name, inner in items)
        case _:
            return str(value)


def _cause_view(cause: Cause, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "release": cause.release_id,
        "name": _name(cause.release_id, names),
        "actual": cause.actual,
        "consensus": cause.consensus,
        "prior": cause.prior,
        "surprise": cause.surprise,
        "z": cause.surprise_z,
    }


def _rung_view(actual: str, rung: Rung) -> dict[str, Any]:
    return {
        "actual": actual,
        "z": rung.surprise_z,
        "verdict": rung.verdict,
        "mean": rung.mean_bps,
        "lo": rung.lo_bps,
        "hi": rung.hi_bps,
        "p_up": rung.p_up,
    }


def _coverage_view(coverage: Coverage) -> dict[str, Any]:
    return {"source": coverage.source, "alive": coverage.alive, "heard": ms(coverage.ts_heard)}


def _name(release_id: ReleaseId, names: Mapping[str, str]) -> str:
    return names.get(release_id.partition(":")[0], release_id)


def _given(value: object) -> object:
    return None if value is msgspec.UNSET else value

"""Signal ↔ what travels: the ``data`` bytes, and the fields of a stream entry around them."""

import math
from collections.abc import Mapping
from typing import NamedTuple, cast, get_args

import msgspec

from signald.model.instruments import InstrumentId
from signald.model.movers import DriftView, QuoteView, VenueView
from signald.model.nowcast import NowcastView
from signald.model.signals import SCHEMA, DeskGuidance, Flag, Liquidity, Rung, Signal
from signald.model.time import Nanos

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Signal)


class _Envelope(msgspec.Struct):
    id: str
    kind: str
    instrument: InstrumentId | None
    revision: int
    flags: tuple[str, ...]
    ts_event: Nanos


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FLAGS = frozenset(get_args(Flag))

_REACTIONS = frozenset({"reaction", "outcome", "drift"})


class Document(NamedTuple):
    """What a sink needs to know of one signal.

    Attributes:
        id: Hash of kind, instrument and causes.
        kind: As in the document.
        instrument: As in the document.
        ts_event: As in the document; with ``revision`` it decides which of two documents is the newer.
        revision: As in the document.
        test: Flagged ``test``: it goes to the test stream only.
        ts_scored: When it was scored, wall time.
        data: The document's bytes.
        ingested: When its cause was ingested, monotonic; ``None`` where that is not known, as after a restart.
    """

    id: str
    kind: str
    instrument: InstrumentId | None
    ts_event: Nanos
    revision: int
    test: bool
    ts_scored: Nanos
    data: bytes
    ingested: Nanos | None = None


class Entry(NamedTuple):
    """One stream entry as a consumer reads it."""

    id: str
    kind: str
    instrument: InstrumentId | None
    sequence: int
    ts_scored: Nanos
    ts_publish: Nanos
    late_ms: int
    signal: Signal


def encode_data(signal: Signal) -> bytes:
    """The document's bytes: compact JSON in the struct's order, integer nanoseconds, shortest floats.

    Raises:
        ValueError: A number is NaN or infinite, and which: JSON has neither, and the encoder's null would say
            "unknown" where a rule failed.
    """
    if not math.isfinite(_sum_of_numbers(signal)):
        path = _first_not_finite(signal)
        if path:
            msg = f"signal {signal.id}: {path} is not finite"
            raise ValueError(msg)
    return _ENCODER.encode(signal)


def decode_data(data: bytes) -> Signal:
    """The signal in ``data``.

    Raises:
        msgspec.DecodeError: ``data`` is not a signal document; ``msgspec.ValidationError`` names the field.
    """
    return _DECODER.decode(data)


def read_data(data: bytes) -> Signal:
    """The signal in what another version may have written: fields and doubts that are not known here are left out.

    Raises:
        msgspec.DecodeError: ``data`` is not a signal document, or of a kind, or with a word, not known here.
    """
    try:
        signal = _DECODER.decode(data)
    except msgspec.ValidationError as error:
        if "`$.flags[" not in str(error):
            raise
        members = _MEMBERS.decode(data)
        known = [flag for flag in cast("list[str]", msgspec.json.decode(members["flags"])) if flag in _FLAGS]
        signal = _DECODER.decode(_ENCODER.encode(members | {"flags": msgspec.Raw(_ENCODER.encode(known))}))
    if signal.schema != SCHEMA:
        msg = f"{signal.schema!r} is not {SCHEMA!r} - at `$.schema`"
        raise msgspec.ValidationError(msg)
    return signal


def document_from(data: bytes, *, ts_scored: Nanos) -> Document:
    """What an earlier run wrote, as the sinks take it; it may know kinds, flags and fields that are newer than we.

    Raises:
        msgspec.DecodeError: ``data`` is not a signal document.
    """
    return document_of(_ENVELOPE.decode(data), ts_scored=ts_scored, data=data)


def document_of(
    signal: Signal | _Envelope, *, ts_scored: Nanos, data: bytes, ingested: Nanos | None = None
) -> Document:
    """``signal`` as the sinks take it; ``data`` is what :func:`encode_data` made of it."""
    return Document(
        id=signal.id,
        kind=signal.kind,
        instrument=signal.instrument,
        ts_event=signal.ts_event,
        revision=signal.revision,
        test="test" in signal.flags,
        ts_scored=ts_scored,
        data=data,
        ingested=ingested,
    )


def decode_entry(fields: Mapping[bytes, bytes]) -> Entry:
    """One stream entry, from its fields as Redis gives them; its document as :func:`read_data` reads it.

    Raises:
        KeyError: A field is missing.
        ValueError: A number is none, or ``data`` is not a signal document that is known here.
    """
    instrument = fields[b"instrument"].decode()
    return Entry(
        id=fields[b"id"].decode(),
        kind=fields[b"kind"].decode(),
        instrument=instrument or None,
        sequence=int(fields[b"sequence"]),
        ts_scored=int(fields[b"ts_scored"]),
        ts_publish=int(fields[b"ts_publish"]),
        late_ms=int(fields[b"late_ms"]),
        signal=read_data(fields[b"data"]),
    )


def _sum_of_numbers(signal: Signal) -> float:
    """One number that is finite only if all floats of the document are: cheaper than looking at each."""
    total = signal.confidence or 0.0
    for cause in signal.causes:
        total += (cause.actual or 0.0) + (cause.consensus or 0.0) + (cause.prior or 0.0)
        total += (cause.revised_prior or 0.0) + (cause.surprise or 0.0) + (cause.surprise_z or 0.0)
    for horizon in signal.horizons:
        total += horizon.mean_bps + horizon.std_bps + horizon.lo_bps + horizon.hi_bps + horizon.p_up
    book = signal.book
    if book is not None:
        total += book.bid + book.ask + book.mid + book.microprice + book.spread_bps + book.imbalance + book.age_ms
        for sides in book.depth_usd.values():
            total += (sides.bid or 0.0) + (sides.ask or 0.0)
        for costs in book.slippage_bps.values():
            total += (costs.bid or 0.0) + (costs.ask or 0.0)
    if signal.desk is not None:
        total += _sum_of_guidance(signal.desk)
    if signal.ladder:
        total += sum(map(_sum_of_rung, signal.ladder.values()))
    if signal.model is not None:
        for driver in signal.model.drivers:
            total += driver.contribution_bps
    total += _sum_of_movers(signal)
    return total + _sum_of_reaction(signal) if signal.kind in _REACTIONS else total


def _sum_of_movers(signal: Signal) -> float:
    total = signal.quote.usd if isinstance(signal.quote, QuoteView) else 0.0
    if isinstance(signal.drift, DriftView):
        drift = signal.drift
        total += drift.realised_bps + (drift.band_bps or 0.0) + (drift.share or 0.0)
        total += (drift.flow or 0.0) + (drift.flow_band or 0.0)
    if isinstance(signal.nowcast, NowcastView):
        view = signal.nowcast
        total += view.nowcast + view.error + view.lo + view.hi + (view.consensus or 0.0) + (view.consensus_error or 0.0)
        total += sum(view.components.values()) + sum(view.contributions.values())
    return total


def _sum_of_reaction(signal: Signal) -> float:
    total = 0.0
    numbers = (signal.realised_bps, signal.remaining_bps, signal.band_bps, signal.realised_usd_bps, signal.peg_bps)
    for number in numbers:
        total += number if isinstance(number, float) else 0.0
    if isinstance(signal.liquidity, Liquidity):
        total += (signal.liquidity.spread_ratio or 0.0) + (signal.liquidity.depth_ratio or 0.0)
    if isinstance(signal.market, VenueView):
        total += (signal.market.basis_bps or 0.0) + (signal.market.depth_share or 0.0)
    return total


def _sum_of_rung(rung: Rung) -> float:
    numbers = rung.surprise_z + rung.mean_bps + rung.std_bps + rung.lo_bps + rung.hi_bps + rung.p_up
    return numbers + _sum_of_guidance(rung.desk)


def _sum_of_guidance(desk: DeskGuidance) -> float:
    return (desk.quote_widen_bps or 0.0) + (desk.skew_bps or 0.0) + (desk.max_size_usd or 0.0)


def _first_not_finite(node: object, path: str = "") -> str:
    """Path of the first float in ``node`` that is NaN or infinite; ``""`` if there is none."""
    if isinstance(node, float):
        return "" if math.isfinite(node) else path
    if isinstance(node, msgspec.Struct):
        children = [(name, getattr(node, name)) for name in node.__struct_fields__]
    elif isinstance(node, dict):
        children = list(cast("dict[str, object]", node).items())
    elif isinstance(node, tuple):
        children = list(enumerate(cast("tuple[object, ...]", node)))
    else:
        return ""
    found = (_first_not_finite(child, f"{path}.{name}" if path else str(name)) for name, child in children)
    return next(filter(None, found), "")

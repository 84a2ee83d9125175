"""Facts about ourselves: what the pure code noticed, for the shell to log and count once.

Longer than other modules: one list of all that a journal may hold of them, and of nothing else.
"""

from typing import Literal, TypeAlias

import msgspec

from signald.model.control import Command
from signald.model.instruments import InstrumentId
from signald.model.macro import IndicatorId, ReleaseId
from signald.model.signals import Horizon, Verdict
from signald.model.time import Nanos


class BookLive(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A book can be believed from here on; ``frames_missed`` were thrown away since it was last live."""

    channel: str
    instrument: InstrumentId
    sequence: int
    ts_ingest: Nanos


class BookGap(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A book is wrong or may be, was discarded, and is being asked for anew."""

    channel: str
    instrument: InstrumentId
    reason: Literal[
        "sequence", "disconnected", "malformed", "overflow", "crossed", "checksum", "stale_snapshot", "stale"
    ]
    expected: int
    received: int
    ts_ingest: Nanos


class BookStale(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A book may not say what its market does any more.

    ``silent``: it makes no progress, and no other book of its asset can say whether the market does; ``left_behind``:
    those have moved meanwhile; ``late``: its frames are older than they used to be. ``age_ms``: of the last one.
    """

    channel: str
    instrument: InstrumentId
    reason: Literal["silent", "left_behind", "late"] = "silent"
    age_ms: float
    ts_ingest: Nanos


class Relieved(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A venue's connection was relieved by a new one, ``connection``, whose books were live before; no gap."""

    channel: str
    connection: str
    took_ms: float
    ts_ingest: Nanos


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One input was not taken: ``field`` and ``problem`` say why, ``reason`` is the counter's label."""

    channel: str
    reason: Literal[
        "malformed_frame",
        "malformed_message",
        "unknown_topic",
        "unknown_kind",
        "unknown_indicator",
        "unknown_instrument",
        "repeated",
        "conflict",
        "implausible",
        "too_many_sources",
        "too_many_events",
        "unsigned",
        "forged",
        "too_long",
        "too_often",
    ]
    field: str
    problem: str
    ts_ingest: Nanos


class Unsigned(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A message was taken that nobody signed, of a source that is to be watched for it."""

    channel: str
    ts_ingest: Nanos


class Quarantined(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A figure came that may not be scored."""

    release_id: ReleaseId
    source: str
    actual: float | None
    reason: Literal[
        "unit_slip",
        "outlier",
        "early_release",
        "late_release",
        "unscheduled",
        "unconfirmed",
        "retracted_unknown",
    ]
    ts_ingest: Nanos


class WindowChanged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A release walked a step through its life."""

    release_id: ReleaseId
    state: Literal[
        "tentative",
        "scheduled",
        "rescheduled",
        "armed",
        "released",
        "corrected",
        "retracted",
        "missed",
        "cancelled",
        "closed",
    ]
    ts_ingest: Nanos


class NoSurprise(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A figure was published that surprises nobody: there was no consensus, or the model knows no scale of it."""

    release_id: ReleaseId
    source: str
    actual: float
    reason: Literal["no_consensus", "no_scale"]
    ts_ingest: Nanos


class NoNowcast(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Components came, or should have, and nothing can be said of the figure ``release_id`` that they lead to.

    ``no_bridge``: the model has none to it; ``no_components``: those ``missing`` were not said with their figures.
    """

    release_id: ReleaseId
    reason: Literal["no_bridge", "no_components"]
    missing: tuple[str, ...]
    ts_ingest: Nanos


class Contradicted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Sources disagree: ``actual`` counts, each of ``others`` says another figure; empty: they agree again."""

    release_id: ReleaseId
    source: str
    actual: float
    others: dict[str, float]
    ts_ingest: Nanos


class Unconfirmed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One source says a figure, and in the time they have for it none of the others has said the same.

    Where one is enough it was scored; where two must agree it was not.

    ``missing`` are those that cover the release and did not, whether they say another figure or none.
    """

    release_id: ReleaseId
    source: str
    actual: float
    missing: tuple[str, ...]
    ts_ingest: Nanos


class ClockOff(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Our clock is ``offset_ns`` ahead by a time server's, more than is tolerated; or no longer so."""

    offset_ns: Nanos
    is_off: bool
    ts_ingest: Nanos


class SourceSilent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A calendar source stopped sending heartbeats; ``ts_heard`` is that of the last.

    ``release_id`` is given where it matters now: a release that the source covers is due within minutes. A release
    that no source covers has ``source`` ``""`` and ``ts_heard`` ``None``.
    """

    source: str
    ts_heard: Nanos | None
    release_id: ReleaseId | None
    ts_ingest: Nanos


class SourceAlive(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A calendar source sends heartbeats: the first, or the first after silence."""

    source: str
    covers: tuple[IndicatorId, ...]
    ts_ingest: Nanos


class Controlled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A person's command was followed."""

    command: Command
    target: str
    by: str
    reason: str
    ts_ingest: Nanos


class PolicyHeard(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A source told of a policy event: a new one, or the one that is known as ``same_as``."""

    event_id: str
    same_as: str
    source: str
    novelty: float
    is_new: bool
    ts_ingest: Nanos


class BlackoutTurned(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """From ``ts_due`` on nothing is said of ``instrument``, or again; it may have ``*`` in it."""

    instrument: str
    begins: bool
    by: str
    reason: str
    ts_due: Nanos
    ts_ingest: Nanos


class Withheld(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A signal was not said because of a halt, a mute or a blackout; ``instrument`` is ``""`` where it has none."""

    id: str
    kind: str
    instrument: InstrumentId
    reason: Literal["halt", "mute", "blackout"]
    ts_ingest: Nanos


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A test release of our own walked the path, past the record: ``id`` is of a document that went to Redis."""

    id: str
    ts_ingest: Nanos


class ModelLearnt(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The model learnt what became of ``releases`` and scores as model ``id`` from now on, in the place of ``parent``.

    ``moves_bps``: asset → seconds → what was learnt of.
    """

    id: str
    parent: str
    releases: tuple[ReleaseId, ...]
    moves_bps: dict[str, dict[str, float]]
    ts_ingest: Nanos


class ShadowPredicted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What the second model says of figures that were published; nobody is told but the journal."""

    model: str
    releases: tuple[ReleaseId, ...]
    instrument: InstrumentId
    verdict: Verdict
    horizons: tuple[Horizon, ...]
    ts_ingest: Nanos


class ShadowScored(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How good its prediction was over ``seconds``, beside that of the published model ``against``.

    Log scores in nats, higher is better; CRPS in basis points, lower is better.
    """

    model: str
    against: str
    releases: tuple[ReleaseId, ...]
    instrument: InstrumentId
    seconds: int
    realised_bps: float
    log_score: float
    log_score_against: float
    crps_bps: float
    crps_bps_against: float
    ts_ingest: Nanos


Notice: TypeAlias = (
    BookLive
    | BookGap
    | BookStale
    | Relieved
    | Rejected
    | Unsigned
    | Quarantined
    | WindowChanged
    | NoSurprise
    | NoNowcast
    | Contradicted
    | Unconfirmed
    | ClockOff
    | SourceSilent
    | SourceAlive
    | Controlled
    | BlackoutTurned
    | PolicyHeard
    | Withheld
    | Rehearsed
    | ModelLearnt
    | ShadowPredicted
    | ShadowScored
)

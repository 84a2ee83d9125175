"""The signal document ``signald.signal/1``: what a consumer reads. Field order is the wire's order."""

from typing import Literal, TypeAlias

import msgspec

from signald.model.expectations import ExpectationsView
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.movers import DriftView, QuoteView, ReferenceView, VenueView
from signald.model.nowcast import NowcastView
from signald.model.policy import Category
from signald.model.time import Nanos

SCHEMA = "signald.signal/1"

SignalKind: TypeAlias = Literal[
    "scenario",
    "guard",
    "drift",
    "release",
    "correction",
    "retraction",
    "missed",
    "reaction",
    "outcome",
    "policy",
    "expectations",
    "nowcast",
    "halt",
    "resume",
]
GuardState: TypeAlias = Literal["normal", "widen", "hold", "released", "recover"]
Verdict: TypeAlias = Literal["up", "down", "no_edge", "quarantined"]
Flag: TypeAlias = Literal[
    "stale_book",
    "no_book",
    "crossed_book",
    "unsequenced_book",
    "unsummed_book",
    "late_release",
    "early_release",
    "unconfirmed",
    "conflicting_sources",
    "outlier",
    "unit_slip",
    "thin_history",
    "partial_bundle",
    "revised_prior",
    "depegged_quote",
    "silent_source",
    "clock_offset",
    "unsigned",
    "test",
]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that the document rests on, in the indicator's unit.

    ``figure`` counts the figures of that release (0 the first, 1 its first correction). ``surprise`` is
    actual − consensus, ``surprise_z`` in standard deviations of past surprises; both ``None`` without a consensus.
    ``surprise_survey_z`` is the surprise in standard deviations of the forecasts, given where their dispersion is
    known; nothing is predicted from it. ``prior_revision`` is revised_prior − prior, given where the prior was
    revised; ``contradicted_by`` are the figures of the sources that say another, by name, given where there are some.
    """

    release_id: ReleaseId
    figure: int
    actual: float | None
    consensus: float | None
    prior: float | None
    revised_prior: float | None
    surprise: float | None
    surprise_z: float | None
    surprise_survey_z: float | msgspec.UnsetType = msgspec.UNSET
    prior_revision: float | msgspec.UnsetType = msgspec.UNSET
    contradicted_by: dict[str, float] | msgspec.UnsetType = msgspec.UNSET


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """The predicted move over ``seconds`` after ingestion, in basis points of mid; ``lo``/``hi`` bound 90 %."""

    seconds: int
    mean_bps: float
    std_bps: float
    lo_bps: float
    hi_bps: float
    p_up: float
    n: int


class DepthSides(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars resting on each side within some distance of mid; ``None`` where the book does not reach that far."""

    bid: float | None
    ask: float | None


class SlippageSides(msgspec.Struct, frozen=True, kw_only=True):
    """How far beyond the touch the average price of an order lies, in basis points of mid.

    ``bid`` is what selling costs, ``ask`` what buying costs; ``None`` where the book does not reach that far.
    """

    bid: float | None
    ask: float | None


class BookView(msgspec.Struct, frozen=True, kw_only=True):
    """The book as the score saw it; ``age_ms`` is ingestion of the figure less ingestion of the book's last frame.

    ``slippage_bps`` is by the order's size in US dollars, as configured.
    """

    bid: float
    ask: float
    mid: float
    microprice: float
    spread_bps: float
    imbalance: float
    depth_usd: dict[str, DepthSides]
    slippage_bps: dict[str, SlippageSides] = {}
    age_ms: float


class DeskGuidance(msgspec.Struct, frozen=True, kw_only=True):
    """What a quoting desk should do until ``ts_expires``; after that: ``widen``. ``None`` is unknown, not zero."""

    state: GuardState
    quote_widen_bps: float | None
    skew_bps: float | None
    max_size_usd: float | None
    ts_expires: Nanos


class Liquidity(msgspec.Struct, frozen=True, kw_only=True):
    """Spread, and depth within 5 basis points, against just before the figure; ``None`` is unknown.

    ``expected_s`` is when after T0 both are expected to be back at the share that ends ``released``, from past
    releases, ``bound_s`` by when nine of ten were, each given where enough are known; ``recovered_s`` is since when
    they are.
    """

    spread_ratio: float | None
    depth_ratio: float | None
    expected_s: float | msgspec.UnsetType = msgspec.UNSET
    bound_s: float | msgspec.UnsetType = msgspec.UNSET
    recovered_s: float | msgspec.UnsetType = msgspec.UNSET


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """One figure's share of the mean at the primary horizon; the shares add up to it."""

    release_id: ReleaseId
    contribution_bps: float


class PastMove(msgspec.Struct, frozen=True, kw_only=True):
    """A past event like this one: its surprises by series, and the move that followed over the primary horizon.

    ``distance`` is that of its surprises from those heard now, in standard deviations.
    """

    ts_scheduled: Nanos
    surprise_z: dict[str, float]
    realised_bps: float
    distance: float


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """Which model spoke, and what moved it.

    ``root`` is the estimated model that this one came of by learning, where it did. ``nearest`` are the past events
    nearest to this one, nearest first. ``volatility`` is what prediction and interval were multiplied with because the
    last hour moved more or less than the hours that the model is scaled to, ``None`` where that is not known;
    ``depth`` the same for the book's depth, given where it counts.
    """

    id: str
    drivers: tuple[Driver, ...]
    root: str | msgspec.UnsetType = msgspec.UNSET
    nearest: tuple[PastMove, ...] | msgspec.UnsetType = msgspec.UNSET
    volatility: float | msgspec.UnsetType | None = msgspec.UNSET
    depth: float | msgspec.UnsetType = msgspec.UNSET


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """An event that no calendar announced, by the word of the first source that told it.

    ``stance`` is −1 adverse to risk assets … +1, ``severity`` 0…1; ``novelty`` is 1 where nothing of its category that
    is remembered was told in like words, 0 where all of its words were. It is news until ``ts_expires``.
    """

    event_id: str
    category: Category
    stance: float
    severity: float
    headline: str
    source: str
    novelty: float
    ts_expires: Nanos


class Regime(msgspec.Struct, frozen=True, kw_only=True):
    """What else moves the market at the time.

    ``policy`` are the categories of policy events that are still news; ``references`` is how bitcoin went with others
    lately, by their symbol, given where it is known.
    """

    policy: tuple[Category, ...]
    references: dict[str, ReferenceView] | msgspec.UnsetType = msgspec.UNSET


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """What the model would say if a figure came out as one given one, alone: as in a release, at the primary horizon.

    ``desk`` is the guidance from then on; its size is that of the book when the ladder was drawn up.
    """

    surprise_z: float
    verdict: Verdict
    mean_bps: float
    std_bps: float
    lo_bps: float
    hi_bps: float
    p_up: float
    desk: DeskGuidance


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One document for one instrument (``None`` where a kind has none).

    ``ts_scheduled`` is ``None`` for a figure that nobody had scheduled. ``ladder`` is a scenario's alone: each
    plausible figure, rising, with the decimals of its series, to what would be said of it. Reaction and outcome have
    ``realised_bps``, the move since the first figure was scored, ``remaining_bps``, what the prediction for the next
    horizon still expects of it, ``liquidity``, and ``held``: by horizon that is over, in seconds, whether its interval
    held what happened. ``policy`` has what a policy event is, in its own documents, its steps of the guard and its
    reactions; ``regime`` stands in scored documents while such an event is news or a reference is known. ``quote`` is
    what the quote currency is worth, where a book tells; depth is in dollars by it. A drift has ``realised_bps``, the
    move since long before the release, and ``band_bps``, what is usual; scored documents have the same as ``drift``.
    Reactions also have ``realised_usd_bps``, the same move in dollars, ``peg_bps``, that of the quote currency, and
    ``market``, the venue among all others. ``expectations`` is what a release did to the cuts that are priced, in the
    documents of that kind, and in reactions where it is known. ``nowcast`` is what components say of a figure to come,
    in the documents of that kind, and in the scenario of that figure. A halt and a resume have ``by`` and ``reason``.
    """

    schema: str = SCHEMA
    id: str
    kind: SignalKind
    revision: int
    causes: tuple[Cause, ...]
    instrument: InstrumentId | None
    verdict: Verdict | None
    confidence: float | None
    horizons: tuple[Horizon, ...]
    book: BookView | None
    desk: DeskGuidance | None
    model: ModelView | None
    flags: tuple[Flag, ...]
    ts_scheduled: Nanos | None
    ts_event: Nanos
    ts_ingest: Nanos
    retracts: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    ladder: dict[str, Rung] | msgspec.UnsetType = msgspec.UNSET
    realised_bps: float | msgspec.UnsetType | None = msgspec.UNSET
    remaining_bps: float | msgspec.UnsetType | None = msgspec.UNSET
    liquidity: Liquidity | msgspec.UnsetType = msgspec.UNSET
    held: dict[str, bool] | msgspec.UnsetType = msgspec.UNSET
    policy: PolicyView | msgspec.UnsetType = msgspec.UNSET
    regime: Regime | msgspec.UnsetType = msgspec.UNSET
    quote: QuoteView | msgspec.UnsetType = msgspec.UNSET
    drift: DriftView | msgspec.UnsetType = msgspec.UNSET
    band_bps: float | msgspec.UnsetType = msgspec.UNSET
    realised_usd_bps: float | msgspec.UnsetType | None = msgspec.UNSET
    peg_bps: float | msgspec.UnsetType | None = msgspec.UNSET
    market: VenueView | msgspec.UnsetType = msgspec.UNSET
    expectations: ExpectationsView | msgspec.UnsetType = msgspec.UNSET
    nowcast: NowcastView | msgspec.UnsetType = msgspec.UNSET
    by: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET

"""The estimated model, ``signald.model/1``: what a surprise has moved, how surely, and what it was estimated from."""

import hashlib
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Literal, TypeAlias

import msgspec

from signald.errors import UNREADABLE, ConfigError
from signald.model.expectations import CutsModel
from signald.model.learning import Lineage, Pace, PastEvent
from signald.model.macro import IndicatorId, ReleaseId
from signald.model.nowcast import NowcastModel, misfits

SCHEMA = "signald.model/1"

SeriesId: TypeAlias = str
"""``INDICATOR[:STAGE]``: releases whose surprises share one distribution, ``us.cpi.yoy``, ``us.gdp.qoq:advance``."""

_ID_DIGITS = 16

LEAST_DF = 3
"""Degrees of freedom below which a law has no variance."""


class SourceFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file the model was estimated from: its name without folders, and the SHA-256 of its bytes."""

    name: str
    sha256: str


class Series(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One series and its surprises.

    Attributes:
        id: ``us.gdp.qoq:advance``.
        indicator: ``us.gdp.qoq``.
        report: Publication it comes in; surprises of one report are correlated.
        family: Family over which short histories are pooled.
        sigma: Standard deviation of its newest surprises (:attr:`Parameters.window`), in the indicator's unit.
        farthest: Largest distance from consensus that is no outlier, in the indicator's unit.
        n_surprises: Surprises ever seen.
        response: ``own``: estimated from its own releases; ``pooled``: its family's; ``none``: nothing can be said.
        thin_history: Whether σ or response rest on less than a full window of its own.
        step: Smallest step in which the agency publishes; 0 where σ is not to be learnt further.
        recent: Its newest surprises, oldest first, at most a window of them: what σ is made of.
    """

    id: SeriesId
    indicator: IndicatorId
    report: str
    family: str
    sigma: float
    farthest: float
    n_surprises: int
    response: Literal["own", "pooled", "none"]
    thin_history: bool
    step: float = 0.0
    recent: tuple[float, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the standardised surprises of one report move together.

    Attributes:
        id: ``us.cpi``.
        series: Its series with a response of their own, in order.
        moments: Second moments of their standardised surprises about zero, positive definite.
        n: Releases they rest on.
        pooled_correlation: Mean correlation of surprises between its other series, 0…1; 1 where it is not known.
    """

    id: str
    series: tuple[SeriesId, ...]
    moments: tuple[tuple[float, ...], ...]
    n: int
    pooled_correlation: float


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The response that a family lends to its series of little history, in basis points per standard deviation.

    Attributes:
        mean: Over its series of own response, each taken alone.
        variance: Of that mean.
        between: Variance between its series.
        count: Timestamps it rests on.
    """

    mean: float
    variance: float
    between: float
    count: int


class Scores(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How good predictions were that knew nothing of what came later, over the last year of releases.

    Attributes:
        n: Timestamps scored.
        crps_skill: 1 less the mean CRPS over that of the same kind of law around zero.
        log_score_gain: Mean log score less that of the law around zero, nats.
        coverage_50: Share of moves within the central 50 % interval.
        coverage_90: Within that of 90 %.
        r2: One less the mean squared error over that of zero.
    """

    n: int
    crps_skill: float
    log_score_gain: float
    coverage_50: float
    coverage_90: float
    r2: float


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an asset without responses of its own follows one that has them.

    Attributes:
        asset: Which it follows.
        beta: Its move per move of that.
        width: How much wider its moves are than that makes them: 1 over their correlation.
        n: Moves this rests on.
    """

    asset: str
    beta: float
    width: float
    n: int


class Response(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Moves of one asset over one horizon, in basis points; arrays are in the order of :attr:`Parameters.own`.

    Attributes:
        seconds: The horizon, from the release on.
        n: Timestamps it rests on.
        r2: Uncentred R² of the joint least squares.
        beta: Move per standard deviation of surprise, all other surprises held: mean of what is believed at the end.
        covariance: Of that belief.
        count: Releases of each series.
        families: Family → the response it lends.
        residual: Scale of what is left of the move at each series' releases: first those of :attr:`Parameters.own`,
            then of :attr:`Parameters.pooled`.
        residual_df: Degrees of freedom of Student's law of each residual, at least 3; ``None``: all are normal.
        effective: Releases of each series that still count, the others being forgotten.
        least_squares: The same as ``beta`` by joint least squares, nothing shrunk or forgotten.
        least_squares_error: Its standard errors, HC1.
        usual: What the volatility of the last year makes of as long a time, to which everything here is scaled.
        scores: Of the walk that this is the end of.
        pace: How it goes on learning; ``None``: it does not.
    """

    seconds: int
    n: int
    r2: float
    beta: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    count: tuple[int, ...]
    families: dict[str, Family]
    residual: tuple[float, ...]
    residual_df: tuple[int, ...] | None = None
    effective: tuple[float, ...] = ()
    least_squares: tuple[float, ...] = ()
    least_squares_error: tuple[float, ...] = ()
    usual: float | None = None
    scores: Scores | None = None
    pace: Pace | None = None


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole model; the same input gives the same bytes.

    Attributes:
        schema: Name of this form.
        id: First 16 hexadecimal digits of the SHA-256 of everything else in it.
        calendars: Calendars in order of trust.
        prices: Price files in the order read.
        first_release: Scheduled time of the first release whose move was used, RFC 3339.
        last_release: Of the last.
        window: How many past surprises make a standard deviation.
        winsor: Standardised surprises are cut at ± this.
        primary_s: Horizon of verdict, confidence and drivers.
        series: All series whose surprises have a scale, by id.
        own: Those with a response of their own, in the order of all arrays of :class:`Response`.
        pooled: Those that take their family's.
        reports: Reports of all series, by id.
        assets: Asset (``BTC``) → its responses by rising horizon.
        transfers: Asset without responses of its own → how it follows one that has them.
        events: What was learnt from, in order of time: nearest past events are found among them.
        lineage: How it was learnt from outcomes; ``None``: it was estimated from files.
        expectations: How moves go with priced cuts, which explains them and predicts nothing; unset: not estimated.
        nowcast: Bridges from components to figures that are to come; unset: no history of components was given.
    """

    schema: str = SCHEMA
    id: str = ""
    calendars: tuple[SourceFile, ...]
    prices: tuple[SourceFile, ...]
    first_release: str
    last_release: str
    window: int
    winsor: float
    primary_s: int
    series: tuple[Series, ...]
    own: tuple[SeriesId, ...]
    pooled: tuple[SeriesId, ...]
    reports: tuple[Report, ...]
    assets: dict[str, tuple[Response, ...]]
    transfers: dict[str, Transfer] = {}
    events: tuple[PastEvent, ...] = ()
    lineage: Lineage | None = None
    expectations: CutsModel | msgspec.UnsetType = msgspec.UNSET
    nowcast: NowcastModel | msgspec.UnsetType = msgspec.UNSET


def series_of(release_id: ReleaseId) -> SeriesId:
    """The series a release belongs to: its id without the period."""
    indicator, _, rest = release_id.partition(":")
    _, _, stage = rest.partition(":")
    return f"{indicator}:{stage}" if stage else indicator


def encode_parameters(parameters: Parameters) -> bytes:
    """The file's bytes: sorted keys, floats that read back to the bit, one line per innermost list."""
    return msgspec.json.format(msgspec.json.encode(parameters, order="sorted"), indent=1) + b"\n"


def identify(parameters: Parameters) -> Parameters:
    """The same model, as it reads back from its file, with the id that its content gives it."""
    read = msgspec.json.decode(msgspec.json.encode(parameters), type=Parameters)
    content = encode_parameters(msgspec.structs.replace(read, id=""))
    return msgspec.structs.replace(read, id=hashlib.sha256(content).hexdigest()[:_ID_DIGITS])


def decode_parameters(content: bytes, *, where: str = "model") -> Parameters:
    """Read a model file.

    Raises:
        ConfigError: ``content`` is no model of this schema, contradicts itself, or was changed after it was made.
    """
    try:
        parameters = msgspec.json.decode(content, type=Parameters)
    except UNREADABLE as error:
        raise ConfigError(where, str(error)) from error
    if parameters.schema != SCHEMA:
        raise ConfigError(where, f"schema {parameters.schema!r} is not {SCHEMA!r}")
    if identify(parameters).id != parameters.id:
        raise ConfigError(where, f"content does not give id {parameters.id!r}: it was changed by hand")
    for problem in _contradictions(parameters):
        raise ConfigError(where, problem)
    return parameters


def _contradictions(parameters: Parameters) -> Iterator[str]:
    horizons = {tuple(response.seconds for response in responses) for responses in parameters.assets.values()}
    if len(horizons) > 1 or any(parameters.primary_s not in seconds for seconds in horizons):
        yield f"the assets' horizons are not the same, or {parameters.primary_s} s is not among them"
    described = {series.id: series for series in parameters.series}
    for name in (*parameters.own, *parameters.pooled):
        if name not in described:
            yield f"{name} has a response and no scale"
    lent = {described[name].family for name in parameters.pooled if name in described}
    for asset, responses in parameters.assets.items():
        for response in responses:
            for problem in _misfits(parameters, response, lent):
                yield f"{asset} at {response.seconds} s: {problem}"
    yield from _lost(parameters)
    if isinstance(parameters.nowcast, NowcastModel):
        yield from misfits(parameters.nowcast)
    for report in parameters.reports:
        if any(len(row) != len(report.series) for row in (report.moments, *report.moments)):
            yield f"moments of {report.id} are not of its {len(report.series)} series"


def _misfits(parameters: Parameters, response: Response, lent: AbstractSet[str]) -> Iterator[str]:
    size, responding = len(parameters.own), len(parameters.own) + len(parameters.pooled)
    rows = (response.beta, response.covariance, response.count, *response.covariance)
    if any(len(row) != size for row in rows) or len(response.residual) != responding:
        yield f"arrays are not of {size} and {responding} series"
    pace = response.pace
    if pace is not None and any(
        len(row) != size for row in (pace.prior, pace.fades, pace.residual_count, pace.residual_fades)
    ):
        yield f"its pace is not of {size} series"
    df = response.residual_df
    if df is not None and (len(df) != responding or min(df, default=LEAST_DF) < LEAST_DF):
        yield f"degrees of freedom are not {responding} of {LEAST_DF} or more"
    if lent - response.families.keys():
        yield f"no response of {', '.join(sorted(lent))} to lend"


def _lost(parameters: Parameters) -> Iterator[str]:
    for asset, transfer in parameters.transfers.items():
        if (
            transfer.asset not in parameters.assets
            or asset in parameters.assets
            or not transfer.beta
            or transfer.width < 1.0
        ):
            yield f"{asset} cannot follow {transfer.asset}"

"""Lays out in flat arrays, when a release is armed, all that scoring its bundle will need."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from signald.core.kernels import score as k
from signald.core.kernels.conditioning import OWN, POOLED, Floats, Places
from signald.core.kernels.student import student_quantile
from signald.model.instruments import Instrument
from signald.model.learning import PastEvent
from signald.model.macro import ReleaseId
from signald.model.parameters import Parameters, Report, Response, Series, SeriesId
from signald.model.signals import Driver, Flag, Horizon, PastMove


class Answer(NamedTuple):
    """What the model says of one instrument, whatever its book shows.

    Attributes:
        primary: Of the primary horizon, by the words of ``kernels/score.py``.
        horizons: By rising length.
        drivers: Of the releases that were heard, in the plan's order.
        flags: What makes the prediction weaker.
        nearest: Past events nearest to this one.
    """

    primary: Sequence[float]
    horizons: tuple[Horizon, ...]
    drivers: tuple[Driver, ...]
    flags: tuple[Flag, ...]
    nearest: tuple[PastMove, ...]


class Group(NamedTuple):
    """Figures whose surprises are correlated: of one report about one period."""

    report: str
    period: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One bundle, laid out; only scoring writes its arrays.

    Attributes:
        releases: The bundle, in the order in which its surprises are given.
        coordinates: Where each release's surprise goes; -1 where the model knows no response.
        thin: Whether each release's series has a thin history.
        series: The series of each release; ``None`` where the model knows none.
        past: What the model learnt from at which one of these series came.
        betas: Each instrument's move per move of its asset, as long as nothing multiplies it.
        places: Of :func:`signald.core.kernels.score.score`, as are the rest.
        numbers: Model and scratch.
        surprises: z of each coordinate.
        out: Predictions of each instrument and horizon.
        shares: Drivers of each instrument.
        answers: What scoring has said already, by the surprises, as long as nothing multiplies it anew.
    """

    releases: tuple[ReleaseId, ...]
    coordinates: tuple[int, ...]
    thin: tuple[bool, ...]
    series: tuple[SeriesId | None, ...]
    past: tuple[PastEvent, ...]
    betas: Floats
    places: Places
    numbers: Floats
    surprises: Floats
    out: Floats
    shares: Floats
    answers: dict[str, tuple[Answer | None, ...]] = field(default_factory=dict[str, "tuple[Answer | None, ...]"])

    def rescale(self, factors: Floats) -> None:
        """Multiply each instrument's moves, as the model says them, with its factor."""
        self.answers.clear()
        begin = int(self.places[k.SCALE])
        np.multiply(self.betas, factors, out=self.numbers[begin : begin + len(self.betas)])


def lay_out_plan(
    parameters: Parameters,
    instruments: Sequence[Instrument],
    releases: Sequence[ReleaseId],
    known: Sequence[Series | None],
) -> Plan:
    """Lay out one bundle.

    Figures of one report and period are taken together with the report's other series of own response. Two periods of
    one series at one minute are two surprises, each with its own siblings.

    Args:
        parameters: The model.
        instruments: In the order of the board's rows.
        releases: The bundle.
        known: What the model knows of each release's series.
    """
    groups = _groups(parameters, releases, known)
    members = [(group, name) for group, names in groups.items() for name in names]
    where = {member: index for index, member in enumerate(members)}
    horizons = len(next(iter(parameters.assets.values()), ()))
    followed = [parameters.transfers[one.base].asset for one in instruments if one.base in parameters.transfers]
    assets = sorted({*(one.base for one in instruments), *followed} & set(parameters.assets))
    bounds = [0, *accumulate(len(names) for names in groups.values())]
    places, numbers = k.lay_out(bounds, assets=len(assets), horizons=horizons, instruments=len(instruments))
    _fill_instruments(places, numbers, parameters, assets=assets, bases=[one.base for one in instruments])
    numbers[places[k.LIMIT]] = parameters.winsor
    _fill_primary(places, parameters)
    _fill_kinds(places, parameters, [name for _, name in members])
    _fill_reports(places, numbers, parameters, groups)
    _fill_responses(places, numbers, parameters, assets=assets, names=[name for _, name in members])
    names = tuple(None if one is None else one.id for one in known)
    return Plan(
        releases=tuple(releases),
        coordinates=tuple(
            -1 if one is None else where.get((_group(one, release), one.id), -1)
            for release, one in zip(releases, known, strict=True)
        ),
        thin=tuple(one is None or one.thin_history for one in known),
        series=names,
        past=tuple(event for event in parameters.events if not event.z.keys().isdisjoint(names)),
        betas=numbers[places[k.SCALE] : places[k.SCALE] + len(instruments)].copy(),
        places=places,
        numbers=numbers,
        surprises=np.full(len(members), np.nan),
        out=np.full((len(instruments), horizons, k.OUTPUTS), np.nan),
        shares=np.zeros((len(instruments), len(members))),
    )


def _group(series: Series, release: ReleaseId) -> Group:
    return Group(series.report, release.split(":")[1])


def _groups(
    parameters: Parameters, releases: Sequence[ReleaseId], known: Sequence[Series | None]
) -> Mapping[Group, list[SeriesId]]:
    """Each group's coordinates: its report's series of own response, and the bundle's pooled ones; in order of id."""
    members: dict[Group, set[SeriesId]] = {}
    own = _own_by_report(parameters)
    for release, series in zip(releases, known, strict=True):
        if series is not None and series.response != "none":
            members.setdefault(_group(series, release), {*own.get(series.report, ())}).add(series.id)
    return {group: sorted(members[group]) for group in sorted(members)}


def _own_by_report(parameters: Parameters) -> Mapping[str, list[SeriesId]]:
    own: dict[str, list[SeriesId]] = {}
    for series in parameters.series:
        if series.response == "own":
            own.setdefault(series.report, []).append(series.id)
    return own


def _fill_instruments(
    places: Places, numbers: Floats, parameters: Parameters, *, assets: Sequence[str], bases: Sequence[str]
) -> None:
    """Where each instrument's asset stands, or the one it follows, and how it follows it."""
    for index, base in enumerate(bases):
        transfer = parameters.transfers.get(base)
        asset = base if transfer is None else transfer.asset
        first = assets.index(asset) * places[k.HORIZONS] if asset in assets else -1
        places[places[k.FIRST_CELLS] + index] = first
        places[places[k.TWINS] + index] = bases.index(base)
        numbers[places[k.SCALE] + index] = 1.0 if transfer is None else transfer.beta
        numbers[places[k.WIDTH] + index] = 1.0 if transfer is None else transfer.width


def _fill_primary(places: Places, parameters: Parameters) -> None:
    for responses in parameters.assets.values():
        places[k.PRIMARY] = [one.seconds for one in responses].index(parameters.primary_s)


def _fill_kinds(places: Places, parameters: Parameters, names: Sequence[SeriesId]) -> None:
    for index, name in enumerate(names):
        places[places[k.KINDS] + index] = OWN if name in parameters.own else POOLED


def _fill_reports(
    places: Places, numbers: Floats, parameters: Parameters, groups: Mapping[Group, Sequence[SeriesId]]
) -> None:
    """Second moments of each group's surprises, on the diagonal blocks of one matrix."""
    m = int(places[k.COORDINATES])
    begin = places[k.MOMENTS]
    square = numbers[begin : begin + m * m].reshape(m, m)
    np.fill_diagonal(square, 1.0)
    reports = {one.id: one for one in parameters.reports}
    for number, (group, names) in enumerate(groups.items()):
        report = reports.get(group.report)
        numbers[places[k.RELEASES] + number] = report.n if report is not None else 1
        numbers[places[k.SHARED] + number] = report.pooled_correlation if report is not None else 0.0
        if report is not None:
            _fill_block(square, report, names, start=int(places[places[k.BOUNDS] + number]))


def _fill_block(square: Floats, report: Report, names: Sequence[SeriesId], *, start: int) -> None:
    at = {name: start + index for index, name in enumerate(names)}
    for row, one in enumerate(report.series):
        for column, other in enumerate(report.series):
            if one in at and other in at:
                square[at[one], at[other]] = report.moments[row][column]


def _fill_responses(
    places: Places, numbers: Floats, parameters: Parameters, *, assets: Sequence[str], names: Sequence[SeriesId]
) -> None:
    """Each cell's response, residual variance, count and covariance, for the coordinates."""
    m = len(names)
    families = {one.id: one.family for one in parameters.series}
    responding = [*parameters.own, *parameters.pooled]
    for cell, response in enumerate(response for asset in assets for response in parameters.assets[asset]):
        for index, name in enumerate(names):
            at = cell * m + index
            place = responding.index(name)
            df = math.inf if response.residual_df is None else float(response.residual_df[place])
            numbers[places[k.RESIDUAL] + at] = response.residual[place] ** 2
            numbers[places[k.FREEDOM] + at] = df
            numbers[places[k.QUANTILE] + at] = student_quantile(0.95, df)
            if name in parameters.own:
                own = parameters.own.index(name)
                numbers[places[k.BETA] + at] = response.beta[own]
                numbers[places[k.COUNTS] + at] = response.count[own]
            else:
                numbers[places[k.BETA] + at] = response.families[families[name]].mean
                numbers[places[k.COUNTS] + at] = response.families[families[name]].count
            for other, another in enumerate(names):
                numbers[places[k.COVARIANCE] + at * m + other] = _covariance(
                    parameters, response, families, name=name, other=another
                )


def _covariance(
    parameters: Parameters, response: Response, families: Mapping[SeriesId, str], *, name: SeriesId, other: SeriesId
) -> float:
    """Between the responses of two coordinates; two periods of one series share their response."""
    if name in parameters.own and other in parameters.own:
        return response.covariance[parameters.own.index(name)][parameters.own.index(other)]
    if name in parameters.own or other in parameters.own or families[name] != families[other]:
        return 0.0
    family = response.families[families[name]]
    return family.variance + (family.between if name == other else 0.0)


def fill(plan: Plan, surprises: Sequence[float | None]) -> None:
    """Write what follows from z of each of the plan's releases to its arrays; nothing is allocated."""
    plan.surprises.fill(math.nan)
    for coordinate, z in zip(plan.coordinates, surprises, strict=True):
        if coordinate >= 0 and z is not None:
            plan.surprises[coordinate] = z
    k.score(plan.places, plan.numbers, plan.surprises, plan.out, plan.shares)

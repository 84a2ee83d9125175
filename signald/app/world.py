"""What is known before anything arrives, and the pipeline that is built of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from signald.config import CalendarConfig, Config, find_file
from signald.core.board import Board
from signald.core.composite import Composites, PegReader
from signald.core.documents import Documents
from signald.core.engine import Barometer, Engine, Shadow
from signald.core.liveness import is_covered
from signald.core.movers.movers import Movers
from signald.core.scoring import Scorer
from signald.errors import ConfigError
from signald.model.indicators import load_indicators
from signald.model.instruments import DECENTRALISED, Instrument, InstrumentId, decode_instruments, is_peg
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import Parameters, decode_parameters
from signald.pipeline import Feeds, Pipeline, Rebuild
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.protocol import VenueSource
from signald.sources.registry import VenueConfig, channels_of
from signald.sources.succession import build_succession

_VENUES = "venues"  # the section at fault


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is known before anything arrives.

    Attributes:
        config: What this run was told.
        indicators: Every series, by id.
        instruments: Every instrument whose steps are known, by id.
        parameters: The model.
        shadow: A second one that predicts beside it; ``None``: none does.
    """

    config: Config
    indicators: Mapping[IndicatorId, Indicator]
    instruments: Mapping[InstrumentId, Instrument]
    parameters: Parameters
    shadow: Parameters | None = None


def load_world(config: Config) -> World:
    """Read every file that ``config`` names; raises ``ConfigError`` for the first that is wrong."""
    instruments = find_file(config.instruments.path)
    model = find_file(config.model.path)
    shadow = find_file(config.model.shadow) if config.model.shadow else None
    return World(
        config=config,
        indicators=load_known_indicators(config),
        instruments=decode_instruments(instruments.read_bytes(), where=str(instruments)),
        parameters=decode_parameters(model.read_bytes(), where=str(model)),
        shadow=decode_parameters(shadow.read_bytes(), where=str(shadow)) if shadow else None,
    )


def load_known_indicators(config: Config) -> Mapping[IndicatorId, Indicator]:
    """The series that may be spoken of; raises ``ConfigError``."""
    path = find_file(config.calendar.indicators)
    known = load_indicators(path.read_bytes(), where=str(path))
    for pattern in config.calendar.quorums:
        if not any(is_covered(name, (pattern,)) for name in known):
            where, problem = "calendar.quorums", f"{pattern!r} is no series of {path}"
            raise ConfigError(where, problem)
    return {name: _as_deployed(one, config.calendar) for name, one in known.items()}


def _as_deployed(indicator: Indicator, calendar: CalendarConfig) -> Indicator:
    """A series with the sources and the quorum of this deployment."""
    quorums = [number for pattern, number in calendar.quorums.items() if is_covered(indicator.id, (pattern,))]
    return msgspec.structs.replace(
        indicator,
        sources=indicator.sources or calendar.sources,
        quorum=max(indicator.quorum, calendar.quorum, *quorums),
    )


def asset_of(config: Config, name: str) -> str:
    """The asset of an instrument; a name that is no instrument's is taken for an asset's."""
    path = find_file(config.instruments.path)
    instrument = decode_instruments(path.read_bytes(), where=str(path)).get(name)
    return instrument.base if instrument is not None else name


def build_pipeline(
    world: World, venues: Sequence[VenueConfig], *, channels: Sequence[str] = (), board: Board | None = None
) -> Pipeline:
    """Join sources, board and engine for these venues; the board's rows are in their order, composite ones behind.

    Args:
        world: What is known.
        venues: One for each connection.
        channels: Names of the connections; none: as :func:`channels_of` names them.
        board: Of rows that others write: their sources are not built; by default one of its own.

    Raises:
        ConfigError: An instrument is unknown, or named twice, or of another venue.
    """
    traded = instruments_of(world, venues)
    composites = composites_of(world, traded)
    pegs = tuple(one for one in traded if is_peg(one))
    instruments = (*traded[: len(traded) - len(pegs)], *composites.instruments)
    movers = world.config.movers.rules(world.parameters.expectations or None)
    scoring = world.config.scoring
    scorers = [Scorer(one, instruments) for one in (world.parameters, world.shadow) if one is not None]
    scorer = scorers[0]
    documents = Documents(
        scorer=scorer,
        instruments=instruments,
        movers=Movers(instruments, (*instruments, *pegs), movers) if movers is not None and instruments else None,
    )
    engine = Engine(
        indicators=world.indicators,
        documents=documents,
        rules=world.config.releases.rules(),
        guard=world.config.guard_rules() if instruments else None,
        blackouts=world.config.control.blackouts,
        learns=scoring.online,
        barometer=Barometer(*scorers, depth_elasticity=scoring.depth_elasticity) if scoring.volatility else None,
        shadow=Shadow(scorers[-1], scorer) if world.shadow else None,
    )
    calendar = MqttCalendar(world.indicators)
    order = engine_order(traded, composites.instruments)
    if board is not None:
        return Pipeline(engine=engine, board=board, venues={}, calendar=calendar, order=order)
    sizes = world.config.books.slippage_usd
    board = Board([one.id for one in traded], slippage_usd=sizes, composites=composites)
    sources, rebuild = _sources(dict(zip(channels or channels_of(venues), venues, strict=True)), traded, board)
    return Pipeline(engine=engine, board=board, venues=sources, calendar=calendar, rebuild=rebuild, order=order)


def build_feeds(world: World, venues: Sequence[VenueConfig], board: Board, *, channels: Collection[str]) -> Feeds:
    """The sources of some of the connections to ``venues``, on a board of the rows of all; raises ``ConfigError``."""
    named = zip(channels_of(venues), venues, strict=True)
    ours = {channel: venue for channel, venue in named if channel in channels}
    sources, _ = _sources(ours, instruments_of(world, venues), board)
    return Feeds(board, sources)


def composites_of(world: World, traded: Sequence[Instrument]) -> Composites:
    """The rows over all venues, as configured."""
    pegs = PegReader(traded) if any(map(is_peg, traded)) else None
    return Composites(traded, world.config.books.composites, dex=DECENTRALISED, pegs=pegs)


def engine_order(traded: Sequence[Instrument], composites: Sequence[Instrument]) -> tuple[int, ...]:
    """In which order the engine sees the board's rows: what documents speak of, then the books of pegs."""
    pegs = [place for place, one in enumerate(traded) if is_peg(one)]
    behind = range(len(traded), len(traded) + len(composites))
    return (*range(len(traded) - len(pegs)), *behind, *pegs) if pegs else ()


def instruments_of(world: World, venues: Sequence[VenueConfig]) -> tuple[Instrument, ...]:
    """What is traded there, in the order of the board's rows: what documents speak of, then the books of pegs.

    Composites are traded nowhere.

    Raises:
        ConfigError: An instrument is unknown, or named twice, or of another venue.
    """
    instruments = _instruments(world, [name for venue in venues for name in venue.instruments])
    for venue in venues:
        strangers = [name for name in venue.instruments if world.instruments[name].venue != venue.name]
        if strangers:
            problem = f"{strangers[0]!r} is of {world.instruments[strangers[0]].venue}, not of {venue.name}"
            raise ConfigError(_VENUES, problem)
    return instruments


def _sources(
    venues: Mapping[str, VenueConfig], instruments: Sequence[Instrument], board: Board
) -> tuple[dict[str, VenueSource], Rebuild]:
    """The sources of these connections by channel, and what makes those of one anew."""

    def rebuild(channel: str, before: VenueSource) -> Mapping[str, VenueSource]:
        return build_succession(venues[channel], instruments, board, channel=channel, before=before).lanes

    sources: dict[str, VenueSource] = {}
    for channel, venue in venues.items():
        sources |= build_succession(venue, instruments, board, channel=channel).lanes
    return sources, rebuild


def _instruments(world: World, wanted: Sequence[InstrumentId]) -> tuple[Instrument, ...]:
    found: dict[InstrumentId, Instrument] = {}
    for name in wanted:
        if name in found:
            problem = f"{name!r} is named more than once"
            raise ConfigError(_VENUES, problem)
        instrument = world.instruments.get(name)
        if instrument is None:
            problem = f"{name!r} is not in {world.config.instruments.path}: `signald instruments` asks the venue for it"
            raise ConfigError(_VENUES, problem)
        found[name] = instrument
    return tuple(sorted(found.values(), key=is_peg))

"""A real engine over a small real model, and what it said, sorted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from signald.core.board import BoardRows
from signald.core.documents import Documents
from signald.core.engine import Engine, Output
from signald.core.guard.rules import GuardRules
from signald.core.release_window import WindowRules
from signald.core.scoring import Scorer
from signald.model.control import Blackout
from signald.model.events import Event
from signald.model.instruments import Instrument
from signald.model.macro import Indicator
from signald.model.parameters import Parameters, Report
from signald.model.signals import Signal
from signald.model.time import NS_PER_S
from tests.support.calendar import INDICATORS
from tests.support.instruments import BTCUSDT, ETHUSDT
from tests.support.models import build_model, build_response, build_series
from tests.support.rows import live_rows

INSTRUMENTS: Final = (BTCUSDT, ETHUSDT)
RULES: Final = WindowRules()
ROWS: Final = live_rows(len(INSTRUMENTS))

ARM: Final = RULES.arm_before_ns
LATE: Final = RULES.late_after_ns
VALID: Final = RULES.valid_ns
CLOSE: Final = RULES.close_after_ns
WAIT: Final = RULES.bundle_wait_ns
CONFIRM: Final = RULES.confirm_within_ns

_Kind = TypeVar("_Kind")


def build_parameters() -> Parameters:
    """Bitcoin falls on high inflation, strongly enough that one standard deviation is an edge; payrolls too.

    The model knows no response of gross domestic product, and no move of any asset but bitcoin.
    """
    series = (
        build_series("us.core_cpi.yoy", "us.cpi"),
        build_series("us.cpi.yoy", "us.cpi"),
        build_series("us.nfp", "us.employment", sigma=60.0),
        build_series("us.gdp.qoq", "us.gdp", response="none"),
    )
    reports = (
        Report(
            id="us.cpi",
            series=("us.core_cpi.yoy", "us.cpi.yoy"),
            moments=((1.0, 0.3), (0.3, 1.0)),
            n=24,
            pooled_correlation=1.0,
        ),
        Report(id="us.employment", series=("us.nfp",), moments=((1.0,),), n=24, pooled_correlation=1.0),
        Report(id="us.gdp", series=(), moments=(), n=0, pooled_correlation=1.0),
    )
    responses = (build_response(300, (-40.0, -60.0, -50.0)), build_response(900, (-45.0, -63.0, -55.0)))
    return build_model(series, {"BTC": responses}, reports=reports)


PARAMETERS: Final = build_parameters()


def build_engine(
    *,
    rules: WindowRules = RULES,
    indicators: Mapping[str, Indicator] = INDICATORS,
    guard: GuardRules | None = None,
    blackouts: Sequence[Blackout] = (),
    parameters: Parameters = PARAMETERS,
    learns: bool = False,
    instruments: tuple[Instrument, ...] = INSTRUMENTS,
) -> Engine:
    """An engine that knows nothing yet; without ``guard`` it says nothing of quotes by itself."""
    documents = Documents(scorer=Scorer(parameters, instruments), instruments=instruments)
    return Engine(
        indicators=indicators, documents=documents, rules=rules, guard=guard, blackouts=blackouts, learns=learns
    )


def tell(engine: Engine, *events: Event, rows: BoardRows = ROWS) -> list[Output]:
    """Tell events one after the other; returns all that was said."""
    return [output for event in events for output in engine.handle(event, rows)]


def wait(engine: Engine, until: int, *, rows: BoardRows = ROWS) -> list[Output]:
    """Let time pass, ticking as the shell does: at each deadline, then at ``until``."""
    outputs: list[Output] = []
    while (due := engine.next_deadline()) is not None and due < until:
        outputs.extend(engine.advance(due, rows))
    return [*outputs, *engine.advance(until, rows)]


def those(outputs: Iterable[object], kind: type[_Kind]) -> list[_Kind]:
    """The outputs of one kind, in order."""
    return [output for output in outputs if isinstance(output, kind)]


def of_bitcoin(outputs: Iterable[Output]) -> list[Signal]:
    """The documents for ``BTCUSDT.BINANCE``, in order, but for what was said before any figure came."""
    return [one for one in those(outputs, Signal) if one.instrument == BTCUSDT.id and one.kind != "scenario"]


def ladders(outputs: Iterable[Output]) -> list[Signal]:
    """The scenarios, in order."""
    return [signal for signal in those(outputs, Signal) if signal.kind == "scenario"]


def seconds(count: float) -> int:
    """``count`` seconds in nanoseconds."""
    return round(count * NS_PER_S)

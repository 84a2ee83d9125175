"""What a user would pick instead to run a strategy over recorded books: each as its own project does it.

A peer that is not installed is ``None``. Their data is prepared before the time is taken: they read no recording and
verify no sequence and no checksum. Each ends a frame (hftbacktest: a tenth of a second, its frame) with the touch.
"""

# The peers have no types: what comes out of them is given its type here, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingModuleSource=false
# pyright: reportUntypedBaseClass=false, reportUntypedFunctionDecorator=false

import importlib.util
import json
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from signald.bench.frames import Recording
from signald.bench.rounds import Prepare, Side

PACKAGES: Final = ("nautilus_trader", "hftbacktest")
_CADENCE: Final = 100_000_000  # ns from frame to frame


def peer_sides(recording: Recording) -> dict[str, Side | None]:
    """The peers, ready to be timed on frames of Binance USD-M."""
    makers: dict[str, Callable[[Recording], Prepare]] = {"nautilus_trader": _nautilus, "hftbacktest": _hftbacktest}
    return {
        name: Side(make(recording), len(recording.frames)) if importlib.util.find_spec(name) else None
        for name, make in makers.items()
    }


def _nautilus(recording: Recording) -> Prepare:
    """Its backtest engine with a strategy that reads the touch of the book it has subscribed to."""
    import msgspec  # noqa: PLC0415 - peers load only when they are measured
    from nautilus_trader.adapters.binance.common.schemas.market import BinanceOrderBookMsg  # noqa: PLC0415
    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig  # noqa: PLC0415
    from nautilus_trader.config import LoggingConfig  # noqa: PLC0415
    from nautilus_trader.model.currencies import USDT  # noqa: PLC0415
    from nautilus_trader.model.enums import AccountType, BookType, OmsType  # noqa: PLC0415
    from nautilus_trader.model.identifiers import Venue  # noqa: PLC0415
    from nautilus_trader.model.objects import Money  # noqa: PLC0415
    from nautilus_trader.test_kit.providers import TestInstrumentProvider  # noqa: PLC0415
    from nautilus_trader.trading.strategy import Strategy  # noqa: PLC0415

    instrument = TestInstrumentProvider.btcusdt_perp_binance()
    decode = msgspec.json.Decoder(BinanceOrderBookMsg).decode
    deltas = [
        decode(frame).data.parse_to_order_book_deltas(instrument_id=instrument.id, ts_init=(number + 1) * _CADENCE)
        for number, frame in enumerate(recording.frames)
    ]

    class Watcher(Strategy):
        def on_start(self) -> None:
            self.subscribe_order_book_deltas(instrument.id, book_type=BookType.L2_MBP)

        def on_order_book_deltas(self, deltas: Any) -> None:  # noqa: ANN401 - its own type
            del deltas
            book = self.cache.order_book(instrument.id)
            self.touch = book.best_bid_price(), book.best_ask_price()

    def prepare() -> Callable[[], object]:
        engine: Any = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
        engine.add_venue(
            venue=Venue("BINANCE"),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            starting_balances=[Money(1_000_000, USDT)],
            book_type=BookType.L2_MBP,
        )
        engine.add_instrument(instrument)
        engine.add_data(deltas)
        engine.add_strategy(Watcher())
        return engine.run

    return prepare


def _hftbacktest(recording: Recording) -> Prepare:
    """Its loop, a tenth of a second at a time, with no order in the market."""
    from hftbacktest import (  # noqa: PLC0415 - see _nautilus
        BUY_EVENT,
        DEPTH_EVENT,
        EXCH_EVENT,
        LOCAL_EVENT,
        SELL_EVENT,
        BacktestAsset,
        HashMapMarketDepthBacktest,
    )
    from hftbacktest.types import event_dtype  # noqa: PLC0415 - see _nautilus
    from numba import njit  # noqa: PLC0415 - as its users write it

    events: list[tuple[int, int, int, float, float, int, int, float]] = []
    for number, frame in enumerate(recording.frames, start=1):
        message: Any = json.loads(frame)["data"]
        for side, name in ((BUY_EVENT, "b"), (SELL_EVENT, "a")):
            kind = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT | side
            ts = number * _CADENCE
            events += [(kind, ts, ts + 1, float(price), float(size), 0, 0, 0.0) for price, size in message[name]]
    data = np.array(events, dtype=event_dtype)

    @njit
    def walk(hbt: Any) -> float:  # noqa: ANN401 - its own type
        seen = 0.0
        while hbt.elapse(100_000_000) == 0:
            depth = hbt.depth(0)
            seen += depth.best_bid + depth.best_ask
        return seen

    def prepare() -> Callable[[], object]:
        asset = (
            BacktestAsset()
            .data(data)
            .linear_asset(1.0)
            .constant_order_latency(1_000_000, 1_000_000)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(0.1)
            .lot_size(0.001)
        )
        backtest = HashMapMarketDepthBacktest([asset])
        return lambda: walk(backtest)

    return prepare

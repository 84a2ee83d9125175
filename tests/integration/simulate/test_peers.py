"""A book that falls silent, judged by a book of the same asset: over real websockets."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest

from signald.core.kernels.rows import FLAG_STALE
from signald.model.notices import BookStale
from signald.model.time import NS_PER_S
from signald.simulate.market import ASK, BID, Change
from tests.support.instruments import BYBIT_PERP
from tests.support.simulated_venue import VENUES
from tests.support.venue_on_the_wire import VenueOnTheWire

OTHER: Final = msgspec.structs.replace(BYBIT_PERP, id="BTCUSDC-PERP.BYBIT", venue_symbol="BTCUSDC", quote="USDC")


async def test_silence_is_staleness_once_a_peer_has_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VENUES, "bybit", (BYBIT_PERP, OTHER))
    wire = VenueOnTheWire("bybit", tmp_path, moving=False, stale_after_ms=1_000, stale_move_bps=1.0)
    ledgers = [symbol.ledger for symbol in wire.wired.symbols]

    def breathing(*numbers: int, seconds: float) -> Callable[[], bool]:
        """Whether so long has passed, while some books change far from their touch."""
        end = wire.clock.ts + int(seconds * NS_PER_S)

        def turn() -> bool:
            for number in numbers:
                ledgers[number].apply([Change(BID, 900, 1 + ledgers[number].update_id % 7)])
            return wire.clock.ts >= end

        return turn

    async with wire.running():
        await wire.until(wire.all_live)
        await wire.until(breathing(0, 1, seconds=3))
        await wire.until(breathing(1, seconds=4))
        quiet = [each for each in wire.notices if isinstance(each, BookStale)]
        ledgers[1].apply([Change(BID, 1_000, 0), Change(ASK, 1_010, 0), Change(BID, 1_100, 5), Change(ASK, 1_110, 5)])
        await wire.until(breathing(1, seconds=3))

        said = [(each.instrument, each.reason) for each in wire.notices if isinstance(each, BookStale)]
        assert quiet == []
        assert said == [(BYBIT_PERP.id, "left_behind")]
        assert [bool(flags & FLAG_STALE) for flags in wire.rows["flags"].tolist()] == [True, False]
        ledgers[0].apply([Change(BID, 1_000, 0), Change(ASK, 1_010, 0), Change(BID, 1_100, 5), Change(ASK, 1_110, 5)])
        await wire.until(lambda: not wire.rows["flags"][0])
    assert (await wire.replayed()).difference is None

from decimal import Decimal

import pytest

from signald.replay.importers.sightings import Sightings, listed

OKX = b'{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"data":[{"asks":[["30243.50","1.25","0","6"]],"bids":[]}]}'
BYBIT = b'{"topic":"orderbook.50.DOGEUSDT","data":{"b":[["0.07053","307400"]],"a":[]}}'


@pytest.mark.parametrize(
    ("venue", "symbol", "derivative", "expected"),
    [
        ("binance", "NKNUSDT", False, ("NKNUSDT.BINANCE", "NKN", "USDT", "spot")),
        ("binance_usdm", "BTCUSDT", True, ("BTCUSDT-PERP.BINANCE", "BTC", "USDT", "perpetual")),
        ("binance_usdm", "BTCUSDT_240927", True, ("BTCUSDT_240927.BINANCE", "BTC", "USDT", "future")),
        ("okx", "BTC-USDT", False, ("BTC-USDT.OKX", "BTC", "USDT", "spot")),
        ("okx", "UNI-USD-SWAP", False, ("UNI-USD-SWAP.OKX", "UNI", "USD", "perpetual")),
        ("okx", "BTC-USD-220527", False, ("BTC-USD-220527.OKX", "BTC", "USD", "future")),
        ("bybit", "ETHUSDT", False, ("ETHUSDT.BYBIT", "ETH", "USDT", "spot")),
        ("bybit", "ETHUSDT", True, ("ETHUSDT-PERP.BYBIT", "ETH", "USDT", "perpetual")),
    ],
)
def test_a_symbol_is_named_as_its_instrument(
    venue: str,
    symbol: str,
    derivative: bool,  # noqa: FBT001 - a case
    expected: tuple[str, str, str, str],
) -> None:
    instrument = listed(venue, symbol, derivative=derivative)

    assert (instrument.id, instrument.base, instrument.quote, instrument.kind) == expected


def test_steps_are_the_finest_that_occur() -> None:
    sightings = Sightings()
    sightings.frame("okx", "okx", OKX)
    sightings.frame("okx", "okx", OKX.replace(b"30243.50", b"30243.125"))
    sightings.frame("bybit.2", "bybit", BYBIT, derivative=True)

    steps = {each.id: (each.tick_size, each.lot_size) for each in sightings.instruments}
    assert steps == {
        "BTC-USDT-SWAP.OKX": (Decimal("0.001"), Decimal("0.01")),
        "DOGEUSDT-PERP.BYBIT": (Decimal("0.00001"), Decimal(1)),
    }
    assert sightings.channels == {"okx": ("BTC-USDT-SWAP.OKX",), "bybit.2": ("DOGEUSDT-PERP.BYBIT",)}


@pytest.mark.parametrize("frame", [b"", b"pong", OKX[:-5], BYBIT.replace(b'"0.07053",', b"")])
def test_what_is_no_book_is_nothing(frame: bytes) -> None:
    sightings = Sightings()

    sightings.frame("okx", "okx", frame)
    sightings.frame("bybit", "bybit", frame)

    assert all(each.tick_size == 1 for each in sightings.instruments)

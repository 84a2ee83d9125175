"""Books of dead dialects, through the ladder and the states of a living one, against their golden traces."""

import json
from decimal import Decimal
from typing import Any

import pytest

from signald.core.board import Board
from signald.core.book import Book
from signald.model.notices import BookGap
from signald.replay.checkpoints import checkpoint
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.bybit import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.dead_dialects import DEAD, Dead, changes_of, instrument_of, living_frame
from tests.support.golden_books import golden


@pytest.mark.parametrize("dead", DEAD, ids=lambda dead: dead.read.__name__)
@pytest.mark.timeout(60)
def test_a_dead_venues_books_are_as_the_reference_has_them(dead: Dead) -> None:
    changes = changes_of(dead)
    symbols = list(dict.fromkeys(change.symbol for change in changes))
    instruments = [instrument_of(symbol, changes) for symbol in symbols]
    names = [each.id for each in instruments]
    config = read_venue_config({"name": "bybit", "instruments": names, "depth": 200}, where="test")
    source: Any = build_source(config, instruments, Board(names))
    wanted = {symbol: golden(f"{dead.golden}{symbol.replace('/', '-')}") for symbol in symbols}
    steps = {symbol: {line["n"]: line for line in trace} for symbol, trace in wanted.items()}
    differing: list[object] = []
    met = dict.fromkeys(symbols, 0)
    said: list[object] = []

    def compare(book: Book) -> None:
        symbol = book.instrument.venue_symbol
        line = steps[symbol].get(book.applied)
        if line is not None:
            ours = json.loads(checkpoint(book))
            met[symbol] += 1
            differing.extend([(ours, line)] * (comparable(ours) != comparable(line)))

    source.on_applied = compare
    source.on_connected(1)
    for number, change in enumerate(changes, start=10):
        counts = source.books[symbols.index(change.symbol)].sequence + 1
        said += source.on_frame(living_frame(change, number if change.replaces else counts), 1_000_000 * number).events

    assert [each for each in said if isinstance(each, BookGap)] == []
    assert differing == []
    assert met == {symbol: len(lines) for symbol, lines in steps.items()}


def comparable(line: dict[str, Any]) -> dict[str, Any]:
    """What must be equal."""
    sides = {side: [Decimal(part) for part in line[side]] for side in ("bid", "ask")}
    return {"n": line["n"], "top20": line["top20"], **sides}

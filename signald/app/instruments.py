"""Asks venues for what they trade, and keeps it in the instruments file."""

from pathlib import Path
from typing import NamedTuple

from signald.config import Config, find_file
from signald.errors import ConfigError
from signald.model.instruments import Instrument, InstrumentId, decode_instruments, encode_instruments
from signald.sources.registry import ccxt_id
from signald.transports.ccxt.metadata import fetch_instruments


class Updated(NamedTuple):
    """Where the file is, and whose steps were asked for."""

    path: Path
    instruments: tuple[InstrumentId, ...]


def update_instruments(config: Config) -> Updated:
    """Ask each configured venue for its instruments and write them; those of other venues stay as they are.

    Raises:
        ConfigError: A venue or symbol is unknown, or the file cannot be written.
        UnreachableError: A venue did not answer.
    """
    known = _known(config)
    found: list[Instrument] = []
    for venue in config.venues:
        if not (exchange := ccxt_id(venue.name)):
            continue  # nobody tells of its steps: they stand in the file by hand
        symbols = {known[name].venue_symbol if name in known else _symbol(name): name for name in venue.instruments}
        found += fetch_instruments(exchange, venue=venue.name, symbols=symbols, rest_url=venue.rest_url)
    path = Path(config.instruments.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_instruments((known | {each.id: each for each in found}).values()))
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    return Updated(path, tuple(each.id for each in found))


def _known(config: Config) -> dict[InstrumentId, Instrument]:
    try:
        path = find_file(config.instruments.path)
    except ConfigError:
        return {}
    return decode_instruments(path.read_bytes(), where=str(path))


def _symbol(name: InstrumentId) -> str:
    """The venue's own symbol, as our name has it."""
    return name.partition(".")[0].removesuffix("-PERP")

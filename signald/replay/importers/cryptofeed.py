"""cryptofeed's recordings of raw connections, in both forms its recorder has had.

The newer is lines of JSON behind a header line, ``t`` saying what each is. HTTP answers stand first and the connections
one after the other, each in order of time::

    {"t":"http","conn":"BINANCE.http.0","ts":1633998512.320639,"url":"https://api.binance.com/…","data":"{…}"}
    {"t":"connect","conn":"BINANCE.ws.1","ts":1633998511.159679,"addr":"wss://stream.binance.com:9443/stream?…"}
    {"t":"recv","conn":"BINANCE.ws.1","ts":1633998512.0633569,"data":"{…}"}

The older is text, one connection a file::

    wss://api.dydx.exchange/v3/ws <-> 1635444230.6206012
    wss://api.dydx.exchange/v3/ws <- 1635444230.754465: {"type":"subscribe",…}
    1635444230.755609: {"type":"connected",…}
    https://api.dydx.exchange/v3/markets -> 1635444230.618571: {"markets":…}
    configuration: {"l2_book":["ETH-USD-PERP",…]}

Times are decimal seconds. What the recorder sent is left out and counted: our own source says what it sends.
"""

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec

from signald.errors import UNREADABLE, ImportFormatError
from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S, Nanos
from signald.replay.importers.recording import Imported, read_lines, write_import
from signald.replay.importers.sightings import Sightings, listed
from signald.replay.importers.venue_levels import is_known, levels_of_snapshot
from signald.sources.venues.binance.config import snapshot_key

_What: TypeAlias = Literal["http", "connect", "recv", "send"]

_VENUES: Final = {
    "stream.binance.com": "binance",
    "api.binance.com": "binance",
    "fstream.binance.com": "binance_usdm",
    "fapi.binance.com": "binance_usdm",
    "stream.bybit.com": "bybit",
    "api.bybit.com": "bybit",
    "advanced-trade-ws.coinbase.com": "coinbase",
    "api.coinbase.com": "coinbase",
    "ws.kraken.com": "kraken",
    "api.kraken.com": "kraken",
    "futures.kraken.com": "kraken_futures",
    "ws.okx.com": "okx",
    "www.okx.com": "okx",
    "api.dydx.exchange": "dydx_v3",
}
_DEAD_PATHS: Final = {("ws.kraken.com", ""): "kraken_v1"}
"""Where a venue's address is still that of a dialect of before."""
_TEXT: Final = re.compile(
    rb"(?:(?P<url>(?:wss|https)://\S+) (?P<arrow><->|<-|->) )?(?P<ts>\d{10}(?:\.\d{1,9})?)(?:: (?P<data>.*))?"
)
_CONFIGURATION: Final = b"configuration: "
_KINDS: Final[Mapping[str, _What]] = {"http": "http", "connect": "connect", "recv": "recv", "send": "send"}
_ARROWS: Final[Mapping[bytes | None, _What]] = {b"<->": "connect", b"<-": "send", b"->": "http", None: "recv"}


class _Line(msgspec.Struct, frozen=True):
    t: str
    conn: str = ""
    ts: Decimal = Decimal(0)
    addr: str = ""
    url: str = ""
    data: str = ""


class _Happened(NamedTuple):
    ts: Nanos
    what: _What
    connection: str
    url: str
    data: bytes


class Connection(NamedTuple):
    """One websocket connection in a recording: the file, cryptofeed's name for it, where it went."""

    path: Path
    name: str
    url: str

    @property
    def venue(self) -> str:
        """Whose it is; ``""`` if of none that we know."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        return _DEAD_PATHS.get((host, parts.path.rstrip("/"))) or _VENUES.get(host, "")


def import_cryptofeed(sources: Sequence[Path], out: Path, *, channels: Mapping[str, str] | None = None) -> Imported:
    """Turn recordings into the journal ``out``.

    Args:
        sources: The files; what is in them is put in order of time.
        out: Directory of the new journal.
        channels: Names of the channels of connections, by cryptofeed's name (``BYBIT.ws.2``), which for a text file is
            the file's name. By default the venue, and from its second connection on ``bybit.2``, ``bybit.3``.

    Raises:
        ImportFormatError: A file is no such recording, or of a venue we do not know; file and line are named.
        JournalError: The journal cannot be written.
    """
    connections = survey(sources)
    names = {**_default_channels(connections), **(channels or {})}
    sightings = _look(sources, connections, names)
    session = Session(
        mode="import",
        instruments=tuple(each.id for each in sightings.instruments),
        channels=sightings.channels,
        steps=sightings.instruments,
    )
    skipped: Counter[str] = Counter()
    records = _records(sources, connections, names, session, skipped)
    return write_import(out, records, instruments=session.instruments, skipped=skipped)


def survey(sources: Sequence[Path]) -> list[Connection]:
    """Find the connections in recordings; raises :class:`ImportFormatError` for what is none."""
    found: dict[tuple[Path, str], Connection] = {}
    for path in sources:
        for happened in _read(path):
            if happened.what == "connect":
                found.setdefault((path, happened.connection), Connection(path, happened.connection, happened.url))
    return list(found.values())


def _look(sources: Sequence[Path], connections: Sequence[Connection], channels: Mapping[str, str]) -> Sightings:
    """Find the books in recordings: those that an address asks for, and those that are in the frames."""
    sightings = Sightings()
    by_name = {one.name: one for one in connections}
    for one in connections:
        for symbol in _symbols(one.url):
            sightings.name(channels[one.name], listed(one.venue, symbol))
    for path in sources:
        for happened in _read(path):
            one = by_name.get(happened.connection)
            if happened.what == "recv" and one is not None and is_known(one.venue):
                derivative = not one.url.endswith("/spot")
                sightings.frame(channels[one.name], one.venue, happened.data, derivative=derivative)
            elif happened.what == "http" and (answer := _answer(happened.url)) is not None:
                name = listed(answer.venue, answer.symbol).id
                sightings.levels(name, levels_of_snapshot(happened.data))
    return sightings


def _records(
    sources: Sequence[Path],
    connections: Sequence[Connection],
    channels: Mapping[str, str],
    session: Session,
    skipped: Counter[str],
) -> Iterator[Record]:
    answers = [_only(path, lambda one: one.what == "http") for path in sources]
    kept = [one for one in connections if channels[one.name] in session.channels or not is_known(one.venue)]
    streams = [_only(one.path, _of_connection(one.name)) for one in kept]
    begun = False
    up: set[str] = set()
    if len(kept) < len(connections):
        skipped["connections without books"] = len(connections) - len(kept)
    for happened in heapq.merge(*map(_sorted, answers), *streams, key=lambda one: one.ts):
        if not begun:
            yield session_record(session, happened.ts)
            begun = True
        yield from _record(happened, channels, session, up, skipped)


def _record(
    happened: _Happened, channels: Mapping[str, str], session: Session, up: set[str], skipped: Counter[str]
) -> Iterator[Record]:
    ts, what, connection, url, data = happened
    if what == "send":
        skipped["sent"] += 1
        return
    if what == "http":
        answer = _answer(url)
        if answer is None:
            skipped["answers"] += 1
        else:
            name = listed(answer.venue, answer.symbol).id
            asked = [channel for channel, names in session.channels.items() if name in names]
            for channel in asked or [answer.venue]:
                yield Record(RecordKind.RESPONSE, ts, channel, snapshot_key(answer.symbol), data)
        return
    channel = channels[connection]
    if what == "recv":
        yield Record(RecordKind.FRAME, ts, channel, "", data)
        return
    if channel in up:
        yield Record(RecordKind.DISCONNECTED, ts, channel, "", b"the recorder connected again")
    up.add(channel)
    yield Record(RecordKind.CONNECTED, ts, channel, "", b"")


class _Answer(NamedTuple):
    venue: str
    symbol: str


def _answer(url: str) -> _Answer | None:
    """Which of our source's requests this is the answer to; ``None``: none, as a list of instruments."""
    parts = urlsplit(url)
    venue = _VENUES.get(parts.hostname or "")
    if venue in {"binance", "binance_usdm"} and parts.path.endswith("/depth"):
        return _Answer(venue, parse_qs(parts.query)["symbol"][0])
    return None


def _default_channels(connections: Sequence[Connection]) -> dict[str, str]:
    count: Counter[str] = Counter()
    names: dict[str, str] = {}
    for one in connections:
        venue, name = one.venue, one.name
        if not venue:
            raise ImportFormatError(str(one.path), 0, f"{one.url!r} is of no venue we know")
        count[venue] += 1
        names[name] = venue if count[venue] == 1 else f"{venue}.{count[venue]}"
    return names


def _symbols(url: str) -> Iterator[str]:
    """Symbols whose depth a connection asked for, where its address says so: on Binance."""
    for stream in parse_qs(urlsplit(url).query).get("streams", [""])[0].split("/"):
        symbol, _, kind = stream.partition("@")
        if kind.startswith("depth"):
            yield symbol.upper()


def _only(path: Path, wanted: Callable[[_Happened], bool]) -> Iterator[_Happened]:
    return (happened for happened in _read(path) if wanted(happened))


def _of_connection(name: str) -> Callable[[_Happened], bool]:
    return lambda happened: happened.what != "http" and happened.connection == name


def _sorted(answers: Iterator[_Happened]) -> list[_Happened]:
    return sorted(answers, key=lambda one: one.ts)


def _read(path: Path) -> Iterator[_Happened]:
    """Everything in a file, in its order."""
    decode = msgspec.json.Decoder(_Line).decode
    for number, line in read_lines(path):
        if not line or line.startswith(_CONFIGURATION):
            continue
        try:
            happened = _json(decode(line)) if line[:1] == b"{" else _text(path, line)
        except (*UNREADABLE, OverflowError) as error:
            raise ImportFormatError(str(path), number, f"not a line of a cryptofeed recording: {error}") from error
        if happened is not None:
            yield happened


def _json(line: _Line) -> _Happened | None:
    if line.t == "header":
        return None
    what = _KINDS.get(line.t)
    if what is None:
        msg = f"unknown t {line.t!r}"
        raise ValueError(msg)
    return _Happened(int(line.ts * NS_PER_S), what, line.conn, line.url or line.addr, line.data.encode())


def _text(path: Path, line: bytes) -> _Happened:
    found = _TEXT.fullmatch(line)
    if found is None:
        msg = repr(line[:60].decode(errors="replace"))
        raise ValueError(msg)
    ts = int(Decimal(found["ts"].decode()) * NS_PER_S)
    url = (found["url"] or b"").decode()
    return _Happened(ts, _ARROWS[found["arrow"]], path.name, url, found["data"] or b"")

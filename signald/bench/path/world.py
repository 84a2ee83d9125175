"""The processes of a run: two servers, what stands between them, who publishes and who reads."""

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, NamedTuple, Self

from signald.bench.path.orders import Helper
from signald.bench.path.pages import open_pages
from signald.bench.path.replies import RedisSocket, open_connection
from signald.errors import CheckFailedError
from signald.model.time import NS_PER_MS, NS_PER_S, format_rfc3339
from signald.runtime.clock import LiveClock
from signald.simulate.child import LOOPBACK, Plan, Server, free_port
from signald.simulate.servers import embedded_broker, embedded_valkey, mosquitto, redis_server
from signald.sinks import keys

RELEASES: Final = 50
"""Releases that take turns; all their figures but the first are corrections, which take the same way."""

SYMBOLS: Final = ("BTCUSDT", "BTCUSDC", "BTCFDUSD", "BTCTUSD", "ETHUSDT", "ETHUSDC", "SOLUSDT", "SOLUSDC")
"""Books of the widest daemon; the others have the first."""

BESIDE: Final = 20
"""Consumers beside the one that is measured, where there are several."""

_READY_WITHIN_S: Final = 90.0
_SCRAPE_EVERY_S: Final = 1.0
_SETTLES_S: Final = 0.5
_SETTLED: Final = 36_000.0  # seconds: longer than any run, so that no release of it becomes late
_LONG_AGO_NS: Final = 7_200 * NS_PER_S
_APART_NS: Final = 60 * NS_PER_S
_DUE_IN_NS: Final = 500 * NS_PER_MS
_FIRST_YEAR: Final = 2000
_INSTRUMENT: Final = """[[instruments]]
id = "{symbol}.BINANCE"
venue = "binance"
venue_symbol = "{symbol}"
base = "{base}"
quote = "{quote}"
kind = "spot"
tick_size = "0.01"
lot_size = "0.00001"
contract_size = "1"
"""

SERVERS: Final[dict[str, tuple[Callable[[], Server], Callable[[], Server]]]] = {
    "mosquitto+redis-server": (lambda: mosquitto(settings={"max_inflight_messages": "1000"}), redis_server),
    "embedded": (embedded_broker, embedded_valkey),
}


class Party(NamedTuple):
    """One program on the path, with those who read what it writes.

    Attributes:
        name: What it is called in results.
        prefix: Of its topics.
        consumer: Reads its stream, and others beside it.
        metrics_port: Where signald serves its metrics; 0 for the others.
        console_port: Where it serves pages; 0: it does not.
    """

    name: str
    prefix: str
    consumer: Helper
    metrics_port: int = 0
    console_port: int = 0


class World:
    """Everything that runs, as long as the body does.

    Attributes:
        parties: By name.
        publisher: Sends the releases.
        flood: Sends the frames.
        ready_s: How long each daemon took from being executed to ready.
    """

    def __init__(self, servers: str) -> None:
        """Keep which servers; nothing is started."""
        self._build = SERVERS[servers]
        self._stack = contextlib.ExitStack()
        self._databases = 0
        self.parties: dict[str, Party] = {}
        self.releases = [_cpi_of(n) for n in range(RELEASES)]
        self._awaited = 0
        self.ready_s: dict[str, float] = {}
        self.scrapes: dict[str, dict[str, float]] = {}

    def __enter__(self) -> Self:
        """Start the servers, the publisher and the exchange.

        Raises:
            ConfigError: A server is not installed.
        """
        build_broker, build_redis = self._build
        enter = self._stack.enter_context
        self._broker = enter(build_broker())
        self._redis = enter(build_redis())
        self._exchange_port = free_port()
        self.flood = enter(Helper("flood", port=self._exchange_port))
        self.publisher = enter(Helper("publisher", port=self._broker.port))
        enter(self._scraping())
        return self

    def __exit__(self, *failure: object) -> None:
        """End everything."""
        self._stack.close()

    def add_program(self, module: str, *, beside: int = 0) -> None:
        """Start the floor or the idiom, writing ``beside`` more streams that are read too."""
        name = f"{module}-{beside}" if beside else module
        streams = [f"{name}:{number}" for number in range(1 + beside)]
        ports = {"mqtt": self._broker.port, "redis": self._redis.port, "database": 0}
        self._stack.enter_context(Helper(module, prefix=name, streams=streams, **ports))
        self.parties[name] = Party(name, name, self._consumer(0, streams))

    def add_signald(
        self,
        name: str,
        *,
        symbols: Sequence[str] = SYMBOLS[:1],
        beside: int = 0,
        has_console: bool = False,
        has_movers: bool = True,
        options: Sequence[str] = (),
        live: Mapping[str, object] | None = None,
    ) -> None:
        """Start a daemon with a database of its own, these options and keys of ``live``, with a console or without.

        It is told what is scheduled.
        """
        console_port = free_port() if has_console else 0
        database, self._databases = self._databases, self._databases + 1
        metrics_port = free_port()
        consumers = [f"desk-{number}" for number in range(1 + beside)]
        files = {
            "signald.toml": self._config(
                name,
                database,
                metrics_port,
                symbols=symbols,
                consumers=consumers,
                console_port=console_port,
                has_movers=has_movers,
                live=live or {},
            ),
            "instruments.toml": "".join(
                _INSTRUMENT.format(symbol=symbol, base=symbol[:3], quote=symbol[3:]) for symbol in symbols
            ),
        }
        began = LiveClock.monotonic()
        command = (sys.executable, "-m", "signald", "run", "--config", "signald.toml", *options)
        server = Server(
            lambda _: Plan(name="signald", command=command, files=files, probes={}, patience_s=10.0), port=metrics_port
        )
        self._stack.enter_context(server)
        redis = open_connection(self._redis.port, database)
        with contextlib.closing(redis.socket):
            self._await_ready(server, redis, name, books=len(symbols))
        self.ready_s[name] = (self._ready_at - began) / NS_PER_S
        now = LiveClock.now()
        for number, release_id in enumerate(self.releases):
            self._schedule(name, release_id, now - _LONG_AGO_NS - number * _APART_NS)
        streams = [keys.consumer_stream(consumer) for consumer in consumers]
        self.parties[name] = Party(name, name, self._consumer(database, streams), metrics_port, console_port)

    def _consumer(self, database: int, streams: Sequence[str]) -> Helper:
        return self._stack.enter_context(
            Helper("consumer", port=self._redis.port, database=database, streams=list(streams))
        )

    def _await_ready(self, server: Server, redis: RedisSocket, name: str, *, books: int) -> None:
        """Wait until the daemon is ready, then until all its books are live."""
        ends = LiveClock.monotonic() + round(_READY_WITHIN_S * NS_PER_S)
        self._ready_at = 0
        while LiveClock.monotonic() < ends:
            said = redis.ask(b"HGET", keys.STATUS.encode(), f"daemon@{name}".encode())
            state: dict[str, Any] = json.loads(said) if isinstance(said, bytes) else {}
            if state.get("ready"):
                self._ready_at = self._ready_at or LiveClock.monotonic()
                if sum(book["frames"] > 0 for book in state["books"].values()) == books:
                    return
            if server.exit_code() is not None:
                break
            threading.Event().wait(0.005)
        problem = f"signald did not get ready: {server.last_words()}"
        raise CheckFailedError(problem)

    def await_release(self, party: Party) -> None:
        """Let a release be due now, which does not come: all is done, and left, that is around the time of one.

        Those that are measured were due hours ago, each at a minute of its own: a desk's timeline goes with each
        release that is due, and what fifty of them had to say at one time would be fifty times what ever is said.
        """
        if party.metrics_port:
            self._awaited += 1
            self._schedule(party.prefix, _cpi_of(-self._awaited), LiveClock.now() + _DUE_IN_NS)

    @contextlib.contextmanager
    def looking_on(self, party: Party, pages: int) -> Generator[None]:
        """Inside, so many pages of a party's console are open, and have been told what was there before."""
        if not pages:
            yield
            return
        with open_pages(party.console_port, pages):
            threading.Event().wait(_SETTLES_S)
            yield

    def _schedule(self, prefix: str, release_id: str, due: int) -> None:
        now = LiveClock.now()
        indicator, _, period = release_id.partition(":")
        message = {
            "release_id": release_id,
            "indicator": indicator,
            "period": period,
            "ts_scheduled": format_rfc3339(due),
            "consensus": 2.9,
            "prior": 2.9,
            "source": "bench",
            "sequence": now,
            "ts_event": format_rfc3339(now),
        }
        topic = f"{prefix}/calendar/schedule/{release_id}/bench"
        self.publisher.do(topic=topic, payload=json.dumps(message))

    def _config(
        self,
        name: str,
        database: int,
        metrics_port: int,
        *,
        symbols: Sequence[str],
        consumers: Sequence[str],
        console_port: int = 0,
        has_movers: bool = True,
        live: Mapping[str, object],
    ) -> str:
        sections: dict[str, Mapping[str, object]] = {
            "[live]": live,
            "[mqtt]": {"host": LOOPBACK, "port": self._broker.port, "client_id": name, "prefix": name},
            "[redis]": {"url": f"redis://{LOOPBACK}:{self._redis.port}/{database}"},
            "[releases]": {"late_after_s": _SETTLED, "valid_s": _SETTLED, "close_after_s": 2 * _SETTLED},
            "[journal]": {"path": "journal"},
            "[metrics]": {"port": metrics_port},
            "[console]": {"port": console_port, "token_file": "token"} if console_port else {"enabled": False},
            "[movers]": {"enabled": has_movers},
            "[instruments]": {"path": "instruments.toml"},
            "[[venues]]": {
                "name": "binance",
                "instruments": [f"{symbol}.BINANCE" for symbol in symbols],
                "ws_url": f"ws://{LOOPBACK}:{self._exchange_port}/{name}",
                "rest_url": f"http://{LOOPBACK}:{self._exchange_port}/{name}",
            },
        }
        tables = list(sections.items())
        tables += [("[[consumers]]", {"name": consumer, "jurisdiction": "SG"}) for consumer in consumers]
        # JSON's strings, numbers and arrays are TOML's too.
        return "".join(
            head + "\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
            for head, values in tables
        )

    @contextlib.contextmanager
    def _scraping(self) -> Generator[None]:
        """Read every daemon's metrics once a second, as Prometheus would."""
        ended = threading.Event()

        def scrape() -> None:
            while not ended.wait(_SCRAPE_EVERY_S):
                for party in list(self.parties.values()):
                    if party.metrics_port:
                        with contextlib.suppress(OSError, HTTPException):
                            self.scrapes[party.name] = read_metrics(party.metrics_port)

        thread = threading.Thread(target=scrape, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _cpi_of(month: int) -> str:
    """The consumer prices of a month, counted from the first of 2000."""
    return f"us.cpi.yoy:{_FIRST_YEAR + month // 12}-{month % 12 + 1:02d}"


def read_metrics(port: int) -> dict[str, float]:
    """What Prometheus would read: name and labels, as it spells them, to value."""
    connection = HTTPConnection(LOOPBACK, port, timeout=5.0)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}

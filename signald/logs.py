"""structlog, set up once: one JSON object a line on standard error, or lines for people on a terminal.

An event is a constant in the past tense, its details are fields. What the libraries log goes the same way.
"""

import contextlib
import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Literal, NamedTuple, TextIO, TypeAlias, cast

import msgspec
import structlog

from signald.model.notices import (
    BlackoutTurned,
    BookGap,
    BookLive,
    BookStale,
    ClockOff,
    Contradicted,
    Controlled,
    ModelLearnt,
    NoNowcast,
    NoSurprise,
    Notice,
    PolicyHeard,
    Quarantined,
    Rehearsed,
    Rejected,
    Relieved,
    ShadowPredicted,
    ShadowScored,
    SourceAlive,
    SourceSilent,
    Unconfirmed,
    Unsigned,
    WindowChanged,
    Withheld,
)
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.runtime.clock import Clock, LiveClock

Level: TypeAlias = Literal["debug", "info", "warning", "error"]

_QUIET_NS = 10 * NS_PER_S
_MAX_SUBJECTS = 1_000
_MAX_LINES = 100
"""Lines of one event within the quiet time: a feed gone mad may not fill the disk with differing complaints."""
_JSON = msgspec.json.Encoder(enc_hook=repr)

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Line(NamedTuple):
    """How a kind of notice is logged."""

    level: Literal["info", "warning", "error"]
    event: str


LINES: dict[type, Line] = {
    BookLive: Line("info", "book_went_live"),
    BookGap: Line("warning", "book_discarded"),
    Relieved: Line("info", "connection_relieved"),
    BookStale: Line("warning", "book_went_stale"),
    Rejected: Line("warning", "input_rejected"),
    Unsigned: Line("warning", "message_unsigned"),
    Quarantined: Line("warning", "figure_quarantined"),
    Rehearsed: Line("info", "path_rehearsed"),
    WindowChanged: Line("info", "release_moved"),
    NoSurprise: Line("info", "figure_surprised_nobody"),
    NoNowcast: Line("info", "figure_not_nowcast"),
    Contradicted: Line("error", "sources_contradicted"),
    Unconfirmed: Line("error", "figure_unconfirmed"),
    ClockOff: Line("error", "clock_offset_changed"),
    SourceSilent: Line("error", "source_fell_silent"),
    SourceAlive: Line("info", "source_came_alive"),
    Controlled: Line("warning", "control_followed"),
    PolicyHeard: Line("info", "policy_heard"),
    BlackoutTurned: Line("warning", "blackout_turned"),
    Withheld: Line("warning", "signal_withheld"),
    ModelLearnt: Line("info", "model_learnt"),
    ShadowPredicted: Line("info", "shadow_predicted"),
    ShadowScored: Line("info", "shadow_scored"),
}
_SUBJECT = ("channel", "instrument", "release_id", "source", "reason", "state", "field", "problem")
"""Fields that make two notices of one kind the same thing said again."""


class RepeatLimit:
    """Says the same thing once in ten seconds, and how often it was not said in between."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._said: dict[tuple[object, ...], tuple[Nanos, int]] = {}
        self._lines: dict[object, tuple[Nanos, int]] = {}

    def admit(self, subject: tuple[object, ...], now: Nanos) -> int | None:
        """How many repetitions were held back since ``subject`` was last said; ``None``: hold this one back too.

        The first of ``subject`` is the event, of which no more than a hundred lines are said in ten seconds, whatever
        they are about.
        """
        since, held_back = self._said.get(subject, (None, 0))
        if (since is not None and _is_recent(since, now)) or not self._has_room(subject[0], now):
            self._remember(subject, now if since is None else since, held_back + 1)
            return None
        self._remember(subject, now, 0)
        return held_back

    def _has_room(self, event: object, now: Nanos) -> bool:
        since, lines = self._lines.get(event, (now, 0))
        if not _is_recent(since, now):
            since, lines = now, 0
        self._lines[event] = (since, lines + 1)
        return lines < _MAX_LINES

    def _remember(self, subject: tuple[object, ...], since: Nanos, held_back: int) -> None:
        self._said.pop(subject, None)
        self._said[subject] = (since, held_back)
        if len(self._said) > _MAX_SUBJECTS:
            del self._said[next(iter(self._said))]


def _is_recent(since: Nanos, now: Nanos) -> bool:
    return since <= now < since + _QUIET_NS  # a clock that was set back starts over


_limit = RepeatLimit()


class Said(NamedTuple):
    """A notice as it was logged."""

    level: str
    event: str
    ts: Nanos
    details: dict[str, Any]


def log_notice(notice: Notice, limit: RepeatLimit = _limit) -> Said | None:
    """Log a fact about ourselves; the same one again within ten seconds is only counted, and ``None``."""
    line = LINES[type(notice)]
    fields = msgspec.structs.asdict(notice)
    now = fields.pop("ts_ingest")
    held_back = limit.admit((line.event, *(fields.get(name) for name in _SUBJECT)), now)
    if held_back is None:
        return None
    if held_back:
        fields["repetitions"] = held_back
    say: Callable[..., Any] = getattr(log, line.level)
    say(line.event, **fields)
    return Said(line.level, line.event, now, fields)


def configure_logs(
    *, level: Level = "info", human: bool | None = None, clock: Clock | None = None, stream: TextIO | None = None
) -> None:
    """Set logging up for the process, libraries included.

    Args:
        level: Least level that is written; libraries are written from ``warning`` on.
        human: Lines for people instead of JSON; by default if the stream is a terminal.
        clock: Where the times come from; the machine's if not given.
        stream: Where to; standard error if not given.
    """
    written = sys.stderr if stream is None else stream
    is_human = written.isatty() if human is None else human
    target = cast("TextIO", _Lossy(written))
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        _name,
        _stamp_with((clock or LiveClock()).now),
    ]
    last: list[structlog.typing.Processor]
    if is_human:
        # plain: the richer form prints local variables, and secrets may be among them
        last = [structlog.dev.ConsoleRenderer(timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback)]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_to_json)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=stream is None,  # a cached logger keeps its stream for ever
    )
    foreign = logging.StreamHandler(target)
    foreign.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[foreign], force=True)


_process: list[str] = []


def name_process(name: str) -> None:
    """From now on every line says that it is of the process ``name``."""
    _process[:] = [name]


def _name(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if _process:
        event["process"] = _process[0]
    return event


class _Lossy:
    """A stream that leaves out what it cannot write: the log's disk may be full, and its failures halt nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def _stamp_with(now: Callable[[], Nanos]) -> structlog.typing.Processor:
    def stamp(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["ts"] = format_rfc3339(now() // 1_000_000 * 1_000_000)
        return event

    return stamp


def _to_json(event: MutableMapping[str, Any], **_: object) -> str:
    return _JSON.encode(cast("object", event)).decode()

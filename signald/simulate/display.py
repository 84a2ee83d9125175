"""The demo on a terminal: a table that lives while figures come, or a line per figure where there is none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from signald.model.macro import ReleaseId
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.simulate.outcome import DemoResult, StageLatency
from signald.simulate.scoreboard import Line, Scoreboard

_COLUMNS: Final = (
    *("UTC", "figure", "actual", "consensus", "surprise"),
    *("σ", "verdict", "predicted", "realised", "latency"),
)
_LEFT: Final = {"UTC", "figure", "verdict"}
_STYLES: Final = {"up": "green", "down": "red", "no_edge": "yellow", "quarantined": "magenta"}


class LiveTable:
    """The whole table, redrawn in place."""

    def __init__(self, console: Console, scoreboard: Scoreboard) -> None:
        """Draw on ``console``, which is a terminal."""
        self._scoreboard = scoreboard
        # Redrawn by us alone: its own thread would hold the interpreter's lock while a figure is on its way.
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back as it was."""
        self._live.stop()

    def refresh(self, *, now: Nanos) -> None:
        """Redraw."""
        below = [guard_line(self._scoreboard.guard, now=now), stage_line(self._scoreboard.stages)]
        table = table_of(self._scoreboard.lines.values(), now=now, below=list(filter(None, below)))
        self._live.update(table, refresh=True)


class PlainLines:
    """One line for each figure, when all is known of it."""

    def __init__(self, console: Console, scoreboard: Scoreboard) -> None:
        """Write to ``console``, which may be a file."""
        self._console = console
        self._scoreboard = scoreboard
        self._shown = 0
        self._foreseen: set[ReleaseId] = set()

    def __enter__(self) -> Self:
        """Nothing to take."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to give back."""

    def refresh(self, *, now: Nanos) -> None:
        """Write what was foreseen, and the figures that came to their end, since the last time."""
        del now
        for name, line in self._scoreboard.lines.items():
            if line.foreseen and name not in self._foreseen:
                self._foreseen.add(name)
                self._console.print(foresight(line), soft_wrap=True, markup=False, highlight=False)
        done = [line for line in self._scoreboard.lines.values() if line.realised_bps is not None]
        for line in done[self._shown :]:
            self._console.print(plain(line), soft_wrap=True, markup=False, highlight=False)
        self._shown = len(done)


def build_display(console: Console, scoreboard: Scoreboard) -> LiveTable | PlainLines:
    """What ``console`` can show."""
    kind: Callable[[Console, Scoreboard], LiveTable | PlainLines] = LiveTable if console.is_terminal else PlainLines
    return kind(console, scoreboard)


def show_summary(console: Console, scoreboard: Scoreboard, result: DemoResult) -> None:
    """Everything once more, and the totals."""
    if console.is_terminal:
        console.print(table_of(scoreboard.lines.values(), now=None))
        for line in scoreboard.lines.values():
            if line.story:
                console.print(f"{line.release.release_id}: {'; '.join(line.story)}", soft_wrap=True, highlight=False)
    compiled = f"{result.compilations_after_ready} compilations after ready"
    facts = [f"{result.releases} releases, {result.signals} signals, {compiled}"]
    told = {"guard": "steps of the guard", "reaction": "reactions", "outcome": "outcomes"}
    facts.append(", ".join(f"{result.documents.get(kind, 0)} {words}" for kind, words in told.items()))
    for name, book in result.books.items():
        facts.append(f"{name}: {book.frames} frames, {book.gaps} gaps, {book.resyncs} resyncs")
    for what, latency in (
        ("ingested → in Redis", result.latency_us),
        ("sent by the source → read by a desk", result.desk_latency_us),
    ):
        facts.append(f"{what}: p50 {latency.p50:.0f} µs, p99 {latency.p99:.0f} µs, worst {latency.max:.0f} µs")
    facts.extend(filter(None, [stage_line(scoreboard.stages)]))
    facts.append(f"the journal is kept: signald verify {result.journal}")
    for fact in facts:
        console.print(fact, soft_wrap=True)


def table_of(lines: Iterable[Line], *, now: Nanos | None, below: Sequence[str] = ()) -> Table:
    """The table as it stands at ``now``; without a time there are no countdowns. The lines ``below`` stand below it."""
    table = Table(
        padding=(0, 1, 0, 0),
        show_edge=False,
        box=SIMPLE_HEAD,
        pad_edge=False,
        caption="\n".join(["predicted, realised: bps in five minutes", *below]),
        caption_justify="left",
    )
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in _LEFT else "right", no_wrap=True)
    for line in lines:
        style = "dim" if line.signal is None else ""
        table.add_row(*(Text(cell, style=style or _STYLES.get(cell, "")) for cell in cells_of(line, now=now)))
    return table


def foresight(line: Line) -> str:
    """What was said before a figure came, as one line of text: the ends and the middle of its ladder."""
    figures = "  ".join(f"{actual} → {mean:+.1f}" for actual, mean in line.foreseen)
    return f"{_clock(line.release.ts_scheduled)}  {line.release.release_id}  foreseen  {figures}"


def guard_line(step: Signal | None, *, now: Nanos) -> str:
    """What the desk's quotes are to do at ``now``, by the last step; ``""`` before the first."""
    if step is None or step.desk is None:
        return ""
    desk = step.desk
    if now >= desk.ts_expires:
        return f"guard {step.instrument}: widen (nothing newer was said)"
    widen = "" if desk.quote_widen_bps is None else f"widen by {desk.quote_widen_bps:.1f} bps"
    skew = "" if not desk.skew_bps else f"skew by {desk.skew_bps:+.1f} bps"
    size = "" if desk.max_size_usd is None else f"at most {desk.max_size_usd:,.0f} USD"
    return "  ".join(filter(None, [f"guard {step.instrument}: {desk.state}", widen, skew, size]))


def stage_line(stages: Mapping[str, StageLatency]) -> str:
    """How long each stage of the path takes that was passed; ``""`` if none was."""
    passed = [f"{name} {one.p50_us:.0f}/{one.p99_us:.0f}" for name, one in stages.items() if one.n]
    return f"stages, p50/p99 in µs: {', '.join(passed)}" if passed else ""


def plain(line: Line) -> str:
    """One figure as one line of text."""
    cells = cells_of(line, now=None)
    named = zip(_COLUMNS[2:], cells[2:], strict=True)
    return "  ".join([*cells[:2], *(f"{name} {cell}" for name, cell in named if cell), *line.story])


def cells_of(line: Line, *, now: Nanos | None) -> list[str]:
    """The cells of one figure's row, in the order of the columns; what is not known is blank.

    Where its latency will stand is, until it is out, the time that is left.
    """
    release, cause, signal = line.release, line.cause, line.signal
    is_out = line.ts_sent is not None
    left = "" if is_out or now is None else _countdown(release.ts_scheduled - now)
    ends = (
        ()
        if is_out or line.realised_bps is not None or not line.foreseen
        else (line.foreseen[0][1], line.foreseen[-1][1])
    )
    return [
        _clock(release.ts_scheduled),
        release.release_id,
        f"{cause.actual if cause and cause.actual is not None else release.actual:g}" if is_out else "",
        "" if release.consensus is None else f"{release.consensus:g}",
        _signed(cause.surprise if cause else None, "+.3g"),
        _signed(cause.surprise_z if cause else None, "+.2f"),
        (signal.verdict or "") if signal else "",
        "…".join(f"{one:+.0f}" for one in ends) or _signed(line.predicted_bps, "+.1f"),
        _signed(line.realised_bps, "+.1f"),
        left or ("" if line.latency_us is None else f"{line.latency_us:.0f} µs"),
    ]


def _clock(ts: Nanos) -> str:
    return datetime.fromtimestamp(ts // NS_PER_S, UTC).strftime("%m-%d %H:%M")


def _countdown(left_ns: Nanos) -> str:
    """``T−2.4 s`` within a minute, then minutes, hours, days."""
    seconds = max(0, left_ns) / NS_PER_S
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"T−{seconds / size:.0f} {unit}"
    return f"T−{seconds:.1f} s"


def _signed(number: float | None, form: str) -> str:
    return "" if number is None else f"{number:{form}}"

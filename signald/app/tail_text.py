"""Signals as people read them: a line each, a scenario as its ladder, and what is due next."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from signald.app.tail_status import Overheard
from signald.client.movers import movers_of
from signald.live.agenda import DueRelease
from signald.model.signals import Cause, PolicyView, Rung, Signal
from signald.model.time import NS_PER_S, Nanos, format_rfc3339

_AMBER: Final = "dark_goldenrod"  # to be read on white and on black, as a terminal's yellow is not
_STYLES: Final = {
    "up": "green",
    "down": "red",
    "no_edge": _AMBER,
    "quarantined": "magenta",
    "hold": "bold red",
    "released": f"bold {_AMBER}",
    "widen": _AMBER,
    "recover": "cyan",
    "halt": "bold white on red",
    "resume": "bold green",
    "missed": "magenta",
    "policy": "bold blue",
    "expectations": "bold blue",
    "nowcast": "bold blue",
}
_PRIMARY_S: Final = 300
_RUNGS: Final = 5  # of a ladder that are shown
_BAR: Final = 24  # characters of the longest bar
_NARROW_BAR: Final = 10
_NARROW: Final = 110  # columns below which facts go below the head, not beside it
_INDENT: Final = 20
_SHOWN_BPS: Final = 0.05  # less would be shown as 0.0
_BETWEEN: Final = "  "


def day_of(signal: Signal) -> str:
    """The day on which it happened, UTC: ``Wed 12 February 2025``."""
    day = dt.datetime.fromtimestamp(signal.ts_event // NS_PER_S, dt.UTC)
    return f"{day:%a} {day.day} {day:%B %Y}, UTC"


def lines_of(signal: Signal, *, width: int | None = None) -> Iterator[Text]:
    """One line for a signal, more where ``width`` columns do not hold it; of a scenario its ladder below it."""
    word = signal.desk.state if signal.kind == "guard" and signal.desk is not None else signal.verdict or signal.kind
    clock = format_rfc3339(signal.ts_event // NS_PER_S * NS_PER_S)[11:19]
    head = Text.assemble(
        (f"{clock} ", "dim"),
        (f"{signal.kind:<10}", _STYLES.get(signal.kind, "")),
        f" {signal.instrument or '':<22} ",
        (f"{'' if word == signal.kind else word:<12}", _STYLES.get(word, "")),
    )
    facts = [Text(fact) for fact in _facts(signal) if fact]
    if signal.flags:
        facts.append(Text(", ".join(signal.flags), style="magenta"))
    yield from _laid_out(head, facts, width)
    if isinstance(signal.ladder, dict):
        yield from _ladder(signal.ladder, _BAR if width is None or width >= _NARROW else _NARROW_BAR)


def _laid_out(head: Text, facts: Sequence[Text], width: int | None) -> Iterator[Text]:
    """``facts`` behind ``head``; those for which there is no room on lines of their own, indented."""
    indent = _INDENT if width is not None and width < _NARROW else head.cell_len
    line, is_empty = head, True
    for fact in facts:
        gap = 0 if is_empty else len(_BETWEEN)
        if width is not None and line.cell_len + gap + fact.cell_len > width and line.plain.strip():
            line.rstrip()
            yield line
            line, gap = Text(" " * indent), 0
        line.append(_BETWEEN[:gap])
        line.append_text(fact)
        is_empty = False
    line.rstrip()
    yield line


def footer(overheard: Overheard, monotonic: Nanos) -> Text:
    """Whether the daemon is there and signals go out, and what is due next: two lines at most."""
    now, silent_s = overheard.now(monotonic), overheard.silent_s(monotonic)
    if now is None:
        text = Text("no daemon was heard of", style="red")
    elif silent_s is not None:
        text = Text(f"the daemon has said nothing for {silent_s:.0f} s", style="bold white on red")
    else:
        text = next_due(overheard.calendar.releases, now)
    halted = overheard.halted
    if halted is not None:
        told = Text(f" HALTED  by {halted.by}: {halted.reason} ", style="bold white on red")
        text = Text("\n").join([told, text])
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def next_due(releases: tuple[DueRelease, ...], now: Nanos) -> Text:
    """What is due next, with the time that is left, and what is expected."""
    if not releases:
        return Text("nothing is due", style="dim")
    ts = releases[0].ts_scheduled
    due = [one for one in releases if one.ts_scheduled == ts]
    left = max(0, ts - now) // NS_PER_S
    hours, minutes, seconds = left // 3_600, left // 60 % 60, left % 60
    expected = ", ".join(
        f"{one.release_id}{'' if one.consensus is None else f' (consensus {one.consensus:g})'}" for one in due[:3]
    )
    more = f" and {len(due) - 3} more" if len(due) > 3 else ""  # noqa: PLR2004 - those that are named
    style = "bold red" if left < 60 else "bold"  # noqa: PLR2004 - a minute
    return Text.assemble((f"T−{hours:02d}:{minutes:02d}:{seconds:02d}  ", style), expected, more)


def _facts(signal: Signal) -> Iterator[str]:
    for cause in signal.causes[:3] if signal.kind != "guard" else ():
        yield _cause(cause)
    if signal.kind in {"release", "correction"}:
        at = next((one for one in signal.horizons if one.seconds == _PRIMARY_S), None)
        if at is not None:
            yield f"{at.mean_bps:+.1f} bps [{at.lo_bps:+.0f}, {at.hi_bps:+.0f}] n {at.n}"
    if signal.desk is not None:
        desk = signal.desk
        yield "" if abs(desk.quote_widen_bps or 0.0) < _SHOWN_BPS else f"widen {desk.quote_widen_bps:.1f}"
        yield "" if abs(desk.skew_bps or 0.0) < _SHOWN_BPS else f"skew {desk.skew_bps:+.1f}"
        if desk.max_size_usd is not None:
            yield f"≤ {desk.max_size_usd:,.0f} USD" if desk.max_size_usd else "no quote"
    if isinstance(signal.policy, PolicyView):
        told = signal.policy
        yield f"{told.category}, severity {told.severity:g}, stance {told.stance:+g}: {told.headline}"
    if isinstance(signal.realised_bps, float):
        yield f"realised {signal.realised_bps:+.1f} bps"
    yield from movers_of(signal)
    if isinstance(signal.held, dict) and signal.held:
        yield ", ".join(f"{seconds} s {'held' if one else 'not held'}" for seconds, one in signal.held.items())
    if isinstance(signal.by, str):
        yield f"by {signal.by}: {signal.reason}"


def _cause(cause: Cause) -> str:
    if cause.actual is None:
        return cause.release_id
    surprise = "" if cause.surprise_z is None else f" {cause.surprise_z:+.2f}σ"
    consensus = "" if cause.consensus is None else f" against {cause.consensus:g}"
    return f"{cause.release_id} {cause.actual:g}{consensus}{surprise}"


def _ladder(ladder: dict[str, Rung], bar: int) -> Iterator[Text]:
    """Some rungs from lowest to highest, each with a bar of up to ``bar`` characters to the side of its move."""
    names = list(ladder)
    step = max(1, (len(names) - 1) // (_RUNGS - 1))
    shown = names[::step]
    widest = max((abs(ladder[name].mean_bps) for name in shown), default=0.0) or 1.0
    for name in shown:
        rung = ladder[name]
        length = round(abs(rung.mean_bps) / widest * bar)
        left, right = ("█" * length, "") if rung.mean_bps < 0 else ("", "█" * length)
        yield Text.assemble(
            f"{name:>22} {rung.surprise_z:+6.2f}σ  ",
            (f"{left:>{bar}}", "red"),
            ("│", "dim"),
            (f"{right:<{bar}}", "green"),
            f" {rung.mean_bps:+7.1f} bps  {rung.verdict}",
        )

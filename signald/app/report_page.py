"""A report card for people: a few tables in the terminal, or a page."""

from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

from rich.console import Group
from rich.table import Table
from rich.text import Text

from signald.app.report_card import InstrumentCard, ReportCard, card_of
from signald.model.macro import ReleaseId
from signald.model.signals import Signal
from signald.model.time import format_rfc3339
from signald.research.report.page import number, page, section, table, tiles

_FORETOLD = ("horizon", "foretold, bps", "90 % interval", "p up", "realised, bps", "held")
_GUARD = ("state", "from, s", "for, s", "wider by, bps")
_LIQUIDITY = ("after, s", "spread, times before", "depth, times before")


def as_text(card: ReportCard) -> Group:
    """The card for a terminal."""
    parts: list[Text | Table] = [Text(card.release_id, style="bold"), Text(_facts(card))]
    for one in card.instruments:
        parts.append(Text(f"\n{one.instrument}: {_summary(one)}", style="bold"))
        if one.movers:
            parts.append(Text("; ".join(one.movers)))
        for head, rows in (
            (_FORETOLD, _foretold(one)),
            (_GUARD, _guard(one)),
            (_LIQUIDITY, _liquidity(one)),
        ):
            shown = Table(*head)
            for row in rows:
                shown.add_row(*row)
            parts.append(shown)
    return Group(*parts)


def as_page(card: ReportCard) -> str:
    """The card as one HTML document."""
    parts: list[str] = []
    for one in card.instruments:
        figures = tiles(
            [
                (number(one.saved_bps, 1), "bps saved on a quote at the touch"),
                (number(one.cost_bps, 1), "bps wider on average"),
                (number(one.guarded_s, 0), "seconds under guard"),
            ]
        )
        drivers = ", ".join(f"{each.release_id} {each.contribution_bps:+.1f} bps" for each in one.drivers)
        parts.append(
            section(
                one.instrument,
                _summary(one),
                figures,
                table(_FORETOLD, _escaped(_foretold(one))),
                f"<p class=note>{escape(drivers or 'nothing was attributed')}</p>",
                f"<p class=note>{escape('; '.join(one.movers))}</p>",
                table(_GUARD, _escaped(_guard(one))),
                table(_LIQUIDITY, _escaped(_liquidity(one))),
            )
        )
    foot = "From the journal alone; what is saved and what it costs is defined in <code>docs/report-card.md</code>."
    return page(f"Report card: {card.release_id}", _facts(card), parts, foot=foot)


def report_of(signals: Sequence[Signal], release_id: ReleaseId) -> str | None:
    """A release's card as a page, from documents in the order in which they were said; for "" a list of releases.

    ``None`` if no figure of that release was scored.
    """
    scored = [one for one in signals if one.kind in {"release", "correction"} and "test" not in one.flags]
    known = dict.fromkeys(cause.release_id for one in reversed(scored) for cause in one.causes)
    if release_id:
        return as_page(card_of(signals, release_id)) if release_id in known else None
    rows = [[f'<a href="/reports/{escape(quote(one, safe=":."))}">{escape(one)}</a>'] for one in known]
    lead = "The newest first; those of the last 4,000 documents." if rows else "No figure was scored yet."
    return page("Report cards", lead, [table(("release",), rows)], foot="<code>docs/report-card.md</code>")


def _facts(card: ReportCard) -> str:
    figures = "; ".join(
        f"{one.release_id} {one.actual:g} against {'nothing' if one.consensus is None else f'{one.consensus:g}'}"
        for one in card.figures
        if one.actual is not None
    )
    return (
        f"{format_rfc3339(card.ts_scheduled)}: {figures}. It was here {card.arrived_after_ms:.1f} ms after T0, "
        f"{card.source_after_ms:.1f} ms after its source's own time."
        + (f" {card.unread} documents were written by another version and are not read here." if card.unread else "")
    )


def _summary(one: InstrumentCard) -> str:
    sure = "" if one.confidence is None else f" with {one.confidence:.0%}"
    saved = "unknown" if one.saved_bps is None else f"{one.saved_bps:.1f} bps"
    cost = "unknown" if one.cost_bps is None else f"{one.cost_bps:.1f} bps"
    doubts = f"; {', '.join(one.flags)}" if one.flags else ""
    over = "" if one.is_over else "; its outcome is still to come"
    return f"{one.verdict}{sure}; guard saved {saved}, cost {cost} over {one.guarded_s:.0f} s{doubts}{over}"


def _foretold(one: InstrumentCard) -> Iterator[tuple[str, ...]]:
    for each in one.horizons:
        held = "" if each.held is None else "yes" if each.held else "NO"
        interval = f"{number(each.lo_bps, 0, sign=True)} to {number(each.hi_bps, 0, sign=True)}"
        yield (
            *(f"{each.seconds} s", number(each.mean_bps, 1, sign=True), interval),
            *(number(each.p_up), number(each.realised_bps, 1, sign=True), held),
        )


def _guard(one: InstrumentCard) -> Iterator[tuple[str, ...]]:
    for each in one.guard:
        yield each.state, number(each.from_s, 1, sign=True), number(each.seconds, 1), number(each.widen_bps, 1)


def _liquidity(one: InstrumentCard) -> Iterator[tuple[str, ...]]:
    for each in one.liquidity:
        yield str(each.after_s), number(each.spread_ratio), number(each.depth_ratio)


def _escaped(rows: Iterator[Sequence[str]]) -> Iterator[list[str]]:
    return ([escape(cell) for cell in row] for row in rows)

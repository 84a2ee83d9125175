"""A gate's result for people and for build servers: Markdown, and JUnit's XML."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from signald.app.ci.gate import Check, GateResult
from signald.model.time import NS_PER_S
from signald.research.calibrate import PRIMARY_S
from signald.research.paired import Compared, Gain, Scored
from signald.research.score_table import SCORES
from signald.research.skill import HorizonScores, Interval

_SHOWN_CHANGES: Final = 20


def render_markdown(result: GateResult, *, base: GateResult | None = None) -> str:
    """The summary that a pull request shows."""
    return "\n".join(_lines(result, base)) + "\n"


def render_junit(result: GateResult) -> bytes:
    """The checks as JUnit XML: one suite a part, one case a check."""
    root = ET.Element("testsuites", name="signald ci", tests=str(len(result.checks)), failures=_failures(result.checks))
    for part in dict.fromkeys(check.part for check in result.checks):
        of = [check for check in result.checks if check.part == part]
        suite = ET.SubElement(root, "testsuite", name=part, tests=str(len(of)), failures=_failures(of))
        for check in of:
            case = ET.SubElement(suite, "testcase", classname=f"signald.{part}", name=check.name)
            if check.passed:
                ET.SubElement(case, "system-out").text = check.said
            else:
                ET.SubElement(case, "failure", message=check.said)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _failures(checks: tuple[Check, ...] | list[Check]) -> str:
    return str(sum(not check.passed for check in checks))


def _lines(result: GateResult, base: GateResult | None) -> Iterator[str]:
    yield f"## signald: {'passed' if result.passed else 'failed'}"
    yield ""
    yield "| | check | seen |"
    yield "| --- | --- | --- |"
    for check in result.checks:
        yield f"| {'✅' if check.passed else '❌'} | {check.part}: {_cell(check.name)} | {_cell(check.said)} |"
    if result.backtest is not None:
        yield from _scores(result.backtest.horizons)
    if base is not None:
        yield from _against(result, base)


def _scores(horizons: dict[str, HorizonScores]) -> Iterator[str]:
    yield ""
    yield f"| score (90 % interval) | {' | '.join(f'{seconds} s, n = {of.n}' for seconds, of in horizons.items())} |"
    yield f"| --- |{' ---: |' * len(horizons)}"
    for name, title in SCORES:
        yield f"| {title} | {' | '.join(_score(name, of) for of in horizons.values())} |"


def _score(name: str, of: HorizonScores) -> str:
    value: float | None = getattr(of, name)
    interval = of.intervals.get(name, Interval())
    if value is None or interval.lo is None or interval.hi is None:
        return "–"
    return f"{value:.3f} ({interval.lo:.2f} … {interval.hi:.2f})"


def _against(result: GateResult, base: GateResult) -> Iterator[str]:
    yield ""
    yield "### Against base"
    yield ""
    for seconds, of in result.compared.items():
        yield f"- {seconds} s: {_compared(of)}"
    if result.replay is not None and base.replay is not None:
        if result.changed:
            names = ", ".join(f"`{name}`" for name in result.changed[:_SHOWN_CHANGES])
            more = len(result.changed) - _SHOWN_CHANGES
            yield f"- documents differ for {names}{f' and {more} more' if more > 0 else ''}"
        else:
            yield "- the documents are the same"
    seconds = str(PRIMARY_S)
    rows = _largest(result.predictions.get(seconds, ()), base.predictions.get(seconds, ()))
    if rows:
        yield ""
        yield f"| release, {seconds} s | base, bp | now, bp | came, bp | CRPS gained, bp |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        for now, before in rows:
            yield (
                f"| {_time(now.ts)} | {before.mean:+.1f} ± {before.scale:.1f} | {now.mean:+.1f} ± {now.scale:.1f}"
                f" | {now.move:+.1f} | {before.crps - now.crps:+.2f} |"
            )


def _compared(of: Compared) -> str:
    if not of.changed:
        return f"all {of.n} predictions are the same"
    return (
        f"{of.changed} of {of.n} predictions changed; CRPS {_gain(of.crps, percent=True)}, log score"
        f" {_gain(of.log_score)} nats"
    )


def _gain(gain: Gain, *, percent: bool = False) -> str:
    mean, lo, hi = (f"{one:+.1%}" if percent else f"{one:+.3f}" for one in (gain.mean, gain.lo, gain.hi))
    judged = ("better" if gain.mean > 0.0 else "worse") if gain.beyond_noise else "no more than noise"
    return f"{mean} ({lo} … {hi}: {judged})"


def _largest(ours: tuple[Scored, ...], theirs: tuple[Scored, ...]) -> list[tuple[Scored, Scored]]:
    """Predictions that changed, those first whose score did most."""
    before = {one.ts: one for one in theirs}
    pairs = [(one, before[one.ts]) for one in ours if one.ts in before]
    changed = [(now, was) for now, was in pairs if (now.mean, now.scale) != (was.mean, was.scale)]
    return sorted(changed, key=lambda pair: (-abs(pair[0].crps - pair[1].crps), pair[0].ts))[:_SHOWN_CHANGES]


def _time(ts: int) -> str:
    return datetime.fromtimestamp(ts / NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

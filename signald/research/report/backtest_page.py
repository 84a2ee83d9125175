"""A backtest for people: what was predicted, what came, and how much of the difference chance can explain."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from types import MappingProxyType

from signald.model.expectations import CutsModel
from signald.model.parameters import SourceFile
from signald.model.time import NS_PER_S, Nanos
from signald.research.backtest import BacktestResult, Examined
from signald.research.cuts import sentences
from signald.research.judging import Judged
from signald.research.recorded import Recorded
from signald.research.report.backtest_sections import show_by_indicator, show_placebo, show_power, show_strategy
from signald.research.report.charts import Chart, axis_over, dated
from signald.research.report.delay_section import show_delay
from signald.research.report.figures import pit_figure, reliability_figure
from signald.research.report.page import charts, figure, key, number, page, percent, section, table, tiles
from signald.research.report.strips import show_strips
from signald.research.score_table import SCORES
from signald.research.scores import quantiles
from signald.research.skill import HorizonScores, Interval


def render_backtest(
    examined: Examined,
    sources: Sequence[SourceFile],
    *,
    what: str,
    recorded: Mapping[Nanos, Recorded] = MappingProxyType({}),
) -> str:
    """The report as one HTML document.

    Args:
        examined: What was found.
        sources: The files it rests on.
        what: The releases in a few words.
        recorded: What journals have of them.
    """
    result = examined.result
    seconds = result.strategy.seconds
    judged = examined.judged[seconds]
    moments = [examined.ts[row] for row in judged.rows]
    how = f"model {result.model} as it stands" if result.model else "walking forward"
    title = f"{result.asset} after US releases: backtest"
    span = f"{_day(result.first)} to {_day(result.last)}" if result.first and result.last else "nothing scored"
    subtitle = f"{span} · {len(moments)} release times, {result.releases} figures · {what} · {how}"
    parts = [_summary(result), _scores(result)]
    if moments:
        parts += [
            _predictions(judged, moments, seconds),
            _probabilities(result.horizons[str(seconds)], judged),
            show_by_indicator(result, seconds),
            show_strategy(examined, seconds),
        ]
    parts += [show_delay(result.delay)] if result.delay is not None else []
    parts += [_expectations(result.expectations)] if result.expectations is not None else []
    parts += [show_placebo(examined), show_power(result, seconds)]
    parts += [show_strips(examined, recorded, seconds)] if moments else []
    return page(title, subtitle, parts, foot=_foot(sources, result))


def _expectations(found: CutsModel) -> str:
    lead = (
        "The change in the cuts that futures price over the minutes after a release, as one more regressor of the same"
        " move: known only when the move is over, so no prediction here has it."
    )
    return section("What priced cuts explain", lead, *(f"<p>{escape(one)}</p>" for one in sentences(found)))


def _summary(result: BacktestResult) -> str:
    primary = result.horizons[str(result.strategy.seconds)]
    placebo = result.placebo.get("all")
    shown = [
        (percent(primary.crps_skill_vs_zero, sign=True), "CRPS better than a zero mean"),
        (number(primary.log_score_skill_vs_zero, 3, sign=True), "nats of log score gained on it"),
        (percent(primary.crps_skill_vs_ols, sign=True), "CRPS better than least squares"),
        (percent(primary.coverage_90), "of moves within 90 % intervals"),
        (number(result.strategy.deflated_sharpe), f"deflated Sharpe, {result.strategy.trials} trials"),
        (percent(placebo.rejections, 1) if placebo else "–", "rejections on placebo days, 5 % due"),
    ]
    return tiles(shown) + f"<p>{escape(' '.join(_say(result, primary)))}</p>"


def _say(result: BacktestResult, primary: HorizonScores) -> Iterator[str]:
    minutes = f"{result.strategy.seconds // 60}-minute"
    interval = primary.intervals.get("crps_skill_vs_zero", Interval())
    skill = primary.crps_skill_vs_zero
    if skill is None or interval.lo is None or interval.hi is None:
        yield "Nothing could be scored: no release of this kind lies within calendars and prices."
        return
    between = f"{percent(interval.lo, sign=True)} to {percent(interval.hi, sign=True)} in 90 of 100 redrawn samples"
    yield f"Over the {minutes} move of {result.asset} the model's CRPS is {percent(abs(skill))}"
    yield f"{'better' if skill >= 0.0 else 'worse'} than that of a zero mean with the same kind of law ({between})."
    if interval.lo > 0.0:
        yield "The whole interval is on the good side: which releases happened to come does not explain it."
    elif interval.hi < 0.0:
        yield "The whole interval is on the bad side: predicting nothing would have been better."
    else:
        yield "The interval holds zero: these releases alone do not tell this skill from none."
    if primary.power.crps_skill is not None:
        least = percent(primary.power.crps_skill)
        yield f"With {primary.n} release times only a skill of {least} or more would be likely to show."


def _scores(result: BacktestResult) -> str:
    head = ("", *(f"{int(one) // 60} min, n = {of.n}" for one, of in result.horizons.items()))
    rows = [(escape(name), *(_cell(score, of) for of in result.horizons.values())) for score, name in SCORES]
    lead = (
        "Each score with the interval that holds it in 90 of 100 samples of release times drawn anew. Skill and gain"
        " are positive where the model is better. Zero: the same kind of law around zero, learnt alike. Least squares:"
        " all releases so far, nothing shrunk. Sign: least squares on the signs of the surprises."
    )
    return section("Scores", lead, table(head, rows))


def _cell(score: str, of: HorizonScores) -> str:
    value: float | None = getattr(of, score)
    interval = of.intervals.get(score, Interval())
    if value is None:
        return "–"
    count = f" of {of.hits_n}" if score == "hit_rate" else ""
    around = f"{number(interval.lo)} … {number(interval.hi)}{count}"
    return f"{number(value, 3)}<small>{around}</small>"


def _predictions(judged: Judged, moments: Sequence[Nanos], seconds: int) -> str:
    lo, hi = quantiles(judged.model, 0.05).tolist(), quantiles(judged.model, 0.95).tolist()
    mean, moves = judged.model.mean.tolist(), judged.moves.tolist()
    at = [one / NS_PER_S for one in moments]
    y = axis_over([*lo, *hi, *moves], "move, bp")
    strip = Chart(dated(moments[0], moments[-1]), y, width=880.0, height=260.0)
    strip.level(0.0)
    for one, low, high in zip(at, lo, hi, strict=True):
        strip.stem(one, low, high)
    titles = [
        f"{_day(ts)}: predicted {number(one, 1, sign=True)} bp, came {number(move, 1, sign=True)} bp"
        for ts, one, move in zip(moments, mean, moves, strict=True)
    ]
    strip.points(at, mean, titles, of="a")
    strip.points(at, moves, titles, of="b")
    caption = key("a", "predicted mean, with its 90 % interval") + key("b", "what came")
    return section(
        "Predicted and realised",
        f"The move from each release to {seconds // 60} minutes later.",
        figure("Release by release", strip.render("predicted and realised moves over time"), caption),
    )


def _probabilities(scores: HorizonScores, judged: Judged) -> str:
    return section(
        "Are the probabilities right?",
        "If they are, the line on the left stays near the diagonal and the bars on the right are level, within the grey"
        " of chance.",
        charts((reliability_figure(scores, judged), pit_figure(scores))),
    )


def _foot(sources: Sequence[SourceFile], result: BacktestResult) -> str:
    files = "".join(f"<div>{escape(one.name)} <code>{one.sha256}</code></div>" for one in sources)
    return (
        f"<p>All figures of one minute are one fold; a move is learnt from {result.embargo_s} s after it was over, not"
        " earlier. Scores: Gneiting &amp; Raftery (2007); reliability: Dimitriadis, Gneiting &amp; Jordan (2021);"
        " intervals: Efron (1981); deflated Sharpe ratio: Bailey &amp; López de Prado (2014). SHA-256 of what this"
        " rests on:</p>"
        f"{files}"
    )


def _day(ts: Nanos | None) -> str:
    return "–" if ts is None else datetime.fromtimestamp(ts / NS_PER_S, UTC).strftime("%-d %b %Y")

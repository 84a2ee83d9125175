"""The figures as a page of the documentation: nothing stands there but what one run said, and when."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from signald.model.time import format_rfc3339

_NAMES: Final = {"p50": "p50", "p99": "p99", "p999": "p99.9"}
_RATIOS: Final = {"floor": "floor", "idiom": "idiom", "plain": "plain"}


def write_markdown(result: Mapping[str, Any], path: Path) -> None:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_page(result)) + "\n", encoding="utf-8")


def _page(result: Mapping[str, Any]) -> Iterator[str]:
    machine = result["machine"]
    yield from (
        "# Latency, as measured",
        "",
        "Made by `signald bench path --markdown docs/latency.md`; nothing here is written by hand.",
        "[Make the path short](howto/low-latency.md) says what the rows are and how to change them.",
        "",
        f"- When: {format_rfc3339(result['ts'])}",
        f"- Machine: {machine['processor']}, {machine['cores']} cores, {machine['system']}, {machine['python']}",
        f"- Versions: {', '.join(f'{name} {version}' for name, version in machine['versions'].items())}",
        f"- {result['rate']:.0f} releases a second, open loop, in {result['rounds']} rounds; publisher, broker,",
        "  daemon, Redis and consumer are processes of their own on loopback; all metrics are scraped each second",
        "",
        "Microseconds from the call that sends a release to the coming of its signal at the consumer. `signald` scores",
        "and journals; `floor` is blocking sockets that do neither; `idiom` is the program one would write first;",
        "`one_loop` is signald in a single process. A ratio is the median over the rounds of p50 / p99 / p99.9 to that",
        "side; `plain` is signald's own case of QoS 1, with what its p99 lies within at 95 %, by the rounds.",
        "",
    )
    for servers in dict.fromkeys(run["servers"] for run in result["runs"]):
        yield from (f"## {servers}", "", *_table([run for run in result["runs"] if run["servers"] == servers]), "")
    yield from _rest(result)


def _table(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| case | side | n | lost | p50 | p99 | p99.9 | ratios | frames/s |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for run in runs:
        for side, us in run["us"].items():
            ours = side == "signald"
            ratios = [_ratio(name, run[f"ratio_to_{name}"]) for name in _RATIOS if ours and f"ratio_to_{name}" in run]
            if ours and "p99_to_plain_within" in run:
                ratios.append("p99 {:.2f} to {:.2f}".format(*run["p99_to_plain_within"]))
            frames = run.get("frames_per_s" if ours else "one_loop_frames_per_s", "")
            figures = " | ".join(f"{us[name]:.0f}" for name in _NAMES)
            lost = run["lost"][side]
            yield f"| {run['case']} | {side} | {run['n']} | {lost} | {figures} | {'; '.join(ratios)} | {frames} |"


def _ratio(name: str, ratio: Mapping[str, float]) -> str:
    return f"{name} " + " / ".join(f"{ratio[one]:.2f}" for one in _NAMES)


def _rest(result: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## From exec to ready", "", "| daemon | seconds |", "| --- | --- |")
    yield from (f"| {name} | {took} |" for name, took in result["ready_s"].items())
    yield from ("", "## What may not happen meanwhile", "")
    names = list(dict.fromkeys(name for told in result["health"].values() for name in told))
    yield "| metric | " + " | ".join(result["health"]) + " |"
    yield "| --- |" + " --- |" * len(result["health"])
    for name in names:
        yield f"| `{name}` | " + " | ".join(f"{told.get(name, 0):g}" for told in result["health"].values()) + " |"
    if "long_run" in result:
        yield from ("", *_long_run(result["long_run"]))
    if result["missing"]:
        yield from ("", f"Not measured: {'; '.join(result['missing'])}")


def _long_run(run: Mapping[str, Any]) -> Iterator[str]:
    figures = " / ".join(f"{run['us'][name]:.0f}" for name in _NAMES)
    yield from ("## A long run", "", "| what | |", "| --- | --- |")
    yield f"| minutes, with releases a second | {run['minutes']}, {run['rate']:.0f} |"
    yield f"| releases, lost | {run['n']}, {run['lost']} |"
    yield f"| p50 / p99 / p99.9 | {figures} |"
    yield from (f"| `{name}` | {value:g} |" for name, value in {**run["happened"], **run["longest"]}.items())

"""The path's histograms as the metrics' endpoint has them, asked for while somebody looks."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from signald.transports.http_client import HttpClient

_EVERY_S: Final = 2.0
_BUCKET: Final = re.compile(r"^signald_stage_seconds_bucket\{([^}]*)\} ([0-9.e+]+)", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')
_SHARES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


async def watch_latency(
    client: HttpClient, *, is_wanted: Callable[[], bool], tell: Callable[[Mapping[str, Any]], None]
) -> None:
    """Ask every two seconds for ever, and ``tell`` what there is; nobody is asked while nobody wants it."""
    while True:
        if is_wanted():
            fetched = await client.get("/metrics")
            if fetched.body:
                tell(latency_view(fetched.body.decode()))
        await asyncio.sleep(_EVERY_S)


def latency_view(text: str) -> dict[str, Any]:
    """Each stage's durations: how many, percentiles (upper bounds of buckets), and what each bucket holds.

    Everything is in microseconds; a bucket is its upper bound and how many fell into it and no lower one. What lies
    beyond the last bound has none and is counted at it.
    """
    stages: dict[str, list[tuple[float, float]]] = {}
    for labels, count in _BUCKET.findall(text):
        named = dict(_LABEL.findall(labels))
        stages.setdefault(named["stage"], []).append((float(named["le"]) * 1e6, float(count)))
    return {stage: _stage_view(sorted(buckets)) for stage, buckets in stages.items()}


def _stage_view(buckets: Sequence[tuple[float, float]]) -> dict[str, Any]:
    *finite, (_, total) = buckets
    below = [(0.0, 0.0), *finite]
    within = [(round(bound, 3), count - before) for (_, before), (bound, count) in pairwise(below) if count > before]
    if finite and total > finite[-1][1]:
        within.append((round(finite[-1][0], 3), total - finite[-1][1]))
    return {
        "n": total,
        "buckets": within,
        **{name: _percentile(finite, share * total) for name, share in _SHARES.items() if total},
    }


def _percentile(buckets: Sequence[tuple[float, float]], rank: float) -> float:
    return round(next((bound for bound, count in buckets if count >= rank), buckets[-1][0]), 3)

"""Plays the rounds and says what came of them."""

import math
import statistics
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from signald.bench.machine import describe_machine
from signald.bench.path.cases import ONE_LOOP, Turn, flood_rates, people
from signald.bench.path.world import SERVERS, SYMBOLS, Party, World
from signald.errors import ConfigError
from signald.model.time import NS_PER_S, NS_PER_US
from signald.runtime.clock import LiveClock

PERCENTILES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999}

_WARM: Final = 200  # releases of each side that are not counted
_WEIGHED_S: Final = 1.5  # seconds of releases by which it is known what the path takes
_PACKAGES: Final = ("signald", "aiomqtt", "redis", "hiredis", "msgspec", "numba", "numpy", "uvloop")
_MAIN: Final = next(iter(SERVERS))


class Measured:
    """Latencies of one side of one case, in nanoseconds, round by round."""

    def __init__(self) -> None:
        """Begin with none."""
        self.rounds: list[list[int]] = []
        self.lost = 0
        self.frames = 0
        self.seconds = 0.0
        self.rate = 0.0

    def us(self) -> dict[str, float]:
        """Percentiles of all rounds together, in microseconds."""
        together = sorted(latency for latencies in self.rounds for latency in latencies)
        return {name: round(rank(together, share) / NS_PER_US, 1) for name, share in PERCENTILES.items()}

    def to(self, other: "Measured") -> dict[str, float]:
        """Median over the rounds of the ratio to ``other``: what both met in one round cancels out."""
        return {
            name: round(
                statistics.median(
                    rank(sorted(one), share) / rank(sorted(two), share)
                    for one, two in zip(self.rounds, other.rounds, strict=True)
                ),
                3,
            )
            for name, share in PERCENTILES.items()
        }

    def p99_within(self, other: "Measured") -> tuple[float, float]:
        """Between what the median over the rounds of the ratio of p99 lies, at 95 %: the rounds say how sure it is.

        The ranks n/2 -+ 0.98 sqrt(n), whatever the ratios' distribution is (W. J. Conover, Practical Nonparametric
        Statistics, 3rd ed., 3.2); of few rounds the least and the greatest.
        """
        share = PERCENTILES["p99"]
        ratios = sorted(
            rank(sorted(one), share) / rank(sorted(two), share)
            for one, two in zip(self.rounds, other.rounds, strict=True)
        )
        half, wide = len(ratios) / 2, 0.98 * math.sqrt(len(ratios))
        low, high = max(math.floor(half - wide), 0), min(math.ceil(half + wide), len(ratios) - 1)
        return round(ratios[low], 3), round(ratios[high], 3)


def bench_path(
    *,
    releases: int,
    rounds: int,
    rate: float,
    servers: Sequence[str] = tuple(SERVERS),
    with_console: bool = False,
    without_movers: bool = False,
) -> dict[str, Any]:
    """Measure ``releases`` of each side of each case, in ``rounds``, ``rate`` a second, on these pairs of servers.

    ``with_console`` adds the case of a daemon whose console twenty pages look at, ``without_movers`` one that looks at
    figures only.

    Raises:
        ConfigError: No pair of servers is installed.
        CheckFailedError: A process of the bench would not run.
    """
    runs: list[dict[str, Any]] = []
    ready_s: dict[str, float] = {}
    health: dict[str, dict[str, float]] = {}
    missing: list[str] = []
    for pair in servers:
        try:
            with World(pair) as world:
                turns = people(
                    world,
                    wide=pair == _MAIN,
                    with_console=with_console,
                    without_movers=without_movers and pair == _MAIN,
                )
                measured = play(world, turns, releases=releases, rounds=rounds, rate=rate)
                runs += _runs(pair, turns, measured)
                ready_s |= {f"{name}, {pair}": took for name, took in world.ready_s.items()}
                health |= {f"{name}, {pair}": _health(read) for name, read in world.scrapes.items()}
        except ConfigError as error:
            missing.append(f"{pair}: {error}")
    if not runs:
        where = "servers"
        raise ConfigError(where, "; ".join(missing))
    return {
        **_headline(runs),
        "runs": runs,
        "ready_s": {name: round(took, 2) for name, took in ready_s.items()},
        "health": health,
        "missing": missing,
        "rate": rate,
        "rounds": rounds,
        "ts": LiveClock.now(),
        "machine": describe_machine(*_PACKAGES)._asdict(),
    }


def rank(ordered: Sequence[int], share: float) -> float:
    """Nearest-rank percentile; NaN of nothing."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan


def play(
    world: World, turns: Sequence[Turn], *, releases: int, rounds: int, rate: float, rest_s: float = 0.0
) -> dict[Turn, Measured]:
    """Measure ``releases`` of each turn in ``rounds``, with a rest after each."""
    sent = dict.fromkeys(world.parties, 0)

    def warm(name: str, count: int = _WARM) -> None:
        _take_turn(world, Turn("", "", name, 1), sent, Measured(), count=count, rate=rate)

    for name in world.parties:
        warm(name)
    rates = flood_rates(world, turns, lambda name: warm(name, round(_WEIGHED_S * rate)))
    measured = {turn: Measured() for turn in turns}
    for turn, rate_of in ((turn, rates[turn.flood]) for turn in turns if turn.flood):
        measured[turn].rate = rate_of
    for number in range(rounds):
        # Whoever comes first in one round comes last in the next: a machine that slows down treats all alike.
        for turn in turns if number % 2 == 0 else reversed(turns):
            _take_turn(world, turn, sent, measured[turn], count=max(releases // rounds, 1), rate=rate)
            threading.Event().wait(rest_s)
    return measured


def _take_turn(world: World, turn: Turn, sent: dict[str, int], into: Measured, *, count: int, rate: float) -> None:
    party = world.parties[turn.party]
    world.await_release(party)
    if turn.flood:
        world.flood.do(name=party.name, rate=into.rate, bursts=turn.flood == "bursts")
    began = LiveClock.now()
    with world.looking_on(party, turn.pages):
        play_round(world, party, sent, into, count=count, rate=rate, qos=turn.qos)
    if turn.flood:
        into.frames += world.flood.do(name=party.name, rate=0.0, bursts=False)["sent"]
        into.seconds += (LiveClock.now() - began) / NS_PER_S


def play_round(
    world: World, party: Party, sent: dict[str, int], into: Measured, *, count: int, rate: float, qos: int = 1
) -> None:
    """Send ``count`` releases to ``party``, beyond those it was ``sent``, and measure when each one's signal comes."""
    party.consumer.tell(count=count, timeout_s=count / rate + 8.0, since=LiveClock.now())
    order = {"prefix": party.prefix, "releases": world.releases, "first": sent[party.name], "count": count}
    world.publisher.do(**order, rate=rate, qos=qos)
    latencies: list[int] = party.consumer.hear()["latencies"]
    sent[party.name] += count
    into.rounds.append(latencies)
    into.lost += count - len(latencies)


def _runs(servers: str, turns: Sequence[Turn], measured: Mapping[Turn, Measured]) -> list[dict[str, Any]]:
    cases: dict[str, dict[str, Measured]] = {}
    for turn in turns:
        cases.setdefault(turn.case, {})[turn.side] = measured[turn]
    plain = cases["qos 1"]["signald"]
    return [run_of(servers, case, sides, plain) for case, sides in cases.items()]


def run_of(servers: str, case: str, sides: Mapping[str, Measured], plain: Measured) -> dict[str, Any]:
    """What is said of one case; ``plain`` is what signald's is compared with."""
    ours = sides["signald"]
    run: dict[str, Any] = {
        "servers": servers,
        "case": case,
        "n": sum(map(len, ours.rounds)),
        "lost": {side: measured.lost for side, measured in sides.items()},
        "us": {side: measured.us() for side, measured in sides.items()},
        "histograms": {side: histogram(measured) for side, measured in sides.items()},
    }
    for side in ("floor", "idiom"):
        if side in sides:
            run[f"ratio_to_{side}"] = ours.to(sides[side])
    if ours is not plain:
        run["ratio_to_plain"] = ours.to(plain)
        run["p99_to_plain_within"] = ours.p99_within(plain)
    if ours.seconds:
        run["frames_ordered_per_s"] = round(ours.rate * len(SYMBOLS))
        run["frames_per_s"] = round(ours.frames / ours.seconds)
        run["one_loop_frames_per_s"] = round(sides[ONE_LOOP].frames / sides[ONE_LOOP].seconds)
    return run


def _headline(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The contract's top level: QoS 1 on Mosquitto and redis-server, or on what there is."""
    main = runs[0]
    burst = [run for run in runs if "frames_per_s" in run]
    idle = next((run for run in runs if run["case"] == f"{len(SYMBOLS)} instruments"), main)
    return {
        "us": main["us"],
        "ratio_to_floor": main["ratio_to_floor"],
        "ratio_to_idiom": main["ratio_to_idiom"],
        "burst": _burst(burst, idle["us"]["signald"]) if burst else None,
    }


def _burst(runs: Sequence[Mapping[str, Any]], idle: Mapping[str, float]) -> dict[str, Any]:
    """What a flood of frames does to a release: a steady one at the top, bursts below."""

    def to_idle(run: Mapping[str, Any], side: str) -> dict[str, float]:
        return {f"{name}_to_idle": round(us / idle[name], 3) for name, us in run["us"][side].items()}

    steady, *others = (
        {
            "frames_per_s": run["frames_per_s"],
            "frames_ordered_per_s": run["frames_ordered_per_s"],
            **to_idle(run, "signald"),
            ONE_LOOP: {"frames_per_s": run["one_loop_frames_per_s"], **to_idle(run, ONE_LOOP)},
        }
        for run in runs
    )
    return {**steady, **{run["case"].rpartition(" ")[2]: told for run, told in zip(runs[1:], others, strict=True)}}


def histogram(measured: Measured) -> list[tuple[float, int]]:
    """Upper bounds in microseconds, sixteen to each doubling, and how many latencies lie below each and no other."""
    counts: dict[int, int] = {}
    for latencies in measured.rounds:
        for latency in latencies:
            bucket = math.ceil(16 * math.log2(max(latency, 1) / NS_PER_US))
            counts[bucket] = counts.get(bucket, 0) + 1
    return [(round(2 ** (bucket / 16), 1), count) for bucket, count in sorted(counts.items())]


def _health(read: Mapping[str, float]) -> dict[str, float]:
    """What may not happen while it runs, as the daemon's metrics say it."""
    wanted = ("compilations_after_ready", "stall", "gc_")
    return {name: value for name, value in read.items() if any(word in name for word in wanted)}


def sections(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The result as lines for people."""
    lines: list[tuple[str, str]] = []
    for run in result["runs"]:
        for side, us in run["us"].items():
            figures = "  ".join(f"{name} {value:>9.1f} µs" for name, value in us.items())
            lines.append((f"{run['servers']}, {run['case']}: {side}", f"{figures}  n {run['n']}"))
        for name in ("floor", "idiom", "plain"):
            if f"ratio_to_{name}" in run:
                ratios = "  ".join(f"{key} {value}" for key, value in run[f"ratio_to_{name}"].items())
                if name == "plain":
                    ratios += "  p99 within {} and {} (95 %)".format(*run["p99_to_plain_within"])
                lines.append((f"{run['servers']}, {run['case']}: to {name}", ratios))
    if "long_run" in result:
        run = result["long_run"]
        told = run["happened"] | run["longest"] | {"lost": run["lost"]}
        lines += [(f"in {run['minutes']} minutes: {name}", f"{value:g}") for name, value in told.items()]
    return lines

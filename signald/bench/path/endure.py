"""A long quiet run: what may not happen in minutes of it, and whether it did."""

from typing import Any, Final

from signald.bench.path.measure import Measured, play_round
from signald.bench.path.world import SYMBOLS, World, read_metrics
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock

_NAME: Final = "signald-endures"
_RATE: Final = 20.0  # releases a second
_ROUND_S: Final = 10.0
_COUNTED: Final = (
    "signald_gc_full_total",
    "signald_compilations_after_ready",
    "signald_stalls_total",
    "signald_stalls_elsewhere_total",
    "signald_gc_pauses_total",
)
_LONGEST: Final = ("signald_longest_stall_seconds", "signald_gc_longest_pause_seconds")


def endure(servers: str, *, minutes: float) -> dict[str, Any]:
    """Send releases to a daemon with eight books for so long; its metrics are read every second.

    Raises:
        ConfigError: The servers are not installed.
        CheckFailedError: A process of the bench would not run.
    """
    measured, sent = Measured(), {_NAME: 0}
    with World(servers) as world:
        world.add_signald(_NAME, symbols=SYMBOLS)
        party = world.parties[_NAME]
        count = round(_RATE * min(_ROUND_S, minutes * 60))
        world.await_release(party)
        play_round(world, party, sent, Measured(), count=count, rate=_RATE)
        before, began = read_metrics(party.metrics_port), LiveClock.monotonic()
        while (LiveClock.monotonic() - began) / NS_PER_S < minutes * 60:
            play_round(world, party, sent, measured, count=count, rate=_RATE)
        took_s = (LiveClock.monotonic() - began) / NS_PER_S
        after = read_metrics(party.metrics_port)
    return {
        "servers": servers,
        "minutes": round(took_s / 60, 2),
        "rate": _RATE,
        "n": sum(map(len, measured.rounds)),
        "lost": measured.lost,
        "us": measured.us(),
        "happened": {name: after[name] - before[name] for name in _COUNTED},
        "longest": {name: after[name] for name in _LONGEST},
    }

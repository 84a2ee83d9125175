"""Weighs the keys of ``live`` that ask something of the machine: each beside the same daemon without it."""

from collections.abc import Mapping
from typing import Any, Final

from signald.bench.path.cases import Turn
from signald.bench.path.measure import play, run_of
from signald.bench.path.world import World
from signald.errors import CheckFailedError

_BUSY: Final = "busy_poll_s"
_KEYS: Final[Mapping[str, object]] = {
    "turn_us": 100,
    "cpus": [0],
    "realtime_priority": 10,
    "lock_memory": True,
    _BUSY: 2.0,  # beyond a round: all of it lies around a release that is due
}
_BESIDES_S: Final = 2.0  # after a round, until whoever polled sleeps


def weigh_keys(servers: str, missing: list[str], *, releases: int, rounds: int, rate: float) -> list[dict[str, Any]]:
    """A run of each key, in a world of its own; what this machine does not grant is added to ``missing``.

    Raises:
        ConfigError: The servers are not installed.
        CheckFailedError: A process of the bench would not run.
    """
    runs: list[dict[str, Any]] = []
    for key, told in _KEYS.items():
        value = 2.0 + releases / rounds / rate if key == _BUSY else told
        with World(servers) as world:
            world.add_signald("signald")
            try:
                world.add_signald("signald-keyed", live={key: value})
            except CheckFailedError as error:
                missing.append(f"live.{key}: {error}")
                continue
            plain = Turn(f"without live.{key}", "signald", "signald", 1)
            keyed = Turn(f"live.{key} = {value}", "signald", "signald-keyed", 1)
            rest_s = 2.0 + _BESIDES_S if key == _BUSY else 0.0
            measured = play(world, [plain, keyed], releases=releases, rounds=rounds, rate=rate, rest_s=rest_s)
            runs += [
                run_of(servers, turn.case, {"signald": measured[turn]}, measured[plain]) for turn in (plain, keyed)
            ]
    return runs

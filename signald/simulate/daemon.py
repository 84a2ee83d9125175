"""The real daemon as the demo's child process: ``signald run`` on a configuration written for it."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from signald.config import ENV_PREFIX
from signald.simulate.child import LOOPBACK, Plan, Server
from signald.simulate.place import Place

CONSUMER: Final = "demo-desk"
"""Whoever wants to read along as a consumer does: its stream is ``{signald}:consumer:demo-desk``."""

_RENEW_EVERY_S: Final = 86_400.0  # every deadline of the quarter is played, each takes its time
_PATIENCE_S: Final = 5.0
_MOVERS: Final[dict[str, object]] = {  # fewer looks than usual, for the same reason; and no more than a window is long
    "drift_at_s": [7_200.0, 60.0],
    "reference_stale_after_s": 600.0,
    "sample_s": 5.0,
    "cuts_threshold": 0.1,  # no days without a release are played
}


class DaemonPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon is told.

    Attributes:
        mqtt_port: The broker's.
        redis_port: The Redis-compatible server's.
        metrics_port: Where it serves its metrics.
        clock_file: The clock it shares with us.
        journal: Where it keeps its journal.
        places: The exchanges, and what is traded there.
        client_id: Its name at the broker.
        console_port: Where it serves the page for people; ``None``: it does not.
        token_file: What holds the token of that page.
    """

    mqtt_port: int
    redis_port: int
    metrics_port: int
    clock_file: Path
    journal: Path
    places: Sequence[Place]
    client_id: str = "signald-demo"
    console_port: int | None = None
    token_file: Path = Path("console-token")


def daemon(plan: DaemonPlan) -> Server:
    """The daemon, not yet started. It counts as started once its process runs: whether it is ready it says in Redis.

    The environment's ``SIGNALD_SECTION__KEY`` are kept from it: it runs on what is written here.
    """

    def build(_port: int) -> Plan:
        return Plan(
            name="signald daemon",
            command=(sys.executable, "-m", "signald", "run", "--config", "signald.toml"),
            files={"signald.toml": config_text(plan)},
            probes={},
            environment=_without_overrides(os.environ),
            patience_s=_PATIENCE_S,
        )

    return Server(build, port=plan.metrics_port)


def config_text(plan: DaemonPlan) -> str:
    """The daemon's configuration as TOML."""
    sections: dict[str, dict[str, object]] = {
        "mqtt": {"host": LOOPBACK, "port": plan.mqtt_port, "client_id": plan.client_id},
        "redis": {"url": f"redis://{LOOPBACK}:{plan.redis_port}/0"},
        "live": {"clock_file": str(plan.clock_file)},
        "guard": {"renew_every_s": _RENEW_EVERY_S},
        "movers": _MOVERS,
        "journal": {"path": str(plan.journal)},
        "metrics": {"host": LOOPBACK, "port": plan.metrics_port},
        "console": {"enabled": False}
        if plan.console_port is None
        else {"host": LOOPBACK, "port": plan.console_port, "token_file": str(plan.token_file)},
    }
    venues = [
        {"name": one.venue, "instruments": list(one.instruments)}
        | ({"ws_url": one.ws_url, "rest_url": one.rest_url} if one.ws_url else {})
        for one in plan.places
    ]
    consumer: dict[str, object] = {"name": CONSUMER, "jurisdiction": "SG"}
    tables = [_table(f"[{name}]", keys) for name, keys in sections.items()]
    tables += [_table("[[venues]]", venue) for venue in venues]
    return "".join([*tables, _table("[[consumers]]", consumer)])


def _table(head: str, keys: Mapping[str, object]) -> str:
    # JSON's strings, numbers and arrays are TOML's too.
    return head + "\n" + "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys.items())


def _without_overrides(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not (name.startswith(ENV_PREFIX) and "__" in name)}

"""What goes on record when a run begins: which model and configuration are in force, and who may read, and why."""

from hashlib import blake2b
from typing import Final

import msgspec
import structlog

from signald import __version__
from signald.config import Config, rules_in_force
from signald.model.time import Nanos, format_rfc3339
from signald.sinks.entitlement import decide
from signald.sinks.status import StatusBoard

_ENCODER: Final = msgspec.json.Encoder(order="sorted")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def put_on_record(board: StatusBoard, config: Config, *, model_id: str, now: Nanos) -> None:
    """Write the run's beginning and one decision for each consumer into the audit stream; a refusal is an alarm too."""
    by, at = config.mqtt.client_id, format_rfc3339(now)
    rules = blake2b(_ENCODER.encode(rules_in_force(config)), digest_size=8).hexdigest()
    board.audit("started", {"by": by, "model": model_id, "version": __version__, "rules": rules, "at": at})
    for decision in decide(config.consumers, config.entitlement):
        board.audit(decision.action, {**decision.details(by), "at": at})
        tell = log.info if decision.granted else log.error
        tell(decision.action, consumer=decision.name, jurisdiction=decision.jurisdiction, reason=decision.reason)

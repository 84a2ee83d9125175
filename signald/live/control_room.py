"""The daemon's side of halt and resume: switch, engine, publisher and the audit stream kept of one mind."""

import asyncio
from collections.abc import Callable

from signald.core.engine.controls import Controls
from signald.live.recall import control_payload
from signald.live.switch import Halted, HaltSwitch
from signald.model.control import EVERYTHING, Control
from signald.model.notices import BlackoutTurned, Controlled
from signald.model.time import Nanos, format_rfc3339
from signald.runtime.clock import Clock
from signald.sinks.redis import Publisher
from signald.sinks.status import StatusBoard
from signald.sources.calendars.mqtt.fields import is_name

_FILE = "file"


class ControlRoom:
    """Follows what the engine was told, and tells it what file and signal say."""

    def __init__(self, switch: HaltSwitch, *, clock: Clock, publisher: Publisher, board: StatusBoard) -> None:
        """Take who is kept of one mind; ``switch`` is the one that ``publisher`` asks."""
        self._switch = switch
        self._clock = clock
        self._publisher = publisher
        self._board = board
        self._loop = asyncio.get_running_loop()
        self._take: Callable[[str, bytes], object] | None = None
        self._unsaid: Halted | None = None

    def open(self, controls: Controls, take: Callable[[str, bytes], object]) -> None:
        """Begin, with what holds already; ``take`` is given the key and payload of what file and signal say."""
        self._take = take
        if self._unsaid is not None:
            self._say_halt(self._unsaid)
        if controls.halted is not None:
            self._switch.close(Halted(controls.halted.by, controls.halted.reason))

    def halted(self, halted: Halted) -> None:
        """File or signal stopped everything; told by the switch's thread."""
        self._loop.call_soon_threadsafe(self._say_halt, halted)

    def released(self) -> None:
        """The file is gone; told by the switch's thread."""
        self._loop.call_soon_threadsafe(self._publisher.go_on)

    def followed(self, notice: Controlled | BlackoutTurned) -> None:
        """The engine did as it was told: so do we, and it goes on record."""
        if isinstance(notice, BlackoutTurned):
            action = "blackout_began" if notice.begins else "blackout_ended"
            self._audit(action, notice.instrument, by=notice.by, reason=notice.reason, at=notice.ts_due)
            return
        if notice.command == "halt":
            self._switch.close(Halted(notice.by, notice.reason))
        elif notice.command == "resume":
            self._switch.release()
        self._audit(notice.command, notice.target, by=notice.by, reason=notice.reason, at=notice.ts_ingest)

    def _audit(self, action: str, target: str, *, by: str, reason: str, at: Nanos) -> None:
        self._board.audit(action, {"target": target, "by": by, "reason": reason, "at": format_rfc3339(at)})

    def _say_halt(self, halted: Halted) -> None:
        if self._take is None:
            self._unsaid = halted
            return
        now = self._clock.now()
        control = Control(
            command="halt",
            target=EVERYTHING,
            by=halted.by if is_name(halted.by) else _FILE,
            sequence=now,
            reason=halted.reason,
            ts_event=now,
            ts_ingest=now,
        )
        self._take("control/halt", control_payload(control))

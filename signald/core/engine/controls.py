"""Who may be told what now: halts, mutes and blackouts stand between the engine and everybody else."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final, Literal

from signald.core.engine.blackouts import Blackouts
from signald.core.engine.world import Output
from signald.model.control import Blackout, Control
from signald.model.identity import cause_key, signal_id
from signald.model.notices import Controlled, Rejected, Withheld
from signald.model.signals import Signal

_ALWAYS_SAID: Final = frozenset({"halt", "resume"})
_MAX_SPEAKERS: Final = 256
MAX_MUTES: Final = 256


class Controls:
    """What is stopped now.

    Attributes:
        halted: The halt that holds; ``None``: signals go out.
        muted: The mutes that hold, by target.
        blackouts: The times of the day in which some instruments are not spoken of.
    """

    def __init__(self, blackouts: Sequence[Blackout] = ()) -> None:
        """Nothing is stopped but what ``blackouts`` say."""
        self.blackouts = Blackouts(blackouts)
        self._sequences: dict[str, int] = {}
        self.halted: Control | None = None
        self.muted: dict[str, Control] = {}

    def take(self, control: Control) -> list[Output]:
        """Do as told; what changes nothing is answered by nothing but a repetition's rejection."""
        if control.sequence <= self._sequences.get(control.by, -1):
            problem = f"{control.sequence} is not newer than what {control.by} said before"
            return [
                Rejected(
                    channel=control.by,
                    reason="repeated",
                    field="sequence",
                    problem=problem,
                    ts_ingest=control.ts_ingest,
                )
            ]
        self._sequences.pop(control.by, None)
        self._sequences[control.by] = control.sequence
        if len(self._sequences) > _MAX_SPEAKERS:
            del self._sequences[next(iter(self._sequences))]
        if not self._follow(control):
            return []
        told = Controlled(
            command=control.command,
            target=control.target,
            by=control.by,
            reason=control.reason,
            ts_ingest=control.ts_ingest,
        )
        return [_document(control), told] if control.command in _ALWAYS_SAID else [told]

    def admit(self, outputs: Iterable[Output]) -> list[Output]:
        """``outputs``, each signal that may not be said now replaced by a note that it was withheld."""
        if self.halted is None and not self.muted and not self.blackouts:
            return [*outputs]
        return [self._judged(output) if isinstance(output, Signal) else output for output in outputs]

    def in_force(self) -> list[Control]:
        """The commands that hold."""
        return [*([self.halted] if self.halted is not None else []), *self.muted.values()]

    def _follow(self, control: Control) -> bool:
        """Whether anything changes."""
        match control.command:
            case "halt":
                changes, self.halted = self.halted is None, self.halted or control
            case "resume":
                changes, self.halted = self.halted is not None, None
            case "mute":
                changes = control.target not in self.muted and len(self.muted) < MAX_MUTES
                if changes:
                    self.muted[control.target] = control
            case "unmute":
                changes = self.muted.pop(control.target, None) is not None
        return changes

    def _judged(self, signal: Signal) -> Output:
        why = self._why_not(signal)
        if why is None or signal.kind in _ALWAYS_SAID:
            return signal
        return Withheld(
            id=signal.id, kind=signal.kind, instrument=signal.instrument or "", reason=why, ts_ingest=signal.ts_ingest
        )

    def _why_not(self, signal: Signal) -> Literal["halt", "mute", "blackout"] | None:
        """Why a signal may not be said; ``None``: it may."""
        if self.halted is not None:
            return "halt"
        if any(_is_about(signal, target) for target in self.muted):
            return "mute"
        return "blackout" if self.blackouts.covers(signal.instrument or "", signal.ts_ingest) else None


def _is_about(signal: Signal, target: str) -> bool:
    names = [signal.instrument or "", *(cause.release_id.partition(":")[0] for cause in signal.causes)]
    return any(fnmatchcase(name, target) for name in names)


def _document(control: Control) -> Signal:
    """Consumers are told of a halt and of its end."""
    kind = "halt" if control.command == "halt" else "resume"
    key = cause_key("control", control.command, control.target, control.ts_event)
    return Signal(
        id=signal_id(kind, None, (key,)),
        kind=kind,
        revision=0,
        causes=(),
        instrument=None,
        verdict=None,
        confidence=None,
        horizons=(),
        book=None,
        desk=None,
        model=None,
        flags=(),
        ts_scheduled=None,
        ts_event=control.ts_event,
        ts_ingest=control.ts_ingest,
        by=control.by,
        reason=control.reason,
    )

"""What a source may tell the engine. Books are not among it: they reach the engine as board rows."""

from typing import TypeAlias

from signald.model.control import Control
from signald.model.expectations import Expectations
from signald.model.macro import Heartbeat, Release, ScheduledRelease, SettledFigure
from signald.model.movers import Reference, Remembered
from signald.model.policy import PolicyEvent

Event: TypeAlias = (
    ScheduledRelease
    | Release
    | Heartbeat
    | Control
    | PolicyEvent
    | SettledFigure
    | Reference
    | Remembered
    | Expectations
)

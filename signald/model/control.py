"""What people tell signald to do: stop, go on, be silent about something."""

from typing import Annotated, Literal, TypeAlias

import msgspec

from signald.model.time import Nanos

Command: TypeAlias = Literal["halt", "resume", "mute", "unmute"]

ClockTime: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]

EVERYTHING = "*"
"""Target of a halt and a resume."""


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """One command.

    Attributes:
        command: ``halt`` stops all signals but ``halt`` and ``resume``, ``mute`` those of its target.
        target: An indicator or an instrument, which may have ``*`` in it; ``*`` for everything.
        by: Who says so.
        sequence: Rising for each ``by``.
        reason: Why; a ``resume`` has one.
        ts_event: When it was said; with command and target its identity.
        ts_ingest: When it came.
    """

    command: Command
    target: str
    by: str
    sequence: int
    reason: str
    ts_event: Nanos
    ts_ingest: Nanos


class Blackout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time of every day in which nothing is said of an instrument.

    Attributes:
        instrument: Which; may have ``*`` in it.
        begin: From this clock time on, UTC, ``HH:MM``.
        end: Up to this one, not included; before ``begin``: of the next day; the same as ``begin``: never.
        by: Who wants it.
        reason: Why.
    """

    instrument: str
    begin: ClockTime
    end: ClockTime
    by: str = "configuration"
    reason: str = ""

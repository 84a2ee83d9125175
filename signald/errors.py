"""Every exception signald raises, as one tree; each class says what happens next.

SignaldError
├── ConfigError           cannot run as told: exit 2 before any connection
├── UnreachableError      a needed server was not reached before ready: exit 4
├── CheckFailedError      the run's own check failed: exit 3
├── ProcessEndedError     a process that is needed does not live, however often it is started: exit 70
├── MalformedFrameError   one frame makes no sense: drop it; too many in a minute: resync
├── SinkError             a signal could not be written: the journal keeps it until the sink returns
├── VintageError          the store of vintages cannot be used: publication goes on, the journal can rebuild it
├── JournalError          a journal cannot be read or written as asked
└── ImportFormatError     a recording being imported is not what it was said to be
"""

from typing import Final

UNREADABLE: Final = (ValueError, RecursionError)
"""What decoders of JSON and TOML raise, whatever the bytes, and however nested: msgspec's errors are ValueErrors."""


class SignaldError(Exception):
    """Root of the tree: anything else that escapes is a bug (exit 70)."""


class ConfigError(SignaldError):
    """The configuration cannot be used; nothing was connected.

    Attributes:
        where: File, environment variable or key at fault.
        problem: What is wrong with it, naming the offending value.
    """

    def __init__(self, where: str, problem: str) -> None:
        """Name the place and the problem."""
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class UnreachableError(SignaldError):
    """A server that is needed to start was not reached in time.

    Attributes:
        server: What it is (``"mqtt broker"``, ``"redis"``).
        address: Where it was sought.
        reason: The last failure, in the words of the layer below.
    """

    def __init__(self, server: str, address: str, reason: str) -> None:
        """Name the server, its address and the last failure."""
        super().__init__(f"{server} at {address} was not reached: {reason}")
        self.server = server
        self.address = address
        self.reason = reason


class CheckFailedError(SignaldError):
    """What the command was asked to check does not hold."""


class ProcessEndedError(SignaldError):
    """A process that is needed has ended, and it is of no use to start it again.

    Attributes:
        name: Of the process.
        code: What it ended with.
    """

    def __init__(self, name: str, code: int) -> None:
        """Name it and its code."""
        super().__init__(f"the process {name} ended with code {code}")
        self.name = name
        self.code = code


class MalformedFrameError(SignaldError):
    """One frame or message makes no sense; it is dropped and counted.

    Attributes:
        channel: Connection or topic it came on.
        field: Path of the field at fault, ``""`` for the whole frame.
        problem: What is wrong, naming the value.
    """

    def __init__(self, channel: str, field: str, problem: str) -> None:
        """Name the channel, the field and the problem."""
        super().__init__(f"{channel}: {field + ': ' if field else ''}{problem}")
        self.channel = channel
        self.field = field
        self.problem = problem


class SinkError(SignaldError):
    """A signal could not be delivered; the journal keeps it until the sink returns."""


class VintageError(SignaldError):
    """The store of vintages cannot be read or written; publication goes on, and the journal can rebuild it.

    Attributes:
        where: Its file.
        problem: In the words of the database.
    """

    def __init__(self, where: str, problem: str) -> None:
        """Name the file and the problem."""
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class JournalError(SignaldError):
    """A journal cannot be read or written as asked."""


class ImportFormatError(SignaldError):
    """A recording is not in the format it was said to be in.

    Attributes:
        path: The file.
        line: 1-based line, 0 where lines make no sense.
        problem: What is wrong, naming the value.
    """

    def __init__(self, path: str, line: int, problem: str) -> None:
        """Name the file, the line and the problem."""
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem

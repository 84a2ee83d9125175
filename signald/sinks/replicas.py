"""Do the replicas agree? What another one wrote under an id of ours is read back and compared, off the path.

Replicas hear the same and run the same rules, so what they say under one id rests on the same causes, the same model
and the same surprise; books and times may differ by what lies between two machines. A disagreement in the former means
that one of them has another configuration or model, or heard something else: an alarm.

Whoever comes second knows that the id was there, so of each pair exactly one compares. It reads the stream from its
end, page by page, on a connection of its own, a moment later.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple, cast

import msgspec
import structlog

from signald.errors import UNREADABLE, SinkError
from signald.model.signals import Cause, ModelView
from signald.runtime.backoff import Backoff
from signald.sinks import keys
from signald.sinks.redis import Confirmation
from signald.transports.redis import RedisLink, Reply
from signald.transports.settings import RedisConfig

_WAIT_S: Final = 0.5
"""From a duplicate to the comparison: the release that it came with is over by then."""

_PAGE: Final = 50
_PAGES: Final = 40
CAPACITY: Final = 1_000
"""Documents that may wait to be compared."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Grounds(msgspec.Struct):
    """What a document rests on. While a pair is upgraded the other's may have kinds, flags and fields unknown to us."""

    causes: tuple[Cause, ...]
    model: ModelView | None


_GROUNDS: Final = msgspec.json.Decoder(_Grounds)


class Disagreement(NamedTuple):
    """Where two documents of one id part: the field, and what stands there."""

    field: str
    ours: str
    theirs: str


def compare_documents(ours: bytes, theirs: bytes) -> Disagreement | None:
    """The first of causes (with their surprise) and model id in which two documents of one id differ, or ``None``.

    Raises:
        msgspec.DecodeError: One of them is not a signal document.
    """
    if ours == theirs:
        return None
    one, other = _GROUNDS.decode(ours), _GROUNDS.decode(theirs)
    for name, mine, its in _compared(one, other):
        if mine != its:
            return Disagreement(name, _shown(mine), _shown(its))
    return None


class ReplicaCheck:
    """Compares the duplicates it is told of.

    Attributes:
        agreed: Documents that said the same.
        disagreed: Documents that did not.
        unchecked: Documents that were not found on the stream any more, or too many at once.
    """

    def __init__(self, config: RedisConfig, *, wait_s: float = _WAIT_S, backoff: Backoff | None = None) -> None:
        """Build a check that is not connected yet.

        Raises:
            ConfigError: ``config`` cannot be used.
        """
        self._link = RedisLink(config, backoff=backoff)
        self._wait_s = wait_s
        self._pending: dict[str, bytes] = {}
        self._work = asyncio.Event()
        self.agreed = 0
        self.disagreed = 0
        self.unchecked = 0

    @property
    def waiting(self) -> int:
        """How many documents wait to be compared."""
        return len(self._pending)

    def note(self, confirmation: Confirmation) -> None:
        """Take a confirmation; those of documents that we wrote ourselves, and of tests, say nothing of replicas."""
        document = confirmation.document
        if confirmation.sequence is not None or document.test or document.kind == "nowcast":
            return  # a daemon that was started anew tells a nowcast's causes by their figures alone
        self._pending[document.id] = document.data
        if len(self._pending) > CAPACITY:
            del self._pending[next(iter(self._pending))]
            self.unchecked += 1
        self._work.set()

    async def run(self) -> None:
        """Compare for ever; ends by cancellation only."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.run(), name="replicas-link")
            group.create_task(self._compare_all(), name="replicas-compare")

    async def _compare_all(self) -> None:
        while True:
            await self._work.wait()
            await asyncio.sleep(self._wait_s)
            await self._link.connected.wait()
            self._work.clear()
            sought, self._pending = self._pending, {}
            try:
                await self._look_for(sought)
            except SinkError:
                self._pending = sought | self._pending
                self._work.set()
            else:
                self.unchecked += len(sought)

    async def _look_for(self, sought: dict[str, bytes]) -> None:
        """Take what is found on the stream, from its end on, out of ``sought``."""
        before = "+"
        for _ in range(_PAGES):
            entries = _entries(await self._link.call("XREVRANGE", keys.SIGNALS, before, "-", "COUNT", _PAGE))
            for entry_id, fields in entries:
                signal_id = fields.get(b"id", b"").decode("utf-8", "replace")
                ours = sought.pop(signal_id, None)
                if ours is not None:
                    self._compare(signal_id, ours, fields.get(b"data", b""))
                before = f"({entry_id}"
            if not sought or len(entries) < _PAGE:
                return

    def _compare(self, signal_id: str, ours: bytes, theirs: bytes) -> None:
        try:
            found = compare_documents(ours, theirs)
        except UNREADABLE as error:
            found = Disagreement("data", "a signal document", str(error))
        if found is None:
            self.agreed += 1
            return
        self.disagreed += 1
        log.error("replicas_disagreed", id=signal_id, field=found.field, ours=found.ours, theirs=found.theirs)


def _entries(reply: Reply) -> list[tuple[str, dict[bytes, bytes]]]:
    """Ids and fields of stream entries, whoever wrote them; raises ``SinkError`` if the reply is no list of such."""
    try:
        return [
            (entry_id.decode("ascii"), dict(zip(flat[::2], flat[1::2], strict=True)))
            for entry_id, flat in cast("Sequence[tuple[bytes, Sequence[bytes]]]", reply)
        ]
    except (AttributeError, TypeError, ValueError) as error:
        msg = f"redis answers no list of entries: {error}"
        raise SinkError(msg) from error


def _compared(one: _Grounds, other: _Grounds) -> Sequence[tuple[str, object, object]]:
    """What is compared, by name, most telling first."""
    pairs: list[tuple[str, object, object]] = [
        ("model.id", _root(one), _root(other)),
        ("causes", len(one.causes), len(other.causes)),
    ]
    for number, (mine, its) in enumerate(zip(one.causes, other.causes, strict=False)):
        pairs += [
            (f"causes[{number}].{name}", getattr(mine, name), getattr(its, name)) for name in mine.__struct_fields__
        ]
    return pairs


def _root(signal: _Grounds) -> str | None:
    """The estimated model: what replicas learn since is of the books that each of them saw."""
    if signal.model is None:
        return None
    return signal.model.id if signal.model.root is msgspec.UNSET else signal.model.root


def _shown(value: object) -> str:
    return "nothing" if value is None or value is msgspec.UNSET else str(value)

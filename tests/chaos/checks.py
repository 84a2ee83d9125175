"""What must hold after every case: journal = stream = what a desk has read, by id."""

import asyncio
import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from signald.app.world import World as Known
from signald.app.world import build_pipeline, load_world
from signald.config import load_config
from signald.journal.check import check
from signald.model.signals import Signal
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from signald.replay.compare import compare
from signald.sinks.encoding import decode_data, document_from
from signald.sinks.redis import IN_FLIGHT
from signald.sources.registry import read_venue_config
from tests.chaos.daemons import INSTRUMENT
from tests.chaos.reader import Delivered
from tests.chaos.source import Figure
from tests.chaos.world import World

_BY_THE_CLOCK: Final = frozenset({"scenario", "guard", "drift", "missed", "reaction", "outcome"})
"""Kinds of documents that follow from the time, not from a message."""

_CROWDED_NS: Final = 5 * NS_PER_S
_LOOKS: Final = 100
_LOOK_EVERY_S: Final = 0.1


class Seen(NamedTuple):
    """Everything that can be seen of a world; it may say more while we look.

    Attributes:
        stream: The signal stream.
        consumer: The entitled consumer's stream, at the same moment.
        heard: What the desk had read before.
        latest: The newest document by kind and instrument, at the same moment.
        journals: The documents of each replica's journal before.
        journalled: Those of all journals after.
    """

    stream: list[Delivered]
    consumer: list[Delivered]
    heard: list[Delivered]
    latest: dict[str, bytes]
    journals: list[list[str]]
    journalled: set[str]


async def look(world: World) -> Seen:
    """Look at everything: what the journals have must be on the stream, and what that has in a journal by then."""
    journals = _journals(world)
    heard = list(world.desk.heard)
    written = {document for journal in journals for document in journal}
    stream, consumer, latest = await world.desk.look()
    for _ in range(_LOOKS):  # what has just been said, because its time came, may be on its way
        if written <= {entry.id for entry in stream}:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
        stream, consumer, latest = await world.desk.look()
    journalled = {document for journal in _journals(world) for document in journal}
    return Seen(stream, consumer, heard, latest, journals, journalled)


def _journals(world: World) -> list[list[str]]:
    return [[document for document, _ in replica.documents()] for replica in world.replicas]


def is_complete(documents: Sequence[Signal], bundles: Sequence[Sequence[Figure]], *, scored: bool) -> bool:
    """Whether ``documents`` say all figures: each bundle's together if ``scored``, else each somewhere."""
    said = [{(cause.release_id, cause.actual) for cause in document.causes} for document in documents]
    wanted = [{(one.release_id, one.actual) for one in bundle} for bundle in bundles]
    if not scored:
        wanted = [{one} for bundle in wanted for one in bundle]
    return all(any(one <= causes for causes in said) for one in wanted)


def find_problems(world: World, seen: Seen, unordered: set[str]) -> Iterator[str]:
    """Everything that is wrong, in words; ``unordered``: documents whose place may differ between replicas."""
    ids = [entry.id for entry in seen.stream]
    known = set(ids)
    if len(known) != len(ids):
        yield f"on the stream twice: {_twice(ids)}"
    if [entry.sequence for entry in seen.stream] != list(range(1, len(ids) + 1)):
        yield "the stream's sequence does not rise by one"
    if [entry.id for entry in seen.consumer] != ids:
        yield "the consumer's stream is not the signal stream"
    if len(world.replicas) > 1:  # each looks at its own clock
        unordered = unordered | {
            entry.id for entry in seen.stream if document_from(entry.data, ts_scored=0).kind in _BY_THE_CLOCK
        }
    if stray := known - seen.journalled - world.excused:
        yield f"on the stream and in no journal: {sorted(stray)[:3]}"
    for replica, journal in zip(world.replicas, seen.journals, strict=True):
        if len(set(journal)) != len(journal):
            yield f"in the journal of {replica.name} twice: {_twice(journal)}"
        if missing := set(journal) - known:
            yield f"in the journal of {replica.name} and not on the stream: {sorted(missing)[:3]}"
        own = [document for document in journal if document not in unordered]
        both = set(own)
        if own != [document for document in ids if document in both]:
            yield f"the stream is not in the order of the journal of {replica.name}"
    yield from _desk_problems(world, seen)
    yield from _latest_problems(seen)


def _desk_problems(world: World, seen: Seen) -> Iterator[str]:
    heard = [entry.id for entry in seen.heard]
    if not world.redis_lost and heard != [entry.id for entry in seen.stream][: len(heard)]:
        yield "the desk did not read the stream as it stands"
    if world.redis_lost and set(heard) - {entry.id for entry in seen.stream} - world.excused:
        yield "the desk has read what is no longer on the stream"


def _latest_problems(seen: Seen) -> Iterator[str]:
    """The newest document of each kind and instrument must be the one with the greatest time and revision."""
    newest: dict[str, tuple[int, int]] = {}
    for entry in seen.stream:
        said = document_from(entry.data, ts_scored=entry.ts_scored)
        name = f"{said.kind} {said.instrument or '*'}"
        newest[name] = max(newest.get(name, (0, 0)), (said.ts_event, said.revision))
    for name, version in newest.items():
        shown = document_from(seen.latest[name], ts_scored=0)
        if (shown.ts_event, shown.revision) != version:
            yield f"latest {name!r} is not the newest"


def journal_problems(journal: Path) -> Iterator[str]:
    """Whether a journal is whole, and replays to what it says."""
    if fault := check(journal).fault:
        yield f"{journal.name}: {fault}"
    difference = compare([journal], _build).difference
    if difference is not None:
        yield f"{journal.name} replays differently: {difference}"


def punctuality_problems(
    entries: Sequence[Delivered], *, outages: Sequence[tuple[int, int]], direct: bool, crowds: bool = False
) -> Iterator[str]:
    """Lateness as marked.

    Args:
        entries: The documents of a case, in their order on the stream.
        outages: When Redis could not be reached by the only replica; what was scored then is late.
        direct: Nothing came between the daemon and Redis: nothing is late.
        crowds: But what stands behind as many documents of the same seconds as may be on their way at once.
    """
    late = [(place, entry) for place, entry in enumerate(entries) if entry.late_ms]
    for place, entry in late if direct else ():
        if not (crowds and _is_behind_a_crowd(entries[:place], entry)):
            yield f"marked late by {entry.late_ms} ms without a reason"
            break
    for began, ended in outages:
        unmarked = [entry for entry in entries if began < entry.ts_scored < ended and not entry.late_ms]
        if unmarked:
            yield f"{len(unmarked)} documents of an outage are not marked late"


def _is_behind_a_crowd(before: Sequence[Delivered], entry: Delivered) -> bool:
    crowd = [one for one in before if abs(one.ts_scored - entry.ts_scored) < _CROWDED_NS]
    return len(crowd) >= IN_FLIGHT


def citation_problems(entries: Sequence[Delivered], figures: Sequence[Figure], *, complete: bool) -> Iterator[str]:
    """Whether each figure of a case is cited as it was said, against the consensus that was said, or none at all.

    Args:
        entries: The documents of a case.
        figures: What was said in it.
        complete: No message was lost: none may lack its consensus.
    """
    said = {figure.release_id: figure for figure in figures}
    for entry in entries:
        for cause in decode_data(entry.data).causes:
            figure = said.get(cause.release_id)
            if figure is None or cause.actual is None:
                continue
            known = {figure.consensus} if complete else {figure.consensus, None}
            if cause.actual != figure.actual or cause.consensus not in known:
                yield f"{cause.release_id} was said to be {figure.actual} against {figure.consensus}, not {cause}"


def absence_problems(
    entries: Sequence[Delivered], *, planned: AbstractSet[str], withheld: Sequence[str]
) -> Iterator[str]:
    """Whether exactly those of the releases ``planned`` were called missed that were ``withheld``, each once."""
    said = [decode_data(entry.data) for entry in entries]
    missed = Counter(one.causes[0].release_id for one in said if one.kind == "missed")
    for release_id in sorted(planned):
        if (count := missed[release_id]) != withheld.count(release_id):
            came = "did not come" if release_id in withheld else "came"
            yield f"{release_id} {came} and was called missed {count} times"


@functools.cache
def _known() -> Known:
    return load_world(load_config(None, {}))


def _build() -> Pipeline:
    """The daemon's pipeline, as its journals need it."""
    return build_pipeline(
        _known(), [read_venue_config({"name": "binance", "instruments": [INSTRUMENT]}, where="chaos")]
    )


def _twice(ids: Sequence[str]) -> list[str]:
    ordered = sorted(ids)
    return sorted({one for one, other in pairwise(ordered) if one == other})[:3]

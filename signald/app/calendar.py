"""What is, or was, known of the calendar: from the store of vintages, or from a journal read anew."""

from pathlib import Path
from typing import NamedTuple

from signald.app.world import World, build_pipeline, load_world
from signald.config import Config
from signald.errors import ConfigError
from signald.journal.reader import merge
from signald.journal.session import Session, read_session
from signald.model.notices import WindowChanged
from signald.model.records import RecordKind
from signald.model.time import LAST_NANOS, Nanos
from signald.replay.driver import Driver
from signald.vintages import Entry, Faults, Vintage, VintageStore

_BATCH = 1_000


class Calendar(NamedTuple):
    """The releases that were known, by time and id; and how often what was wrong."""

    releases: tuple[Vintage, ...]
    faults: dict[str, int]


def known_calendar(config: Config, *, journals: list[Path], as_of: Nanos | None, keep: bool = False) -> Calendar:
    """What was known at ``as_of`` (``None``: all that is), from journals if there are any, else from the store.

    With ``keep`` what the journals tell goes into the store first, all of it, and the answer comes from there: so an
    imported calendar joins what the daemon saw, and a store that was lost is built anew.

    Raises:
        ConfigError: There is no store yet.
        JournalError: A journal cannot be read.
        VintageError: The store cannot be read.
    """
    world = load_world(config)
    ts = LAST_NANOS if as_of is None else as_of
    path = Path(config.calendar.vintages)
    if journals and keep:
        with VintageStore(path) as store:
            rebuild(store, world, journals)
            return _known(store, ts, world)
    if journals:
        with VintageStore(None) as store:
            rebuild(store, world, journals, to_ts=as_of)
            return _known(store, ts, world)
    if not path.is_file():
        where = "calendar.vintages"
        problem = f"there is no {path} yet: the daemon writes it; or name a journal with --journal"
        raise ConfigError(where, problem)
    with VintageStore(path) as store:
        return _known(store, ts, world)


def rebuild(store: VintageStore, world: World, journals: list[Path], *, to_ts: Nanos | None = None) -> None:
    """Fill ``store`` from journals: every calendar message is taken in anew, deadlines up to ``to_ts`` are fired."""
    until = None if to_ts is None else to_ts + 1
    driver = Driver([Session(mode="import")], lambda: build_pipeline(world, ()))
    entries: list[Entry] = []
    last: Nanos | None = None
    for record in merge(journals, to_ts=until):
        last = record.ts_ingest
        if record.kind is RecordKind.SESSION:
            faults = read_session(record).faults
            if faults:
                entries.append(Faults(record.ts_ingest, faults))
        if record.kind is not RecordKind.MESSAGE:
            continue
        for replayed in driver.feed(record, 0):
            happened = (*replayed.fed.step.events, *replayed.fed.outputs)
            entries += [one for one in happened if isinstance(one, Entry)]
        if len(entries) >= _BATCH:
            store.record_all(entries)
            entries.clear()
    if last is not None:
        for replayed in driver.advance(last if to_ts is None else to_ts):
            entries += [one for one in replayed.fed.outputs if isinstance(one, WindowChanged)]
    store.record_all(entries)


def _known(store: VintageStore, ts: Nanos, world: World) -> Calendar:
    return Calendar(store.as_of(ts, indicators=world.indicators), store.faults(ts))

"""The store's tables. Rows are added, never changed: what was known at a time stays what was known then."""

from typing import Final

VERSION: Final = 1

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS word (
    id INTEGER PRIMARY KEY,
    family TEXT NOT NULL,            -- 'schedule' or 'release'
    release_id TEXT NOT NULL,
    indicator TEXT NOT NULL,
    period TEXT NOT NULL,            -- '' in a figure's word
    source TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    ts_known INTEGER NOT NULL,       -- when it reached us
    ts_event INTEGER NOT NULL,       -- when its source says it happened
    kind TEXT NOT NULL,              -- a schedule's state, a figure's kind
    ts_scheduled INTEGER,
    consensus REAL, prior REAL,
    consensus_low REAL, consensus_high REAL, consensus_std REAL, consensus_n INTEGER,
    actual REAL, revised_prior REAL,
    UNIQUE (family, release_id, source, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS word_known ON word (ts_known, id);
CREATE INDEX IF NOT EXISTS word_indicator ON word (indicator, ts_known);
CREATE TABLE IF NOT EXISTS step (
    release_id TEXT NOT NULL, ts_known INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (release_id, ts_known, state)
) STRICT;
CREATE TABLE IF NOT EXISTS doubt (
    release_id TEXT NOT NULL, source TEXT NOT NULL, ts_known INTEGER NOT NULL, reason TEXT NOT NULL, actual REAL,
    PRIMARY KEY (release_id, source, ts_known, reason)
) STRICT;
CREATE TABLE IF NOT EXISTS fault (
    ts_known INTEGER NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (ts_known, kind, place)
) STRICT;
"""

"""The state file of this machine: request log, profiles, the shared rate limit.

Nothing in it is anybody's work: a file that is damaged or of a newer Alfred is set aside and begun again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from alfred.application.exceptions import IndexCorrupt, UsageError
from alfred.infrastructure.persistence.files import keep_aside
from alfred.infrastructure.persistence.sqlite.database import Database

STATE_NAME: Final = "state.sqlite3"

VERSION: Final = 1

SCHEMA: Final = """
CREATE TABLE rate_slot (
    provider TEXT PRIMARY KEY,
    next_free INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    written_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE change_list (
    provider TEXT PRIMARY KEY,
    first_day TEXT NOT NULL,
    read_at INTEGER NOT NULL,
    ids TEXT NOT NULL
);
CREATE TABLE request_log (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    request_type TEXT NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    latency_ms REAL NOT NULL,
    outcome TEXT NOT NULL,
    http_status INTEGER,
    error_class TEXT,
    parse_ok INTEGER NOT NULL
);
CREATE INDEX request_log_by_time ON request_log (finished, provider, outcome, parse_ok, error_class, latency_ms);
CREATE TABLE provider_profile (
    provider TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    status_since INTEGER NOT NULL,
    last_checked_at INTEGER NOT NULL,
    error_class TEXT,
    success_rate_1h REAL,
    success_rate_24h REAL,
    latency_p50_ms REAL,
    latency_p95_ms REAL,
    samples_1h INTEGER NOT NULL,
    failing_since INTEGER,
    recovered_at INTEGER,
    cooldown_micros INTEGER,
    cooldown_until INTEGER,
    probe_owner TEXT,
    probe_since INTEGER,
    probe_token TEXT
) WITHOUT ROWID;
CREATE TABLE provider_transition (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    status TEXT NOT NULL,
    error_class TEXT
);
CREATE INDEX provider_transition_by_time ON provider_transition (provider, at);
"""

log = logging.getLogger(__name__)


def open_state(state_dir: Path, *, now: Callable[[], datetime], any_thread: bool = False) -> Database:
    """Open the state file of this machine, and make it where it is missing or of no use.

    Args:
        state_dir: its folder; made where it is missing.
        now: the clock, for the name of a file that is set aside.
        any_thread: threads may share it, if they see to it that one uses it at a time.

    Raises:
        UsageError: the folder cannot be made or written to.
        LibraryUnavailable: the file is busy or unreadable.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {state_dir} ({error.strerror}): set ALFRED_STATE_DIR to one that is writable"
        ) from error
    path = state_dir / STATE_NAME
    try:
        return _open(path, any_thread=any_thread)
    except IndexCorrupt:
        aside = keep_aside(path, label=now().strftime("%Y%m%dT%H%M%SZ"))
        log.warning("the state file was damaged; it is kept as %s and begun again", aside)
        return _open(path, any_thread=any_thread)


def open_state_in_memory() -> Database:
    """Open a state that this process alone has, and that ends with it; threads may share it."""
    return _open(Path(":memory:"), any_thread=True)


def _open(path: Path, *, any_thread: bool) -> Database:
    database = Database(path, create=True, any_thread=any_thread)
    try:
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: Database) -> None:
    version = (database.one("PRAGMA user_version") or (0,))[0]
    if version == VERSION:
        return
    if version > VERSION:
        raise IndexCorrupt(f"the state file {database.path} is of a newer Alfred")
    with database.transaction():
        if database.one("PRAGMA user_version") == (0,):  # another process may have made it just now
            for statement in SCHEMA.split(";"):
                if statement.strip():
                    database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")

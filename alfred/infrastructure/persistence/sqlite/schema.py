"""The tables of the index, as numbered migrations.

Facts (``show``, ``season``, ``episode``) are what the provider said, once for all libraries. Presence
(``entry``, ``folder``, ``file``, ``slot_file``, ``open_slot``, ``tag``, ``event``) is what one library holds.
Moments are whole microseconds since 1970, days are ISO 8601 text. ``air_dates`` are the days on which episodes
were to air when the show was written, with a space between them; from ``incomplete_from`` on an episode has aired
that has no title or no date.

An open slot has no ready file, or had not aired when it was written; ``held`` is the state that its files give
it, '' where it has none. All other slots have aired and are on disk, so that counting and finding what is wanted
or to come reads only what is open. The index ends with ``held`` because an index is covering in SQLite only when
the column of its WHERE is in it too.
"""

from __future__ import annotations

from alfred.application.exceptions import FormatTooNew
from alfred.infrastructure.persistence.sqlite.database import Database

_FIRST = """
CREATE TABLE library (
    library INTEGER PRIMARY KEY,
    library_id TEXT NOT NULL UNIQUE,
    root TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE show (
    tmdb_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    original_name TEXT NOT NULL,
    original_language TEXT,
    status TEXT NOT NULL,
    show_type TEXT,
    in_production INTEGER NOT NULL,
    first_air_date TEXT,
    last_air_date TEXT,
    overview TEXT NOT NULL,
    poster_path TEXT,
    imdb_id TEXT,
    tvdb_id INTEGER,
    episode_total INTEGER NOT NULL,
    undated_total INTEGER NOT NULL,
    air_dates TEXT NOT NULL,
    incomplete_from TEXT,
    content_hash TEXT NOT NULL,
    etag TEXT,
    fetched_at INTEGER NOT NULL,
    verified_at INTEGER NOT NULL
);
CREATE INDEX show_by_age ON show (verified_at, fetched_at, tmdb_id);
CREATE TABLE season (
    tmdb_id INTEGER NOT NULL REFERENCES show ON DELETE CASCADE,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    season_id INTEGER,
    name TEXT NOT NULL,
    air_date TEXT,
    episode_count INTEGER NOT NULL,
    PRIMARY KEY (tmdb_id, number)
) WITHOUT ROWID;
CREATE TABLE episode (
    tmdb_id INTEGER NOT NULL REFERENCES show ON DELETE CASCADE,
    episode_id INTEGER NOT NULL,
    season INTEGER NOT NULL,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    air_date TEXT,
    runtime INTEGER,
    episode_type TEXT,
    PRIMARY KEY (tmdb_id, episode_id)
) WITHOUT ROWID;
CREATE TABLE entry (
    library INTEGER NOT NULL REFERENCES library ON DELETE CASCADE,
    tmdb_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    missing_since INTEGER,
    detached INTEGER NOT NULL DEFAULT 0,
    release_digest TEXT NOT NULL DEFAULT '',
    on_disk INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    error_class TEXT,
    status_message TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_after INTEGER,
    not_found_count INTEGER NOT NULL DEFAULT 0,
    not_found_since INTEGER,
    claimed_at INTEGER,
    claimed_by TEXT,
    note TEXT,
    user_changed_at INTEGER,
    PRIMARY KEY (library, tmdb_id)
) WITHOUT ROWID;
CREATE INDEX missing_entry ON entry (library, missing_since, tmdb_id) WHERE missing_since IS NOT NULL;
CREATE TABLE tag (
    library INTEGER NOT NULL,
    tmdb_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (library, tmdb_id, name),
    FOREIGN KEY (library, tmdb_id) REFERENCES entry ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE folder (
    library INTEGER NOT NULL,
    path TEXT NOT NULL,
    tmdb_id INTEGER NOT NULL,
    signature TEXT NOT NULL,
    sidecar TEXT NOT NULL,
    PRIMARY KEY (library, path),
    FOREIGN KEY (library, tmdb_id) REFERENCES entry ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX folder_by_show ON folder (library, tmdb_id);
CREATE TABLE file (
    library INTEGER NOT NULL,
    tmdb_id INTEGER NOT NULL,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    season INTEGER,
    episodes TEXT NOT NULL,
    absolute TEXT NOT NULL,
    air_date TEXT,
    decided_by TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_message TEXT,
    missing_since INTEGER,
    processing_since INTEGER,
    episode_ids TEXT NOT NULL,
    PRIMARY KEY (library, tmdb_id, folder, path),
    FOREIGN KEY (library, tmdb_id) REFERENCES entry ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX file_by_status ON file (library, tmdb_id, status);
CREATE TABLE slot_file (
    library INTEGER NOT NULL,
    tmdb_id INTEGER NOT NULL,
    episode_id INTEGER NOT NULL,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    drifted INTEGER NOT NULL,
    PRIMARY KEY (library, tmdb_id, episode_id, folder, path),
    FOREIGN KEY (library, tmdb_id) REFERENCES entry ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE open_slot (
    library INTEGER NOT NULL,
    tmdb_id INTEGER NOT NULL,
    episode_id INTEGER NOT NULL,
    season INTEGER NOT NULL,
    number INTEGER NOT NULL,
    air_date TEXT,
    held TEXT NOT NULL,
    PRIMARY KEY (library, tmdb_id, episode_id),
    FOREIGN KEY (library, tmdb_id) REFERENCES entry ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX wanted_slot ON open_slot (library, air_date, tmdb_id, season, number, episode_id, held)
    WHERE held = '';
CREATE TABLE event (
    library INTEGER NOT NULL,
    tmdb_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (library, tmdb_id, number),
    FOREIGN KEY (library, tmdb_id) REFERENCES entry ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX event_by_time ON event (library, at, tmdb_id, number);
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""Migration n brings a database from version n to version n + 1."""


def version_of(database: Database) -> int:
    """Return the schema version; 0 for a database that was just made."""
    row = database.one("PRAGMA user_version")
    return int(row[0]) if row else 0


def refuse_newer(database: Database, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Refuse a schema that a newer Alfred wrote.

    Raises:
        FormatTooNew: it is.
    """
    version = version_of(database)
    if version > len(migrations):
        raise FormatTooNew(
            f"the index {database.path} has schema {version} and this Alfred knows up to {len(migrations)}: "
            "use the newer Alfred that wrote it"
        )


def migrate(database: Database, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring the schema up to date inside the caller's transaction."""
    for number in range(version_of(database), len(migrations)):
        for statement in migrations[number].split(";"):
            if statement.strip():
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {number + 1}")


def upgrade(database: Database, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring an older index up to date in one transaction, after a copy of it beside the file."""
    version = version_of(database)
    if not 0 < version < len(migrations):
        return
    database.back_up(database.path.with_name(f"{database.path.name}.backup-v{version}"))
    with database.transaction():
        migrate(database, migrations)

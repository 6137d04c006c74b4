"""The bound for the index: one plain table in SQLite, which knows nothing and rewrites a show's rows each time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

_TABLE = """
CREATE TABLE slot (
    tmdb_id INTEGER, season INTEGER, number INTEGER, air_date TEXT, title TEXT, path TEXT, size INTEGER,
    mtime_ns INTEGER, PRIMARY KEY (tmdb_id, season, number)
) WITHOUT ROWID
"""


class PlainStore:
    """One row a slot; the same journal and the same durability as Alfred's index.

    Args:
        path: a file that is not there yet.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "PRAGMA cache_size = -65536",
        ):
            self._connection.execute(statement)
        self._connection.execute(_TABLE)

    def upsert(self, rows: Sequence[Sequence[object]]) -> None:
        """Write the rows of one show in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def index_what_is_missing(self) -> None:
        """Add the one index that answers what has aired and has no file."""
        self._connection.execute(
            "CREATE INDEX missing ON slot (air_date, tmdb_id, season, number, path) WHERE path IS NULL"
        )

    def count_missing(self, today: str) -> int:
        """Count the slots that have aired and have no file."""
        statement = "SELECT COUNT(*) FROM slot WHERE path IS NULL AND air_date <= ?"
        return int(self._connection.execute(statement, (today,)).fetchone()[0])

    def missing(self, today: str, *, limit: int = -1) -> list[tuple[object, ...]]:
        """Return them with their titles, the latest first; -1 is all of them."""
        statement = """
            SELECT tmdb_id, season, number, air_date, title FROM slot WHERE path IS NULL AND air_date <= ?
            ORDER BY air_date DESC LIMIT ?
        """
        return self._connection.execute(statement, (today, limit)).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

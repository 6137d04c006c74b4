"""One SQLite file: opening it the right way for its file system, transactions, errors in Alfred's words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alfred.application.exceptions import (
    AlfredError,
    DiskFull,
    IndexBusy,
    IndexCorrupt,
    IndexUnreadable,
    ReadOnlyLibrary,
)
from alfred.infrastructure.persistence.mounts import is_network

BUSY_TIMEOUT_SECONDS = 10.0
CACHE_KIB = 16384

_LOOK_AGAIN_SECONDS = 0.01

_PRIMARY_CODE = 0xFF
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SIGNS_OF_DAMAGE = ("no such table", "no such column", "Could not decode to UTF-8")
"""The schema is text in the file too, and every text in it was written as UTF-8."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}

Row = tuple[Any, ...]


class Database:
    """A connection to one SQLite file.

    On a local file system: write-ahead log, ``synchronous=NORMAL``. On a network share, where shared memory
    does not work: rollback journal, ``synchronous=FULL``.

    Args:
        path: the file.
        create: make it where it is not there.
        read_only: only for queries; a file on a read-only disk can be opened no other way.
        any_thread: threads may share it, if they see to it that one uses it at a time.

    Raises:
        IndexUnreadable, IndexCorrupt, IndexBusy, ReadOnlyLibrary: as the names say.
    """

    def __init__(
        self, path: Path, *, create: bool = False, read_only: bool = False, any_thread: bool = False
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.replaces: tuple[Path, Path | None] | None = None
        """The damaged file that was set aside for this one, and its write-ahead log."""
        with self._translated():
            self._connection = (
                _connect_for_reading(path)
                if read_only
                else _connect(path, "mode=rwc" if create else "mode=rw", any_thread=any_thread)
            )
        self._identity = _identity(path)
        try:
            self._configure()
        except BaseException:
            self._connection.close()
            raise

    def _configure(self) -> None:
        self.execute("PRAGMA foreign_keys = ON")
        self.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if self.read_only:
            return
        network = is_network(self.path.parent)
        wanted = "delete" if network else "wal"
        self._set_journal_mode(wanted)
        self.execute(f"PRAGMA synchronous = {'FULL' if network else 'NORMAL'}")

    def _set_journal_mode(self, wanted: str) -> None:
        """Change it where it is another; SQLite does not wait for those who do the same, so that we have to."""
        give_up_at = time.monotonic() + BUSY_TIMEOUT_SECONDS
        while True:
            try:
                if self.one("PRAGMA journal_mode") != (wanted,):
                    self.execute(f"PRAGMA journal_mode = {wanted}")
            except IndexBusy:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(_LOOK_AGAIN_SECONDS)
            else:
                return

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement and return the number of rows it changed."""
        with self._translated():
            return self._connection.execute(statement, values).rowcount

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows."""
        with self._translated():
            self._connection.executemany(statement, rows)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        with self._translated():
            row: Row | None = self._connection.execute(statement, values).fetchone()
            return row

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows."""
        with self._translated():
            return self._connection.execute(statement, values).fetchall()

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield rows as they come, so that memory does not grow with the answer."""
        with self._translated():
            cursor = self._connection.execute(statement, values)
            for row in cursor:  # noqa: UP028  ("yield from" closes the cursor, maybe after the connection)
                yield row

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all or nothing of what the block writes; inside another transaction, be part of that one."""
        if self._connection.in_transaction:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self.execute("COMMIT")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def commit(self) -> None:
        """End the open transaction, if there is one, keeping its writes."""
        if self._connection.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """End the open transaction, if there is one, leaving no trace."""
        self._connection.rollback()

    @property
    def is_in_place(self) -> bool:
        """Whether the file at the path is still the one that was opened."""
        return self._identity is not None and _identity(self.path) == self._identity

    def is_sound(self) -> bool:
        """Check the whole file; takes time in proportion to its size."""
        try:
            return self.one("PRAGMA integrity_check(1)") == ("ok",)
        except IndexCorrupt:
            return False

    def back_up(self, target: Path) -> None:
        """Copy the database as it stands, the write-ahead log included."""
        with self._translated(), sqlite3.connect(target) as copy:
            self._connection.backup(copy)
        copy.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error


def _connect(path: Path, mode: str, *, any_thread: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?{mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_SECONDS,
        check_same_thread=not any_thread,
    )


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open a file beside those who may write to it, which takes shared memory; where there can be none, alone.

    On a disk that is read-only or full SQLite cannot make its shared memory; without a log left over it needs
    none.
    """
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0
    if has_log or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        connection = _connect(path, "mode=ro")
        try:
            connection.execute("PRAGMA schema_version")
        except sqlite3.OperationalError:
            connection.close()
            if has_log:
                raise
        else:
            return connection
    return _connect(path, "mode=ro&immutable=1")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def _translate(error: sqlite3.Error, path: Path) -> AlfredError:
    extended_code = getattr(error, "sqlite_errorcode", None) or 0
    code = extended_code & _PRIMARY_CODE
    if code in _CORRUPT or any(sign in str(error) for sign in _SIGNS_OF_DAMAGE):
        return IndexCorrupt(f"the index {path} is damaged ({error})")
    if code in _BUSY:
        return IndexBusy(
            f"the index {path} is held by another Alfred for more than {BUSY_TIMEOUT_SECONDS:.0f} s: "
            "try again when it is done"
        )
    if code == sqlite3.SQLITE_CANTOPEN and path.parent.is_dir() and not os.access(path.parent, os.W_OK):
        code = sqlite3.SQLITE_READONLY
    if code in _READ_ONLY:
        return ReadOnlyLibrary(
            f"the index {path} cannot be written to: make its folder writable, or keep the index elsewhere "
            "with ALFRED_INDEX_URL"
        )
    if code == sqlite3.SQLITE_FULL or extended_code == sqlite3.SQLITE_IOERR_SHMSIZE:  # no room for shared memory
        return DiskFull(f"the disk is full: {path} was left as it was; free some space and try again")
    if code == sqlite3.SQLITE_CANTOPEN:
        return IndexUnreadable(f"cannot open the index {path}: check that its folder is there and readable")
    return IndexUnreadable(f"cannot use the index {path}: {error}; check the disk it is on")

"""Opening an index file: made where it is missing, upgraded where it is old, set aside where it is damaged."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from alfred.application.exceptions import IndexCorrupt, IndexUnreadable, LibraryUnavailable, ReadOnlyLibrary
from alfred.infrastructure.persistence.files import keep_aside
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.database import Database
from alfred.infrastructure.persistence.sqlite.schema import migrate, refuse_newer, upgrade, version_of

log = logging.getLogger(__name__)


def open_for_writing(path: Path, *, may_create: bool, now: Callable[[], datetime]) -> Database:
    """Open an index that can be written to.

    Args:
        path: the file.
        may_create: make it where it is missing or damaged; never true while the root is offline.
        now: the clock, for the name of a damaged file that is set aside.

    Returns:
        A database with the newest schema; without any library in it where it had to be made.

    Raises:
        LibraryUnavailable: newer schema, busy, unreadable, read-only, or damaged and not to be made anew.
    """
    try:
        database = _open(path)
    except IndexCorrupt:
        if not may_create:
            raise
        database = replace_damaged(path, now=now)
    except IndexUnreadable:
        if not may_create:
            raise
        database = _create(path)
    return _brought_up_to_date(database)


def open_in_place_of(damaged: Database, *, now: Callable[[], datetime]) -> Database:
    """Set an open index aside that turned out to be damaged, and open the one that takes its place."""
    damaged.close()
    return _brought_up_to_date(replace_damaged(damaged.path, now=now, proven=lambda: damaged.is_in_place))


def drop_dangling_rows(path: Path, *, now: Callable[[], datetime]) -> None:
    """Drop the rows of an index that point to nothing, after a copy of it beside the file.

    Raises:
        LibraryUnavailable: it cannot be opened or written to.
    """
    label = now().strftime("%Y%m%dT%H%M%SZ")
    with closing(open_for_writing(path, may_create=False, now=now)) as database:
        database.back_up(path.with_name(f"{path.name}.backup-{label}"))
        with database.transaction():
            for statement in sql.DROP_DANGLING:
                database.execute(statement)


def open_for_reading(path: Path) -> Database:
    """Open an index on a disk that cannot be written to.

    Raises:
        LibraryUnavailable: it is not there, newer, or unreadable.
    """
    database = Database(path, read_only=True)
    try:
        refuse_newer(database)
        if version_of(database) == 0:
            raise IndexUnreadable(f"the index {path} is empty: make its folder writable and run 'alfred rescan'")
    except BaseException:
        database.close()
        raise
    return database


def replace_damaged(
    path: Path, *, now: Callable[[], datetime], proven: Callable[[], bool] = lambda: False
) -> Database:
    """Keep a damaged index aside and make an empty one, unless another process has just done so.

    Args:
        path: the file.
        now: the clock, for the name of the file that is set aside.
        proven: says whether the file that is there now is the one that was found damaged; without proof the
            file is checked, which does not see everything: a flipped bit in a text is no fault of its structure.
    """
    with _only_one_at_a_time(path):
        if not proven():
            with suppress(IndexCorrupt):
                database = _open(path, create=True)
                if database.is_sound():
                    return database
                database.close()
        label = now().strftime("%Y%m%dT%H%M%SZ")
        aside = keep_aside(path, label=label)
        log_aside = keep_aside(path.with_name(path.name + "-wal"), label=label)
        path.with_name(path.name + "-shm").unlink(missing_ok=True)
        log.warning("the index was damaged; it is kept as %s and made anew from the sidecars", aside)
        database = _open(path, create=True)
        database.replaces = (aside, log_aside) if aside is not None else None
        return database


def _create(path: Path) -> Database:
    """Make an index; where another process may be setting a damaged one aside, only when it is done.

    In between, the file is not there, but its write-ahead log still is: that must not become the log of a new one.
    """
    if not _lock_of(path).exists():
        return _open(path, create=True)
    with _only_one_at_a_time(path):
        return _open(path, create=True)


def _open(path: Path, *, create: bool = False) -> Database:
    database = Database(path, create=create)
    try:
        if version_of(database):
            database.one("SELECT COUNT(*) FROM library")
    except BaseException:
        database.close()
        raise
    return database


def _brought_up_to_date(database: Database) -> Database:
    try:
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: Database) -> None:
    refuse_newer(database)
    if version_of(database) == 0:
        with database.transaction():
            migrate(database)
    else:
        upgrade(database)


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


@contextmanager
def _only_one_at_a_time(path: Path) -> Iterator[None]:
    try:
        lock = _lock_of(path).open("ab")
    except OSError as error:
        raise ReadOnlyLibrary(
            f"the index {path} is damaged and its folder cannot be written to ({error.strerror}): "
            "make it writable, and it is made anew from the sidecars"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise LibraryUnavailable(f"cannot lock {lock.name}: {error.strerror}") from error
        yield

"""Looking at an index without changing it: not healed, not upgraded, not entered."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from alfred.application.exceptions import AlfredError, IndexUnreadable
from alfred.application.ports.health import IndexFacts
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.marker import wrong_library
from alfred.infrastructure.persistence.mounts import file_system_of, is_network
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import to_micros
from alfred.infrastructure.persistence.sqlite.database import Database
from alfred.infrastructure.persistence.sqlite.opening import open_for_reading
from alfred.infrastructure.persistence.sqlite.presence import PresenceRows
from alfred.infrastructure.persistence.sqlite.schema import MIGRATIONS, refuse_newer, version_of

MOST_FAULTS = 5

_JOURNAL_BYTE = 18  # of the file's header: 2 for a write-ahead log, 1 for a rollback journal
_WRITE_AHEAD = 2


def inspect_index(path: Path, *, root: Path, library_id: str, now: datetime) -> IndexFacts:
    """Look at an index file; takes time in proportion to its size.

    Args:
        path: the file.
        root: the library root.
        library_id: as the marker has it.
        now: facts from after this moment are from the future.
    """
    facts = IndexFacts(
        path=str(path),
        newest_schema=len(MIGRATIONS),
        file_system=file_system_of(path.parent),
        wanted_journal_mode="delete" if is_network(path.parent) else "wal",
        is_writable=os.access(path, os.W_OK) and os.access(path.parent, os.W_OK),
    )
    try:
        facts = replace(facts, journal_mode=_journal_mode_of(path))
        with closing(Database(path, read_only=True)) as database:
            return _read(database, facts, root=root, library_id=library_id, now=now)
    except FileNotFoundError:
        return replace(facts, is_there=False)
    except OSError as error:
        return replace(facts, error=IndexUnreadable(f"cannot read the index {path}: {error.strerror}"))
    except AlfredError as error:
        return replace(facts, error=error)


@contextmanager
def open_recorded(
    path: Path, *, root: Path, library_id: str, now: Callable[[], datetime]
) -> Iterator[PresenceRows]:
    """Open what an index has on record of one library, for reading only.

    Raises:
        WrongLibrary: it knows another library at this root.
        LibraryUnavailable: it cannot be read, or does not know the library.
    """
    with closing(open_for_reading(path)) as database:
        row = database.one(sql.LIBRARY, (library_id,))
        if row is None:
            if there := database.one(sql.LIBRARY_AT_ROOT, (str(root.resolve()),)):
                raise wrong_library(root, marked=library_id, known=str(there[1]))
            raise IndexUnreadable(f"the index {path} does not know this library: run 'alfred rescan'")
        yield PresenceRows(database, int(row[0]), now=now)


def _journal_mode_of(path: Path) -> str:
    """Read the journal mode from the file itself: a connection that only reads may report another one."""
    with path.open("rb") as file:
        header = file.read(_JOURNAL_BYTE + 1)
    return "wal" if header[_JOURNAL_BYTE:] == bytes([_WRITE_AHEAD]) else "delete"


def _read(database: Database, facts: IndexFacts, *, root: Path, library_id: str, now: datetime) -> IndexFacts:
    version = version_of(database)
    if version == 0:
        return facts
    refuse_newer(database)
    faults = [str(row[0]) for row in database.all(f"PRAGMA integrity_check({MOST_FAULTS})")]
    facts = replace(facts, schema=version, faults=() if faults == ["ok"] else tuple(faults))
    if facts.faults:
        return facts
    dangling = Counter(str(row[0]) for row in database.all("PRAGMA foreign_key_check"))
    known = database.one(sql.LIBRARY, (library_id,))
    there = database.one(sql.LIBRARY_AT_ROOT, (str(root.resolve()),))
    early = database.all(sql.FETCHED_AFTER, (known[0], to_micros(now), to_micros(now))) if known else []
    return replace(
        facts,
        dangling=dangling,
        knows_library=known is not None,
        other_library=str(there[1]) if known is None and there is not None else None,
        fetched_in_future=tuple(TmdbId(tmdb_id) for (tmdb_id,) in early),
    )

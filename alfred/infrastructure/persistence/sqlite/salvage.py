"""What can be read out of a damaged index that nothing else holds: what became of shows that are away.

Facts come again from the provider and files from the sidecars. But the sidecar of a missing show is away with its
folder, so its tags, its note and its history are in the index alone.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alfred.application.exceptions import AlfredError
from alfred.domain.library.history import PastEvent
from alfred.domain.library.release import UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import decoder, from_micros, from_micros_or_none
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.sqlite.history import read_events

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SalvagedEntry:
    """An entry of a damaged index, without facts and files.

    Attributes:
        events: its history, the first one first.
    """

    tmdb_id: TmdbId
    name: str
    path: str
    added_at: datetime
    missing_since: datetime | None
    user: UserMetadata
    events: tuple[PastEvent, ...]


def salvage(damaged: Path, log_beside: Path | None, *, library_id: str) -> list[SalvagedEntry]:
    """Read the entries of one library out of a damaged index, as far as they can be made out.

    The file stays as it is: a copy is read, with the write-ahead log that belongs to it.

    Args:
        damaged: the file that was set aside.
        log_beside: its write-ahead log, or None.
        library_id: as the marker has it.
    """
    found: dict[int, SalvagedEntry] = {}
    with tempfile.TemporaryDirectory(prefix="alfred-") as folder, suppress(OSError, AlfredError):
        copy = Path(folder) / "index.sqlite3"
        shutil.copyfile(damaged, copy)
        if log_beside is not None:
            shutil.copyfile(log_beside, copy.with_name(copy.name + "-wal"))
        with closing(Database(copy)) as database:
            for entry in _entries(database, library_id):
                found[entry.tmdb_id.value] = entry
    if found:
        log.warning("tags, notes and history of %d shows were read out of the damaged index", len(found))
    return list(found.values())


def _entries(database: Database, library_id: str) -> Iterator[SalvagedEntry]:
    row = database.one(sql.LIBRARY, (library_id,))
    if row is None:
        return
    library = int(row[0])
    tags = _tags(database, library)
    for statement in (sql.ENTRIES_TO_SALVAGE, sql.ENTRIES_TO_SALVAGE + " DESC"):  # from both sides of the damage
        with suppress(AlfredError):
            for columns in database.stream(statement, (library,)):
                with suppress(AlfredError):
                    yield _to_entry(columns, tuple(tags[columns[0]]), _events(database, library, columns[0]))


def _tags(database: Database, library: int) -> dict[int, list[str]]:
    tags: dict[int, list[str]] = defaultdict(list)
    with suppress(AlfredError):
        for tmdb_id, name in database.stream(sql.TAGS, (library,)):
            tags[tmdb_id].append(name)
    return tags


def _events(database: Database, library: int, tmdb_id: int) -> tuple[PastEvent, ...]:
    events: list[PastEvent] = []
    with suppress(AlfredError, ValueError):
        events.extend(read_events(database, library, TmdbId(tmdb_id), since=None))
    return tuple(reversed(events))


@decoder
def _to_entry(row: Row, tags: tuple[str, ...], events: tuple[PastEvent, ...]) -> SalvagedEntry:
    tmdb_id, name, path, added_at, missing_since, note, changed_at = row
    return SalvagedEntry(
        tmdb_id=TmdbId(tmdb_id),
        name=str(name),
        path=str(path),
        added_at=from_micros(added_at),
        missing_since=from_micros_or_none(missing_since),
        user=UserMetadata(tags=tags, note=note, changed_at=from_micros_or_none(changed_at)),
        events=events,
    )

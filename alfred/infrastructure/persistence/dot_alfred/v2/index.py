"""The index of one library: facts joined with presence, one entry per show."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Self

from alfred.application.exceptions import (
    IndexCorrupt,
    IndexUnreadable,
    LibraryUnavailable,
    NotALibrary,
    ReadOnlyLibrary,
    RootOffline,
)
from alfred.application.ports.clock import system_clock
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.entry import EpisodeCounts, Outcome, SyncRecord
from alfred.domain.library.release import FileStatus, SeriesRelease, UserMetadata
from alfred.domain.library.views import ShowView, WantedEpisode
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.show import TVShowInfo
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import EntryMetadata, ShowIndexEntry
from alfred.infrastructure.persistence.marker import FOLDER, LibraryMarker, read_marker, root_is_online
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import (
    decoder,
    file_from_row,
    file_to_row,
    from_day,
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.sqlite.facts import write_difference, write_facts
from alfred.infrastructure.persistence.sqlite.opening import open_for_reading, open_for_writing, replace_damaged
from alfred.infrastructure.persistence.sqlite.slots import placing_of, refresh_slots
from alfred.infrastructure.persistence.sqlite.views import read_show

log = logging.getLogger(__name__)

INDEX_NAME = "index.sqlite3"

SIDECAR_FAILURE = "sidecar"
"""The error class of an entry whose sidecar cannot be used."""

SHOWS_PER_TRANSACTION = 64


class DotAlfredTVShowLibraryIndex:
    """The entries of one library, in SQLite.

    Opening it checks it: an index that is missing or damaged is made anew, with a placeholder for every sidecar.

    Args:
        library_root: the root; its marker says which library it is.
        location: the file; by default ``ROOT/.alfred/index.sqlite3``.
        placeholders: reads what the sidecars say, for an index that has to be made anew; by default those in the
            show folders.
        read_only_will_do: the caller only reads, so an index that cannot be written to is good enough.
        now: the clock; aware, UTC.

    Raises:
        LibraryUnavailable: no marker, root offline, index newer, busy, unreadable or read-only.
    """

    def __init__(
        self,
        library_root: Path,
        *,
        location: Path | None = None,
        placeholders: Callable[[], Iterable[ShowPresence]] | None = None,
        read_only_will_do: bool = False,
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self._root = library_root
        self._now = now
        self._placeholders = placeholders or self._read_sidecars
        self._batching = False
        self._batch_size = 0
        path = location or library_root / FOLDER / INDEX_NAME
        try:
            marker: LibraryMarker | None = read_marker(library_root)
        except (NotALibrary, RootOffline):
            if location is None or not location.exists():
                raise
            marker = None
        self._database = self._open(path, may_create=marker is not None, read_only_will_do=read_only_will_do)
        try:
            self._library = self._enter(marker)
        except IndexCorrupt:
            self.heal()
        except BaseException:
            self._database.close()
            raise

    def _open(self, path: Path, *, may_create: bool, read_only_will_do: bool) -> Database:
        try:
            return open_for_writing(path, may_create=may_create, now=self._now)
        except (ReadOnlyLibrary, IndexUnreadable):
            if not read_only_will_do or not path.exists():
                raise
            return open_for_reading(path)

    def _enter(self, marker: LibraryMarker | None) -> int:
        """Find this library in the index, or add it with a placeholder for every sidecar."""
        root = str(self._root.resolve())
        if marker is None:
            row = self._database.one(sql.LIBRARY_AT_ROOT, (root,))
            if row is None:
                raise RootOffline(f"{self._root} is not there, and the index knows no library at that place")
            return int(row[0])
        known = self._database.one(sql.LIBRARY, (marker.library_id,))
        if (known is None or known[1:] != (root, marker.name)) and not self._database.read_only:
            with self._database.transaction():
                self._database.execute(sql.PUT_LIBRARY, (marker.library_id, root, marker.name))
                row = self._database.one(sql.LIBRARY, (marker.library_id,))
                if known is None and row is not None:
                    self._library = int(row[0])
                    self._add_placeholders()
                known = row
        if known is None:
            raise IndexUnreadable(
                f"the index {self._database.path} does not know this library, and cannot be written to"
            )
        return int(known[0])

    def _add_placeholders(self) -> None:
        count = 0
        for presence in self._placeholders():
            self._write_presence(presence, self._now())
            count += 1
        if count:
            log.warning("the index was made anew from %d sidecars; 'alfred rescan' checks them", count)

    def _read_sidecars(self) -> Iterable[ShowPresence]:
        from alfred.infrastructure.folders import DiskFolders
        from alfred.infrastructure.persistence.dot_alfred.v2.healing import presences_from_sidecars
        from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars

        return presences_from_sidecars(DiskFolders(self._root), DotAlfredSidecars(self._root))

    def heal(self) -> None:
        """Replace an index that turned out to be damaged while it was in use.

        Raises:
            LibraryUnavailable: the root is offline.
        """
        damaged, path = self._database, self._database.path
        damaged.close()
        marker = read_marker(self._root)
        replace_damaged(path, now=self._now, proven=lambda: damaged.is_in_place).close()
        self._database = open_for_writing(path, may_create=True, now=self._now)
        self._library = self._enter(marker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index."""
        self._database.close()

    # --- entries

    def find_by_tmdb_id(self, tmdb_id: TmdbId) -> ShowIndexEntry | None:
        """Return the entry of a show, or None."""
        row = self._database.one(sql.ENTRY, (self._today(), self._library, tmdb_id.value))
        if row is None:
            return None
        tags = self._database.all(sql.TAGS_OF_SHOW, (self._library, tmdb_id.value))
        return _to_entry(row, tuple(name for (name,) in tags))

    def entries(self, *, include_missing: bool = True) -> Iterator[ShowIndexEntry]:
        """Yield all entries by name."""
        tags: dict[int, list[str]] = defaultdict(list)
        for tmdb_id, name in self._database.all(sql.TAGS, (self._library,)):
            tags[tmdb_id].append(name)
        statement = sql.ENTRIES if include_missing else sql.ENTRIES_PRESENT
        for row in self._database.stream(statement, (self._today(), self._library)):
            yield _to_entry(row, tuple(tags.get(row[0], ())))

    def stale_ids(self, *, fetched_before: datetime) -> list[TmdbId]:
        """Return the shows whose facts were fetched at or before a moment, oldest first."""
        rows = self._database.all(sql.STALE_IDS, (self._library, to_micros(fetched_before)))
        return [TmdbId(tmdb_id) for (tmdb_id,) in rows]

    def show(self, tmdb_id: TmdbId) -> ShowView:
        """Return the seasons, slots and files of a show."""
        return read_show(self._database, self._library, tmdb_id.value, today=self._now().astimezone(UTC).date())

    def wanted(self, tmdb_id: TmdbId | None = None) -> Iterator[WantedEpisode]:
        """Yield the slots that have aired and have no file, the latest first; missing shows are left out."""
        if tmdb_id is None:
            values: Row = (self._library, self._today(), self._library)
            rows = self._database.stream(sql.WANTED, values)
        else:
            rows = self._database.stream(sql.WANTED_OF_SHOW, (self._library, tmdb_id.value, self._today()))
        for show_id, name, season, number, title, air_date in rows:
            aired = from_day(air_date)
            if aired is not None:
                yield WantedEpisode(TmdbId(show_id), name, season, number, title, aired)

    def count_wanted(self) -> int:
        """Count what :meth:`wanted` yields, from an index alone."""
        row = self._database.one(sql.COUNT_WANTED, (self._library, self._today(), self._library))
        return int(row[0]) if row else 0

    # --- sync

    def upsert(
        self,
        info: TVShowInfo,
        release: SeriesRelease | None,
        *,
        path: PathLike[str] | str,
        fetched_at: datetime,
    ) -> None:
        """Write the join of facts and release; clears an earlier failure, keeps user metadata.

        Args:
            info: what the provider said.
            release: what the sidecar says; None where it is gone or corrupt: the slots then have no files until
                a rescan, unless the root is offline, which proves nothing.
            path: the show folder, relative to the root.
            fetched_at: when the provider was asked; older facts never replace newer ones.
        """
        key = (self._library, info.tmdb_id.value)
        folder = Path(fspath(path)).as_posix()
        now = self._now()
        with self._database.transaction():
            moved = write_facts(self._database, info, fetched_at=fetched_at, now=now)
            before = self._database.one(sql.ENTRY_PRESENCE, key)
            if before is None:
                self._database.execute(sql.ADD_ENTRY, (*key, info.name, folder, to_micros(now)))
            was_detached, old_digest, failure = (bool(before[1]), *before[2:]) if before else (False, "", None)
            detached = release is None and (was_detached or root_is_online(self._root))
            digest = release.digest if release else old_digest
            if release is None and failure == SIDECAR_FAILURE:  # the sidecar is as unusable as it was
                values: Row = (folder, int(detached), digest, *key)
                self._database.execute(sql.ENTRY_HAS_SYNCED_WITHOUT_SIDECAR, values)
            else:
                values = (folder, int(detached), digest, _partial(info), *key)
                self._database.execute(sql.ENTRY_HAS_SYNCED, values)
            if detached:
                self._database.execute(sql.LOOK_AGAIN, key)
            is_known = release is None or (release.digest and release.digest == old_digest)
            files_moved = not is_known and release is not None and self._write_release(key, release)
            if before is None or moved or files_moved or detached != was_detached:
                self._refresh_slots(key, detached=detached)

    def sync_record(self, tmdb_id: TmdbId) -> SyncRecord:
        """Return what is remembered of the last syncs of a show."""
        row = self._database.one(sql.SYNC_RECORD, (self._library, tmdb_id.value))
        return SyncRecord() if row is None else _to_sync_record(row)

    def record_failure(self, tmdb_id: TmdbId, record: SyncRecord, *, path: str) -> None:
        """Remember a failed sync; facts, files and user metadata stay as they are."""
        key = (self._library, tmdb_id.value)
        with self._database.transaction():
            name = path.rpartition("/")[2] or f"TMDB {tmdb_id}"
            self._database.execute(sql.ADD_ENTRY, (*key, name, path, to_micros(self._now())))
            self._database.execute(sql.ENTRY_HAS_FAILED, (*_from_sync_record(record), *key))

    # --- rescan

    def known_folders(self) -> Mapping[str, KnownFolder]:
        """Return every show folder of the last rescan by its path."""
        return {
            path: KnownFolder(path=path, tmdb_id=TmdbId(tmdb_id), signature=signature, sidecar=sidecar)
            for path, tmdb_id, signature, sidecar in self._database.all(sql.FOLDERS, (self._library,))
        }

    def known_ids(self) -> frozenset[TmdbId]:
        """Return the ids of all entries."""
        return frozenset(TmdbId(row[0]) for row in self._database.all(sql.ENTRY_IDS, (self._library,)))

    def folders_of(self, tmdb_id: TmdbId) -> tuple[str, ...]:
        """Return the folders where a show was last seen, relative to the root."""
        rows = self._database.all(sql.FOLDERS_OF_SHOW, (self._library, tmdb_id.value))
        return tuple(path for (path,) in rows)

    def recorded_release(self, tmdb_id: TmdbId) -> SeriesRelease | None:
        """Return files and user metadata as the index has them; None for an unknown show."""
        key = (self._library, tmdb_id.value)
        presence = self._database.one(sql.ENTRY_PRESENCE, key)
        if presence is None:
            return None
        tags = tuple(name for (name,) in self._database.all(sql.TAGS_OF_SHOW, key))
        files = tuple(file_from_row(row) for row in self._database.all(sql.FILES, key))
        return SeriesRelease(tmdb_id=tmdb_id, files=files, user=UserMetadata(tags=tags, note=presence[0]))

    def file_counts(self) -> Mapping[TmdbId, Mapping[FileStatus, int]]:
        """Count the files of each show by status."""
        counts: dict[TmdbId, dict[FileStatus, int]] = defaultdict(dict)
        for tmdb_id, status, count in self._database.all(sql.FILE_COUNTS, (self._library,)):
            counts[TmdbId(tmdb_id)][FileStatus(status)] = count
        return counts

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Group the writes of several shows into transactions of a few dozen shows each."""
        self._batch_size = 0
        self._batching = True
        try:
            yield
        except BaseException:
            self._database.rollback()
            raise
        finally:
            self._batching = False
            self._database.commit()

    def record_presence(self, presence: ShowPresence, *, now: datetime) -> None:
        """Write what a rescan found of one show."""
        with self._grouped():
            self._write_presence(presence, now)

    def record_unreadable_sidecar(self, tmdb_id: TmdbId, message: str) -> None:
        """Mark a known entry as broken because its sidecar cannot be used."""
        record = SyncRecord(
            outcome=Outcome.FAILED, error_class=SIDECAR_FAILURE, status_message=message, attempts=1
        )
        with self._grouped():
            self._database.execute(
                sql.ENTRY_HAS_FAILED, (*_from_sync_record(record), self._library, tmdb_id.value)
            )

    def _write_presence(self, presence: ShowPresence, now: datetime) -> None:
        tmdb_id = presence.release.tmdb_id.value
        key = (self._library, tmdb_id)
        user = presence.release.user
        before = self._database.one(sql.ENTRY_PRESENCE, key)
        if before is None:
            self._database.execute(sql.ADD_ENTRY, (*key, presence.name, presence.path, to_micros(now)))
        self._database.execute(sql.ENTRY_IS_PRESENT, (presence.path, user.note, *key))
        self._database.execute(sql.FORGET_SIDECAR_FAILURE, (*key, SIDECAR_FAILURE))
        self._write_tags(key, user.tags)
        self._write_folders(key, presence.folders)
        files_moved = self._write_release(key, presence.release)
        if before is None or files_moved or before[1]:
            self._refresh_slots(key, detached=False)

    def _write_release(self, key: tuple[int, int], release: SeriesRelease) -> bool:
        """Write the files that changed, and say whether they have to be placed again."""
        old = self._database.all(sql.FILES, key)
        new = [file_to_row(*key, file) for file in release.files]
        changed = write_difference(self._database, old, new, sql.FILE_ROWS)
        return changed and placing_of(old) != placing_of(new)

    def _write_tags(self, key: tuple[int, int], tags: tuple[str, ...]) -> None:
        old = [(*key, name) for (name,) in self._database.all(sql.TAGS_OF_SHOW, key)]
        new = [(*key, name) for name in tags]
        write_difference(self._database, old, new, sql.TAG_ROWS)

    def _write_folders(self, key: tuple[int, int], folders: tuple[KnownFolder, ...]) -> None:
        present = {folder.path for folder in folders}
        for (path,) in self._database.all(sql.FOLDERS_OF_SHOW, key):
            if path not in present:
                self._database.execute(sql.DROP_FOLDER, (self._library, path))
        for folder in folders:
            values = (self._library, folder.path, key[1], folder.signature, folder.sidecar)
            self._database.execute(sql.PUT_FOLDER, values)

    @contextmanager
    def _grouped(self) -> Iterator[None]:
        """Write in the open transaction of a batch, or in one of our own."""
        if not self._batching:
            with self._database.transaction():
                yield
            return
        if not self._database.in_transaction:
            self._database.execute("BEGIN IMMEDIATE")
        yield
        self._batch_size += 1
        if self._batch_size % SHOWS_PER_TRANSACTION == 0:
            self._database.commit()

    def _refresh_slots(self, key: tuple[int, int], *, detached: bool) -> None:
        today = self._now().astimezone(UTC).date()
        refresh_slots(self._database, *key, detached=detached, today=today)

    def _today(self) -> str:
        return self._now().astimezone(UTC).date().isoformat()


def library_of_index(root: Path, location: Path | None = None) -> str | None:
    """Return the library that an index left under a root belongs to, so that a lost marker can be made again."""
    path = location or root / FOLDER / INDEX_NAME
    if not path.is_file():
        return None
    try:
        database = open_for_reading(path)
    except LibraryUnavailable:
        return None
    try:
        row = database.one(sql.LIBRARY_AT_ROOT, (str(root.resolve()),))
    finally:
        database.close()
    return str(row[1]) if row else None


def _partial(info: TVShowInfo) -> str | None:
    if not info.unavailable_seasons:
        return None
    listed = ", ".join(str(number) for number in info.unavailable_seasons)
    return f"episodes of season {listed} could not be had"


@decoder
def _to_entry(row: Row, tags: tuple[str, ...]) -> ShowIndexEntry:
    columns = _EntryColumns(*row)
    return ShowIndexEntry(
        tmdb_id=TmdbId(columns.tmdb_id),
        name=columns.name,
        status=columns.status,
        metadata=EntryMetadata(
            path=columns.path,
            fetched_at=from_micros_or_none(columns.fetched_at),
            verified_at=from_micros_or_none(columns.verified_at),
            added_at=from_micros(columns.added_at),
            missing_since=from_micros_or_none(columns.missing_since),
            claimed_at=from_micros_or_none(columns.claimed_at),
            claimed_by=columns.claimed_by,
        ),
        sync=_to_sync_record(row[10:17]),
        user=UserMetadata(tags=tags, note=columns.note),
        episodes=EpisodeCounts(total=columns.total, aired=columns.aired, on_disk=columns.on_disk),
    )


@dataclass(frozen=True, slots=True)
class _EntryColumns:
    """The columns of the entry statement, in its order."""

    tmdb_id: int
    name: str
    status: str
    path: str
    fetched_at: int | None
    verified_at: int | None
    added_at: int
    missing_since: int | None
    claimed_at: int | None
    claimed_by: str | None
    outcome: str | None
    error_class: str | None
    status_message: str | None
    attempts: int
    retry_after: int | None
    not_found_count: int
    not_found_since: int | None
    note: str | None
    on_disk: int
    total: int
    aired: int


def _to_sync_record(row: Row) -> SyncRecord:
    outcome, error_class, message, attempts, retry_after, not_found_count, not_found_since = row
    return SyncRecord(
        outcome=None if outcome is None else Outcome(outcome),
        error_class=error_class,
        status_message=message,
        attempts=attempts,
        retry_after=from_micros_or_none(retry_after),
        not_found_count=not_found_count,
        not_found_since=from_micros_or_none(not_found_since),
    )


def _from_sync_record(record: SyncRecord) -> Row:
    return (
        None if record.outcome is None else record.outcome.value,
        record.error_class,
        record.status_message,
        record.attempts,
        to_micros_or_none(record.retry_after),
        record.not_found_count,
        to_micros_or_none(record.not_found_since),
    )

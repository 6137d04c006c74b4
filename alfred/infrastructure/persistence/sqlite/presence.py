"""What a rescan writes of a library: presence, folders, files, what the user said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.failure import SIDECAR_FAILURE
from alfred.domain.library.history import (
    Event,
    EventKind,
    adoption,
    changes_of_files,
    changes_of_folder,
    changes_of_user,
    identification,
)
from alfred.domain.library.placement import ListedEpisode
from alfred.domain.library.presence import KnownShow, PresenceChange
from alfred.domain.library.release import EpisodeFile, FileStatus, SeriesRelease, UserMetadata, newest
from alfred.domain.library.views import DriftedFile
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import (
    decoder,
    file_from_row,
    file_to_row,
    from_micros,
    from_micros_or_none,
    sync_record_to_row,
    to_micros,
    to_micros_or_none,
)
from alfred.infrastructure.persistence.sqlite.database import Database
from alfred.infrastructure.persistence.sqlite.facts import write_difference
from alfred.infrastructure.persistence.sqlite.history import Written, add_events, add_events_of_marked
from alfred.infrastructure.persistence.sqlite.slots import (
    Placed,
    listed_episodes,
    placing_of,
    refresh_slots,
    with_remembered_episodes,
)

if TYPE_CHECKING:
    from alfred.infrastructure.persistence.sqlite.salvage import SalvagedEntry

BLOCKS_PER_TRANSACTION = 2
"""Blocks of a batch; each may hold a few dozen shows."""

Key = tuple[int, int]


class PresenceRows:
    """The presence of one library's shows.

    Args:
        database: an open index.
        library: the library's number in it.
        now: the clock; aware, UTC.
    """

    def __init__(self, database: Database, library: int, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._library = library
        self._now = now
        self._batching = False
        self._batch_size = 0

    @decoder
    def known_folders(self) -> Mapping[str, KnownFolder]:
        """Return every show folder of the last rescan by its path."""
        return {
            path: KnownFolder(path=path, tmdb_id=TmdbId(tmdb_id), signature=signature, sidecar=sidecar)
            for path, tmdb_id, signature, sidecar in self._database.all(sql.FOLDERS, (self._library,))
        }

    @decoder
    def known_shows(self) -> dict[TmdbId, KnownShow]:
        """Return where every entry is, and since when it is missing."""
        folders: dict[int, list[str]] = defaultdict(list)
        for path, tmdb_id, _, _ in self._database.all(sql.FOLDERS, (self._library,)):
            folders[tmdb_id].append(path)
        return {
            TmdbId(tmdb_id): KnownShow(
                name, tuple(folders.get(tmdb_id, [path])), from_micros_or_none(missing_since)
            )
            for tmdb_id, name, path, missing_since in self._database.all(sql.KNOWN_SHOWS, (self._library,))
        }

    def folders_of(self, tmdb_id: TmdbId) -> tuple[str, ...]:
        """Return the folders where a show was last seen, relative to the root."""
        rows = self._database.all(sql.FOLDERS_OF_SHOW, (self._library, tmdb_id.value))
        return tuple(path for (path,) in rows)

    def recorded_release(self, tmdb_id: TmdbId) -> SeriesRelease | None:
        """Return files and user metadata as the index has them; None for an unknown show."""
        key = (self._library, tmdb_id.value)
        user = self._user(key)
        if user is None:
            return None
        files = tuple(file_from_row(row) for row in self._database.all(sql.FILES, key))
        return SeriesRelease(tmdb_id=tmdb_id, files=files, user=user)

    @decoder
    def processing_files(self) -> list[tuple[TmdbId, EpisodeFile]]:
        """Return every file that is recorded as in processing, by show and path."""
        rows = self._database.all(sql.PROCESSING_FILES, (self._library,))
        return [(TmdbId(row[1]), file_from_row(row)) for row in rows]

    @decoder
    def file_counts(self) -> Mapping[TmdbId, Mapping[FileStatus, int]]:
        """Count the files of each show by status; that a whole show is missing does not count here."""
        counts: dict[TmdbId, dict[FileStatus, int]] = defaultdict(dict)
        for tmdb_id, status, count in self._database.all(sql.FILE_COUNTS, (self._library,)):
            counts[TmdbId(tmdb_id)][FileStatus(status)] = count
        return counts

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Group the writes of several shows into transactions of a few exclusive blocks each."""
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

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every other writer out until the block ends: in the open transaction of a batch, or in our own."""
        if not self._batching or self._database.in_transaction:
            with self._database.transaction():
                yield
        else:
            self._database.execute("BEGIN IMMEDIATE")
            yield
        if self._batching:
            self._batch_size += 1
            if self._batch_size % BLOCKS_PER_TRANSACTION == 0:
                self._database.commit()

    def record_presence(self, presence: ShowPresence, *, now: datetime, is_news: bool = True) -> None:
        """Write what a rescan found of one show.

        Args:
            is_news: false where an index is made anew, of which an entry that is there already has its history.
        """
        key = (self._library, presence.tmdb_id.value)
        with self._database.transaction():
            before = self._database.one(sql.ENTRY_PRESENCE, key)
            if before is None:
                self._database.execute(sql.ADD_ENTRY, (*key, presence.name, presence.path, to_micros(now)))
            self._database.execute(sql.ENTRY_IS_PRESENT, (presence.path, *key))
            self._database.execute(sql.FORGET_SIDECAR_FAILURE, (*key, SIDECAR_FAILURE))
            user_events = self._write_user(key, presence.release.user)
            self._write_folders(key, presence.folders)
            files = self.write_release(key, presence.release, is_new=before is None)
            if before is None or files.moved or before[1]:
                self.refresh_slots(key, detached=False)
            if before is None:
                events: tuple[Event, ...] = (adoption(presence.path),)
            else:
                restored = (Event(EventKind.RESTORED),) if before[0] is not None else ()
                moved = changes_of_folder(before[3], presence.path)
                events = (*restored, *moved, *files.events, *user_events) if is_news else restored
            add_events(self._database, key, events, at=now)

    def mark_presence(self, change: PresenceChange, *, now: datetime) -> None:
        """Mark shows as missing or as back, in bulk; everything else of them stays as it is."""
        with self._database.transaction():
            self._database.execute("CREATE TEMP TABLE IF NOT EXISTS marked_show (tmdb_id INTEGER PRIMARY KEY)")
            for ids, kind, statement, values in (
                (change.vanished, EventKind.MARKED_MISSING, sql.MARK_MISSING, (to_micros(now), self._library)),
                (change.restored, EventKind.RESTORED, sql.MARK_PRESENT, (self._library,)),
            ):
                self._database.execute(sql.FORGET_SEEN)
                self._database.execute_many(sql.NOTE_SEEN, ((tmdb_id.value,) for tmdb_id in ids))
                add_events_of_marked(self._database, self._library, kind, at=now)
                self._database.execute(statement, values)

    def forget(self, tmdb_ids: Collection[TmdbId], *, missing_before: datetime) -> None:
        """Delete entries that have been missing since before a moment, with facts that no library needs then."""
        with self._database.transaction():
            for tmdb_id in tmdb_ids:
                values = (self._library, tmdb_id.value, to_micros(missing_before))
                if self._database.execute(sql.DROP_MISSING_ENTRY, values):
                    self._database.execute(sql.DROP_SHOW_WITHOUT_ENTRY, (tmdb_id.value, tmdb_id.value))

    def record_unreadable_sidecar(self, tmdb_id: TmdbId, message: str) -> None:
        """Mark a known entry as broken because its sidecar cannot be used."""
        record = SyncRecord(
            outcome=Outcome.FAILED, error_class=SIDECAR_FAILURE, status_message=message, attempts=1
        )
        with self._database.transaction():
            self._database.execute(
                sql.ENTRY_HAS_FAILED, (*sync_record_to_row(record), self._library, tmdb_id.value)
            )

    def write_user(self, tmdb_id: TmdbId, user: UserMetadata, *, is_new: bool = False) -> None:
        """Write what the user said of a show, unless what is known is newer.

        Args:
            is_new: the entry was just made; what the user had said before came with it and is no event of its own.
        """
        key = (self._library, tmdb_id.value)
        with self._database.transaction():
            events = self._write_user(key, user)
            add_events(self._database, key, () if is_new else events, at=self._now())

    def _write_user(self, key: Key, user: UserMetadata) -> tuple[Event, ...]:
        known = self._user(key) or UserMetadata()
        if user == known or newest(known, user) is known:
            return ()
        self._database.execute(sql.PUT_USER, (user.note, to_micros_or_none(user.changed_at), *key))
        old, new = ([(*key, name) for name in tags] for tags in (known.tags, user.tags))
        write_difference(self._database, old, new, sql.TAG_ROWS)
        return changes_of_user(known, user)

    def restore(self, entry: SalvagedEntry) -> None:
        """Add an entry as another index had it, but for what the user said, unless there is one."""
        key = (self._library, entry.tmdb_id.value)
        moments = (to_micros(entry.added_at), to_micros_or_none(entry.missing_since))
        with self._database.transaction():
            if self._database.execute(sql.RESTORE_ENTRY, (*key, entry.name, entry.path, *moments)):
                for past in entry.events:
                    add_events(self._database, key, (past.event,), at=past.at)

    def note_sidecar(self, folder: str, stamp: str) -> None:
        """Remember the stamp of a sidecar that was written apart from a rescan; "" has the next one look."""
        with self._database.transaction():
            self._database.execute(sql.NOTE_SIDECAR, (stamp, self._library, folder))

    def write_release(
        self, key: Key, release: SeriesRelease, *, is_new: bool = False, is_whole: bool = True
    ) -> Written:
        """Write the files that changed, inside the caller's transaction, and say what came of it.

        Args:
            is_new: the entry was just made; its files came with it and are no events of their own.
            is_whole: the release has all files of the show; else those of folders that it says nothing of stay.
        """
        old = self._database.all(sql.FILES, key)
        new = with_remembered_episodes([file_to_row(*key, file) for file in release.files], old)
        if not is_whole:
            told = {file.folder for file in release.files}
            new += [row for row in old if row[2] not in told]
        changed = write_difference(self._database, old, new, sql.FILE_ROWS)
        if not changed or placing_of(old) == placing_of(new):
            return Written(moved=False)
        if is_new:
            return Written(moved=True)
        before, after = set(old), set(new)
        gone, come = (map(file_from_row, rows) for rows in (before - after, after - before))
        return Written(moved=True, events=changes_of_files(gone, come))

    def added_at(self, tmdb_id: TmdbId) -> datetime | None:
        """Return since when there is an entry; None for an unknown show."""
        row = self._database.one(sql.ADDED_AT, (self._library, tmdb_id.value))
        return from_micros(row[0]) if row else None

    def forget_episodes(self, tmdb_id: TmdbId, folder: str) -> None:
        """Forget which episodes the files of a folder were placed on, so that they are placed by name again."""
        with self._database.transaction():
            self._database.execute(sql.FORGET_EPISODES, (self._library, tmdb_id.value, folder))

    def take_folder_from(self, tmdb_id: TmdbId, folder: str, *, given_to: TmdbId, now: datetime) -> None:
        """Take a folder and its files from a show that it was not; one without any folder left is missing then."""
        key = (self._library, tmdb_id.value)
        with self._database.transaction():
            self._database.execute(sql.DROP_FILES_OF_FOLDER, (*key, folder))
            self._database.execute(sql.DROP_FOLDER, (self._library, folder))
            self.refresh_slots(key, detached=False)
            events = [identification(folder, before=tmdb_id, after=given_to)]
            before = self._database.one(sql.ENTRY_PRESENCE, key)
            left = self.folders_of(tmdb_id)
            if left and before is not None and before[3] not in left:
                self._database.execute(sql.ENTRY_IS_AT, (left[0], *key))
                events += changes_of_folder(before[3], left[0])
            if not left and self._database.execute(sql.ENTRY_IS_GONE, (to_micros(now), *key)):
                events += () if before and before[0] is not None else (Event(EventKind.MARKED_MISSING),)
            add_events(self._database, key, events, at=now)

    def record_identification(
        self, tmdb_id: TmdbId, folder: str, *, before: TmdbId | None, added_at: datetime | None, now: datetime
    ) -> None:
        """Tell that a folder was identified as a show.

        Args:
            before: the show that it was taken for.
            added_at: since when the folder has had an entry; an earlier date of the entry stays.
        """
        key = (self._library, tmdb_id.value)
        with self._database.transaction():
            if added_at is not None:
                moment = to_micros(added_at)
                self._database.execute(sql.ADDED_BY, (moment, *key, moment))
            add_events(self._database, key, (identification(folder, before=before, after=tmdb_id),), at=now)

    def write_files(self, release: SeriesRelease) -> None:
        """Write the files of a known show; whether its folder is there does not change."""
        key = (self._library, release.tmdb_id.value)
        with self._database.transaction():
            before = self._database.one(sql.ENTRY_PRESENCE, key)
            if before is None:
                return
            files = self.write_release(key, release)
            if files.moved:
                self.refresh_slots(key, detached=bool(before[1]))
            add_events(self._database, key, files.events, at=self._now())

    def refresh_slots(self, key: Key, *, detached: bool, new_ids: Collection[int] = ()) -> Placed:
        """Place the files of a show on its episodes again.

        Args:
            detached: the show has no readable sidecar.
            new_ids: episodes that were not listed before.
        """
        today = self._now().astimezone(UTC).date()
        return refresh_slots(self._database, *key, detached=detached, today=today, new_ids=new_ids)

    def listed_episodes(self, tmdb_id: TmdbId) -> list[ListedEpisode]:
        """Return the episodes of a show as placing needs them; none for a placeholder."""
        return listed_episodes(self._database, tmdb_id.value)

    def distrust_sidecars(self, key: Key) -> None:
        """Have the next rescan look at the sidecars of a show, inside the caller's transaction."""
        self._database.execute(sql.DISTRUST_SIDECARS, key)

    @decoder
    def drifted(self) -> list[DriftedFile]:
        """Return the files that keep an episode that has another number now, by show and path."""
        rows = self._database.all(sql.DRIFTED, (self._library,))
        return [DriftedFile(TmdbId(row[0]), f"{row[1]}/{row[2]}", row[3], row[4]) for row in rows]

    @decoder
    def _user(self, key: Key) -> UserMetadata | None:
        row = self._database.one(sql.USER, key)
        if row is None:
            return None
        tags = tuple(name for (name,) in self._database.all(sql.TAGS_OF_SHOW, key))
        return UserMetadata(tags=tags, note=row[0], changed_at=from_micros_or_none(row[1]))

    def _write_folders(self, key: Key, folders: tuple[KnownFolder, ...]) -> None:
        present = {folder.path for folder in folders}
        for (path,) in self._database.all(sql.FOLDERS_OF_SHOW, key):
            if path not in present:
                self._database.execute(sql.DROP_FOLDER, (self._library, path))
        for folder in folders:
            values = (self._library, folder.path, key[1], folder.signature, folder.sidecar)
            self._database.execute(sql.PUT_FOLDER, values)

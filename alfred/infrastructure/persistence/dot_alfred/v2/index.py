"""The index of one library: facts joined with presence, one entry per show."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from alfred.application.exceptions import (
    DiskFull,
    IndexCorrupt,
    IndexUnreadable,
    LibraryUnavailable,
    NotALibrary,
    ReadOnlyLibrary,
    RootOffline,
)
from alfred.application.ports.clock import system_clock
from alfred.application.ports.index import ShowPresence
from alfred.domain.library.entry import EpisodeCounts, Outcome, Standing, SyncRecord
from alfred.domain.library.failure import SIDECAR_FAILURE
from alfred.domain.library.history import Event, PastEvent, adoption, changes_of_folder, changes_of_sync
from alfred.domain.library.placement import SlotState
from alfred.domain.library.refresh_plan import RefreshCandidate
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.library.views import ShowView, WantedEpisode
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import LONGEST_TTL
from alfred.domain.tv_shows.request_cost import LAST_SEASON_AT_ONCE
from alfred.domain.tv_shows.show import TVShowInfo
from alfred.domain.work.lease import Claim
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import EntryMetadata, ShowIndexEntry
from alfred.infrastructure.persistence.marker import (
    FOLDER,
    LibraryMarker,
    read_marker,
    root_is_online,
    wrong_library,
)
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import (
    decoder,
    from_day,
    from_micros,
    from_micros_or_none,
    outlook_from_row,
    sync_record_from_row,
    sync_record_to_row,
    to_micros,
)
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.sqlite.facts import write_facts
from alfred.infrastructure.persistence.sqlite.history import (
    Written,
    add_events,
    add_events_everywhere,
    read_events,
)
from alfred.infrastructure.persistence.sqlite.opening import open_for_reading, open_for_writing, open_in_place_of
from alfred.infrastructure.persistence.sqlite.presence import PresenceRows
from alfred.infrastructure.persistence.sqlite.slots import Placed
from alfred.infrastructure.persistence.sqlite.views import read_show

if TYPE_CHECKING:
    from alfred.infrastructure.persistence.sqlite.salvage import SalvagedEntry

log = logging.getLogger(__name__)

INDEX_NAME = "index.sqlite3"


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
        path = location or library_root / FOLDER / INDEX_NAME
        try:
            marker: LibraryMarker | None = read_marker(library_root)
        except (NotALibrary, RootOffline):
            if location is None or not location.exists():
                raise
            marker = None
        self._database = self._open(path, may_create=marker is not None, read_only_will_do=read_only_will_do)
        try:
            self._join(self._enter(marker))
        except IndexCorrupt:
            self.heal()
        except BaseException:
            self._database.close()
            raise

    def _open(self, path: Path, *, may_create: bool, read_only_will_do: bool) -> Database:
        try:
            return open_for_writing(path, may_create=may_create, now=self._now)
        except (ReadOnlyLibrary, IndexUnreadable, DiskFull):
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
        there = self._database.one(sql.LIBRARY_AT_ROOT, (root,))
        if known is None and there is not None:
            raise wrong_library(self._root, marked=marker.library_id, known=str(there[1]))
        if (known is None or known[1:] != (root, marker.name)) and not self._database.read_only:
            with self._database.transaction():
                self._database.execute(sql.PUT_LIBRARY, (marker.library_id, root, marker.name))
                row = self._database.one(sql.LIBRARY, (marker.library_id,))
                if known is None and row is not None:
                    presence_rows = PresenceRows(self._database, int(row[0]), now=self._now)
                    salvaged = self._salvage(presence_rows, marker.library_id)
                    self._add_placeholders(presence_rows)
                    for entry in salvaged:  # after the sidecars, whose tags are whole
                        presence_rows.write_user(entry.tmdb_id, entry.user, is_new=True)
                known = row
        if known is None:
            raise IndexUnreadable(
                f"the index {self._database.path} does not know this library, and cannot be written to"
            )
        return int(known[0])

    def _join(self, library: int) -> None:
        self._library = library
        self._presence = PresenceRows(self._database, library, now=self._now)

    def _salvage(self, presence_rows: PresenceRows, library_id: str) -> list[SalvagedEntry]:
        if self._database.replaces is None:
            return []
        from alfred.infrastructure.persistence.sqlite.salvage import salvage

        salvaged = salvage(*self._database.replaces, library_id=library_id)
        for entry in salvaged:
            presence_rows.restore(entry)
        return salvaged

    def _add_placeholders(self, presence_rows: PresenceRows) -> None:
        count = 0
        for presence in self._placeholders():
            presence_rows.record_presence(presence, now=self._now(), is_news=False)
            count += 1
        if count:
            log.warning("the index was made anew from %d sidecars; 'alfred rescan' checks them", count)

    def _read_sidecars(self) -> Iterable[ShowPresence]:
        from alfred.infrastructure.folders import DiskFolders
        from alfred.infrastructure.persistence.dot_alfred.v2.healing import presences_from_sidecars
        from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars

        return presences_from_sidecars(DiskFolders(self._root), DotAlfredSidecars(self._root))

    @property
    def presence(self) -> PresenceRows:
        """What a rescan reads and writes."""
        return self._presence

    @property
    def was_made_anew(self) -> bool:
        """Whether it was found damaged, and a new one took its place, since it was opened."""
        return self._database.replaces is not None

    def heal(self) -> None:
        """Replace an index that turned out to be damaged while it was in use.

        Raises:
            LibraryUnavailable: the root is offline.
        """
        self._database.close()
        marker = read_marker(self._root)
        self._database = open_in_place_of(self._database, now=self._now)
        self._join(self._enter(marker))

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
        row = self._database.one(sql.COUNT_WANTED, (self._library, self._today()))
        return int(row[0]) if row else 0

    def held(self, tmdb_id: TmdbId | None = None, *, specials: bool = True) -> dict[SlotState, int]:
        """Count the slots that have aired and have files, though none that is ready; missing shows are left out.

        Args:
            tmdb_id: of this show alone, missing or not; by default of all.
            specials: count season 0 too.
        """
        if tmdb_id is None:
            rows = self._database.all(sql.HELD, (self._library, self._today(), self._library))
        else:
            rows = self._database.all(sql.HELD_OF_SHOW, (self._library, self._today(), tmdb_id.value))
        counts: Counter[SlotState] = Counter()
        for season, state, count in rows:
            if season != 0 or specials:
                counts[SlotState(state)] += count
        return dict(counts)

    # --- sync

    def upsert(
        self,
        info: TVShowInfo,
        release: SeriesRelease | None,
        *,
        path: PathLike[str] | str,
        fetched_at: datetime,
    ) -> SeriesRelease | None:
        """Write the join of facts and release; clears an earlier failure, keeps user metadata.

        Args:
            info: what the provider said.
            release: what the sidecar says; None where it is gone or corrupt: the slots then have no files until
                a rescan, unless the root is offline, which proves nothing.
            path: the show folder, relative to the root.
            fetched_at: when the provider was asked; older facts never replace newer ones.

        Returns:
            The files where other episodes are remembered with them than before, so that the sidecars can be told;
            else None.
        """
        key = (self._library, info.tmdb_id.value)
        folder = Path(fspath(path)).as_posix()
        now = self._now()
        with self._database.transaction():
            facts = write_facts(self._database, info, fetched_at=fetched_at, now=now)
            before = self._database.one(sql.ENTRY_PRESENCE, key)
            if before is None:
                self._database.execute(sql.ADD_ENTRY, (*key, info.name, folder, to_micros(now)))
                self.presence.write_user(info.tmdb_id, release.user if release else UserMetadata(), is_new=True)
            placed = self._join_release(key, before, release, facts, folder=folder, message=_partial(info))
            add_events_everywhere(self._database, info.tmdb_id.value, facts.events, at=now)
            add_events(self._database, key, placed.events, at=now)
            if not placed.remembers:
                return None
            self.presence.distrust_sidecars(key)
            return self.presence.recorded_release(info.tmdb_id)

    def confirm(
        self,
        tmdb_id: TmdbId,
        release: SeriesRelease | None,
        *,
        path: PathLike[str] | str,
        verified_at: datetime,
    ) -> None:
        """Write the join of the facts that are known and a release: the provider has no others.

        Args:
            tmdb_id: a show that has facts; one that is not in the library any more is left alone.
            release: as for :meth:`upsert`.
            path: likewise.
            verified_at: when the provider was asked.
        """
        key = (self._library, tmdb_id.value)
        with self._database.transaction():
            if (before := self._database.one(sql.ENTRY_PRESENCE, key)) is None:
                return
            self.stamp_verified([tmdb_id], at=verified_at)
            folder = Path(fspath(path)).as_posix()
            placed = self._join_release(key, before, release, Written(moved=False), folder=folder, message=None)
            add_events(self._database, key, placed.events, at=self._now())
            if placed.remembers:
                self.presence.distrust_sidecars(key)

    def _join_release(
        self,
        key: tuple[int, int],
        before: Row | None,
        release: SeriesRelease | None,
        facts: Written,
        *,
        folder: str,
        message: str | None,
    ) -> Placed:
        """Write an entry after a sync that went well, inside the caller's transaction.

        Args:
            key: of the entry.
            before: its row of ENTRY_PRESENCE; None for a new one.
            release: as for :meth:`upsert`.
            facts: what became of the facts.
            folder: the show folder.
            message: what could not be had.
        """
        was_detached, old_digest = (bool(before[1]), before[2]) if before else (False, "")
        detached = release is None and (was_detached or root_is_online(self._root))
        digest = release.digest if release else old_digest
        if release is None and before and before[5] == SIDECAR_FAILURE:  # it is as unusable as it was
            values: Row = (folder, int(detached), digest, *key)
            self._database.execute(sql.ENTRY_HAS_SYNCED_WITHOUT_SIDECAR, values)
        else:
            self._database.execute(sql.ENTRY_HAS_SYNCED, (folder, int(detached), digest, message, *key))
        if detached:
            self._database.execute(sql.LOOK_AGAIN, key)
        is_known = release is None or (release.digest and release.digest == old_digest)
        files, placed = Written(moved=False), Placed(remembers=False)
        if release is not None and not is_known:
            files = self.presence.write_release(key, release, is_new=before is None, is_whole=False)
        if before is None or facts.moved or files.moved or detached != was_detached:
            placed = self.presence.refresh_slots(key, detached=detached, new_ids=facts.new_ids)
        add_events(self._database, key, _entry_events(before, folder, files), at=self._now())
        return placed

    def sync_record(self, tmdb_id: TmdbId) -> SyncRecord:
        """Return what is remembered of the last syncs of a show."""
        row = self._database.one(sql.SYNC_RECORD, (self._library, tmdb_id.value))
        return SyncRecord() if row is None else sync_record_from_row(row)

    def record_failure(self, tmdb_id: TmdbId, record: SyncRecord, *, path: str) -> None:
        """Remember a failed sync; facts, files and user metadata stay as they are."""
        key = (self._library, tmdb_id.value)
        with self._database.transaction():
            before = self._database.one(sql.SYNC_RECORD, key)
            name = path.rpartition("/")[2] or f"TMDB {tmdb_id}"
            self._database.execute(sql.ADD_ENTRY, (*key, name, path, to_micros(self._now())))
            self._database.execute(sql.ENTRY_HAS_FAILED, (*sync_record_to_row(record), *key))
            known = SyncRecord() if before is None else sync_record_from_row(before)
            adopted = (adoption(path),) if before is None else ()
            add_events(self._database, key, (*adopted, *changes_of_sync(known, record)), at=self._now())

    # --- batches

    def candidates(self, *, true_until: datetime, now: datetime) -> Iterator[RefreshCandidate]:
        """Yield entries for a batch as they are read: those without facts, then by age, the oldest first.

        Args:
            true_until: of facts that are known to be true after this moment, only those are worth a look that
                are from the future, have reached the longest TTL, or failed since.
            now: aware, UTC.
        """
        first = (LAST_SEASON_AT_ONCE, self._library)
        for row in self._database.stream(sql.CANDIDATES_WITHOUT_FACTS, first):
            yield _to_candidate(row)
        values = (*first, to_micros(true_until), to_micros(now), to_micros(now - LONGEST_TTL))
        for row in self._database.stream(sql.CANDIDATES_BY_AGE, values):
            yield _to_candidate(row)

    def candidate(self, tmdb_id: TmdbId) -> RefreshCandidate | None:
        """Return what a batch needs to know of an entry, or None."""
        row = self._database.one(sql.CANDIDATE, (LAST_SEASON_AT_ONCE, self._library, tmdb_id.value))
        return None if row is None else _to_candidate(row)

    def stamp_verified(self, tmdb_ids: Iterable[TmdbId], *, at: datetime) -> None:
        """Note that the provider has said of shows that nothing changed until a moment."""
        moment = to_micros(at)
        with self._database.transaction():
            rows = ((moment, tmdb_id.value, moment, moment) for tmdb_id in tmdb_ids)
            self._database.execute_many(sql.STAMP_VERIFIED, rows)

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep every other writer out until the block ends; all of what it writes stays, or nothing."""
        return self._database.transaction()

    # --- claims

    def claim(self, tmdb_id: TmdbId, owner: str, now: datetime) -> bool:
        """Claim an entry for a process, and say whether it is its own now; one that is held is never taken over.

        Args:
            owner: the text of an :class:`~alfred.domain.work.lease.Owner`.
            now: aware, UTC.
        """
        return self._database.execute(sql.CLAIM, (to_micros(now), owner, self._library, tmdb_id.value)) == 1

    def release(self, tmdb_id: TmdbId, owner: str) -> bool:
        """Release a claim of this owner, and say whether there was one; another's stays."""
        return self._database.execute(sql.RELEASE, (self._library, tmdb_id.value, owner)) == 1

    @decoder
    def claims(self) -> tuple[Claim, ...]:
        """Return every claim, by show."""
        rows = self._database.all(sql.CLAIMS, (self._library,))
        return tuple(Claim(TmdbId(tmdb_id), owner, from_micros(since)) for tmdb_id, owner, since in rows)

    # --- history

    def history(self, tmdb_id: TmdbId | None = None, *, since: datetime | None = None) -> Iterator[PastEvent]:
        """Yield what changed on one entry, or on all, the newest first.

        The index alone keeps it: where the index has to be made anew, history begins again.

        Args:
            tmdb_id: the entry; by default all.
            since: aware; by default from the beginning, which is at most so many events an entry ago as
                :data:`~alfred.domain.library.history.EVENTS_KEPT`.
        """
        return read_events(self._database, self._library, tmdb_id, since=since)

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


def _entry_events(before: Row | None, folder: str, files: Written) -> tuple[Event, ...]:
    """Tell what a successful sync changed on an entry, its facts apart; ``before`` is a row of ENTRY_PRESENCE."""
    if before is None:
        return (adoption(folder),)
    _, _, _, path, outcome, error_class = before
    events = changes_of_folder(path, folder) + files.events
    if error_class is None:
        return events
    failed = SyncRecord(outcome=Outcome(outcome), error_class=error_class)
    return events + changes_of_sync(failed, SyncRecord(outcome=Outcome.OK))


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
            outlook=outlook_from_row((columns.air_dates, columns.incomplete_from)),
        ),
        sync=sync_record_from_row(row[10:17]),
        user=UserMetadata(tags=tags, note=columns.note, changed_at=from_micros_or_none(columns.user_changed_at)),
        episodes=EpisodeCounts(total=columns.total, aired=columns.aired, on_disk=columns.on_disk),
    )


@decoder
def _to_candidate(row: Row) -> RefreshCandidate:
    tmdb_id, name, status, path, fetched_at, verified_at, missing_since, claimed_at, claimed_by = row[:9]
    return RefreshCandidate(
        tmdb_id=TmdbId(tmdb_id),
        name=name,
        path=path,
        standing=Standing(
            status=status,
            fetched_at=from_micros_or_none(fetched_at),
            missing_since=from_micros_or_none(missing_since),
            claimed_at=from_micros_or_none(claimed_at),
            sync=sync_record_from_row(row[9:16]),
            tmdb_id=TmdbId(tmdb_id),
            verified_at=from_micros_or_none(verified_at),
            outlook=outlook_from_row(row[16:18]),
        ),
        claimed_by=claimed_by,
        later_seasons=row[18],
        etag=row[19],
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
    user_changed_at: int | None
    on_disk: int
    total: int
    aired: int
    air_dates: str | None
    incomplete_from: str | None

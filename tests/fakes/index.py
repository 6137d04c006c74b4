"""An index in memory; it passes the contract suite that the real one passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.entry import EpisodeCounts, Outcome, SyncRecord
from alfred.domain.library.history import (
    EVENTS_KEPT,
    Event,
    EventKind,
    PastEvent,
    ShowFacts,
    Slot,
    adoption,
    changes_of_episodes,
    changes_of_facts,
    changes_of_files,
    changes_of_folder,
    changes_of_sync,
    changes_of_user,
    first_sync,
    identification,
)
from alfred.domain.library.placement import ListedEpisode, place_files, with_known_episodes
from alfred.domain.library.presence import KnownShow, PresenceChange
from alfred.domain.library.refresh_plan import RefreshCandidate
from alfred.domain.library.release import EpisodeFile, FileStatus, SeriesRelease, UserMetadata, newest
from alfred.domain.library.views import DriftedFile
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import Outlook
from alfred.domain.tv_shows.outlook import outlook_of
from alfred.domain.tv_shows.request_cost import LAST_SEASON_AT_ONCE
from alfred.domain.tv_shows.show import PLACEHOLDER_STATUS, TVShowInfo
from alfred.domain.work.lease import Claim
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import EntryMetadata, ShowIndexEntry


@dataclass
class _Record:
    name: str
    path: str
    added_at: datetime
    info: TVShowInfo | None = None
    fetched_at: datetime | None = None
    verified_at: datetime | None = None
    sync: SyncRecord = field(default_factory=SyncRecord)
    files: tuple[EpisodeFile, ...] = ()
    user: UserMetadata = field(default_factory=UserMetadata)
    folders: tuple[KnownFolder, ...] = ()
    missing_since: datetime | None = None
    claim: Claim | None = None
    events: tuple[PastEvent, ...] = ()


class FakeIndex:
    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._records: dict[TmdbId, _Record] = {}
        self.writes = 0

    def find_by_tmdb_id(self, tmdb_id: TmdbId) -> ShowIndexEntry | None:
        record = self._records.get(tmdb_id)
        if record is None:
            return None
        return ShowIndexEntry(
            tmdb_id=tmdb_id,
            name=record.info.name if record.info else record.name,
            status=record.info.status if record.info else PLACEHOLDER_STATUS,
            metadata=EntryMetadata(
                path=record.path,
                fetched_at=record.fetched_at,
                verified_at=record.verified_at or record.fetched_at,
                outlook=_outlook(record),
                added_at=record.added_at,
                missing_since=record.missing_since,
                claimed_at=record.claim.claimed_at if record.claim else None,
                claimed_by=record.claim.owner if record.claim else None,
            ),
            sync=record.sync,
            user=record.user,
            episodes=EpisodeCounts(),
        )

    def upsert(
        self, info: TVShowInfo, release: SeriesRelease | None, *, path: str, fetched_at: datetime
    ) -> SeriesRelease | None:
        self.writes += 1
        is_new = info.tmdb_id not in self._records
        record = self._records.setdefault(info.tmdb_id, _Record(info.name, path, self._now()))
        before = replace(record)
        if record.fetched_at is None or not fetched_at < record.fetched_at <= self._now():
            record.info, record.fetched_at, record.verified_at = info, fetched_at, fetched_at
        record.path = path
        record.sync = SyncRecord(outcome=Outcome.OK)
        if release is not None:
            told = {file.folder for file in release.files}
            others = tuple(file for file in record.files if file.folder not in told)
            record.files = with_known_episodes(release.files, record.files) + others
            record.user = newest(record.user, release.user) if is_new else record.user
        changes = (
            *changes_of_folder(before.path, path),
            *changes_of_files(before.files, record.files),
            *changes_of_sync(before.sync, record.sync),
        )
        self._tell(info.tmdb_id, *((adoption(path),) if is_new else changes), at=self._now())
        self._tell(info.tmdb_id, *_facts_events(before.info, record.info), at=self._now())
        old = {episode.episode_id for episode in _listed(before.info)}
        new_ids = {episode.episode_id for episode in _listed(record.info)} - old
        placement = place_files(record.files, _listed(record.info), new_ids=new_ids)
        if placement.files == record.files:
            return None
        record.files = placement.files
        return SeriesRelease(tmdb_id=info.tmdb_id, files=record.files, user=record.user)

    def added_at(self, tmdb_id: TmdbId) -> datetime | None:
        return self._records[tmdb_id].added_at if tmdb_id in self._records else None

    def forget_episodes(self, tmdb_id: TmdbId, folder: str) -> None:
        record = self._records[tmdb_id]
        record.files = tuple(
            replace(file, episode_ids=()) if file.folder == folder else file for file in record.files
        )

    def take_folder_from(self, tmdb_id: TmdbId, folder: str, *, given_to: TmdbId, now: datetime) -> None:
        record = self._records[tmdb_id]
        before = record.path
        record.files = tuple(file for file in record.files if file.folder != folder)
        record.folders = tuple(known for known in record.folders if known.path != folder)
        self._tell(tmdb_id, identification(folder, before=tmdb_id, after=given_to), at=now)
        left = self.folders_of(tmdb_id)
        if left and before not in left:
            record.path = left[0]
            self._tell(tmdb_id, *changes_of_folder(before, left[0]), at=now)
        if not left and record.missing_since is None:
            record.missing_since = now
            self._tell(tmdb_id, Event(EventKind.MARKED_MISSING), at=now)

    def record_identification(
        self, tmdb_id: TmdbId, folder: str, *, before: TmdbId | None, added_at: datetime | None, now: datetime
    ) -> None:
        record = self._records[tmdb_id]
        record.added_at = min(record.added_at, added_at or record.added_at)
        self._tell(tmdb_id, identification(folder, before=before, after=tmdb_id), at=now)

    def drifted(self) -> list[DriftedFile]:
        return [
            DriftedFile(tmdb_id, drift.file.library_path, drift.season, drift.number)
            for tmdb_id, record in self._records.items()
            for drift in place_files(record.files, _listed(record.info)).drifted
        ]

    def listed_episodes(self, tmdb_id: TmdbId) -> list[ListedEpisode]:
        record = self._records.get(tmdb_id)
        return _listed(record.info if record else None)

    def sync_record(self, tmdb_id: TmdbId) -> SyncRecord:
        record = self._records.get(tmdb_id)
        return record.sync if record else SyncRecord()

    def record_failure(self, tmdb_id: TmdbId, record: SyncRecord, *, path: str) -> None:
        self.writes += 1
        adopted = () if tmdb_id in self._records else (adoption(path),)
        entry = self._records.setdefault(tmdb_id, _Record(path, path, self._now()))
        self._tell(tmdb_id, *adopted, *changes_of_sync(entry.sync, record), at=self._now())
        entry.sync = record

    def history(self, tmdb_id: TmdbId | None = None, *, since: datetime | None = None) -> Iterator[PastEvent]:
        chosen = self._records if tmdb_id is None else {tmdb_id} & self._records.keys()
        past = [one for known in sorted(chosen) for one in self._records[known].events]
        if tmdb_id is None:
            past.sort(key=lambda one: one.at)
        for one in reversed(past):
            if since is None or one.at >= since:
                info = self._records[one.tmdb_id].info
                yield replace(one, name=info.name) if info else one

    def _tell(self, tmdb_id: TmdbId, *events: Event, at: datetime) -> None:
        record = self._records[tmdb_id]
        past = tuple(PastEvent(tmdb_id, record.name, at, event) for event in events)
        record.events = (record.events + past)[-EVENTS_KEPT:]

    def known_folders(self) -> Mapping[str, KnownFolder]:
        return {folder.path: folder for record in self._records.values() for folder in record.folders}

    @property
    def presence(self) -> FakeIndex:
        return self

    def known_shows(self) -> Mapping[TmdbId, KnownShow]:
        return {
            tmdb_id: KnownShow(
                record.info.name if record.info else record.name,
                tuple(folder.path for folder in record.folders) or (record.path,),
                record.missing_since,
            )
            for tmdb_id, record in self._records.items()
        }

    def folders_of(self, tmdb_id: TmdbId) -> tuple[str, ...]:
        return tuple(sorted(folder.path for folder in self._records[tmdb_id].folders))

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        yield

    def mark_presence(self, change: PresenceChange, *, now: datetime) -> None:
        self.writes += 1
        for tmdb_id in change.vanished:
            if self._records[tmdb_id].missing_since is None:
                self._tell(tmdb_id, Event(EventKind.MARKED_MISSING), at=now)
                self._records[tmdb_id].missing_since = now
        for tmdb_id in change.restored:
            if self._records[tmdb_id].missing_since is not None:
                self._tell(tmdb_id, Event(EventKind.RESTORED), at=now)
                self._records[tmdb_id].missing_since = None

    def write_user(self, tmdb_id: TmdbId, user: UserMetadata) -> None:
        known = self._records[tmdb_id].user
        self._records[tmdb_id].user = newest(known, user)
        self._tell(tmdb_id, *changes_of_user(known, self._records[tmdb_id].user), at=self._now())

    def note_sidecar(self, folder: str, stamp: str) -> None:
        for record in self._records.values():
            record.folders = tuple(
                replace(known, sidecar=stamp) if known.path == folder else known for known in record.folders
            )

    def forget(self, tmdb_ids: Collection[TmdbId], *, missing_before: datetime) -> None:
        for tmdb_id in tmdb_ids:
            missing_since = self._records[tmdb_id].missing_since
            if missing_since is not None and missing_since <= missing_before:
                del self._records[tmdb_id]

    def recorded_release(self, tmdb_id: TmdbId) -> SeriesRelease | None:
        record = self._records.get(tmdb_id)
        if record is None:
            return None
        return SeriesRelease(tmdb_id=tmdb_id, files=record.files, user=record.user)

    def claim(self, tmdb_id: TmdbId, owner: str, now: datetime) -> bool:
        record = self._records.get(tmdb_id)
        if record is None or record.claim is not None:
            return False
        record.claim = Claim(tmdb_id, owner, now)
        return True

    def release(self, tmdb_id: TmdbId, owner: str) -> bool:
        record = self._records.get(tmdb_id)
        if record is None or record.claim is None or record.claim.owner != owner:
            return False
        record.claim = None
        return True

    def candidates(self, *, true_until: datetime, now: datetime) -> Iterator[RefreshCandidate]:
        found = [self.candidate(tmdb_id) for tmdb_id in sorted(self._records)]
        yield from sorted(filter(None, found), key=_by_age)

    def candidate(self, tmdb_id: TmdbId) -> RefreshCandidate | None:
        entry = self.find_by_tmdb_id(tmdb_id)
        if entry is None:
            return None
        info = self._records[tmdb_id].info
        return RefreshCandidate(
            tmdb_id=tmdb_id,
            name=entry.name,
            path=entry.metadata.path,
            standing=entry.standing,
            claimed_by=entry.metadata.claimed_by,
            later_seasons=sum(season.number > LAST_SEASON_AT_ONCE for season in info.seasons) if info else 0,
        )

    def stamp_verified(self, tmdb_ids: Iterable[TmdbId], *, at: datetime) -> None:
        for tmdb_id in tmdb_ids:
            record = self._records[tmdb_id]
            if record.fetched_at is not None and (record.verified_at or record.fetched_at) < at:
                record.verified_at = at

    def claims(self) -> tuple[Claim, ...]:
        return tuple(record.claim for _, record in sorted(self._records.items()) if record.claim)

    def processing_files(self) -> list[tuple[TmdbId, EpisodeFile]]:
        return [
            (tmdb_id, file)
            for tmdb_id, record in sorted(self._records.items())
            for file in sorted(record.files, key=lambda file: file.library_path)
            if file.status is FileStatus.PROCESSING
        ]

    def write_files(self, release: SeriesRelease) -> None:
        if release.tmdb_id in self._records:
            self.writes += 1
            record = self._records[release.tmdb_id]
            self._tell(release.tmdb_id, *changes_of_files(record.files, release.files), at=self._now())
            record.files = release.files

    def file_counts(self) -> Mapping[TmdbId, Mapping[FileStatus, int]]:
        return {
            tmdb_id: counts
            for tmdb_id, record in self._records.items()
            if (counts := Counter(file.status for file in record.files))
        }

    @contextmanager
    def batch(self) -> Iterator[None]:
        yield

    def record_presence(self, presence: ShowPresence, *, now: datetime) -> None:
        self.writes += 1
        is_new = presence.tmdb_id not in self._records
        record = self._records.setdefault(presence.tmdb_id, _Record(presence.name, presence.path, now))
        before = replace(record)
        taken = {folder.path for folder in presence.folders}
        for other in self._records.values():
            other.folders = tuple(folder for folder in other.folders if folder.path not in taken)
        record.path, record.folders = presence.path, presence.folders
        files = with_known_episodes(presence.release.files, record.files)
        record.files, record.missing_since = place_files(files, _listed(record.info)).files, None
        record.user = newest(record.user, presence.release.user)
        if record.sync.error_class == "sidecar":
            record.sync = SyncRecord(outcome=Outcome.OK if record.info else None)
        changes = (
            *((Event(EventKind.RESTORED),) if before.missing_since else ()),
            *changes_of_folder(before.path, record.path),
            *changes_of_files(before.files, record.files),
            *changes_of_user(before.user, record.user),
        )
        self._tell(presence.tmdb_id, *((adoption(presence.path),) if is_new else changes), at=now)

    def record_unreadable_sidecar(self, tmdb_id: TmdbId, message: str) -> None:
        self.writes += 1
        record = self._records[tmdb_id]
        record.sync = SyncRecord(outcome=Outcome.FAILED, error_class="sidecar", status_message=message, attempts=1)

    def put(self, entry: ShowIndexEntry, *, info: TVShowInfo | None = None) -> None:
        """Begin a test with an entry."""
        self._records[entry.tmdb_id] = _Record(
            name=entry.name,
            path=entry.metadata.path,
            added_at=entry.metadata.added_at,
            info=info,
            fetched_at=entry.metadata.fetched_at,
            verified_at=entry.metadata.verified_at,
            missing_since=entry.metadata.missing_since,
            sync=entry.sync,
            user=entry.user,
        )

    def put_files(self, tmdb_id: TmdbId, *files: EpisodeFile) -> None:
        """Begin a test with files on record."""
        self._records[tmdb_id] = replace(self._records[tmdb_id], files=files)


def _by_age(candidate: RefreshCandidate) -> tuple[bool, float, TmdbId]:
    facts = candidate.standing.facts
    return facts is not None, facts.known_true_at.timestamp() if facts else 0.0, candidate.tmdb_id


def _outlook(record: _Record) -> Outlook:
    if record.info is None or record.fetched_at is None:
        return Outlook()
    return outlook_of(record.info, today=record.fetched_at.date())


def _facts_events(before: TVShowInfo | None, after: TVShowInfo | None) -> tuple[Event, ...]:
    if after is None or before is after:
        return ()
    if before is None:
        return (first_sync(seasons=len(after.seasons), episodes=len(_slots(after))),)
    return changes_of_facts(_facts(before), _facts(after)) + changes_of_episodes(_slots(before), _slots(after))


def _listed(info: TVShowInfo | None) -> list[ListedEpisode]:
    return [
        ListedEpisode(episode.episode_id, season.number, episode.number, episode.air_date)
        for season in (info.seasons if info else ())
        for episode in season.episodes or ()
    ]


def _facts(info: TVShowInfo) -> ShowFacts:
    return ShowFacts(info.name, info.status, frozenset(season.number for season in info.seasons))


def _slots(info: TVShowInfo) -> dict[int, Slot]:
    return {
        episode.episode_id: Slot(season.number, episode.number)
        for season in info.seasons
        for episode in season.episodes or ()
    }

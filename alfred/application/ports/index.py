"""What the use cases ask of the library index."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from alfred.domain.library.entry import Standing, SyncRecord
from alfred.domain.library.placement import ListedEpisode
from alfred.domain.library.presence import KnownShow, PresenceChange
from alfred.domain.library.refresh_plan import RefreshCandidate
from alfred.domain.library.release import FileStatus, SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.show import TVShowInfo


class EntryMetadata(Protocol):
    """When and where, of an entry."""

    @property
    def path(self) -> str:
        """The show folder, relative to the root, with ``/``."""

    @property
    def fetched_at(self) -> datetime | None:
        """When the facts were fetched; None for a placeholder."""


class IndexEntry(Protocol):
    """What a sync needs to know of an entry."""

    @property
    def status(self) -> str:
        """The show's status; ``unknown`` for a placeholder."""

    @property
    def metadata(self) -> EntryMetadata:
        """When and where."""


EntryT_co = TypeVar("EntryT_co", bound=IndexEntry, covariant=True)


@runtime_checkable
class HasStanding(Protocol):
    """An entry that knows more of the age of its facts than when they were fetched."""

    @property
    def standing(self) -> Standing:
        """What its state is derived from."""


class WritesAnswers(Protocol):
    """An index as one that has an answer of the provider needs it."""

    def upsert(
        self, info: TVShowInfo, release: SeriesRelease | None, /, *, path: str, fetched_at: datetime
    ) -> object:
        """Write the join of facts and release; a success clears an earlier failure.

        Returns:
            A release where other episodes are remembered with its files than before; anything else says nothing.
        """


class TVShowIndex(WritesAnswers, Protocol[EntryT_co]):
    """All that ``sync_show`` needs of an index."""

    def find_by_tmdb_id(self, tmdb_id: TmdbId, /) -> EntryT_co | None:
        """Return the entry, or None."""


@runtime_checkable
class KeepsSyncRecords(Protocol):
    """An index that also remembers failed syncs."""

    def sync_record(self, tmdb_id: TmdbId, /) -> SyncRecord:
        """Return what is remembered of the last syncs."""

    def record_failure(self, tmdb_id: TmdbId, record: SyncRecord, /, *, path: str) -> None:
        """Remember a failed sync; an unknown show gets a placeholder, a known one keeps its facts."""


@runtime_checkable
class ConfirmsFacts(Protocol):
    """An index that also remembers which edition of the facts it has."""

    def candidate(self, tmdb_id: TmdbId, /) -> RefreshCandidate | None:
        """Return what a batch needs to know of an entry, or None."""

    def confirm(
        self, tmdb_id: TmdbId, release: SeriesRelease | None, /, *, path: str, verified_at: datetime
    ) -> None:
        """Do what ``upsert`` does, with the facts that are known: the provider has no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFolder:
    """A show folder as the last rescan left it.

    Attributes:
        path: relative to the root.
        signature: digest of all that its record depends on.
        sidecar: the sidecar's stamp after it was written.
    """

    path: str
    tmdb_id: TmdbId
    signature: str
    sidecar: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPresence:
    """One show as a rescan found it.

    Attributes:
        name: a name for the entry until the provider gives one.
        path: the folder that stands for the show.
        folders: every folder that carries the id.
        release: the files of all of them.
    """

    name: str
    path: str
    folders: tuple[KnownFolder, ...]
    release: SeriesRelease

    @property
    def tmdb_id(self) -> TmdbId:
        """The show."""
        return self.release.tmdb_id


class PresenceIndex(Protocol):
    """What a rescan needs of an index."""

    def known_folders(self) -> Mapping[str, KnownFolder]:
        """Return every show folder of the last rescan by its path."""

    def known_shows(self) -> Mapping[TmdbId, KnownShow]:
        """Return where every entry is, and since when it is missing."""

    def recorded_release(self, tmdb_id: TmdbId, /) -> SeriesRelease | None:
        """Return files and user metadata as the index has them; None for an unknown show."""

    def listed_episodes(self, tmdb_id: TmdbId, /) -> Collection[ListedEpisode]:
        """Return the episodes of a show as placing needs them; none for a placeholder."""

    def file_counts(self) -> Mapping[TmdbId, Mapping[FileStatus, int]]:
        """Count the files of each show by status; that a whole show is missing does not count here."""

    def batch(self) -> AbstractContextManager[object]:
        """Group the writes of several shows into few transactions."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep every other writer out, of sidecars too, until the block ends."""

    def write_user(self, tmdb_id: TmdbId, user: UserMetadata, /) -> None:
        """Write what the user said of a show, unless what is known is newer."""

    def note_sidecar(self, folder: str, stamp: str, /) -> None:
        """Remember the stamp of a sidecar that was written apart from a rescan; "" has the next one look."""

    def folders_of(self, tmdb_id: TmdbId, /) -> tuple[str, ...]:
        """Return the folders where a show was last seen, relative to the root."""

    def record_presence(self, presence: ShowPresence, /, *, now: datetime) -> None:
        """Write what a rescan found of one show."""

    def mark_presence(self, change: PresenceChange, /, *, now: datetime) -> None:
        """Mark shows as missing or as back, in bulk; everything else of them stays as it is."""

    def added_at(self, tmdb_id: TmdbId, /) -> datetime | None:
        """Return since when there is an entry; None for an unknown show."""

    def forget_episodes(self, tmdb_id: TmdbId, folder: str, /) -> None:
        """Forget which episodes the files of a folder were placed on, so that they are placed by name again."""

    def take_folder_from(self, tmdb_id: TmdbId, folder: str, /, *, given_to: TmdbId, now: datetime) -> None:
        """Take a folder and its files from a show that it was not; one without any folder left is missing then."""

    def record_identification(
        self, tmdb_id: TmdbId, folder: str, /, *, before: TmdbId | None, added_at: datetime | None, now: datetime
    ) -> None:
        """Tell that a folder was identified as a show, and keep the earlier date of adding."""

    def record_unreadable_sidecar(self, tmdb_id: TmdbId, message: str, /) -> None:
        """Mark a known entry as broken because its sidecar cannot be used."""

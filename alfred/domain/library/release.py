"""The release of a show: its episode files as found on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.shared.value_objects import TmdbId


class FileStatus(StrEnum):
    """How an episode file stands."""

    READY = "ready"
    PROCESSING = "processing"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFile:
    """One video file that carries episodes, or did.

    Attributes:
        folder: its show folder, relative to the library root, with ``/``.
        path: relative to that folder, with ``/``.
        size: bytes.
        mtime_ns: time of last change in nanoseconds, as the file system gives it.
        name: what the file name says.
        added_at: when Alfred first saw it.
        missing_since: when it was first not there; None while it is.
        processing_since: since when it is in processing; None in any other status.
        episode_ids: the provider's ids of the episodes it was placed on, one for each number in its name, 0 where
            none was listed; () for a file that was never placed. They stay when the provider renumbers.
    """

    folder: str
    path: str
    size: int
    mtime_ns: int
    name: EpisodeName
    added_at: datetime
    status: FileStatus = FileStatus.READY
    status_message: str | None = None
    missing_since: datetime | None = None
    processing_since: datetime | None = None
    episode_ids: tuple[int, ...] = ()

    @property
    def library_path(self) -> str:
        """The path relative to the library root."""
        return f"{self.folder}/{self.path}"

    def with_episodes(self, episode_ids: tuple[int, ...]) -> EpisodeFile:
        """Return the file with other episodes to remember; a library's worth of files takes the fast way."""
        return EpisodeFile(
            folder=self.folder,
            path=self.path,
            size=self.size,
            mtime_ns=self.mtime_ns,
            name=self.name,
            added_at=self.added_at,
            status=self.status,
            status_message=self.status_message,
            missing_since=self.missing_since,
            processing_since=self.processing_since,
            episode_ids=episode_ids,
        )


@dataclass(frozen=True, slots=True)
class UserMetadata:
    """What only the user knows; no scan and no sync changes it.

    Attributes:
        tags: sorted, each once.
        changed_at: when the user last changed it, so that of two copies the newer one is known.
    """

    tags: tuple[str, ...] = ()
    note: str | None = None
    changed_at: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.tags or self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRelease:
    """All episode files of one show, from one folder or from several that carry the same id.

    Attributes:
        digest: the same for two releases only if they are the same; "" where nobody has worked it out.
    """

    tmdb_id: TmdbId
    files: tuple[EpisodeFile, ...] = ()
    user: UserMetadata = field(default_factory=UserMetadata)
    digest: str = field(default="", compare=False)


def newest(*copies: UserMetadata) -> UserMetadata:
    """Return the copy that the user changed last; one without a time counts only where it says anything.

    Of copies that are equally new the first one is taken.
    """
    return max(copies, key=lambda user: (user.changed_at is not None, user.changed_at or _LONG_AGO, bool(user)))


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def join_releases(releases: Iterable[SeriesRelease]) -> SeriesRelease:
    """Join the releases of several folders with one id; the newest user metadata counts for all.

    Raises:
        ValueError: there is none to join.
    """
    parts = tuple(releases)
    if not parts:
        raise ValueError("a show without any folder has no release")
    return SeriesRelease(
        tmdb_id=parts[0].tmdb_id,
        files=tuple(file for part in parts for file in part.files),
        user=newest(*(part.user for part in parts)),
        digest=" ".join(part.digest for part in parts) if all(part.digest for part in parts) else "",
    )

"""Forgetting downloads that failed: they hold slots, and only the user knows that these are wanted again."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from alfred.application.exceptions import RootOffline, SidecarUnreadable
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.presence import KnownShow
from alfred.domain.library.release import EpisodeFile, FileStatus, SeriesRelease
from alfred.domain.shared.value_objects import TmdbId

log = logging.getLogger(__name__)

FailedFiles = dict[TmdbId, tuple[EpisodeFile, ...]]


class FileRecords(Protocol):
    """What forgetting files needs of an index."""

    def known_shows(self) -> Mapping[TmdbId, KnownShow]:
        """Return where every entry is, and since when it is missing."""

    def file_counts(self) -> Mapping[TmdbId, Mapping[FileStatus, int]]:
        """Count the files of each show by status."""

    def folders_of(self, tmdb_id: TmdbId, /) -> Sequence[str]:
        """Return the folders where a show was last seen, relative to the root."""

    def recorded_release(self, tmdb_id: TmdbId, /) -> SeriesRelease | None:
        """Return files and user metadata as the index has them; None for an unknown show."""

    def write_files(self, release: SeriesRelease, /) -> None:
        """Write the files of a known show; whether its folder is there does not change."""

    def note_sidecar(self, folder: str, stamp: str, /) -> None:
        """Remember the stamp of a sidecar that was written apart from a rescan."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep every other writer out, of sidecars too, until the block ends."""


def find_failed(index: FileRecords) -> FailedFiles:
    """Find the records of failed downloads; those of missing shows wait until the sidecars are back."""
    shows = index.known_shows()
    found: FailedFiles = {}
    for tmdb_id, counts in sorted(index.file_counts().items()):
        if counts.get(FileStatus.FAILED) and shows[tmdb_id].missing_since is None:
            release = index.recorded_release(tmdb_id)
            files = release.files if release else ()
            found[tmdb_id] = tuple(file for file in files if file.status is FileStatus.FAILED)
    return found


def forget_failed(
    failed: FailedFiles, *, index: FileRecords, sidecars: Sidecars, still_online: Callable[[], bool]
) -> FailedFiles:
    """Delete the records of failed downloads from sidecars and index; a record that has changed since stays.

    Args:
        failed: what was found before.
        index: where files are recorded.
        sidecars: the sidecars in the show folders; where one cannot be written, the records of its show stay.
        still_online: whether the library root is there.

    Returns:
        What was deleted.

    Raises:
        RootOffline: nothing more was deleted.
    """
    forgotten: FailedFiles = {}
    for tmdb_id, files in failed.items():
        with index.exclusive():
            if not still_online():
                raise RootOffline("the library is offline: mount it and try again")
            release = index.recorded_release(tmdb_id)
            doomed = tuple(file for file in release.files if file in files) if release else ()
            if release is None or not doomed:
                continue
            try:
                _rewrite_sidecars(release, doomed, index, sidecars)
            except (OSError, SidecarUnreadable) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                log.warning("show %s: its failed downloads stay on record (%s)", tmdb_id, reason)
                continue
            index.write_files(_without(release, {file.library_path for file in doomed}))
            forgotten[tmdb_id] = doomed
    return forgotten


def _rewrite_sidecars(
    release: SeriesRelease, doomed: Collection[EpisodeFile], index: FileRecords, sidecars: Sidecars
) -> None:
    """Write the sidecars first, as a rescan does; of folders that are gone there is none."""
    paths: dict[str, set[str]] = defaultdict(set)
    for file in doomed:
        paths[file.folder].add(file.library_path)
    for folder in sorted(paths.keys() & set(index.folders_of(release.tmdb_id))):
        recorded = sidecars.read(folder)
        if recorded is not None:
            index.note_sidecar(folder, sidecars.write(folder, _without(recorded, paths[folder])))


def _without(release: SeriesRelease, paths: Collection[str]) -> SeriesRelease:
    """Leave out failed files with these paths."""
    kept = tuple(
        file for file in release.files if file.status is not FileStatus.FAILED or file.library_path not in paths
    )
    return replace(release, files=kept, digest="")

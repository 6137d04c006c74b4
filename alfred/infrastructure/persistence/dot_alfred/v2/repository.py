"""The releases of a library by TMDB id, and the index beside them: the two stores that a sync joins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from pathlib import Path

from alfred.application.exceptions import RootOffline, SidecarUnreadable
from alfred.application.ports.folders import LibraryFolders
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.release import SeriesRelease, join_releases
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.folders import DiskFolders
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars
from alfred.infrastructure.persistence.marker import root_is_online

__all__ = ["DotAlfredSeriesReleaseRepository", "DotAlfredTVShowLibraryIndex"]

log = logging.getLogger(__name__)


class DotAlfredSeriesReleaseRepository:
    """Finds the release of a show by the sidecars in the show folders.

    Args:
        library_root: the root.
        sidecars: by default those in the show folders.
        folders: the disk; by default without links that lead out of the root.
        folders_of: the folders where the index last saw a show; a show that it knows costs no walk over the
            library.
        remember: writes the episodes that files were placed on; by default nobody does until the next rescan.
    """

    def __init__(
        self,
        library_root: Path,
        *,
        sidecars: Sidecars | None = None,
        folders: LibraryFolders | None = None,
        folders_of: Callable[[TmdbId], Collection[str]] | None = None,
        remember: Callable[[SeriesRelease], None] | None = None,
    ) -> None:
        self._root = library_root
        self._sidecars = sidecars or DotAlfredSidecars(library_root)
        self._folders = folders or DiskFolders(library_root)
        self._folders_of = folders_of
        self._remember = remember

    def remember_places(self, placed: SeriesRelease) -> None:
        """Write the episodes that files were placed on to the sidecars."""
        if self._remember is not None:
            self._remember(placed)

    def root_is_online(self) -> bool:
        """Say whether root and marker are there."""
        return root_is_online(self._root)

    def load_by_tmdb_id(self, tmdb_id: TmdbId) -> tuple[SeriesRelease, Path] | None:
        """Return the release of a show and its folder; None without a sidecar that can be read.

        Where several folders carry the id, their files are joined and the first folder is given.
        """
        known = self._folders_of(tmdb_id) if self._folders_of else ()
        found = self._read(tmdb_id, known or self._all_folders())
        if not found:
            return None
        return join_releases(found.values()), self._root / next(iter(found))

    def _read(self, tmdb_id: TmdbId, folders: Collection[str]) -> dict[str, SeriesRelease]:
        found = {}
        for folder in folders:
            try:
                release = self._sidecars.read(folder)
            except SidecarUnreadable as error:
                log.warning("%s: %s", folder, error)
                continue
            if release is not None and release.tmdb_id == tmdb_id:
                found[folder] = release
        return found

    def _all_folders(self) -> tuple[str, ...]:
        try:
            return self._folders.list_show_folders().folders
        except RootOffline:
            return ()

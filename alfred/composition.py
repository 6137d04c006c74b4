"""The one place that knows every concrete class, and puts them together for one library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from alfred.application.exceptions import NotALibrary, UsageError
from alfred.application.ports.clock import system_clock
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex, library_of_index
from alfred.infrastructure.persistence.marker import (
    LibraryMarker,
    create_marker,
    marker_path,
    read_marker,
    root_is_online,
)
from alfred.settings import Settings, default_state_dir

if TYPE_CHECKING:  # what only some commands need is imported where it is used: queries start quickly
    from alfred.application.ports.index import ShowPresence
    from alfred.application.tv_shows.rescan import RescanReport
    from alfred.application.tv_shows.sync import SyncResult
    from alfred.infrastructure.api.tmdb.client import TMDBClient
    from alfred.infrastructure.folders import DiskFolders
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars


def find_library(given: Path | None, settings: Settings, *, start: Path) -> Path:
    """Return the library root: the one given, else the setting, else the nearest marked parent of a folder.

    Raises:
        NotALibrary: none of the three.
    """
    if named := given or settings.library:
        return named
    for folder in (start, *start.parents):
        if root_is_online(folder):
            return folder
    raise NotALibrary(
        "no library here: give its root with --library or ALFRED_LIBRARY, or make one with 'alfred init ROOT'"
    )


def initialise(root: Path, settings: Settings, *, now: Callable[[], datetime] = system_clock) -> bool:
    """Mark a folder as a library and make its index; a second time changes nothing.

    Returns:
        Whether it was not a library before.

    Raises:
        LibraryUnavailable: the folder is not there, not writable, or its marker is damaged.
        UsageError: the index is to be in a folder that is not there.
    """
    if settings.index_url and not settings.index_url.parent.is_dir():
        raise UsageError(f"ALFRED_INDEX_URL leads to {settings.index_url.parent}, and there is no such folder")
    is_new = not marker_path(root).exists()
    if is_new:
        create_marker(root, now=now(), library_id=library_of_index(root, settings.index_url))
    with open_library(root, settings, now=now):
        return is_new


class Library:
    """One library with everything a use case needs; parts are made when they are first used.

    Args:
        root: the library root.
        settings: all settings.
        queries_only: nothing will be written, so a read-only index is good enough.
        now: the clock; aware, UTC.
    """

    def __init__(
        self,
        root: Path,
        settings: Settings,
        *,
        queries_only: bool = False,
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self.root = root
        self.settings = settings
        self.now = now
        self._stack = ExitStack()
        self.index = DotAlfredTVShowLibraryIndex(
            root,
            location=settings.index_url,
            placeholders=self._placeholders,
            read_only_will_do=queries_only,
            now=now,
        )
        self._stack.callback(self.index.close)

    def close(self) -> None:
        """Close the index and the connections to the provider."""
        self._stack.close()

    @cached_property
    def marker(self) -> LibraryMarker:
        """Who the library is."""
        return read_marker(self.root)

    @cached_property
    def sidecars(self) -> DotAlfredSidecars:
        """The sidecars in the show folders, or in this machine's state for folders that are read-only."""
        from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars

        state = self.settings.state_dir or default_state_dir()
        fallback = state / "sidecars" / read_marker(self.root).library_id
        return DotAlfredSidecars(self.root, fallback=fallback, now=self.now)

    @cached_property
    def folders(self) -> DiskFolders:
        """The folders under the root."""
        from alfred.infrastructure.folders import DiskFolders

        return DiskFolders(self.root, allowed_targets=self.settings.link_targets)

    def _placeholders(self) -> Iterable[ShowPresence]:
        from alfred.infrastructure.persistence.dot_alfred.v2.healing import presences_from_sidecars

        return presences_from_sidecars(self.folders, self.sidecars)

    @cached_property
    def provider(self) -> TMDBClient:
        """The one door to TMDB."""
        from alfred.infrastructure.api.tmdb.client import TMDBClient

        client = TMDBClient(
            self.settings.tmdb_token,
            base_url=self.settings.tmdb_base_url,
            language=self.settings.tmdb_language,
            timeout_seconds=self.settings.tmdb_timeout_seconds,
        )
        self._stack.callback(client.close)
        return client

    def sync(self, tmdb_id: TmdbId, *, force: bool = False) -> SyncResult[ShowIndexEntry]:
        """Sync one show; see :func:`alfred.application.tv_shows.sync.sync_show`."""
        from alfred.application.tv_shows.sync import sync_with_reason
        from alfred.infrastructure.persistence.dot_alfred.v2.repository import (
            DotAlfredSeriesReleaseRepository,
        )

        releases = DotAlfredSeriesReleaseRepository(
            self.root,
            sidecars=self.sidecars if root_is_online(self.root) else None,
            folders=self.folders,
            folders_of=self.index.folders_of,
        )
        return sync_with_reason(
            self.root,
            tmdb_id=tmdb_id,
            index=self.index,
            release_repo=releases,
            tmdb_client=self.provider,
            ttl_days=self.settings.tmdb_cache_ttl_days,
            now=self.now,
            force=force,
        )

    def rescan(self, *, dry_run: bool = False) -> RescanReport:
        """Rescan every show; see :func:`alfred.application.tv_shows.rescan.rescan_library`."""
        from alfred.application.tv_shows.rescan import rescan_library

        return rescan_library(
            folders=self.folders,
            sidecars=self.sidecars,
            index=self.index,
            now=self.now,
            dry_run=dry_run,
        )

    def rescan_show(self, tmdb_id: TmdbId, *, dry_run: bool = False) -> RescanReport:
        """Rescan one show; see :func:`alfred.application.tv_shows.rescan.rescan_show`."""
        from alfred.application.tv_shows.rescan import rescan_show

        return rescan_show(
            tmdb_id,
            folders=self.folders,
            sidecars=self.sidecars,
            index=self.index,
            now=self.now,
            dry_run=dry_run,
        )


@contextmanager
def open_library(
    root: Path,
    settings: Settings,
    *,
    queries_only: bool = False,
    now: Callable[[], datetime] = system_clock,
) -> Iterator[Library]:
    """Open a library, and close it at the end of the block.

    Raises:
        LibraryUnavailable: no marker, root offline, index newer, busy or unreadable.
    """
    library = Library(root, settings, queries_only=queries_only, now=now)
    try:
        yield library
    finally:
        library.close()

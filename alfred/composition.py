"""The one place that knows every concrete class, and puts them together for one library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from alfred.application.exceptions import AlfredError, LibraryUnavailable, NotALibrary, RootOffline, UsageError
from alfred.application.ports.clock import system_clock
from alfred.domain.library.release import UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.index import (
    INDEX_NAME,
    DotAlfredTVShowLibraryIndex,
    library_of_index,
)
from alfred.infrastructure.persistence.marker import (
    FOLDER,
    LibraryMarker,
    create_marker,
    marker_path,
    read_marker,
    root_is_online,
)
from alfred.settings import Settings, default_state_dir, load_usable_settings, settings_file

if TYPE_CHECKING:  # what only some commands need is imported where it is used: queries start quickly
    from alfred.application.library.check import CheckReport
    from alfred.application.library.doctor import Diagnosis
    from alfred.application.library.forget_failed import FailedFiles
    from alfred.application.library.prune import PrunePlan
    from alfred.application.ports.health import HealthFacts
    from alfred.application.ports.index import ShowPresence
    from alfred.application.tv_shows.cleanup import CleanupPlan
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
        return _sidecars_of(self.root, self.marker.library_id, self.settings, now=self.now)

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
        client = _new_client(self.settings)
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
            folders_of=self.index.presence.folders_of,
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

    def is_still_there(self) -> bool:
        """Say whether the root still has the marker that it had when the library was opened."""
        try:
            return read_marker(self.root) == self.marker
        except LibraryUnavailable:
            return False

    def rescan(self, *, dry_run: bool = False, accept_missing: bool = False) -> RescanReport:
        """Rescan every show; see :func:`alfred.application.tv_shows.rescan.rescan_library`."""
        from alfred.application.tv_shows.rescan import rescan_library

        return rescan_library(
            folders=self.folders,
            sidecars=self.sidecars,
            index=self.index.presence,
            now=self.now,
            still_online=self.is_still_there,
            dry_run=dry_run,
            accept_missing=accept_missing,
        )

    def rescan_show(self, tmdb_id: TmdbId, *, dry_run: bool = False) -> RescanReport:
        """Rescan one show; see :func:`alfred.application.tv_shows.rescan.rescan_show`."""
        from alfred.application.tv_shows.rescan import rescan_show

        return rescan_show(
            tmdb_id,
            folders=self.folders,
            sidecars=self.sidecars,
            index=self.index.presence,
            now=self.now,
            still_online=self.is_still_there,
            dry_run=dry_run,
        )

    def tag(self, tmdb_id: TmdbId, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> UserMetadata:
        """Tag a show; see :func:`alfred.application.library.annotate.tag_show`."""
        from alfred.application.library.annotate import tag_show

        return tag_show(
            tmdb_id, add=add, remove=remove, index=self.index.presence, sidecars=self.sidecars, now=self.now
        )

    def note(self, tmdb_id: TmdbId, text: str) -> UserMetadata:
        """Note something on a show; see :func:`alfred.application.library.annotate.note_show`."""
        from alfred.application.library.annotate import note_show

        return note_show(tmdb_id, text, index=self.index.presence, sidecars=self.sidecars, now=self.now)

    def plan_prune(self, missing_for: timedelta) -> PrunePlan:
        """Plan what to forget; see :func:`alfred.application.library.prune.plan_prune`.

        Raises:
            RootOffline: an entry of a library that is offline is not missing, only out of sight.
        """
        from alfred.application.library.prune import plan_prune

        if not self.is_still_there():
            raise RootOffline(f"{self.root} is offline: nothing of it is missing for certain")
        back = self.rescan(dry_run=True).restored
        return plan_prune(self.index.presence, missing_for=missing_for, now=self.now(), back=back)

    def prune(self, plan: PrunePlan) -> None:
        """Forget what a plan names."""
        from alfred.application.library.prune import carry_out

        carry_out(plan, self.index.presence)

    def failed_downloads(self) -> FailedFiles:
        """Find the records of failed downloads.

        Raises:
            RootOffline: their sidecars are out of reach.
        """
        from alfred.application.library.forget_failed import find_failed

        if not self.is_still_there():
            raise RootOffline(f"{self.root} is offline: mount it and try again")
        return find_failed(self.index.presence)

    def forget_failed(self, failed: FailedFiles) -> FailedFiles:
        """Forget failed downloads; see :func:`alfred.application.library.forget_failed.forget_failed`."""
        from alfred.application.library.forget_failed import forget_failed

        return forget_failed(
            failed, index=self.index.presence, sidecars=self.sidecars, still_online=self.is_still_there
        )

    def cleanup(self, *, dry_run: bool = False) -> CleanupPlan:
        """End what got stuck; see :func:`alfred.application.tv_shows.cleanup.cleanup_orphans`."""
        from alfred.application.tv_shows.cleanup import cleanup_orphans
        from alfred.infrastructure import processes

        return cleanup_orphans(
            index=self.index.presence,
            claims=self.index,
            sidecars=self.sidecars,
            files=self.folders,
            processes=processes,
            now=self.now,
            threshold=timedelta(minutes=self.settings.orphan_age_minutes),
            still_online=self.is_still_there,
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


def _sidecars_of(
    root: Path, library_id: str, settings: Settings, *, now: Callable[[], datetime]
) -> DotAlfredSidecars:
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars

    fallback = _state_dir(settings) / "sidecars" / library_id
    return DotAlfredSidecars(root, fallback=fallback, now=now)


def _new_client(settings: Settings) -> TMDBClient:
    from alfred.infrastructure.api.tmdb.client import TMDBClient

    return TMDBClient(
        settings.tmdb_token,
        base_url=settings.tmdb_base_url,
        language=settings.tmdb_language,
        timeout_seconds=settings.tmdb_timeout_seconds,
    )


def _state_dir(settings: Settings) -> Path:
    return settings.state_dir or default_state_dir()


def _index_path(root: Path, settings: Settings) -> Path:
    return settings.index_url or root / FOLDER / INDEX_NAME


def check(root: Path, settings: Settings, *, now: Callable[[], datetime] = system_clock) -> CheckReport:
    """Compare sidecars and index and change neither; see :func:`alfred.application.library.check.check_library`.

    Raises:
        LibraryUnavailable: no marker, root offline, or the index cannot be read; it is not healed here.
    """
    from alfred.application.library.check import check_library
    from alfred.infrastructure.folders import DiskFolders
    from alfred.infrastructure.persistence.sqlite.inspection import open_recorded

    library_id = read_marker(root).library_id
    with open_recorded(_index_path(root, settings), root=root, library_id=library_id, now=now) as recorded:
        return check_library(
            folders=DiskFolders(root, allowed_targets=settings.link_targets),
            sidecars=_sidecars_of(root, library_id, settings, now=now),
            index=recorded,
        )


def diagnose(
    given: Path | None,
    *,
    start: Path,
    probe: bool = False,
    repair: bool = False,
    dry_run: bool = False,
    now: Callable[[], datetime] = system_clock,
) -> Diagnosis:
    """Look at everything a library rests on; see :func:`alfred.application.library.doctor.examine`.

    Nothing that is broken raises an error here, not even the settings: it is a finding.

    Args:
        given: the library root, where the user named it.
        start: the folder that the search for one begins in.
        probe: ask the provider once.
        repair: mend what can be mended safely.
        dry_run: with ``repair``, only say what would be mended.
        now: the clock.
    """
    from alfred.application.library.doctor import examine
    from alfred.application.ports.health import SettingsFacts
    from alfred.infrastructure.api.credentials import token_facts
    from alfred.infrastructure.folders import DiskFolders
    from alfred.infrastructure.persistence.examination import DiskInstruments

    settings, problems = load_usable_settings()
    root, no_root = None, None
    try:
        root = find_library(given, settings, start=start)
    except NotALibrary as error:
        no_root = error
    place = root or start
    instruments = DiskInstruments(
        root=root,
        no_root=no_root,
        index=_index_path(place, settings),
        state_dir=_state_dir(settings),
        folders=DiskFolders(place, allowed_targets=settings.link_targets),
        settings=SettingsFacts(str(settings_file()), problems),
        token=token_facts(settings.tmdb_token),
        now=now,
    )
    return examine(
        instruments.gather,
        lambda: check(place, settings, now=now),
        probe=(lambda facts: _probe(facts, settings)) if probe else None,
        tools=_RepairKit(place, settings, now) if repair else None,
        dry_run=dry_run,
    )


def _probe(facts: HealthFacts, settings: Settings) -> HealthFacts:
    """Ask the provider once, and add what it said to the facts."""
    try:
        with _new_client(settings) as client:
            client.probe()
    except AlfredError as error:
        return replace(facts, token=replace(facts.token, was_probed=True, error=error))
    return replace(facts, token=replace(facts.token, was_probed=True))


@dataclass(frozen=True, slots=True)
class _RepairKit:
    """Repairs one library; see :class:`alfred.application.library.doctor.Tools`."""

    root: Path
    settings: Settings
    now: Callable[[], datetime]

    def make_index_anew(self) -> None:
        with open_library(self.root, self.settings, now=self.now) as library:
            if not library.index.was_made_anew:
                library.index.heal()

    def correct_journal_mode(self) -> None:
        from alfred.infrastructure.persistence.sqlite.opening import open_for_writing

        with closing(open_for_writing(_index_path(self.root, self.settings), may_create=False, now=self.now)):
            pass  # opening it for writing is what gives it the right journal

    def drop_dangling_rows(self) -> None:
        from alfred.infrastructure.persistence.sqlite.opening import drop_dangling_rows

        drop_dangling_rows(_index_path(self.root, self.settings), now=self.now)

    def write_sidecars(self, folders: Collection[str]) -> None:
        from alfred.application.library.doctor import write_missing_sidecars

        with open_library(self.root, self.settings, now=self.now) as library:
            write_missing_sidecars(folders, index=library.index.presence, sidecars=library.sidecars)

    def look_again(self, folders: Collection[str]) -> None:
        with open_library(self.root, self.settings, now=self.now) as library:
            for folder in folders:
                library.index.presence.note_sidecar(folder, "")

    def remove_abandoned(self, paths: Collection[str]) -> None:
        from alfred.infrastructure.persistence.leftovers import remove_abandoned

        remove_abandoned(self.root, paths, now=self.now())

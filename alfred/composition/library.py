"""One library with everything that its use cases need."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from alfred.application.exceptions import (
    LibraryUnavailable,
    RootOffline,
    UsageError,
)
from alfred.application.ports.clock import system_clock
from alfred.composition.places import show_folder, sidecars_of, state_dir_of
from alfred.composition.provider import Connectivity, new_client, new_rate_limit
from alfred.domain.library.entry import EntryState, RefreshForecast, forecast_refresh
from alfred.domain.library.refresh_plan import RefreshRule
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import TtlPolicy
from alfred.infrastructure.persistence.dot_alfred.v2.index import (
    DotAlfredTVShowLibraryIndex,
    library_of_index,
)
from alfred.infrastructure.persistence.marker import (
    LibraryMarker,
    create_marker,
    marker_path,
    read_marker,
    root_is_online,
)
from alfred.settings import Settings

if TYPE_CHECKING:  # what only some commands need is imported where it is used: queries start quickly
    from alfred.application.library.forget_failed import FailedFiles
    from alfred.application.library.names import EpisodeNameReader
    from alfred.application.library.prune import PrunePlan
    from alfred.application.ports.batch import RefreshProgress
    from alfred.application.ports.index import ShowPresence
    from alfred.application.tv_shows.change_feed import ChangeFeed
    from alfred.application.tv_shows.cleanup import CleanupPlan
    from alfred.application.tv_shows.identify import FolderFacts, Identified, Proposal
    from alfred.application.tv_shows.refresh import PlannedRefresh, RefreshReport
    from alfred.application.tv_shows.rescan import RescanReport
    from alfred.application.tv_shows.sync import SyncResult
    from alfred.infrastructure.api.tmdb.client import TMDBClient
    from alfred.infrastructure.api.waiting import CountedSleep
    from alfred.infrastructure.folders import DiskFolders
    from alfred.infrastructure.persistence.dot_alfred.v2.repository import DotAlfredSeriesReleaseRepository
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars
    from alfred.infrastructure.persistence.state.rate_limit import RateLimit


def episode_name_reader() -> EpisodeNameReader:
    """Return what reads file names: certain shapes first, guessit where they are not sure."""
    from alfred.application.library.names import EpisodeNameReader
    from alfred.infrastructure.guessit_names import GuessitNames

    return EpisodeNameReader(GuessitNames())


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
        return sidecars_of(self.root, self.marker.library_id, self.settings, now=self.now)

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
        client = new_client(
            self.settings, self.rate_limit, observer=self.connectivity.request_log, sleep=self._sleep
        )
        self._stack.callback(client.close)
        return client

    @cached_property
    def rate_limit(self) -> RateLimit:
        """The rate that requests to TMDB keep to, with all others of this machine."""
        rate_limit = new_rate_limit(self.settings, on_trouble=self.connectivity.warn, sleep=self._sleep)
        self._stack.callback(rate_limit.close)
        return rate_limit

    @cached_property
    def change_feed(self) -> ChangeFeed:
        """Knows which shows need no fetch."""
        from alfred.application.tv_shows.change_feed import ChangeFeed
        from alfred.infrastructure.persistence.state.changes import ChangeMemory

        memory = ChangeMemory(state_dir_of(self.settings), provider="tmdb", now=self.now)
        return ChangeFeed(self.provider, memory=memory, now=self.now)

    @cached_property
    def _sleep(self) -> CountedSleep:
        from alfred.infrastructure.api.waiting import CountedSleep

        return CountedSleep()

    def _probe(self) -> None:
        self.provider.probe()

    @cached_property
    def connectivity(self) -> Connectivity:
        """What this machine knows of the way to the provider."""
        connectivity = Connectivity(self.settings, probe=self._probe, now=self.now)
        self._stack.callback(connectivity.close)
        return connectivity

    def provider_gate(self) -> None:
        """Let a batch begin, before its first request; see :mod:`alfred.application.connectivity.gate`.

        Raises:
            ProviderQuarantined: nothing is to be sent.
        """
        self.connectivity.gate.admit()

    def roll_up(self) -> None:
        """Bring the provider's profile up to date, after a batch or a sync."""
        self.connectivity.roll_up()

    def _releases(self, folders_of: Callable[[TmdbId], Collection[str]]) -> DotAlfredSeriesReleaseRepository:
        from alfred.infrastructure.persistence.dot_alfred.v2.repository import DotAlfredSeriesReleaseRepository

        online = root_is_online(self.root)
        return DotAlfredSeriesReleaseRepository(
            self.root,
            sidecars=self.sidecars if online else None,
            folders=self.folders,
            folders_of=folders_of,
            remember=self._remember_places if online else None,
        )

    def sync(self, tmdb_id: TmdbId, *, force: bool = False) -> SyncResult[ShowIndexEntry]:
        """Sync one show; see :func:`alfred.application.tv_shows.sync.sync_show`."""
        from alfred.application.connectivity.gate import GatedProvider
        from alfred.application.tv_shows.sync import sync_with_reason

        return sync_with_reason(
            self.root,
            tmdb_id=tmdb_id,
            index=self.index,
            release_repo=self._releases(self.index.presence.folders_of),
            tmdb_client=GatedProvider(self.provider, gate=lambda: self.connectivity.gate, force=force),
            ttl_days=self.settings.tmdb_cache_ttl_days,
            now=self.now,
            force=force,
            policy=self.ttl_policy,
            provider_failing=self.connectivity.is_failing,
        )

    @property
    def ttl_policy(self) -> TtlPolicy:
        """How the TTL of a show follows from the setting."""
        return TtlPolicy(self.settings.tmdb_ttl_policy)

    def refresh_rule(
        self,
        *,
        states: Collection[EntryState] = (),
        skipped: Collection[EntryState] = (),
        force: bool = False,
    ) -> RefreshRule:
        """Return which entries a batch takes: those in some states, by default those that are due."""
        return RefreshRule(
            states=frozenset(states) or None,
            skipped=frozenset(skipped),
            force=force,
            ttl_days=self.settings.tmdb_cache_ttl_days,
            policy=self.ttl_policy,
        )

    def plan_refresh(
        self, rule: RefreshRule, *, limit: int | None = None, max_requests: int | None = None
    ) -> Iterator[PlannedRefresh]:
        """Yield what a batch would take; see :func:`alfred.application.tv_shows.refresh.plan_refresh`."""
        from alfred.application.tv_shows.refresh import plan_refresh
        from alfred.infrastructure import processes

        return plan_refresh(
            rule=rule,
            index=self.index,
            processes=processes,
            now=self.now,
            limit=limit,
            max_requests=max_requests,
            claim_threshold=self._claim_threshold,
        )

    def forecast(self, entry: ShowIndexEntry) -> RefreshForecast:
        """Say whether the next batch would take an entry; a claim of a batch that is gone counts for nothing."""
        from alfred.application.tv_shows.claims import is_given_up
        from alfred.domain.work.lease import Claim
        from alfred.infrastructure import processes

        standing, now = entry.standing, self.now()
        if standing.claimed_at is not None:
            claim = Claim(entry.tmdb_id, entry.metadata.claimed_by or "", standing.claimed_at)
            if is_given_up(claim, processes, now=now, threshold=self._claim_threshold):
                standing = replace(standing, claimed_at=None)
        ttl_days = self.settings.tmdb_cache_ttl_days
        return forecast_refresh(standing, ttl_days=ttl_days, policy=self.ttl_policy, now=now)

    @contextmanager
    def only_update(self) -> Iterator[bool]:
        """Yield whether no other process of this machine updates this library; none does during the block."""
        from alfred.infrastructure.persistence.lock import held_alone

        with held_alone(state_dir_of(self.settings) / f"update-{self.marker.library_id}.lock") as is_ours:
            yield is_ours

    def refresh(
        self,
        rule: RefreshRule,
        *,
        limit: int | None = None,
        max_requests: int | None = None,
        workers: int | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        on_progress: Callable[[RefreshProgress], None] = lambda _: None,
    ) -> RefreshReport:
        """Refresh what is due; see :func:`alfred.application.tv_shows.refresh.refresh_library`."""
        from alfred.application.tv_shows.refresh import RefreshReport, refresh_library

        if next(self.plan_refresh(rule, limit=1), None) is None and not self.index.claims():
            return RefreshReport()  # most runs of a timer: nothing to load, nothing to ask

        from alfred.infrastructure import processes

        return refresh_library(
            self.root,
            rule=rule,
            index=self.index,
            release_repo=self._releases(self._recorded_folders),
            tmdb_client=self.provider,
            processes=processes,
            now=self.now,
            workers=workers or self.settings.workers,
            limit=limit,
            max_requests=max_requests,
            claim_threshold=self._claim_threshold,
            gate=self.provider_gate,
            provider_failing=self.connectivity.is_failing,
            feed=self.change_feed,
            requests_sent=lambda: self.provider.requests_sent,
            requests_waiting=lambda: self._sleep.count,
            should_stop=should_stop,
            on_progress=on_progress,
        )

    @property
    def _claim_threshold(self) -> timedelta:
        """No fetch takes an hour, however soon a cleanup is to look at what got stuck."""
        return max(timedelta(hours=1), timedelta(minutes=self.settings.orphan_age_minutes))

    def _recorded_folders(self, tmdb_id: TmdbId) -> tuple[str, ...]:
        """Return where a show was last seen, so that a batch never walks the library for one."""
        folders = self.index.presence.folders_of(tmdb_id)
        known = None if folders else self.index.candidate(tmdb_id)
        return (known.path,) if known else folders

    def _remember_places(self, placed: SeriesRelease) -> None:
        from alfred.application.library.places import remember_places

        remember_places(placed, index=self.index.presence, sidecars=self.sidecars)

    def is_still_there(self) -> bool:
        """Say whether the root still has the marker that it had when the library was opened."""
        try:
            return read_marker(self.root) == self.marker
        except LibraryUnavailable:
            return False

    def rescan(self, *, dry_run: bool = False, accept_missing: bool = False) -> RescanReport:
        """Rescan every show; see :func:`alfred.application.tv_shows.rescan.rescan_library`."""
        from alfred.application.tv_shows.rescan import rescan_library

        with _without_garbage_collection():
            return rescan_library(
                folders=self.folders,
                sidecars=self.sidecars,
                index=self.index.presence,
                now=self.now,
                still_online=self.is_still_there,
                read_name=episode_name_reader(),
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
            read_name=episode_name_reader(),
            dry_run=dry_run,
        )

    def folders_to_identify(self, given: Sequence[Path], *, start: Path) -> tuple[str, ...]:
        """Return show folders by the paths that the user gave; by default those without an id.

        Args:
            given: absolute, or relative to ``start`` or to the root.
            start: the current folder.

        Raises:
            UsageError: one is not there, or is no show folder of this library.
        """
        if not given:
            return self.rescan(dry_run=True, accept_missing=True).unidentified
        known = frozenset(self.folders.list_show_folders().folders)
        return tuple(dict.fromkeys(show_folder(path, root=self.root, start=start, known=known) for path in given))

    def look_at_folder(self, folder: str) -> FolderFacts:
        """Read what a folder says of itself; see :func:`alfred.application.tv_shows.identify.look_at_folder`."""
        from alfred.application.tv_shows.identify import look_at_folder

        return look_at_folder(folder, folders=self.folders, sidecars=self.sidecars, index=self.index.presence)

    def propose(self, folder: FolderFacts) -> Proposal:
        """Ask which show a folder may be; see :func:`alfred.application.tv_shows.identify.propose`."""
        from alfred.application.tv_shows.identify import propose

        return propose(folder, self.provider)

    def assign(self, folder: str, tmdb_id: TmdbId) -> Identified:
        """Give a folder its id; see :func:`alfred.application.tv_shows.identify.assign`."""
        from alfred.application.tv_shows.identify import assign

        return assign(
            folder,
            tmdb_id,
            folders=self.folders,
            sidecars=self.sidecars,
            index=self.index.presence,
            now=self.now,
            still_online=self.is_still_there,
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


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Keep the collector from walking a plan of a whole library again and again; nothing in it is a cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

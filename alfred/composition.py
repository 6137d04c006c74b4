"""The one place that knows every concrete class, and puts them together for one library."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from alfred.application.exceptions import (
    AlfredError,
    IndexUnreadable,
    LibraryUnavailable,
    NotALibrary,
    ReadOnlyLibrary,
    RootOffline,
    UsageError,
)
from alfred.application.ports.clock import system_clock
from alfred.domain.library.entry import EntryState, RefreshForecast, forecast_refresh
from alfred.domain.library.refresh_plan import RefreshRule
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import TtlPolicy
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
    from alfred.application.connectivity.gate import ProviderGate
    from alfred.application.library.check import CheckReport
    from alfred.application.library.doctor import Diagnosis
    from alfred.application.library.forget_failed import FailedFiles
    from alfred.application.library.names import EpisodeNameReader
    from alfred.application.library.prune import PrunePlan
    from alfred.application.ports.batch import RefreshProgress
    from alfred.application.ports.health import HealthFacts
    from alfred.application.ports.index import ShowPresence
    from alfred.application.tv_shows.change_feed import ChangeFeed
    from alfred.application.tv_shows.cleanup import CleanupPlan
    from alfred.application.tv_shows.identify import FolderFacts, Identified, Proposal
    from alfred.application.tv_shows.refresh import PlannedRefresh, RefreshReport
    from alfred.application.tv_shows.rescan import RescanReport
    from alfred.application.tv_shows.sync import SyncResult
    from alfred.domain.connectivity import ConnectivityProfile
    from alfred.infrastructure.api.http import RequestObserver
    from alfred.infrastructure.api.tmdb.client import TMDBClient
    from alfred.infrastructure.api.waiting import CountedSleep
    from alfred.infrastructure.folders import DiskFolders
    from alfred.infrastructure.persistence.dot_alfred.v2.repository import DotAlfredSeriesReleaseRepository
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars
    from alfred.infrastructure.persistence.sqlite.database import Database
    from alfred.infrastructure.persistence.state.logged_requests import LoggedRequests
    from alfred.infrastructure.persistence.state.profiles import SqliteProfiles
    from alfred.infrastructure.persistence.state.rate_limit import RateLimit
    from alfred.infrastructure.persistence.state.request_log import RequestLog

PROVIDERS = ("tmdb",)
"""Every configured provider."""

log = logging.getLogger(__name__)


def episode_name_reader() -> EpisodeNameReader:
    """Return what reads file names: certain shapes first, guessit where they are not sure."""
    from alfred.application.library.names import EpisodeNameReader
    from alfred.infrastructure.guessit_names import GuessitNames

    return EpisodeNameReader(GuessitNames())


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
        client = _new_client(
            self.settings, self.rate_limit, observer=self.connectivity.request_log, sleep=self._sleep
        )
        self._stack.callback(client.close)
        return client

    @cached_property
    def rate_limit(self) -> RateLimit:
        """The rate that requests to TMDB keep to, with all others of this machine."""
        rate_limit = _new_rate_limit(self.settings, sleep=self._sleep)
        self._stack.callback(rate_limit.close)
        return rate_limit

    @cached_property
    def change_feed(self) -> ChangeFeed:
        """Knows which shows need no fetch."""
        from alfred.application.tv_shows.change_feed import ChangeFeed
        from alfred.infrastructure.persistence.state.changes import ChangeMemory

        memory = ChangeMemory(_state_dir(self.settings), provider="tmdb", now=self.now)
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

        with held_alone(_state_dir(self.settings) / f"update-{self.marker.library_id}.lock") as is_ours:
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
        return tuple(dict.fromkeys(_show_folder(path, root=self.root, start=start, known=known) for path in given))

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


class Connectivity:
    """What this machine knows of the way to the provider: request log, profile, gate.

    Where the state file cannot be used, one warning says so, and nothing is logged, judged or held up.

    Args:
        settings: all settings.
        probe: sends one request; raises ProviderError where it fails.
        now: the clock; aware, UTC.
    """

    def __init__(
        self, settings: Settings, *, probe: Callable[[], None], now: Callable[[], datetime] = system_clock
    ) -> None:
        self._state_dir = _state_dir(settings)
        self._probe = probe
        self._now = now
        self._stack = ExitStack()
        self._has_warned = False

    def close(self) -> None:
        """Write what is left of the log, and close the state file."""
        self._stack.close()

    @cached_property
    def request_log(self) -> RequestLog:
        """Takes note of each request."""
        from alfred.infrastructure.persistence.state.request_log import RequestLog

        request_log = RequestLog(self._state_dir, on_trouble=self._warn, now=self._now)
        self._stack.callback(request_log.close)
        return request_log

    @property
    def requests(self) -> LoggedRequests:
        """What is in the log.

        Raises:
            UsageError, LibraryUnavailable: the state file cannot be used.
        """
        from alfred.infrastructure.persistence.state.logged_requests import LoggedRequests

        return LoggedRequests(self._state)

    @property
    def profiles(self) -> SqliteProfiles:
        """Where profiles are kept.

        Raises:
            UsageError, LibraryUnavailable: the state file cannot be used.
        """
        from alfred.infrastructure.persistence.state.profiles import SqliteProfiles

        return SqliteProfiles(self._state)

    def refresh(self) -> list[ConnectivityProfile]:
        """Roll the log up; see :func:`alfred.application.connectivity.profile.refresh_profiles`.

        Raises:
            UsageError, LibraryUnavailable: the state file cannot be used.
        """
        from alfred.application.connectivity.profile import refresh_profiles

        self.request_log.flush()
        return refresh_profiles(PROVIDERS, log=self.requests, profiles=self.profiles, now=self._now)

    def roll_up(self) -> ConnectivityProfile | None:
        """Roll the log up; None where the state file cannot be used."""
        try:
            return self.refresh()[0]
        except AlfredError as error:
            self._warn(error)
            return None

    def is_failing(self) -> bool:
        """Say whether the provider fails, so that its "not found" proves nothing."""
        profile = self.roll_up()
        return profile is not None and profile.is_failing

    @property
    def gate(self) -> ProviderGate:
        """The gate before the provider; open where the state file cannot be used."""
        from alfred.application.connectivity.gate import ProviderGate
        from alfred.infrastructure.persistence.state.profiles import ForgivingProfiles
        from alfred.infrastructure.probe_owners import ProcessesOfThisMachine

        return ProviderGate(
            PROVIDERS[0],
            profiles=ForgivingProfiles(lambda: self.profiles, on_trouble=self._warn),
            roll_up=self.roll_up,
            probe=self._probe,
            owners=ProcessesOfThisMachine(),
            now=self._now,
        )

    @cached_property
    def _state(self) -> Database:
        from alfred.infrastructure.persistence.state.store import open_state

        try:
            state = open_state(self._state_dir, now=self._now)
        except (IndexUnreadable, ReadOnlyLibrary) as error:
            raise UsageError(
                f"cannot use the state in {self._state_dir} ({error.code}): make it writable, "
                "or set ALFRED_STATE_DIR to a folder that is"
            ) from error
        self._stack.callback(state.close)
        return state

    def _warn(self, error: AlfredError) -> None:
        """Say once why there is no log and no profile."""
        if not self._has_warned:
            self._has_warned = True
            log.warning(
                "requests to the provider are not logged, since the state in %s cannot be used (%s)",
                self._state_dir,
                error.code,
            )


@contextmanager
def open_connectivity(settings: Settings, *, now: Callable[[], datetime] = system_clock) -> Iterator[Connectivity]:
    """Open what this machine knows of the way to the provider; no library is needed."""

    def probe() -> None:
        with (
            closing(_new_rate_limit(settings)) as rate_limit,
            _new_client(settings, rate_limit, observer=connectivity.request_log) as client,
        ):
            client.probe()

    with closing(Connectivity(settings, probe=probe, now=now)) as connectivity:
        yield connectivity


def _show_folder(given: Path, *, root: Path, start: Path, known: Collection[str]) -> str:
    """Return the show folder that a path means, relative to the root.

    Raises:
        UsageError: it means none.
    """
    places = [place for place in (start / given, root / given) if place.is_dir()]
    if not places:
        raise UsageError(f"{given}: there is no such folder, neither here nor in the library {root}")
    inside = [path for place in places if (path := _below(root, place)) is not None]
    for path in inside:
        if path in known:
            return path
    if not inside:
        raise UsageError(f"{given} is not in the library {root}")
    show = next((folder for folder in known if inside[0].startswith(f"{folder}/")), None)
    if show is not None:
        raise UsageError(f"{given} is inside the show folder '{show}': name that")
    raise UsageError(f"{given} is no show folder: it is the library itself, only groups shows, or is left out")


def _below(root: Path, place: Path) -> str | None:
    """Return a path relative to the root, whether or not links lead to either; None where it is not below."""
    for base, path in (
        (root.absolute(), Path(os.path.normpath(place.absolute()))),
        (root.resolve(), place.resolve()),
    ):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return None


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


def _new_rate_limit(settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> RateLimit:
    from alfred.infrastructure.persistence.state.rate_limit import RateLimit

    return RateLimit(
        _state_dir(settings),
        provider="tmdb",
        requests_per_second=settings.tmdb_requests_per_second,
        sleep=sleep,
    )


def _new_client(
    settings: Settings,
    rate_limit: RateLimit,
    *,
    observer: RequestObserver,
    sleep: Callable[[float], None] = time.sleep,
) -> TMDBClient:
    from alfred.infrastructure.api.tmdb.client import TMDBClient

    return TMDBClient(
        settings.tmdb_token,
        base_url=settings.tmdb_base_url,
        language=settings.tmdb_language,
        timeout_seconds=settings.tmdb_timeout_seconds,
        before_request=rate_limit.wait_for_turn,
        hold_back=rate_limit.hold_back,
        sleep=sleep,
        observer=observer,
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
        with open_connectivity(settings) as connectivity:
            connectivity.gate.probe()
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

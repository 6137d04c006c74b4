"""Sync one show: ask the provider, join the answer with the release on disk, write the entry."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import PathLike, fspath
from pathlib import Path
from typing import Generic

from alfred.application.exceptions import ProviderError, ShowNotFoundInLibrary
from alfred.application.ports.clock import system_clock
from alfred.application.ports.index import EntryT_co, IndexEntry, KeepsSyncRecords, TVShowIndex
from alfred.application.ports.provider import TVShowProvider
from alfred.application.ports.releases import SeriesReleases, WatchesRoot
from alfred.domain.library.failure import NOT_FOUND, after_failure
from alfred.domain.library.release import SeriesRelease
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import SyncDecision, decide_sync
from alfred.domain.tv_shows.show import PLACEHOLDER_STATUS, TVShowInfo

log = logging.getLogger(__name__)

ROOT_OFFLINE = "root offline"


@dataclass(frozen=True, slots=True)
class SyncResult(Generic[EntryT_co]):
    """An entry after a sync.

    Attributes:
        decision: whether the provider was asked, and why.
        warnings: what the user should know: the root is offline, the sidecar is gone, seasons are missing.
    """

    entry: EntryT_co
    decision: SyncDecision
    warnings: tuple[str, ...] = ()


def sync_show(
    library_root: Path,
    *,
    tmdb_id: TmdbId,
    index: TVShowIndex[EntryT_co],
    release_repo: SeriesReleases,
    tmdb_client: TVShowProvider,
    ttl_days: int,
    now: Callable[[], datetime] = system_clock,
    force: bool = False,
) -> EntryT_co:
    """Bring one show up to date and return its entry.

    Args:
        library_root: the folder that paths of show folders are given relative to.
        tmdb_id: the show.
        index: where entries are kept.
        release_repo: the sidecars.
        tmdb_client: the provider; not asked while the facts are fresh.
        ttl_days: whole days that facts stay fresh; 0 refreshes always.
        now: the clock; aware, UTC.
        force: ask the provider whatever the age.

    Raises:
        ShowNotFoundInLibrary: neither the index nor a sidecar knows the show; no request was made.
        ProviderError: the provider failed; the entry keeps its facts and is marked ``broken``.
        ValueError: a negative TTL.
    """
    return sync_with_reason(
        library_root,
        tmdb_id=tmdb_id,
        index=index,
        release_repo=release_repo,
        tmdb_client=tmdb_client,
        ttl_days=ttl_days,
        now=now,
        force=force,
    ).entry


def sync_with_reason(
    library_root: Path,
    *,
    tmdb_id: TmdbId,
    index: TVShowIndex[EntryT_co],
    release_repo: SeriesReleases,
    tmdb_client: TVShowProvider,
    ttl_days: int,
    now: Callable[[], datetime] = system_clock,
    force: bool = False,
    provider_failing: Callable[[], bool] = lambda: False,
) -> SyncResult[EntryT_co]:
    """Do what :func:`sync_show` does, and say why.

    Args:
        provider_failing: whether the provider fails for others too; only asked after "not found".
    """
    if ttl_days < 0:
        raise ValueError(f"a TTL is a number of days from 0 up, not {ttl_days}")
    moment = now()
    entry = index.find_by_tmdb_id(tmdb_id)
    found = release_repo.load_by_tmdb_id(tmdb_id) if entry is None else None
    if entry is None and found is None:
        raise ShowNotFoundInLibrary(tmdb_id)

    decision = decide_sync(
        status=entry.status if entry is not None else None,
        fetched_at=entry.metadata.fetched_at if entry is not None else None,
        ttl_days=ttl_days,
        now=moment,
        force=force,
    )
    if entry is not None and not decision.refresh:
        return SyncResult(entry, decision)

    known_path = _anchor(library_root, entry, found)
    info = _fetch(
        tmdb_client,
        tmdb_id,
        index=index,
        entry=entry,
        path=known_path,
        now=moment,
        provider_failing=provider_failing,
    )
    if found is None:
        found = release_repo.load_by_tmdb_id(tmdb_id)
    release = found[0] if found is not None else None
    path = _anchor(library_root, entry, found)
    index.upsert(info, release, path=path, fetched_at=moment)
    persisted = index.find_by_tmdb_id(tmdb_id)
    if persisted is None:
        raise ShowNotFoundInLibrary(tmdb_id)
    return SyncResult(persisted, decision, _warnings(tmdb_id, info, release, release_repo))


def _anchor(
    library_root: Path, entry: IndexEntry | None, found: tuple[SeriesRelease, PathLike[str] | str] | None
) -> str:
    """Return the folder that stands for the show: the sidecar's, else the one recorded in the index."""
    if found is not None:
        return _relative_path(found[1], library_root)
    return entry.metadata.path if entry is not None else ""


def _relative_path(folder: PathLike[str] | str, library_root: Path) -> str:
    path = Path(fspath(folder))
    return (path.relative_to(library_root) if path.is_relative_to(library_root) else path).as_posix()


def _fetch(
    provider: TVShowProvider,
    tmdb_id: TmdbId,
    *,
    index: object,
    entry: IndexEntry | None,
    path: str,
    now: datetime,
    provider_failing: Callable[[], bool],
) -> TVShowInfo:
    try:
        return provider.get_tv_show_info(tmdb_id.value)
    except ProviderError as error:
        if isinstance(index, KeepsSyncRecords):
            record = after_failure(
                index.sync_record(tmdb_id),
                error_class=error.error_class,
                message=str(error),
                has_facts=entry is not None and entry.status != PLACEHOLDER_STATUS,
                now=now,
                retry_after=timedelta(seconds=error.retry_after) if error.retry_after else None,
                provider_failing=error.error_class == NOT_FOUND and provider_failing(),
            )
            index.record_failure(tmdb_id, record, path=path)
        raise


def _warnings(
    tmdb_id: TmdbId, info: TVShowInfo, release: SeriesRelease | None, release_repo: SeriesReleases
) -> tuple[str, ...]:
    warnings = []
    if isinstance(release_repo, WatchesRoot) and not release_repo.root_is_online():
        warnings.append(ROOT_OFFLINE)
    elif release is None:
        warnings.append("no readable sidecar; run 'alfred rescan' to fill the slots again")
    if absent := getattr(info, "unavailable_seasons", ()):
        listed = ", ".join(str(number) for number in absent)
        warnings.append(f"episodes of season {listed} could not be had; what was known of them stays")
    for warning in warnings:
        log.warning("show %s: %s", tmdb_id, warning)
    return tuple(warnings)

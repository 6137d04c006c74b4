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
from alfred.application.ports.index import (
    ConfirmsFacts,
    EntryT_co,
    HasStanding,
    IndexEntry,
    KeepsSyncRecords,
    TVShowIndex,
    WritesAnswers,
)
from alfred.application.ports.provider import AsksForChanges, TVShowProvider
from alfred.application.ports.releases import FoundRelease, RemembersPlaces, SeriesReleases, WatchesRoot
from alfred.domain.library.failure import NOT_FOUND, after_failure
from alfred.domain.library.release import SeriesRelease
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import FactsAge, SyncDecision, TtlPolicy, decide_sync
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said of a show.

    Attributes:
        info: None where it said that the show is as it was.
        asked_at: when it was asked.
    """

    tmdb_id: TmdbId
    info: TVShowInfo | None
    asked_at: datetime


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
    policy: TtlPolicy = TtlPolicy.FIXED,
    provider_failing: Callable[[], bool] = lambda: False,
) -> SyncResult[EntryT_co]:
    """Do what :func:`sync_show` does, and say why.

    Args:
        policy: how the TTL of a show follows from ``ttl_days``.
        provider_failing: says whether the provider fails so much that "not found" proves nothing.
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
        facts=_age_of_facts(entry),
        policy=policy,
    )
    if entry is not None and not decision.refresh:
        return SyncResult(entry, decision)

    recorded = entry.metadata.path if entry is not None else ""
    etag = None if force else _known_edition(index, tmdb_id, now=moment)
    try:
        info = ask(tmdb_client, tmdb_id, etag)
    except ProviderError as error:
        has_facts = entry is not None and entry.status != PLACEHOLDER_STATUS
        path = _anchor(library_root, recorded, found)
        record_failed_sync(
            index, tmdb_id, error, has_facts=has_facts, path=path, now=moment, provider_failing=provider_failing
        )
        raise
    if found is None:
        found = release_repo.load_by_tmdb_id(tmdb_id)
    answer = Answer(tmdb_id, info, moment)
    warnings = write_answer(
        library_root,
        answer,
        found,
        index=index,
        release_repo=release_repo,
        path=recorded,
        is_missing=_is_missing(entry),
    )
    for warning in warnings:
        log.warning("show %s: %s", tmdb_id, warning)
    persisted = index.find_by_tmdb_id(tmdb_id)
    if persisted is None:
        raise ShowNotFoundInLibrary(tmdb_id)
    return SyncResult(persisted, decision, warnings)


def _is_missing(entry: IndexEntry | None) -> bool:
    return entry is not None and getattr(entry.metadata, "missing_since", None) is not None


def _age_of_facts(entry: object) -> FactsAge | None:
    return entry.standing.facts if isinstance(entry, HasStanding) else None


def _known_edition(index: object, tmdb_id: TmdbId, *, now: datetime) -> str | None:
    candidate = index.candidate(tmdb_id) if isinstance(index, ConfirmsFacts) else None
    return None if candidate is None else candidate.known_edition(now=now)


def ask(provider: TVShowProvider, tmdb_id: TmdbId, etag: str | None) -> TVShowInfo | None:
    """Ask a provider for a show.

    Args:
        provider: perhaps one that need not repeat what is known.
        tmdb_id: the show.
        etag: of the facts that are known; None asks for the show in any case.

    Returns:
        None where the provider says that the show is as it was.
    """
    if etag is not None and isinstance(provider, AsksForChanges):
        return provider.get_tv_show_info_if_changed(tmdb_id.value, etag)
    return provider.get_tv_show_info(tmdb_id.value)


def write_answer(
    library_root: Path,
    answer: Answer,
    found: FoundRelease | None,
    *,
    index: WritesAnswers,
    release_repo: SeriesReleases,
    path: str,
    is_missing: bool = False,
) -> tuple[str, ...]:
    """Write the join of an answer, or of the facts that it confirms, and a release; return what to tell the user.

    Args:
        library_root: the folder that paths of show folders are given relative to.
        answer: of the provider.
        found: the release and its folder; None where no sidecar could be read.
        index: where the entry is kept.
        release_repo: says whether the root is there.
        path: the folder recorded until now, for a show without a sidecar.
        is_missing: the folder was not there at the last rescan.
    """
    release = found[0] if found is not None else None
    folder = _anchor(library_root, path, found)
    if answer.info is not None:
        placed = index.upsert(answer.info, release, path=folder, fetched_at=answer.asked_at)
        if isinstance(placed, SeriesRelease) and isinstance(release_repo, RemembersPlaces):
            release_repo.remember_places(placed)
    elif isinstance(index, ConfirmsFacts):
        index.confirm(answer.tmdb_id, release, path=folder, verified_at=answer.asked_at)
    return _warnings(answer.info, release, release_repo, is_missing=is_missing)


def record_failed_sync(
    index: object,
    tmdb_id: TmdbId,
    error: ProviderError,
    *,
    has_facts: bool,
    path: str,
    now: datetime,
    provider_failing: Callable[[], bool] = lambda: False,
) -> None:
    """Remember that the provider failed for a show, in an index that keeps such records.

    Args:
        index: where the entry is kept.
        tmdb_id: the show.
        error: what the provider came to.
        has_facts: whether it has ever answered for this show.
        path: the show folder, for a show that the index does not have yet.
        now: when it was asked.
        provider_failing: says whether it fails for others too, so that "not found" proves nothing.
    """
    if not isinstance(index, KeepsSyncRecords):
        return
    record = after_failure(
        index.sync_record(tmdb_id),
        error_class=error.error_class,
        message=str(error),
        has_facts=has_facts,
        now=now,
        retry_after=timedelta(seconds=error.retry_after) if error.retry_after else None,
        provider_failing=error.error_class == NOT_FOUND and provider_failing(),
    )
    index.record_failure(tmdb_id, record, path=path)


def _anchor(library_root: Path, recorded: str, found: FoundRelease | None) -> str:
    """Return the folder that stands for the show: the sidecar's, else the one recorded in the index."""
    return _relative_path(found[1], library_root) if found is not None else recorded


def _relative_path(folder: PathLike[str] | str, library_root: Path) -> str:
    path = Path(fspath(folder))
    return (path.relative_to(library_root) if path.is_relative_to(library_root) else path).as_posix()


def _warnings(
    info: TVShowInfo | None, release: SeriesRelease | None, release_repo: SeriesReleases, *, is_missing: bool
) -> tuple[str, ...]:
    warnings = []
    if isinstance(release_repo, WatchesRoot) and not release_repo.root_is_online():
        warnings.append(ROOT_OFFLINE)
    elif release is None and is_missing:
        warnings.append(
            "its folder is missing, so no slot has a file; 'alfred rescan' restores it once it is back"
        )
    elif release is None:
        warnings.append("no readable sidecar; run 'alfred rescan' to fill the slots again")
    if absent := getattr(info, "unavailable_seasons", ()):
        listed = ", ".join(str(number) for number in absent)
        warnings.append(f"episodes of season {listed} could not be had; what was known of them stays")
    return tuple(warnings)

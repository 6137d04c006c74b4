"""Cleanup: end what got stuck. Orphans in processing become failed, abandoned claims are released.

Nothing is ever deleted, and a second run finds nothing left to do.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from alfred.application.exceptions import RootOffline, SidecarUnreadable
from alfred.application.ports.claims import Claims, Processes
from alfred.application.ports.clock import system_clock
from alfred.application.ports.releases import Sidecars
from alfred.application.tv_shows.claims import is_given_up, release_claims
from alfred.domain.library.orphans import as_failed, is_orphan
from alfred.domain.library.release import EpisodeFile, FileStatus, SeriesRelease
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.work.lease import Claim

log = logging.getLogger(__name__)

ORPHAN_AGE_THRESHOLD = timedelta(hours=1)
"""Work that has been in processing for longer is looked at; the setting ``ORPHAN_AGE_MINUTES`` says otherwise."""


class OrphanIndex(Protocol):
    """What a cleanup needs of an index, for files."""

    def processing_files(self) -> Sequence[tuple[TmdbId, EpisodeFile]]:
        """Return every file that is recorded as in processing, by show and path."""

    def recorded_release(self, tmdb_id: TmdbId, /) -> SeriesRelease | None:
        """Return files and user metadata as the index has them; None for an unknown show."""

    def write_files(self, release: SeriesRelease, /) -> None:
        """Write the files of a known show; whether its folder is there does not change."""

    def note_sidecar(self, folder: str, stamp: str, /) -> None:
        """Remember the stamp of a sidecar that was written apart from a rescan; "" has the next one look."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep every other writer out, of sidecars too, until the block ends."""


class Files(Protocol):
    """What a cleanup asks of the disk."""

    def is_gone(self, path: str, /) -> bool:
        """Say whether a file, relative to the root, is certainly not there."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A file that got stuck, as it is recorded now."""

    tmdb_id: TmdbId
    file: EpisodeFile

    @property
    def failed(self) -> EpisodeFile:
        """Its record as it should be."""
        return as_failed(self.file)


@dataclass(frozen=True, slots=True)
class CleanupPlan:
    """What a cleanup does, or did.

    Attributes:
        orphans: files that become ``failed``.
        abandoned: claims that are released.
    """

    orphans: tuple[Orphan, ...] = ()
    abandoned: tuple[Claim, ...] = ()


def cleanup_orphans(
    *,
    index: OrphanIndex,
    claims: Claims,
    sidecars: Sidecars,
    files: Files,
    processes: Processes,
    now: Callable[[], datetime] = system_clock,
    threshold: timedelta = ORPHAN_AGE_THRESHOLD,
    still_online: Callable[[], bool] = lambda: True,
    dry_run: bool = False,
) -> CleanupPlan:
    """Make orphans ``failed``, in index and sidecars, and release abandoned claims.

    Args:
        index: where files are recorded.
        claims: where claims are recorded.
        sidecars: the sidecars in the show folders.
        files: the disk; a file that is there, or that cannot be looked for, is never touched.
        processes: this machine; a claim of a process that died on it is released at once.
        now: the clock; aware, UTC.
        threshold: only what has been in processing, or claimed, for longer is touched.
        still_online: whether the library root is there; without it no file's absence means anything.
        dry_run: only return what would be done.

    Returns:
        What was done; a file or claim that moved on since it was looked at is not in it.

    Raises:
        RootOffline: nothing was changed, or nothing more.
    """
    run = _Cleanup(
        index=index, claims=claims, sidecars=sidecars, files=files, still_online=still_online, threshold=threshold
    )
    plan = run.plan(processes, now())
    return plan if dry_run else run.carry_out(plan, now)


class _Cleanup:
    """One run."""

    def __init__(
        self,
        *,
        index: OrphanIndex,
        claims: Claims,
        sidecars: Sidecars,
        files: Files,
        still_online: Callable[[], bool],
        threshold: timedelta,
    ) -> None:
        self._index = index
        self._claims = claims
        self._sidecars = sidecars
        self._files = files
        self._still_online = still_online
        self._threshold = threshold

    def plan(self, processes: Processes, now: datetime) -> CleanupPlan:
        """Find what is stuck."""
        plan = CleanupPlan(
            orphans=tuple(
                Orphan(tmdb_id, file)
                for tmdb_id, file in self._index.processing_files()
                if self._is_orphan(file, now)
            ),
            abandoned=tuple(
                claim
                for claim in self._claims.claims()
                if is_given_up(claim, processes, now=now, threshold=self._threshold)
            ),
        )
        self._check_root()
        return plan

    def carry_out(self, plan: CleanupPlan, now: Callable[[], datetime]) -> CleanupPlan:
        """End what is stuck, a show at a time; return what was."""
        by_show: dict[TmdbId, list[Orphan]] = defaultdict(list)
        for orphan in plan.orphans:
            by_show[orphan.tmdb_id].append(orphan)
        failed: list[Orphan] = []
        for tmdb_id, orphans in by_show.items():
            with self._index.exclusive():
                failed += self._fail(tmdb_id, orphans, now())
        released = self._release(plan.abandoned) if plan.abandoned else ()
        return CleanupPlan(tuple(failed), released)

    def _release(self, abandoned: Iterable[Claim]) -> tuple[Claim, ...]:
        with self._index.exclusive():
            return release_claims(abandoned, self._claims)

    def _fail(self, tmdb_id: TmdbId, orphans: Iterable[Orphan], now: datetime) -> list[Orphan]:
        """Write the orphans of one show, those of them that still are; the sidecars first, as a rescan does."""
        release = self._index.recorded_release(tmdb_id)
        known = set(release.files) if release else set()
        still = [orphan for orphan in orphans if orphan.file in known and self._is_orphan(orphan.file, now)]
        self._check_root()
        if release is None or not still:
            return []
        changed = {orphan.file.library_path: orphan.failed for orphan in still}
        release = replace(release, files=_with(release.files, changed), digest="")
        for folder in sorted({orphan.file.folder for orphan in still}):
            self._index.note_sidecar(folder, self._write_sidecar(folder, release, changed))
        self._index.write_files(release)
        return still

    def _write_sidecar(self, folder: str, release: SeriesRelease, changed: dict[str, EpisodeFile]) -> str:
        """Write a folder's sidecar and return its stamp; "" where that has to wait for a rescan."""
        try:
            recorded = self._sidecars.read(folder)
            if recorded is not None:
                release = replace(recorded, files=_with(recorded.files, changed))
            return self._sidecars.write(folder, release)
        except (OSError, SidecarUnreadable) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            log.warning("%s: the sidecar waits for the next rescan (%s)", folder, reason)
            return ""

    def _is_orphan(self, file: EpisodeFile, now: datetime) -> bool:
        return is_orphan(file, now=now, threshold=self._threshold, is_gone=self._files.is_gone)

    def _check_root(self) -> None:
        """Refuse to believe that files are gone where the root is; asked after the disk was."""
        if not self._still_online():
            raise RootOffline("the library is offline: nothing of it is gone for certain; mount it and try again")


def _with(files: Iterable[EpisodeFile], changed: dict[str, EpisodeFile]) -> tuple[EpisodeFile, ...]:
    return tuple(
        changed.get(file.library_path, file) if file.status is FileStatus.PROCESSING else file for file in files
    )

"""Rescan: read the disk, bring sidecars and index up to date with it, ask nobody else.

A rescan first makes a plan; a dry run reports it, a real one carries it out. Folders that look as they did
the last time are passed over: nothing of them is read, parsed or written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from alfred.application.exceptions import (
    RefusedToMark,
    RootOffline,
    ShowNotFoundInLibrary,
    SidecarCorrupt,
    SidecarUnreadable,
)
from alfred.application.ports.clock import system_clock
from alfred.application.ports.folders import FolderScan, LibraryFolders, Problem
from alfred.application.ports.index import KnownFolder, PresenceIndex, ShowPresence
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.episode_names import read_episode_name
from alfred.domain.library.file_changes import is_unsettled, merge_files
from alfred.domain.library.identification import title_of_folder, tmdb_id_in_folder_name, tmdb_id_in_nfo
from alfred.domain.library.placement import place_files, with_known_episodes
from alfred.domain.library.presence import PresenceChange, compare_presence, is_at_or_below, is_too_much
from alfred.domain.library.release import (
    EpisodeFile,
    FileStatus,
    SeriesRelease,
    UserMetadata,
    join_releases,
    newest,
)
from alfred.domain.shared.value_objects import TmdbId

NAMED_AT_MOST = 10
WRITERS = 4
SHOWS_AT_ONCE = 32
"""Shows whose sidecars are written side by side, and recorded before the next ones are begun."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A folder whose sidecar, tag and NFO do not name the same show.

    Attributes:
        chosen: the sidecar wins over the tag, the tag over the NFO.
        claims: where an id was read -> the id.
    """

    path: str
    chosen: TmdbId
    claims: Mapping[str, TmdbId]


@dataclass(frozen=True, slots=True)
class OtherSeason:
    """A file whose name gives another season than its folder; the name is believed.

    Attributes:
        path: relative to the library root, with ``/``.
    """

    path: str
    season: int
    folder_season: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPlan:
    """What a rescan found in one show folder.

    Attributes:
        release: the record of its files as it should be.
        write_sidecar: whether the sidecar does not say so yet.
        keep_sidecar: whether there is one that must be left alone.
    """

    folder: str
    signature: str
    sidecar: str
    release: SeriesRelease
    write_sidecar: bool
    keep_sidecar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPlan:
    """What a rescan will write of one show.

    Attributes:
        is_emptied: it was there with files, and is there without any.
    """

    tmdb_id: TmdbId
    name: str
    path: str
    folders: tuple[FolderPlan, ...]
    lost_files: tuple[EpisodeFile, ...]
    is_new: bool
    is_emptied: bool = False
    unreadable_sidecar: str | None = None

    @property
    def release(self) -> SeriesRelease:
        """The files of all folders, and those of folders that are gone."""
        joined = join_releases(folder.release for folder in self.folders)
        return replace(joined, files=joined.files + self.lost_files)


@dataclass(slots=True, kw_only=True)
class RescanPlan:
    """What a rescan found and will write.

    Attributes:
        shows: those to write; all others are as they were.
        seen: the folders of each show that are there, changed or not.
        change: the shows that vanished and those that came back.
        unidentified: folders with videos that no id was found for.
    """

    shows: list[ShowPlan] = field(default_factory=list)
    seen: dict[TmdbId, list[str]] = field(default_factory=lambda: defaultdict(list))
    change: PresenceChange = field(default_factory=PresenceChange)
    unidentified: list[str] = field(default_factory=list)
    broken: list[Problem] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RescanReport:
    """What a rescan came to.

    Attributes:
        shows: how many shows have a folder that is there.
        added: shows that were not in the index.
        changed: shows that were and are there, and of which something changed.
        restored: shows whose folder is back.
        missing: shows whose folder is gone.
        duplicates: shows with more than one folder -> these folders.
        files: of the shows looked at, by status.
        refused: why a real run would mark nothing; only a dry run reports it, a real one raises it.
        other_seasons: files of changed folders that lie in the folder of another season.
    """

    shows: int
    added: tuple[TmdbId, ...]
    changed: tuple[TmdbId, ...]
    restored: tuple[TmdbId, ...]
    missing: tuple[TmdbId, ...]
    unidentified: tuple[str, ...]
    broken: tuple[Problem, ...]
    disagreements: tuple[Disagreement, ...]
    duplicates: Mapping[TmdbId, tuple[str, ...]]
    files: Mapping[FileStatus, int]
    elapsed_seconds: float
    refused: str | None = None
    other_seasons: tuple[OtherSeason, ...] = ()


def rescan_library(
    *,
    folders: LibraryFolders,
    sidecars: Sidecars,
    index: PresenceIndex,
    now: Callable[[], datetime] = system_clock,
    still_online: Callable[[], bool] = lambda: True,
    read_name: Callable[[str], EpisodeName] = read_episode_name,
    dry_run: bool = False,
    accept_missing: bool = False,
) -> RescanReport:
    """Bring sidecars and index up to date with every show folder.

    A show whose folder is gone is marked as missing and keeps all that is known of it; one whose folder is back,
    under whatever name, is restored.

    Args:
        folders: the disk.
        sidecars: the sidecars in the show folders.
        index: where entries are kept.
        now: the clock; aware, UTC.
        still_online: asked before anything is judged, since a root can go away while it is read.
        read_name: reads a path relative to its show folder.
        dry_run: only report what would be written.
        accept_missing: believe it, however much vanished.

    Raises:
        RootOffline: the root is not there, or not any more; nothing was written.
        RefusedToMark: more vanished at once than is likely; nothing was written.
    """
    scanner = _Rescan(
        folders=folders, sidecars=sidecars, index=index, now=now, still_online=still_online, read_name=read_name
    )
    listing = folders.list_show_folders()
    plan = scanner.plan(listing.folders, listing.problems)
    return scanner.finish(plan, dry_run=dry_run, accept_missing=accept_missing)


def rescan_show(
    tmdb_id: TmdbId,
    *,
    folders: LibraryFolders,
    sidecars: Sidecars,
    index: PresenceIndex,
    now: Callable[[], datetime] = system_clock,
    still_online: Callable[[], bool] = lambda: True,
    read_name: Callable[[str], EpisodeName] = read_episode_name,
    dry_run: bool = False,
    also: Collection[str] = (),
) -> RescanReport:
    """Bring one show up to date with its folders; others are not looked at, unless it has to be searched for.

    Args:
        tmdb_id: the show.
        folders: the disk.
        sidecars: the sidecars in the show folders.
        index: where entries are kept.
        now: the clock; aware, UTC.
        still_online: asked before anything is written.
        dry_run: only report what would be written.
        also: folders that are known to be of the show now, relative to the root.

    Raises:
        ShowNotFoundInLibrary: neither the index nor any folder knows the show.
        RootOffline: the root is not there.
    """
    scanner = _Rescan(
        folders=folders,
        sidecars=sidecars,
        index=index,
        now=now,
        still_online=still_online,
        read_name=read_name,
        only=tmdb_id,
    )
    own = {known.path for known in scanner.known.values() if known.tmdb_id == tmdb_id} | set(also)
    plan = scanner.plan(sorted(own))
    if not own or own != set(plan.seen.get(tmdb_id, ())):
        listing = folders.list_show_folders()
        plan = scanner.plan(
            listing.folders, [problem for problem in listing.problems if scanner.concerns(problem)]
        )
    if tmdb_id not in plan.seen and tmdb_id not in scanner.shows:
        raise ShowNotFoundInLibrary(tmdb_id)
    return scanner.finish(plan, dry_run=dry_run, accept_missing=True)


class _Rescan:
    """One run: what was known before it, and how a folder becomes a plan."""

    def __init__(
        self,
        *,
        folders: LibraryFolders,
        sidecars: Sidecars,
        index: PresenceIndex,
        now: Callable[[], datetime],
        still_online: Callable[[], bool],
        read_name: Callable[[str], EpisodeName],
        only: TmdbId | None = None,
    ) -> None:
        self._folders = folders
        self._sidecars = sidecars
        self._index = index
        self._now = now
        self._still_online = still_online
        self._read_name = read_name
        self._only = only
        self._started = now()
        self.known = index.known_folders()
        self._paths_of: dict[TmdbId, list[str]] = defaultdict(list)
        for folder in self.known.values():
            self._paths_of[folder.tmdb_id].append(folder.path)
        self.shows = index.known_shows()

    def plan(self, folders: Iterable[str], problems: Iterable[Problem] = ()) -> RescanPlan:
        """Look at folders and plan what to write of those that changed."""
        plan = RescanPlan(broken=list(problems))
        changed: dict[TmdbId, list[_Look]] = defaultdict(list)
        for folder in folders:
            try:
                scan = self._folders.scan_show_folder(folder)
            except FileNotFoundError:
                continue
            if before := self._unchanged(scan):
                if self._only in (None, before.tmdb_id):
                    plan.broken.extend(scan.problems)
                    plan.seen[before.tmdb_id].append(folder)
                continue
            look = self._read_sidecar(scan)
            claims = self._claims(look)
            tmdb_id = self._choose(folder, claims)
            if self._only not in (None, tmdb_id):
                continue
            plan.broken.extend(scan.problems)
            _note(plan, look, tmdb_id, claims)
            if tmdb_id is not None:
                changed[tmdb_id].append(look)
                plan.seen[tmdb_id].append(folder)
        self._add_folders_not_seen(plan, changed)
        plan.shows = [self._plan_show(tmdb_id, looks, plan) for tmdb_id, looks in changed.items()]
        return plan

    def _add_folders_not_seen(self, plan: RescanPlan, changed: dict[TmdbId, list[_Look]]) -> None:
        """Keep the further folders of a show that are hidden; where one is gone, the show changed."""
        hidden = {problem.path for problem in plan.broken}
        for tmdb_id, folders in plan.seen.items():
            elsewhere = set(self._paths_of.get(tmdb_id, ())).difference(folders)
            kept = {path for path in elsewhere if is_at_or_below(path, hidden)}
            folders.extend(kept)
            if elsewhere != kept:
                changed.setdefault(tmdb_id, [])

    def concerns(self, problem: Problem) -> bool:
        """Say whether the show that is looked for may be behind a problem."""
        known = self.shows.get(self._only) if self._only else None
        return known is not None and any(f"{path}/".startswith(f"{problem.path}/") for path in known.paths)

    def finish(self, plan: RescanPlan, *, dry_run: bool, accept_missing: bool) -> RescanReport:
        """Carry a plan out, unless it is a dry run, and report it."""
        if not self._still_online():
            raise RootOffline("the library went away while it was read; nothing was marked: run it again")
        looked_at = {tmdb_id: show for tmdb_id, show in self.shows.items() if self._only in (None, tmdb_id)}
        hidden = {problem.path for problem in plan.broken}
        plan.change = compare_presence(looked_at, plan.seen, unreadable=hidden)
        refused = None if accept_missing else self._refusal(plan)
        counts = self._file_counts(plan)
        if not dry_run:
            if refused:
                raise RefusedToMark(refused)
            self._carry_out(plan)
        return self._report(plan, counts, refused)

    def _refusal(self, plan: RescanPlan) -> str | None:
        """Say why so much cannot have vanished; None where it can."""
        present = sum(show.missing_since is None for show in self.shows.values())
        vanished = plan.change.vanished
        emptied = tuple(sorted(show.tmdb_id for show in plan.shows if show.is_emptied))
        lost = vanished + emptied
        if not is_too_much(present=present, vanished=len(lost), left=len(plan.seen)):
            return None
        names = ", ".join(self.shows[tmdb_id].name for tmdb_id in lost[:NAMED_AT_MOST])
        more = f" and {len(lost) - NAMED_AT_MOST} more" if len(lost) > NAMED_AT_MOST else ""
        what = " or ".join(said for said, ids in (("are gone", vanished), ("have lost all files", emptied)) if ids)
        return (
            f"{len(lost)} of {present} shows {what} at once ({names}{more}): nothing was marked; "
            "check that every disk is there, or say that they are gone with 'alfred rescan --accept-missing'"
        )

    def _carry_out(self, plan: RescanPlan) -> None:
        with self._index.batch(), ThreadPoolExecutor(WRITERS, thread_name_prefix="sidecar") as writers:
            for start in range(0, len(plan.shows), SHOWS_AT_ONCE):
                shows = plan.shows[start : start + SHOWS_AT_ONCE]
                with self._index.exclusive():
                    written = [self._write_sidecars(show, writers) for show in shows]
                    for show, stamps in zip(shows, written, strict=True):
                        self._record(show, stamps, plan)
            if plan.change.vanished or plan.change.restored:
                self._index.mark_presence(plan.change, now=self._started)

    def _unchanged(self, scan: FolderScan) -> KnownFolder | None:
        before = self.known.get(scan.folder)
        if before is None or before.signature != scan.signature or not scan.signature:
            return None
        return before if before.sidecar == self._sidecars.stamp(scan.folder) else None

    def _claims(self, look: _Look) -> dict[str, TmdbId]:
        """Read every id that a folder carries; the first one wins."""
        claims = {
            "sidecar": look.recorded.tmdb_id if look.recorded else None,
            "tag": tmdb_id_in_folder_name(look.scan.folder.rpartition("/")[2]),
            "nfo": tmdb_id_in_nfo(self._folders.read_nfo(look.scan.folder)) if look.scan.has_nfo else None,
        }
        return {source: tmdb_id for source, tmdb_id in claims.items() if tmdb_id is not None}

    def _choose(self, folder: str, claims: Mapping[str, TmdbId]) -> TmdbId | None:
        """Choose the id of a folder: what it carries, else what it had at the last rescan."""
        before = self.known.get(folder)
        return next(iter(claims.values()), before.tmdb_id if before else None)

    def _read_sidecar(self, scan: FolderScan) -> _Look:
        try:
            return _Look(scan=scan, recorded=self._sidecars.read(scan.folder))
        except SidecarCorrupt as error:
            return _Look(scan=scan, problem=str(error), salvaged=error.salvaged)
        except SidecarUnreadable as error:
            return _Look(scan=scan, problem=str(error), keep_sidecar=True)

    def _plan_show(self, tmdb_id: TmdbId, looks: Sequence[_Look], plan: RescanPlan) -> ShowPlan:
        indexed = self._index.recorded_release(tmdb_id)
        by_folder: dict[str, list[EpisodeFile]] = defaultdict(list)
        for file in indexed.files if indexed else ():
            by_folder[file.folder].append(file)
        user = newest(
            *(look.recorded.user if look.recorded else look.salvaged for look in looks),
            indexed.user if indexed else UserMetadata(),
        )
        merged = {look.scan.folder: self._merge(look, by_folder[look.scan.folder]) for look in looks}
        seen = sorted(plan.seen[tmdb_id])
        files = [file for folder in seen for file in merged.get(folder, by_folder[folder])]
        placed = place_files(files, self._index.listed_episodes(tmdb_id)).files
        by_look = {look.scan.folder: look for look in looks}
        folders = tuple(
            self._plan_folder(tmdb_id, by_look[folder], [file for file in placed if file.folder == folder], user)
            if folder in by_look
            else self._as_it_was(self.known[folder], by_folder[folder], user)
            for folder in seen
        )
        path = folders[0].folder
        before = self.shows.get(tmdb_id)
        was_filled = before is not None and before.missing_since is None and _has_files(indexed)
        return ShowPlan(
            tmdb_id=tmdb_id,
            name=title_of_folder(path.rpartition("/")[2]).title,
            path=path,
            folders=folders,
            lost_files=_lost_files(by_folder, folders, self._started),
            is_new=before is None,
            is_emptied=was_filled and not any(_has_files(folder.release) for folder in folders),
            unreadable_sidecar=next((look.problem for look in looks if look.keep_sidecar), None),
        )

    def _merge(self, look: _Look, indexed: Sequence[EpisodeFile]) -> tuple[EpisodeFile, ...]:
        """Bring the record of a folder's files up to date."""
        recorded = look.recorded
        return merge_files(
            with_known_episodes(recorded.files, indexed) if recorded else indexed,
            look.scan.videos,
            folder=look.scan.folder,
            unreadable=look.scan.unreadable,
            read_name=self._read_name,
            now=self._started,
        )

    def _plan_folder(
        self, tmdb_id: TmdbId, look: _Look, files: Sequence[EpisodeFile], user: UserMetadata
    ) -> FolderPlan:
        recorded = look.recorded
        release = SeriesRelease(tmdb_id=tmdb_id, files=tuple(files), user=user)
        return FolderPlan(
            folder=look.scan.folder,
            signature="" if look.keep_sidecar or is_unsettled(files) else look.scan.signature,
            sidecar=self._sidecars.stamp(look.scan.folder),
            release=release,
            write_sidecar=release != recorded and not look.keep_sidecar and "" not in look.scan.unreadable,
        )

    @staticmethod
    def _as_it_was(known: KnownFolder, files: Sequence[EpisodeFile], user: UserMetadata) -> FolderPlan:
        return FolderPlan(
            folder=known.path,
            signature=known.signature,
            sidecar=known.sidecar,
            release=SeriesRelease(tmdb_id=known.tmdb_id, files=tuple(files), user=user),
            write_sidecar=False,
        )

    def _write_sidecars(self, show: ShowPlan, writers: Executor) -> list[Future[str] | None]:
        """Begin to write the sidecars of a show; a disk flushes several files in the time of one."""
        return [
            writers.submit(self._sidecars.write, folder.folder, folder.release) if folder.write_sidecar else None
            for folder in show.folders
        ]

    def _record(self, show: ShowPlan, written: Sequence[Future[str] | None], plan: RescanPlan) -> None:
        """Record a show once its sidecars are written: they are the truth that the index can be made from."""
        known = []
        for folder, writing in zip(show.folders, written, strict=True):
            stamp, signature = folder.sidecar, folder.signature
            if writing is not None:
                try:
                    stamp = writing.result()
                except (OSError, SidecarUnreadable) as error:
                    reason = error.strerror if isinstance(error, OSError) else str(error)
                    plan.broken.append(Problem(folder.folder, f"cannot write the sidecar: {reason}"))
                    signature = ""
            known.append(KnownFolder(path=folder.folder, tmdb_id=show.tmdb_id, signature=signature, sidecar=stamp))
        presence = ShowPresence(name=show.name, path=show.path, folders=tuple(known), release=show.release)
        self._index.record_presence(presence, now=self._started)
        if show.unreadable_sidecar:
            self._index.record_unreadable_sidecar(show.tmdb_id, show.unreadable_sidecar)

    def _file_counts(self, plan: RescanPlan) -> Counter[FileStatus]:
        """Count files as they are after the plan: planned shows by the plan, all others by the index."""
        counts: Counter[FileStatus] = Counter()
        planned = {show.tmdb_id: show for show in plan.shows}
        gone = {tmdb_id for tmdb_id, show in self.shows.items() if show.missing_since is not None}
        gone = (gone | set(plan.change.vanished)) - set(plan.change.restored)
        for tmdb_id, by_status in self._index.file_counts().items():
            if tmdb_id in planned or self._only not in (None, tmdb_id):
                continue
            counts.update({FileStatus.MISSING: sum(by_status.values())} if tmdb_id in gone else by_status)
        for show in planned.values():
            counts.update(file.status for file in show.release.files)
        return counts

    def _report(self, plan: RescanPlan, counts: Mapping[FileStatus, int], refused: str | None) -> RescanReport:
        return RescanReport(
            shows=len(plan.seen),
            added=tuple(sorted(show.tmdb_id for show in plan.shows if show.is_new)),
            changed=tuple(
                sorted(
                    show.tmdb_id
                    for show in plan.shows
                    if not show.is_new and show.tmdb_id not in plan.change.restored
                )
            ),
            restored=plan.change.restored,
            missing=plan.change.vanished,
            unidentified=tuple(sorted(plan.unidentified)),
            broken=tuple(sorted(set(plan.broken), key=lambda problem: (problem.path, problem.message))),
            disagreements=tuple(plan.disagreements),
            duplicates={
                tmdb_id: tuple(sorted(paths)) for tmdb_id, paths in sorted(plan.seen.items()) if len(paths) > 1
            },
            files={status: counts.get(status, 0) for status in FileStatus},
            elapsed_seconds=(self._now() - self._started).total_seconds(),
            refused=refused,
            other_seasons=tuple(_other_seasons(plan.shows)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A changed folder with what its sidecar said."""

    scan: FolderScan
    recorded: SeriesRelease | None = None
    problem: str | None = None
    salvaged: UserMetadata = field(default_factory=UserMetadata)
    keep_sidecar: bool = False


def _note(plan: RescanPlan, look: _Look, tmdb_id: TmdbId | None, claims: Mapping[str, TmdbId]) -> None:
    """Note what the user should know of a changed folder."""
    if look.problem:
        plan.broken.append(Problem(look.scan.folder, look.problem))
    if tmdb_id is None:
        if look.scan.videos:
            plan.unidentified.append(look.scan.folder)
    elif len(set(claims.values())) > 1:
        plan.disagreements.append(Disagreement(look.scan.folder, tmdb_id, claims))


def _other_seasons(shows: Iterable[ShowPlan]) -> Iterator[OtherSeason]:
    """Yield the files of changed folders that lie in the folder of another season."""
    for show in shows:
        for file in (file for folder in show.folders for file in folder.release.files):
            if file.name.folder_season is not None and file.name.season is not None:
                yield OtherSeason(file.library_path, file.name.season, file.name.folder_season)


def _has_files(release: SeriesRelease | None) -> bool:
    """Say whether a release has a file that is there, whole or in the making."""
    return release is not None and any(file.status in _THERE for file in release.files)


_THERE = (FileStatus.READY, FileStatus.PROCESSING)


def _lost_files(
    by_folder: Mapping[str, Sequence[EpisodeFile]], folders: Sequence[FolderPlan], now: datetime
) -> tuple[EpisodeFile, ...]:
    """Keep the files of folders that are gone as missing, unless they are in a folder that is there now."""
    here = {plan.folder for plan in folders}
    present = {file.path for plan in folders for file in plan.release.files}
    return tuple(
        file
        if file.status is not FileStatus.READY
        else replace(file, status=FileStatus.MISSING, missing_since=now)
        for folder, files in by_folder.items()
        if folder not in here
        for file in files
        if file.path not in present
    )


def join_reports(reports: Sequence[RescanReport]) -> RescanReport:
    """Join the reports of several shows into one."""
    return RescanReport(
        shows=sum(report.shows for report in reports),
        added=tuple(sorted({tmdb_id for report in reports for tmdb_id in report.added})),
        changed=tuple(sorted({tmdb_id for report in reports for tmdb_id in report.changed})),
        restored=tuple(sorted({tmdb_id for report in reports for tmdb_id in report.restored})),
        missing=tuple(sorted({tmdb_id for report in reports for tmdb_id in report.missing})),
        unidentified=tuple(sorted({path for report in reports for path in report.unidentified})),
        broken=tuple(dict.fromkeys(problem for report in reports for problem in report.broken)),
        disagreements=tuple(one for report in reports for one in report.disagreements),
        duplicates={key: value for report in reports for key, value in report.duplicates.items()},
        files={status: sum(report.files.get(status, 0) for report in reports) for status in FileStatus},
        elapsed_seconds=sum(report.elapsed_seconds for report in reports),
        refused=next((report.refused for report in reports if report.refused), None),
        other_seasons=tuple(one for report in reports for one in report.other_seasons),
    )

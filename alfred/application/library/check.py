"""Check: compare every sidecar with the index. Reads only; a rescan or a repair mends what it finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from alfred.application.exceptions import SidecarCorrupt, SidecarTooNew, SidecarUnreadable
from alfred.application.ports.folders import LibraryFolders, Problem
from alfred.application.ports.index import KnownFolder
from alfred.domain.library.check import OF_PRESENCE, Difference, DifferenceKind, compare_copies
from alfred.domain.library.identification import tmdb_id_in_folder_name, tmdb_id_in_nfo
from alfred.domain.library.presence import KnownShow, compare_presence, is_at_or_below, is_too_much
from alfred.domain.library.release import SeriesRelease
from alfred.domain.library.views import DriftedFile
from alfred.domain.shared.value_objects import TmdbId


class RecordedIndex(Protocol):
    """What a check reads of an index."""

    def known_folders(self) -> Mapping[str, KnownFolder]:
        """Return every show folder of the last rescan by its path."""

    def known_shows(self) -> Mapping[TmdbId, KnownShow]:
        """Return where every entry is, and since when it is missing."""

    def recorded_release(self, tmdb_id: TmdbId, /) -> SeriesRelease | None:
        """Return files and user metadata as the index has them; None for an unknown show."""

    def drifted(self) -> Collection[DriftedFile]:
        """Return the files that keep an episode that has another number now."""


class ReadableSidecars(Protocol):
    """What a check reads of the sidecars."""

    def stamp(self, folder: str, /) -> str:
        """Return what changes when the sidecar's content does; "" where there is none."""

    def read(self, folder: str, /) -> SeriesRelease | None:
        """Return what the sidecar says; None where there is none.

        Raises:
            SidecarUnreadable: it is there and cannot be used.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check found.

    Attributes:
        folders: how many show folders there are, those that are gone since the last rescan among them.
        differences: by folder.
        overlooked: folders that differ though their sidecar is as the last rescan left it: the next one passes
            them over.
        renumbered: files whose names and episodes do not agree any more; no difference, as both copies say so.
        broken: what could not be read or followed, so that nothing is known of what is behind it.
        rescan_would_refuse: more shows are gone than a rescan believes by itself.
    """

    folders: int
    differences: tuple[Difference, ...]
    overlooked: frozenset[str]
    renumbered: tuple[DriftedFile, ...] = ()
    broken: tuple[Problem, ...] = ()
    rescan_would_refuse: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether everything could be seen, and agrees."""
        return not self.differences and not self.broken


def check_library(*, folders: LibraryFolders, sidecars: ReadableSidecars, index: RecordedIndex) -> CheckReport:
    """Compare every sidecar with the index.

    Args:
        folders: the disk.
        sidecars: the sidecars in the show folders.
        index: where entries are kept.

    Raises:
        RootOffline: the root is not there.
    """
    listing = folders.list_show_folders()
    known, shows = index.known_folders(), index.known_shows()
    differences: list[Difference] = []
    problems = list(listing.problems)
    for folder in listing.folders:
        problems += _look_into(folder, folders)
        if folder in known:
            differences += _compare_known(known[folder], shows.get(known[folder].tmdb_id), sidecars, index)
        else:
            differences += _look_at_unknown(folder, folders, sidecars)
    hidden = {problem.path for problem in problems}
    gone = list(_find_gone(known, shows, there=set(listing.folders), hidden=hidden))
    differences += gone
    in_content = {difference.folder for difference in differences if difference.kind not in OF_PRESENCE}
    return CheckReport(
        folders=len(listing.folders) + len(gone),
        differences=tuple(differences),
        overlooked=frozenset(
            folder
            for folder in in_content & known.keys()
            if known[folder].sidecar and known[folder].sidecar == sidecars.stamp(folder)
        ),
        renumbered=tuple(index.drifted()),
        broken=tuple(sorted(set(problems), key=lambda problem: (problem.path, problem.message))),
        rescan_would_refuse=_is_too_much(shows, _seen(listing.folders, known, differences), hidden),
    )


def _look_into(folder: str, folders: LibraryFolders) -> tuple[Problem, ...]:
    """Return what cannot be seen in a show folder."""
    try:
        return folders.scan_show_folder(folder).problems
    except FileNotFoundError:  # it went away just now
        return ()


def _seen(
    there: Collection[str], known: Mapping[str, KnownFolder], differences: Collection[Difference]
) -> set[TmdbId]:
    """Return the shows that a rescan would find, those in folders that it does not know yet among them."""
    found = {known[folder].tmdb_id for folder in there if folder in known}
    new = (one.tmdb_id for one in differences if one.kind is DifferenceKind.FOLDER_UNKNOWN)
    return found | {tmdb_id for tmdb_id in new if tmdb_id is not None}


def _is_too_much(shows: Mapping[TmdbId, KnownShow], seen: Collection[TmdbId], hidden: Collection[str]) -> bool:
    return is_too_much(
        present=sum(show.missing_since is None for show in shows.values()),
        vanished=len(compare_presence(shows, seen, unreadable=hidden).vanished),
        left=len(seen),
    )


def _compare_known(
    known: KnownFolder, show: KnownShow | None, sidecars: ReadableSidecars, index: RecordedIndex
) -> Iterator[Difference]:
    folder, tmdb_id = known.path, known.tmdb_id
    if show is not None and show.missing_since is not None:
        marked = {"missing_since": show.missing_since}
        yield Difference(tmdb_id, folder, folder, DifferenceKind.FOLDER_BACK, None, marked)
    recorded = index.recorded_release(tmdb_id) or SeriesRelease(tmdb_id=tmdb_id)
    try:
        written = sidecars.read(folder)
    except SidecarUnreadable as error:
        yield _unreadable(tmdb_id, folder, error)
        return
    if written is None:
        held = {"files": sum(file.folder == folder for file in recorded.files)}
        yield Difference(tmdb_id, folder, folder, DifferenceKind.SIDECAR_MISSING, None, held)
    else:
        yield from compare_copies(written, recorded, folder=folder)


def _look_at_unknown(folder: str, folders: LibraryFolders, sidecars: ReadableSidecars) -> Iterator[Difference]:
    """Report a folder that no rescan has seen; one without any id is no difference, only unidentified."""
    try:
        written = sidecars.read(folder)
    except SidecarUnreadable as error:
        yield _unreadable(None, folder, error)
        return
    if written is not None:
        held = {"files": len(written.files)}
        yield Difference(written.tmdb_id, folder, folder, DifferenceKind.FOLDER_UNKNOWN, held)
        return
    tmdb_id = tmdb_id_in_folder_name(folder.rpartition("/")[2]) or tmdb_id_in_nfo(folders.read_nfo(folder))
    if tmdb_id is not None:
        yield Difference(tmdb_id, folder, folder, DifferenceKind.FOLDER_UNKNOWN)


def _find_gone(
    known: Mapping[str, KnownFolder],
    shows: Mapping[TmdbId, KnownShow],
    *,
    there: Collection[str],
    hidden: Collection[str],
) -> Iterator[Difference]:
    """Report folders that are gone though their show is not marked; what cannot be seen is not gone."""
    for folder in sorted(known.keys() - there):
        show = shows.get(known[folder].tmdb_id)
        is_marked = show is not None and show.missing_since is not None
        if not is_marked and not is_at_or_below(folder, hidden):
            recorded = {"path": folder}
            yield Difference(known[folder].tmdb_id, folder, folder, DifferenceKind.FOLDER_GONE, None, recorded)


def _unreadable(tmdb_id: TmdbId | None, folder: str, error: SidecarUnreadable) -> Difference:
    match error:
        case SidecarCorrupt():
            kind = DifferenceKind.SIDECAR_DAMAGED
        case SidecarTooNew():
            kind = DifferenceKind.SIDECAR_TOO_NEW
        case _:
            kind = DifferenceKind.SIDECAR_UNREADABLE
    return Difference(tmdb_id, folder, folder, kind, {"message": str(error)})

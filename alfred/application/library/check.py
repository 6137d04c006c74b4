"""Check: compare every sidecar with the index. Reads only; a rescan or a repair mends what it finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from alfred.application.exceptions import SidecarCorrupt, SidecarTooNew, SidecarUnreadable
from alfred.application.ports.folders import LibraryFolders
from alfred.application.ports.index import KnownFolder
from alfred.domain.library.check import Difference, DifferenceKind, compare_copies
from alfred.domain.library.identification import tmdb_id_in_folder_name, tmdb_id_in_nfo
from alfred.domain.library.presence import KnownShow
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
        folders: how many show folders were compared.
        differences: by folder.
        overlooked: folders that differ though their sidecar is as the last rescan left it: the next one passes
            them over.
        renumbered: files whose names and episodes do not agree any more; no difference, as both copies say so.
    """

    folders: int
    differences: tuple[Difference, ...]
    overlooked: frozenset[str]
    renumbered: tuple[DriftedFile, ...] = ()


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
    for folder in listing.folders:
        if folder in known:
            differences += _compare_known(known[folder], shows.get(known[folder].tmdb_id), sidecars, index)
        else:
            differences += _look_at_unknown(folder, folders, sidecars)
    hidden = {problem.path for problem in listing.problems}
    differences += _find_gone(known, shows, there=set(listing.folders), hidden=hidden)
    return CheckReport(
        folders=len(listing.folders),
        differences=tuple(differences),
        overlooked=frozenset(
            folder
            for folder in {difference.folder for difference in differences} & known.keys()
            if known[folder].sidecar and known[folder].sidecar == sidecars.stamp(folder)
        ),
        renumbered=tuple(index.drifted()),
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
        if not is_marked and not any(f"{folder}/".startswith(f"{path}/") for path in hidden):
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

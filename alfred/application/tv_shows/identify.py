"""Identify: find out which show a folder is, and write it down.

Nothing is guessed: a folder is given an id only where one candidate is clearly ahead, or where somebody said so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alfred.application.exceptions import ProviderError, RootOffline, SidecarCorrupt
from alfred.application.library.annotate import later_than
from alfred.application.ports.clock import system_clock
from alfred.application.ports.folders import LibraryFolders
from alfred.application.ports.index import PresenceIndex
from alfred.application.ports.provider import ShowFinder
from alfred.application.ports.releases import Sidecars
from alfred.application.tv_shows.rescan import RescanReport, rescan_show
from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.episode_names import read_episode_name
from alfred.domain.library.failure import NOT_FOUND
from alfred.domain.library.identification import (
    ExternalId,
    FolderTitle,
    external_ids_in_folder_name,
    external_ids_in_nfo,
    readings_of_folder,
    tmdb_id_in_folder_name,
    tmdb_id_in_nfo,
)
from alfred.domain.library.matching import Scored, rank, sure_of, worth_a_closer_look
from alfred.domain.library.placement import without_episodes
from alfred.domain.library.release import SeriesRelease, UserMetadata, newest
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.candidate import ShowOutline, ShowSummary

log = logging.getLogger(__name__)

PLAUSIBLE_TITLE = 0.5
"""A show that has its id at another provider together with a film must at least sound like the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFacts:
    """What a show folder says of itself.

    Attributes:
        path: relative to the library root.
        tmdb_id: the id that it carries, or had at the last rescan.
        readings: what its name can mean, the likeliest first.
        files: what the names of its files say.
        external_ids: of other providers.
    """

    path: str
    tmdb_id: TmdbId | None
    readings: tuple[FolderTitle, ...]
    files: tuple[EpisodeName, ...] = ()
    external_ids: tuple[ExternalId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a folder may be.

    Attributes:
        candidates: the best first.
        sure: the one that is clearly ahead; None where a person should decide.
        decided_by: ``imdb``, ``tvdb`` or ``search``; what led to the candidates.
    """

    folder: FolderFacts
    candidates: tuple[Scored, ...] = ()
    sure: Scored | None = None
    decided_by: str = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A folder that has its id now.

    Attributes:
        before: the id that it had.
        report: what the rescan of the show came to.
    """

    path: str
    tmdb_id: TmdbId
    before: TmdbId | None
    report: RescanReport


def look_at_folder(
    folder: str, *, folders: LibraryFolders, sidecars: Sidecars, index: PresenceIndex
) -> FolderFacts:
    """Read what a show folder says of itself.

    Raises:
        FileNotFoundError: it is not there.
        SidecarUnreadable: it has a sidecar of a newer Alfred, or one that cannot be read.
    """
    scan = folders.scan_show_folder(folder)
    name = folder.rpartition("/")[2]
    nfo = folders.read_nfo(folder) if scan.has_nfo else ""
    recorded = _read_sidecar(folder, sidecars)
    known = index.known_folders().get(folder)
    ids = (
        recorded.tmdb_id if recorded else None,
        tmdb_id_in_folder_name(name),
        tmdb_id_in_nfo(nfo),
        known.tmdb_id if known else None,
    )
    return FolderFacts(
        path=folder,
        tmdb_id=next((tmdb_id for tmdb_id in ids if tmdb_id is not None), None),
        readings=readings_of_folder(name),
        files=tuple(read_episode_name(video.path) for video in scan.videos),
        external_ids=tuple(dict.fromkeys((*external_ids_in_folder_name(name), *external_ids_in_nfo(nfo)))),
    )


def propose(folder: FolderFacts, finder: ShowFinder) -> Proposal:
    """Ask the provider which show a folder may be: by another provider's id, else by name and year.

    Raises:
        ProviderError: the provider failed.
    """
    return _find_by_id(folder, finder) or _search(folder, finder)


def _find_by_id(folder: FolderFacts, finder: ShowFinder) -> Proposal | None:
    """Follow the ids of other providers; None where they lead nowhere, or to several shows."""
    shows: dict[TmdbId, ShowSummary] = {}
    led_here: list[str] = []
    is_doubtful = False
    for external in folder.external_ids:
        found = finder.find_tv(external.source, external.value)
        shows |= {show.tmdb_id: show for show in found.shows}
        led_here += [external.source] if found.shows else []
        is_doubtful |= found.is_a_film_too
    if len(shows) != 1:
        return None
    (best,) = rank(folder.readings, (), shows.values())
    if is_doubtful and best.title < PLAUSIBLE_TITLE:
        return None
    return Proposal(folder=folder, candidates=(best,), sure=best, decided_by="+".join(led_here))


def _search(folder: FolderFacts, finder: ShowFinder) -> Proposal:
    """Search with the year, and without it unless that settled it; then look closer at the few that are close."""
    found: dict[TmdbId, ShowSummary] = {}
    for title, year in _queries(folder.readings):
        found |= {show.tmdb_id: show for show in finder.search_tv(title, first_air_year=year)}
        ranked = rank(folder.readings, folder.files, found.values())
        if year is not None and (sure := sure_of(ranked)):
            return Proposal(folder=folder, candidates=ranked, sure=sure)
    ranked = rank(folder.readings, folder.files, found.values())
    outlines = [outline for one in worth_a_closer_look(ranked) if (outline := _outline(one, finder))]
    ranked = rank(folder.readings, folder.files, found.values(), outlines)
    return Proposal(folder=folder, candidates=ranked, sure=sure_of(ranked))


def _queries(readings: Sequence[FolderTitle]) -> list[tuple[str, int | None]]:
    """Return titles to search for, with the year first."""
    with_year: list[tuple[str, int | None]] = [(one.title, one.year) for one in readings if one.year is not None]
    return list(dict.fromkeys([*with_year, *((one.title, None) for one in readings)]))


def _outline(scored: Scored, finder: ShowFinder) -> ShowOutline | None:
    try:
        return finder.get_outline(scored.show.tmdb_id.value)
    except ProviderError as error:
        if error.error_class != NOT_FOUND:
            raise
        return None  # an answer to a search may be older than a deletion


def assign(
    folder: str,
    tmdb_id: TmdbId,
    *,
    folders: LibraryFolders,
    sidecars: Sidecars,
    index: PresenceIndex,
    now: Callable[[], datetime] = system_clock,
    still_online: Callable[[], bool] = lambda: True,
) -> Identified:
    """Give a folder its id, whatever it had, and rescan that show.

    Files keep their dates, and the user's tags and note go along; where the show has an entry already, they join
    what is said there. A show that the folder was wrongly taken for loses it, and is missing where it was the only
    one. Files are placed by their names again, also where the folder had the id already.

    Raises:
        RootOffline: the root is not there any more; nothing was written.
        SidecarUnreadable: the folder has a sidecar of a newer Alfred, or one that cannot be read.
        OSError: the sidecar cannot be written anywhere.
    """
    if not still_online():
        raise RootOffline("the library went away: nothing was written; run it again once it is back")
    moment = now()
    with index.exclusive():
        recorded = _read_sidecar(folder, sidecars)
        known = index.known_folders().get(folder)
        before = recorded.tmdb_id if recorded else known.tmdb_id if known else None
        held = known.tmdb_id if known else None
        added_at = index.added_at(held) if held else None
        release = _new_release(folder, tmdb_id, recorded=recorded, held=held, index=index, now=moment)
        sidecars.write(folder, release)
        if held == tmdb_id:
            index.forget_episodes(tmdb_id, folder)
        elif held is not None:
            index.take_folder_from(held, folder, given_to=tmdb_id, now=moment)
    report = rescan_show(
        tmdb_id,
        folders=folders,
        sidecars=sidecars,
        index=index,
        now=now,
        still_online=still_online,
        also=(folder,),
    )
    if before != tmdb_id:
        index.record_identification(tmdb_id, folder, before=before, added_at=added_at, now=moment)
    return Identified(path=folder, tmdb_id=tmdb_id, before=before, report=report)


def _new_release(
    folder: str,
    tmdb_id: TmdbId,
    *,
    recorded: SeriesRelease | None,
    held: TmdbId | None,
    index: PresenceIndex,
    now: datetime,
) -> SeriesRelease:
    """Return the sidecar under the new id: the files as they were, and what the user said of either show."""
    old = index.recorded_release(held) if held else None
    files = recorded.files if recorded else [file for file in old.files if file.folder == folder] if old else []
    copies = [copy.user for copy in (recorded, old) if copy is not None]
    user = newest(*copies) if copies else UserMetadata()
    there = index.recorded_release(tmdb_id)
    if there is not None and held != tmdb_id:
        user = _joined(there.user, user, now)
    return SeriesRelease(tmdb_id=tmdb_id, files=without_episodes(files), user=user)


def _joined(there: UserMetadata, coming: UserMetadata, now: datetime) -> UserMetadata:
    """Join what the user said of two entries; the note of the one that stays wins."""
    joined = replace(there, tags=tuple(sorted({*there.tags, *coming.tags})), note=there.note or coming.note)
    if joined == there:
        return there
    latest = max((copy.changed_at for copy in (there, coming) if copy.changed_at), default=None)
    return replace(joined, changed_at=later_than(latest, now))


def _read_sidecar(folder: str, sidecars: Sidecars) -> SeriesRelease | None:
    """Read a sidecar; a damaged one counts as none, and is kept aside when the new one is written."""
    try:
        return sidecars.read(folder)
    except SidecarCorrupt as error:
        log.warning("%s: %s", folder, error)
        return None

"""Reading a show for people and scripts: seasons, slots, files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from alfred.application.exceptions import IndexCorrupt
from alfred.domain.library.placement import Drift, ListedEpisode, Listing, SlotState, slot_state
from alfred.domain.library.release import EpisodeFile, FileStatus
from alfred.domain.library.views import SeasonView, ShowView, SlotView
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import file_from_row, from_day, from_micros_or_none
from alfred.infrastructure.persistence.sqlite.database import Database, Row


def read_show(database: Database, library: int, tmdb_id: int, *, today: date) -> ShowView:
    """Read the seasons of a show with its slots and files."""
    key = (library, tmdb_id)
    presence = database.one(sql.ENTRY_PRESENCE, key)
    missing_since, detached = (from_micros_or_none(presence[0]), bool(presence[1])) if presence else (None, False)
    files = {
        (row[2], row[3]): _as_missing(file_from_row(row), missing_since) for row in database.all(sql.FILES, key)
    }
    seasons = database.all(sql.SEASONS, (tmdb_id,))
    if not seasons and not database.one(sql.SHOW_AGE, (tmdb_id,)):
        return _from_files_alone(list(files.values()), today)

    filled: dict[int, list[EpisodeFile]] = defaultdict(list)
    slot_files = database.all(sql.SLOT_FILES, key)
    for row in slot_files:
        if (at := (row[3], row[4])) not in files:
            raise IndexCorrupt(f"the index {database.path} is damaged (an episode has a file that is not there)")
        filled[row[2]].append(files[at])
    placed = {(file.folder, file.path) for group in filled.values() for file in group}
    episodes: dict[int, list[Row]] = defaultdict(list)
    for row in database.all(sql.EPISODES, (tmdb_id,)):
        episodes[row[2]].append(row)
    listing = Listing([_listed(row) for group in episodes.values() for row in group])
    return ShowView(
        seasons=tuple(
            SeasonView(row[1], row[4], _slots(episodes[row[1]], filled, today=today)) for row in seasons
        ),
        unmatched=tuple(listing.explain(file) for at, file in files.items() if at not in placed and not detached),
        drifted=tuple(_drift(files[row[3], row[4]], listing.by_id[row[2]]) for row in slot_files if row[5]),
    )


def _listed(row: Row) -> ListedEpisode:
    return ListedEpisode(row[1], row[2], row[3], from_day(row[5]))


def _drift(file: EpisodeFile, episode: ListedEpisode) -> Drift:
    return Drift(file, episode.episode_id, episode.season, episode.number)


def _as_missing(file: EpisodeFile, missing_since: datetime | None) -> EpisodeFile:
    """Show a file as missing while its whole show is; nothing of that is stored with the file."""
    if missing_since is None or file.status is not FileStatus.READY:
        return file
    return replace(file, status=FileStatus.MISSING, missing_since=missing_since)


def _slots(episodes: Iterable[Row], filled: dict[int, list[EpisodeFile]], *, today: date) -> tuple[SlotView, ...]:
    slots = []
    for row in sorted(episodes, key=lambda row: (row[3], row[1])):
        files = tuple(filled.get(row[1], ()))
        air_date = from_day(row[5])
        state = slot_state((file.status for file in files), air_date, today=today)
        slots.append(SlotView(row[3], row[4], air_date, state, files))
    return tuple(slots)


def _from_files_alone(files: Sequence[EpisodeFile], today: date) -> ShowView:
    """Show a placeholder as its files have it; titles and air dates come with the first sync."""
    seasons: dict[int, dict[int, list[EpisodeFile]]] = defaultdict(lambda: defaultdict(list))
    unmatched = []
    for file in files:
        if file.name.season is None or not file.name.episodes:
            unmatched.append(file)
            continue
        for episode in file.name.episodes:
            seasons[file.name.season][episode].append(file)
    return ShowView(
        seasons=tuple(
            SeasonView(number, "", tuple(_bare_slot(at, slots[at], today) for at in sorted(slots)))
            for number, slots in sorted(seasons.items())
        ),
        unmatched=tuple(Listing(()).explain(file) for file in unmatched),
    )


def _bare_slot(number: int, files: Sequence[EpisodeFile], today: date) -> SlotView:
    state: SlotState = slot_state((file.status for file in files), None, today=today)
    return SlotView(number, "", None, state, tuple(files))

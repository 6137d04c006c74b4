"""Keeping the slots of a show true: which files fill which episodes, and which episodes have no ready file."""

from __future__ import annotations

from collections.abc import Iterable

from alfred.domain.library.placement import ListedEpisode, Placement, SlotState, place_files, state_from_files
from alfred.domain.library.release import EpisodeFile, FileStatus
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import file_from_row, from_day, to_day
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.sqlite.facts import write_difference


def refresh_slots(database: Database, library_id: str, tmdb_id: int, *, detached: bool) -> None:
    """Place the files of a show on its episodes again, inside the caller's transaction.

    Args:
        detached: the show has no readable sidecar, so no file fills a slot until a rescan.
    """
    key = (library_id, tmdb_id)
    rows = database.all(sql.LISTED_EPISODES, (tmdb_id,))
    episodes = [ListedEpisode(row[0], row[1], row[2], from_day(row[3])) for row in rows]
    files = [] if detached else [file_from_row(row) for row in database.all(sql.FILES, key)]
    placement = place_files(files, episodes)
    gaps = _gap_rows(key, episodes, placement)

    write_difference(
        database,
        database.all(sql.SLOT_FILES, key),
        _slot_file_rows(key, placement),
        key=5,
        put=sql.PUT_SLOT_FILE,
        drop=sql.DROP_SLOT_FILE,
    )
    write_difference(database, database.all(sql.GAPS, key), gaps, key=3, put=sql.PUT_GAP, drop=sql.DROP_GAP)
    on_disk = len(episodes) - len(gaps) if episodes else _episodes_carried(files)
    database.execute(sql.SET_ON_DISK, (on_disk, *key, on_disk))


def _slot_file_rows(key: tuple[str, int], placement: Placement) -> list[Row]:
    return [
        (*key, episode_id, file.folder, file.path)
        for episode_id, files in placement.filled.items()
        for file in files
    ]


def _gap_rows(key: tuple[str, int], episodes: Iterable[ListedEpisode], placement: Placement) -> list[Row]:
    rows = []
    for episode in episodes:
        held = state_from_files(file.status for file in placement.filled.get(episode.episode_id, ()))
        if held is not SlotState.ON_DISK:
            air_date = to_day(episode.air_date)
            rows.append(
                (*key, episode.episode_id, episode.season, episode.number, air_date, held.value if held else "")
            )
    return rows


def _episodes_carried(files: Iterable[EpisodeFile]) -> int:
    """Count the episodes that a placeholder's files say they carry."""
    ready = [file.name for file in files if file.status is FileStatus.READY]
    return len({(name.season, episode) for name in ready for episode in name.episodes})

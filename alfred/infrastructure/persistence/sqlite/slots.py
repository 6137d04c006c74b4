"""Keeping the slots of a show true: which files fill which episodes, and which slots are open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from alfred.domain.library.history import Event, changes_of_placing
from alfred.domain.library.placement import (
    ListedEpisode,
    Placement,
    SlotState,
    place_files,
    state_from_files,
)
from alfred.domain.library.release import EpisodeFile
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import file_from_row, from_day, to_day, to_numbers
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.sqlite.facts import write_difference


def placing_of(files: Iterable[Row]) -> set[Row]:
    """Return what the placing of files depends on: rows of ``file`` without size, times and messages."""
    return {(row[2], row[3], row[6], row[7], row[8], row[9], row[12], row[16]) for row in files}


def with_remembered_episodes(files: list[Row], known: Iterable[Row]) -> list[Row]:
    """Do for rows of ``file`` what :func:`~alfred.domain.library.placement.with_known_episodes` does for files."""
    copies = {row[2:4]: row for row in known if row[16]}
    return [
        (*row[:16], copy[16])
        if not row[16] and (copy := copies.get(row[2:4])) and copy[6:10] == row[6:10]
        else row
        for row in files
    ]


class Placed(NamedTuple):
    """What placing the files of a show came to.

    Attributes:
        remembers: whether other episodes are remembered with the files than before.
        events: what there is to tell of files that were placed before.
    """

    remembers: bool
    events: tuple[Event, ...] = ()


def listed_episodes(database: Database, tmdb_id: int) -> list[ListedEpisode]:
    """Return the episodes of a show as placing needs them; none for a placeholder."""
    rows = database.all(sql.LISTED_EPISODES, (tmdb_id,))
    return [ListedEpisode(row[0], row[1], row[2], from_day(row[3])) for row in rows]


def refresh_slots(
    database: Database,
    library: int,
    tmdb_id: int,
    *,
    detached: bool,
    today: date,
    new_ids: Collection[int] = (),
) -> Placed:
    """Place the files of a show on its episodes again, inside the caller's transaction.

    Args:
        detached: the show has no readable sidecar, so no file fills a slot until a rescan.
        today: UTC; a slot that airs later stays open even where it is filled already.
        new_ids: episodes that were not listed before.
    """
    key = (library, tmdb_id)
    episodes = listed_episodes(database, tmdb_id)
    # Before TMDB was asked there is nothing to place a file on.
    is_placing = episodes and not detached
    files = [file_from_row(row) for row in database.all(sql.FILES, key)] if is_placing else []
    placement = place_files(files, episodes, new_ids=new_ids)
    held = {
        episode_id: state_from_files(file.status for file in carriers)
        for episode_id, carriers in placement.filled.items()
    }
    slot_files = _slot_file_rows(key, placement)
    old_slot_files = database.all(sql.SLOT_FILES, key)
    write_difference(database, old_slot_files, slot_files, sql.SLOT_FILE_ROWS)
    remembered = [after for before, after in zip(files, placement.files, strict=True) if after is not before]
    database.execute_many(
        sql.REMEMBER_EPISODES,
        [(to_numbers(file.episode_ids), *key, file.folder, file.path) for file in remembered],
    )
    open_slots = _open_slot_rows(key, episodes, held, today)
    write_difference(database, database.all(sql.OPEN_SLOTS, key), open_slots, sql.OPEN_SLOT_ROWS)
    ready = sum(state is SlotState.ON_DISK for state in held.values())
    on_disk = ready if episodes else _episodes_carried([] if detached else database.all(sql.EPISODES_CARRIED, key))
    database.execute(sql.SET_ON_DISK, (on_disk, *key, on_disk))
    return Placed(bool(remembered), _placing_events(placement, old_slot_files))


def _placing_events(placement: Placement, before: Iterable[Row]) -> tuple[Event, ...]:
    """Tell what became of files that were placed; ``before`` are their rows until now."""
    drifted = {row[3:5] for row in before if row[5]}
    placed = {row[3:5] for row in before}
    return changes_of_placing(
        renumbered=[drift.file for drift in placement.drifted if _at(drift.file) not in drifted],
        replaced=placement.replaced,
        unplaced=[file for file in placement.unmatched if file.episode_ids and _at(file) in placed],
    )


def _at(file: EpisodeFile) -> tuple[str, str]:
    return file.folder, file.path


def _slot_file_rows(key: tuple[int, int], placement: Placement) -> list[Row]:
    drifted = {(drift.episode_id, *_at(drift.file)) for drift in placement.drifted}
    return [
        (*key, episode_id, *_at(file), int((episode_id, *_at(file)) in drifted))
        for episode_id, files in placement.filled.items()
        for file in files
    ]


def _open_slot_rows(
    key: tuple[int, int],
    episodes: Iterable[ListedEpisode],
    held: Mapping[int, SlotState | None],
    today: date,
) -> list[Row]:
    rows = []
    for episode in episodes:
        state = held.get(episode.episode_id)
        if state is not SlotState.ON_DISK or (episode.air_date is not None and episode.air_date > today):
            slot = (episode.episode_id, episode.season, episode.number, to_day(episode.air_date))
            rows.append((*key, *slot, state.value if state else ""))
    return rows


def _episodes_carried(rows: Iterable[Row]) -> int:
    """Count the episodes that a placeholder's files say they carry."""
    return len({(season, episode) for season, episodes in rows for episode in episodes.split(",")})

"""Which files fill which episode slots."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from alfred.domain.library.release import EpisodeFile, FileStatus


class ListedEpisode(NamedTuple):
    """What placing needs of an episode that the provider lists."""

    episode_id: int
    season: int
    number: int
    air_date: date | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Files on slots.

    Attributes:
        filled: episode id -> the files that carry it; an episode without files has no key.
        unmatched: files whose episode the provider does not list.
    """

    filled: dict[int, tuple[EpisodeFile, ...]]
    unmatched: tuple[EpisodeFile, ...]


def place_files(files: Iterable[EpisodeFile], episodes: Collection[ListedEpisode]) -> Placement:
    """Place files on slots by season and episode, and by air date where the name gives only that.

    A file with several episodes fills all of them; several files may fill one slot.
    """
    by_number = {(episode.season, episode.number): episode.episode_id for episode in episodes}
    by_date: dict[date, list[int]] = {}
    for episode in episodes:
        if episode.air_date is not None and episode.season != 0:
            by_date.setdefault(episode.air_date, []).append(episode.episode_id)

    filled: dict[int, list[EpisodeFile]] = {}
    unmatched: list[EpisodeFile] = []
    for file in files:
        slots = _slots_of(file, by_number, by_date)
        for episode_id in slots:
            filled.setdefault(episode_id, []).append(file)
        if not slots:
            unmatched.append(file)
    return Placement({key: tuple(value) for key, value in filled.items()}, tuple(unmatched))


def _slots_of(
    file: EpisodeFile, by_number: dict[tuple[int, int], int], by_date: dict[date, list[int]]
) -> list[int]:
    name = file.name
    if name.season is not None and name.episodes:
        numbers = ((name.season, episode) for episode in name.episodes)
        return [by_number[number] for number in numbers if number in by_number]
    if name.air_date is not None:
        return by_date.get(name.air_date, [])
    return []


class SlotState(StrEnum):
    """How an episode slot stands; the first that applies."""

    ON_DISK = "on_disk"
    PROCESSING = "processing"
    FAILED = "failed"
    MISSING = "missing"
    WANTED = "wanted"
    UPCOMING = "upcoming"


_STATE_OF_STATUS = {
    FileStatus.READY: SlotState.ON_DISK,
    FileStatus.PROCESSING: SlotState.PROCESSING,
    FileStatus.FAILED: SlotState.FAILED,
    FileStatus.MISSING: SlotState.MISSING,
}


def state_from_files(statuses: Iterable[FileStatus]) -> SlotState | None:
    """Return the state that the files of a slot give it; None where there are no files."""
    present = frozenset(statuses)
    return next((state for status, state in _STATE_OF_STATUS.items() if status in present), None)


def slot_state(statuses: Iterable[FileStatus], air_date: date | None, *, today: date) -> SlotState:
    """Derive the state of a slot from the status of its files and the day it airs."""
    if state := state_from_files(statuses):
        return state
    return SlotState.WANTED if air_date is not None and air_date <= today else SlotState.UPCOMING

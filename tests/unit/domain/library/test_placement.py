from __future__ import annotations

from datetime import date, timedelta

import pytest

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.placement import ListedEpisode, SlotState, place_files, slot_state
from alfred.domain.library.release import FileStatus
from tests.builders import a_file

TODAY = date(2026, 6, 1)
LISTED = [
    ListedEpisode(11, 1, 1, date(2020, 1, 1)),
    ListedEpisode(12, 1, 2, date(2020, 1, 8)),
    ListedEpisode(13, 1, 3, date(2020, 1, 8)),
    ListedEpisode(90, 0, 1, date(2020, 1, 1)),
]


def test_a_file_fills_the_slot_of_its_season_and_episode() -> None:
    placement = place_files([a_file(2)], LISTED)

    assert placement.filled == {12: (a_file(2),)}
    assert placement.unmatched == ()


def test_a_file_with_several_episodes_fills_all_of_them() -> None:
    double = a_file(name=EpisodeName(season=1, episodes=(1, 2)))

    assert place_files([double], LISTED).filled == {11: (double,), 12: (double,)}


def test_two_files_of_one_episode_are_both_kept() -> None:
    copies = [a_file(1), a_file(1, path="Season 01/other.mkv")]

    assert place_files(copies, LISTED).filled == {11: tuple(copies)}


def test_a_daily_episode_is_placed_by_the_day_it_aired_and_not_on_a_special() -> None:
    daily = a_file(name=EpisodeName(air_date=date(2020, 1, 1)))

    assert place_files([daily], LISTED).filled == {11: (daily,)}


def test_a_file_whose_episode_is_not_listed_is_unmatched() -> None:
    strays = [a_file(9), a_file(name=EpisodeName()), a_file(name=EpisodeName(air_date=date(1999, 1, 1)))]

    assert place_files(strays, LISTED).unmatched == tuple(strays)


READY, PROCESSING, MISSING, FAILED = (
    FileStatus.READY,
    FileStatus.PROCESSING,
    FileStatus.MISSING,
    FileStatus.FAILED,
)


@pytest.mark.parametrize(
    ("statuses", "air_date", "state"),
    [
        ([READY, MISSING], TODAY, SlotState.ON_DISK),
        ([READY], None, SlotState.ON_DISK),
        ([MISSING, FAILED, PROCESSING], TODAY, SlotState.PROCESSING),
        ([MISSING, FAILED], TODAY, SlotState.FAILED),
        ([MISSING], TODAY + timedelta(1), SlotState.MISSING),
        ([], TODAY, SlotState.WANTED),
        ([], TODAY - timedelta(9000), SlotState.WANTED),
        ([], TODAY + timedelta(1), SlotState.UPCOMING),
        ([], None, SlotState.UPCOMING),
    ],
)
def test_the_state_of_a_slot_is_the_first_that_applies(
    statuses: list[FileStatus], air_date: date | None, state: SlotState
) -> None:
    assert slot_state(statuses, air_date, today=TODAY) is state

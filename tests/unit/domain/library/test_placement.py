from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.placement import (
    Drift,
    ListedEpisode,
    Listing,
    Placement,
    SlotState,
    UnmatchedReason,
    place_files,
    slot_state,
    with_known_episodes,
    without_episodes,
)
from alfred.domain.library.release import EpisodeFile, FileStatus
from tests.builders import a_file

TODAY = date(2026, 6, 1)
LISTED = [
    ListedEpisode(11, 1, 1, date(2020, 1, 1)),
    ListedEpisode(12, 1, 2, date(2020, 1, 8)),
    ListedEpisode(13, 1, 3, date(2020, 1, 8)),
    ListedEpisode(90, 0, 1, date(2020, 1, 1)),
]


def carriers(placement: Placement) -> dict[int, list[str]]:
    return {episode_id: [file.path for file in files] for episode_id, files in placement.filled.items()}


def named(path: str, **name: Any) -> EpisodeFile:
    return a_file(path=path, name=EpisodeName(**name))


def reason(file: EpisodeFile, episodes: list[ListedEpisode]) -> UnmatchedReason:
    assert place_files([file], episodes).unmatched
    return Listing(episodes).explain(file).reason


def test_a_file_fills_the_slot_of_its_season_and_episode_and_remembers_it() -> None:
    placement = place_files([a_file(2)], LISTED)

    assert placement.files == (a_file(2, episode_ids=(12,)),)
    assert placement.filled == {12: placement.files}
    assert (placement.unmatched, placement.drifted, placement.replaced) == ((), (), ())


def test_a_file_with_several_episodes_fills_all_of_them() -> None:
    double = named("double", season=1, episodes=(1, 2))

    assert carriers(place_files([double], LISTED)) == {11: ["double"], 12: ["double"]}


def test_two_files_of_one_episode_are_both_kept() -> None:
    copies = [named("one", season=1, episodes=(1,)), named("other", season=1, episodes=(1,))]

    assert carriers(place_files(copies, LISTED)) == {11: ["one", "other"]}


def test_a_daily_episode_is_placed_by_the_day_it_aired_and_on_a_special_only_where_nothing_else_aired() -> None:
    listed = [*LISTED, ListedEpisode(91, 0, 2, date(2020, 3, 3))]
    files = [named("daily", air_date=date(2020, 1, 1)), named("special", air_date=date(2020, 3, 3))]

    assert carriers(place_files(files, listed)) == {11: ["daily"], 91: ["special"]}


def test_absolute_numbers_count_across_seasons_without_specials() -> None:
    listed = [*LISTED, ListedEpisode(21, 2, 1, None), ListedEpisode(22, 2, 2, None)]
    files = [named("four", absolute=(4,)), named("three and five", absolute=(3, 5))]

    assert carriers(place_files(files, listed)) == {21: ["four"], 13: ["three and five"], 22: ["three and five"]}


def test_absolute_numbers_are_the_providers_own_where_those_run_on_across_seasons() -> None:
    listed = [ListedEpisode(11, 1, 1, None), ListedEpisode(13, 1, 3, None), ListedEpisode(24, 2, 4, None)]

    assert carriers(place_files([named("four", absolute=(4,))], listed)) == {24: ["four"]}


def test_a_number_in_a_season_folder_may_be_absolute_where_that_leads_into_the_season() -> None:
    listed = [*LISTED, ListedEpisode(21, 2, 1, None), ListedEpisode(22, 2, 2, None)]
    fits = named("fits", season=2, episodes=(5,), absolute=(5,))
    leads_elsewhere = named("elsewhere", season=2, episodes=(3,), absolute=(3,))

    placement = place_files([fits, leads_elsewhere], listed)

    assert carriers(placement) == {22: ["fits"]}
    assert placement.unmatched == (leads_elsewhere,)


def test_an_episode_without_a_season_is_of_the_only_season_there_is() -> None:
    part = named("Part 2", episodes=(2,))

    assert carriers(place_files([part], LISTED)) == {12: ["Part 2"]}
    assert reason(part, [*LISTED, ListedEpisode(22, 2, 2, None)]) is UnmatchedReason.NO_SEASON


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (EpisodeName(), UnmatchedReason.NO_NUMBER),
        (EpisodeName(season=1), UnmatchedReason.NO_NUMBER),
        (EpisodeName(season=1, episodes=(9,)), UnmatchedReason.EPISODE_NOT_LISTED),
        (EpisodeName(season=7, episodes=(1,)), UnmatchedReason.SEASON_NOT_LISTED),
        (EpisodeName(air_date=date(1999, 1, 1)), UnmatchedReason.DATE_NOT_LISTED),
        (EpisodeName(absolute=(4,)), UnmatchedReason.ABSOLUTE_NOT_LISTED),
    ],
)
def test_a_file_that_cannot_be_placed_is_unmatched_with_the_reason(
    name: EpisodeName, why: UnmatchedReason
) -> None:
    assert reason(a_file(name=name), LISTED) is why


def test_before_the_first_sync_nothing_is_placed_and_nothing_forgotten() -> None:
    files = (a_file(1, episode_ids=(11,)), a_file(2))

    placement = place_files(files, [])

    assert (placement.files, placement.unmatched) == (files, files)
    assert Listing([]).explain(a_file(2)).reason is UnmatchedReason.NOT_SYNCED


# --- what is remembered

SWAPPED = [ListedEpisode(12, 1, 1, None), ListedEpisode(11, 1, 2, None), ListedEpisode(13, 1, 3, None)]


def test_a_file_keeps_its_episode_when_the_provider_renumbers() -> None:
    placement = place_files([a_file(1, episode_ids=(11,))], SWAPPED)

    (file,) = placement.files
    assert placement.filled == {11: (file,)}
    assert placement.drifted == (Drift(file, 11, 1, 2),)
    assert file.episode_ids == (11,)


def test_a_new_file_is_placed_by_the_new_numbers_beside_one_that_keeps_its_episode() -> None:
    old, new = named("old", season=1, episodes=(1,)), named("new", season=1, episodes=(2,))

    placement = place_files([replace(old, episode_ids=(11,)), new], SWAPPED)

    assert carriers(placement) == {11: ["old", "new"]}


def test_an_episode_that_is_replaced_under_its_number_by_a_new_one_is_followed() -> None:
    listed = [ListedEpisode(77, 1, 1, None), *LISTED[1:]]

    placement = place_files([a_file(1, episode_ids=(11,))], listed, new_ids=(77,))

    assert placement.files == placement.replaced == (a_file(1, episode_ids=(77,)),)
    assert placement.drifted == ()


def test_an_episode_that_was_another_one_all_along_does_not_take_the_place_of_one_that_is_gone() -> None:
    closed_up = [ListedEpisode(12, 1, 1, None), ListedEpisode(13, 1, 2, None)]
    orphan = a_file(1, episode_ids=(11,))

    for new_ids in ((), (12,)):
        placement = place_files([orphan, a_file(2, episode_ids=(12,))], closed_up, new_ids=new_ids)

        assert placement.unmatched == (orphan,)
        assert Listing(closed_up).explain(orphan).reason is UnmatchedReason.EPISODE_GONE
    assert place_files([orphan], closed_up).unmatched == (orphan,)


def test_an_episode_that_is_back_has_its_file_again() -> None:
    orphan = a_file(1, episode_ids=(11,))

    assert carriers(place_files([orphan], LISTED)) == {11: [orphan.path]}


def test_the_second_half_of_a_file_is_placed_once_it_is_listed() -> None:
    double = named("double", season=1, episodes=(3, 4))

    (half,) = place_files([double], LISTED).files
    (whole,) = place_files([half], [*LISTED, ListedEpisode(14, 1, 4, None)], new_ids=(14,)).files

    assert half.episode_ids == (13, 0)
    assert whole.episode_ids == (13, 14)


def test_a_daily_episode_stays_when_its_day_is_corrected() -> None:
    daily = a_file(name=EpisodeName(air_date=date(2020, 1, 1)), episode_ids=(11,))
    corrected = [ListedEpisode(11, 1, 1, date(2020, 1, 2)), ListedEpisode(12, 1, 2, date(2020, 1, 1))]

    placement = place_files([daily], corrected)

    assert placement.filled == {11: (daily,)}
    assert placement.drifted == (Drift(daily, 11, 1, 1),)


def test_episodes_are_known_from_another_copy_only_under_a_name_that_says_the_same() -> None:
    known = [a_file(1, episode_ids=(11,)), a_file(2, episode_ids=(12,))]
    changed = replace(a_file(2), name=EpisodeName(season=2, episodes=(2,)))

    assert with_known_episodes([a_file(1), changed], known) == (known[0], changed)
    assert without_episodes(known) == (a_file(1), a_file(2))


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

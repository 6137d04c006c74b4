"""Where the copies of one show folder differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from alfred.domain.library.check import DifferenceKind, compare_copies
from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.release import EpisodeFile, FileStatus, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, days

TAGGED = UserMetadata(("comfort",), "with the kids", NOW)


def test_equal_copies_do_not_differ() -> None:
    release = a_release(a_file(1), a_file(2), user=TAGGED)

    assert list(compare_copies(release, release, folder=FOLDER)) == []


def test_another_id_is_all_that_is_said_of_a_folder() -> None:
    other = a_release(a_file(1), tmdb_id=TmdbId(777), user=TAGGED)

    (difference,) = compare_copies(other, a_release(), folder=FOLDER)

    assert (difference.kind, difference.tmdb_id) == (DifferenceKind.ID_DIFFERS, SHOW_ID)
    assert (difference.sidecar, difference.index) == ({"tmdb_id": 777}, {"tmdb_id": 501})


@pytest.mark.parametrize(
    "user",
    [
        replace(TAGGED, tags=("comfort", "sea")),
        replace(TAGGED, tags=()),
        replace(TAGGED, note=None),
        replace(TAGGED, note="alone"),
        UserMetadata(),
    ],
)
def test_other_tags_or_another_note_differ(user: UserMetadata) -> None:
    (difference,) = compare_copies(a_release(user=user), a_release(user=TAGGED), folder=FOLDER)

    assert (difference.kind, difference.path) == (DifferenceKind.USER_DIFFERS, FOLDER)
    assert difference.sidecar == {"tags": user.tags, "note": user.note, "changed_at": user.changed_at}
    assert difference.index == {"tags": ("comfort",), "note": "with the kids", "changed_at": NOW}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TAGGED, replace(TAGGED, changed_at=NOW - days(1))),
        (UserMetadata(), UserMetadata(note="")),
        (UserMetadata(), UserMetadata(changed_at=NOW)),
    ],
)
def test_when_the_user_said_the_same_makes_no_difference(one: UserMetadata, other: UserMetadata) -> None:
    assert list(compare_copies(a_release(user=one), a_release(user=other), folder=FOLDER)) == []


@pytest.mark.parametrize(
    ("changed", "sidecar", "index"),
    [
        (replace(a_file(1), size=1), {"size": 1}, {"size": 700_000_001}),
        (replace(a_file(1), mtime_ns=2), {"mtime_ns": 2}, {"mtime_ns": 1_700_000_000_000_000_001}),
        (replace(a_file(1), added_at=NOW), {"added_at": NOW}, {"added_at": NOW - days(30)}),
        (
            replace(a_file(1), status=FileStatus.MISSING, missing_since=NOW),
            {"status": FileStatus.MISSING, "missing_since": NOW},
            {"status": FileStatus.READY, "missing_since": None},
        ),
        (
            replace(a_file(1), name=EpisodeName(air_date=date(2026, 1, 31))),
            {"season": None, "episodes": (), "air_date": date(2026, 1, 31), "decided_by": "nothing"},
            {"season": 1, "episodes": (1,), "air_date": None, "decided_by": "season_episode"},
        ),
    ],
)
def test_a_file_differs_in_what_is_named(
    changed: EpisodeFile, sidecar: dict[str, object], index: dict[str, object]
) -> None:
    (difference,) = compare_copies(a_release(changed), a_release(a_file(1)), folder=FOLDER)

    assert (difference.kind, difference.path) == (DifferenceKind.FILE_DIFFERS, a_file(1).library_path)
    assert (difference.sidecar, difference.index) == (sidecar, index)


def test_a_file_that_only_one_of_them_knows() -> None:
    found = compare_copies(a_release(a_file(1), a_file(2)), a_release(a_file(2), a_file(3)), folder=FOLDER)

    only_in_sidecar, only_in_index = found
    assert (only_in_sidecar.kind, only_in_sidecar.index) == (DifferenceKind.ONLY_IN_SIDECAR, None)
    assert only_in_sidecar.sidecar == {"size": 700_000_001, "status": "ready", "added_at": NOW - days(30)}
    assert (only_in_index.kind, only_in_index.sidecar) == (DifferenceKind.ONLY_IN_INDEX, None)
    assert [only_in_sidecar.path, only_in_index.path] == [a_file(1).library_path, a_file(3).library_path]


def test_files_of_another_folder_of_the_show_are_passed_over() -> None:
    index = a_release(a_file(1), a_file(2, folder="Another folder"))

    assert list(compare_copies(a_release(a_file(1)), index, folder=FOLDER)) == []

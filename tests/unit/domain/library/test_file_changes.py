from __future__ import annotations

from dataclasses import replace

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.file_changes import VideoFile, merge_files
from alfred.domain.library.release import EpisodeFile, FileStatus
from tests.builders import FOLDER, NOW, a_file, days


def video_of(file: EpisodeFile, **changes: object) -> VideoFile:
    return VideoFile(file.path, file.size, file.mtime_ns)._replace(**changes)  # type: ignore[arg-type]


def merge(
    recorded: list[EpisodeFile], videos: list[VideoFile], *, unreadable: tuple[str, ...] = ()
) -> tuple[EpisodeFile, ...]:
    names = {file.path: file.name for file in recorded}
    return merge_files(
        recorded,
        videos,
        folder=FOLDER,
        unreadable=unreadable,
        read_name=lambda path: names.get(path, EpisodeName()),
        now=NOW,
    )


def test_a_file_that_is_as_it_was_stays_as_it_was() -> None:
    assert merge([a_file(1)], [video_of(a_file(1))]) == (a_file(1),)


def test_a_new_file_was_added_now() -> None:
    (merged,) = merge([], [video_of(a_file(1))])

    assert merged.added_at == NOW
    assert merged.status is FileStatus.READY


def test_a_file_that_grew_keeps_the_day_it_was_added() -> None:
    (merged,) = merge([a_file(1)], [video_of(a_file(1), size=5, mtime_ns=6)])

    assert (merged.size, merged.mtime_ns) == (5, 6)
    assert merged.added_at == a_file(1).added_at


def test_a_file_that_is_gone_is_missing_since_now() -> None:
    (merged,) = merge([a_file(1)], [])

    assert merged == replace(a_file(1), status=FileStatus.MISSING, missing_since=NOW)


def test_a_file_that_is_still_gone_is_missing_since_then() -> None:
    gone = replace(a_file(1), status=FileStatus.MISSING, missing_since=NOW - days(9))

    assert merge([gone], []) == (gone,)


def test_a_file_that_is_back_is_ready_again_with_the_day_it_was_added() -> None:
    gone = replace(a_file(1), status=FileStatus.MISSING, missing_since=NOW - days(9))

    assert merge([gone], [video_of(gone)]) == (a_file(1),)


def test_a_renamed_file_keeps_the_day_it_was_added() -> None:
    (merged,) = merge([a_file(1)], [video_of(a_file(1), path="Season 01/renamed.mkv")])

    assert merged.path == "Season 01/renamed.mkv"
    assert merged.added_at == a_file(1).added_at


def test_two_files_of_the_same_size_and_time_are_not_guessed_at() -> None:
    twins = [a_file(1), replace(a_file(2), size=a_file(1).size, mtime_ns=a_file(1).mtime_ns)]
    renamed = [video_of(twins[0], path="a.mkv"), video_of(twins[1], path="b.mkv")]

    merged = {file.path: file for file in merge(twins, renamed)}

    assert merged["a.mkv"].added_at == NOW
    assert merged[twins[0].path].status is FileStatus.MISSING


def test_files_below_a_folder_that_cannot_be_read_keep_the_status_they_had() -> None:
    there = a_file(1, season=2)

    merged = merge([a_file(1), there], [video_of(there)], unreadable=("Season 01",))

    assert merged == (a_file(1), there)


def test_an_unreadable_folder_does_not_cover_one_whose_name_begins_the_same() -> None:
    file = a_file(1, path="Season 010/x.mkv")

    (merged,) = merge([file], [], unreadable=("Season 01",))

    assert merged.status is FileStatus.MISSING


def test_a_show_folder_that_cannot_be_read_keeps_everything() -> None:
    assert merge([a_file(1), a_file(2)], [], unreadable=("",)) == (a_file(1), a_file(2))

"""Partial downloads and files that are still being written, over several looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alfred.domain.library.episode_names import read_episode_name
from alfred.domain.library.file_changes import SETTLE_TIME, VideoFile, merge_files
from alfred.domain.library.release import EpisodeFile, FileStatus
from tests.builders import FOLDER, NOW, a_file, days

NAME = "Season 01/Lamplighters S01E01.mkv"
SECOND = timedelta(seconds=1)
A_DAY = timedelta(days=1)


def video(path: str = NAME, *, size: int = 100, age: timedelta = A_DAY, now: datetime = NOW) -> VideoFile:
    microseconds = (now - age - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return VideoFile(path, size, microseconds * 1000)


def look(
    before: tuple[EpisodeFile, ...], *videos: VideoFile, now: datetime = NOW, unreadable: tuple[str, ...] = ()
) -> tuple[EpisodeFile, ...]:
    return merge_files(before, videos, folder=FOLDER, unreadable=unreadable, read_name=read_episode_name, now=now)


@pytest.mark.parametrize("suffix", [".part", ".!qB", ".!ut", ".crdownload", ".tmp", ".partial"])
def test_a_partial_download_is_in_processing_under_the_name_it_will_have(suffix: str) -> None:
    (file,) = look((), video(NAME + suffix))

    assert (file.path, file.status, file.processing_since) == (NAME + suffix, FileStatus.PROCESSING, NOW)
    assert (file.name.season, file.name.episodes) == (1, (1,))


def test_a_partial_download_has_been_in_processing_since_it_was_first_seen() -> None:
    first = look((), video(NAME + ".part"))
    (file,) = look(first, video(NAME + ".part", size=500, age=timedelta()), now=NOW + days(1))

    assert (file.size, file.added_at, file.processing_since) == (500, NOW, NOW)


def test_a_finished_download_is_ready_with_the_day_it_was_added_and_leaves_no_partial_record() -> None:
    downloading = look((), video(NAME + ".part"))
    done = look(downloading, video(size=900, age=SECOND, now=NOW + days(1)), now=NOW + days(1))

    assert [(file.path, file.status, file.added_at) for file in done] == [(NAME, FileStatus.READY, NOW)]
    assert done[0].processing_since is None


def test_a_finished_download_under_another_name_is_known_by_its_size_and_time() -> None:
    downloading = look((), video("incomplete/x S01E01.mkv.part"))
    (done,) = look(downloading, video(), now=NOW + days(1))

    assert (done.path, done.status, done.added_at) == (NAME, FileStatus.READY, NOW)


def test_a_partial_download_that_vanished_stays_in_processing() -> None:
    downloading = look((), video(NAME + ".part"))

    assert look(downloading, now=NOW + days(1)) == downloading


def test_a_failed_download_that_comes_back_is_in_processing_anew() -> None:
    failed = a_file(1, path=NAME + ".part", status=FileStatus.FAILED, status_message="gone")
    (file,) = look((failed,), video(NAME + ".part"))

    assert (file.status, file.status_message, file.processing_since) == (FileStatus.PROCESSING, None, NOW)
    assert file.added_at == failed.added_at


def test_a_failed_download_whose_whole_file_comes_is_ready() -> None:
    failed = a_file(1, path=NAME + ".part", status=FileStatus.FAILED, status_message="gone")
    (file,) = look((failed,), video())

    assert (file.path, file.status, file.added_at) == (NAME, FileStatus.READY, failed.added_at)


def test_a_video_with_a_control_file_beside_it_is_in_processing_however_old() -> None:
    (file,) = look((), video(), video(NAME + ".aria2"))
    assert (file.path, file.status) == (NAME, FileStatus.PROCESSING)

    (file,) = look((file,), video(), now=NOW + SECOND)
    assert (file.path, file.status) == (NAME, FileStatus.READY)


def test_a_control_file_alone_is_nothing() -> None:
    assert look((), video(NAME + ".aria2")) == ()


@pytest.mark.parametrize(
    ("beside", "size", "age", "status"),
    [
        (".part", 100, SETTLE_TIME - SECOND, FileStatus.PROCESSING),
        (".part", 100, SETTLE_TIME, FileStatus.READY),  # a partial one left over
        (".part", 0, days(1), FileStatus.PROCESSING),  # a place held for what is to come
        (".part", 100, -SECOND, FileStatus.PROCESSING),
    ],
)
def test_a_video_with_a_partial_download_beside_it_is_one_file(
    beside: str, size: int, age: timedelta, status: FileStatus
) -> None:
    (file,) = look((), video(size=size, age=age), video(NAME + beside))

    assert (file.path, file.status) == (NAME, status)


def test_a_new_video_is_ready_however_young() -> None:
    (file,) = look((), video(age=timedelta()))

    assert file.status is FileStatus.READY


@pytest.mark.parametrize(
    ("size", "age", "status"),
    [
        (200, SETTLE_TIME - SECOND, FileStatus.PROCESSING),
        (200, SETTLE_TIME, FileStatus.READY),
        (200, -days(1), FileStatus.PROCESSING),  # the clock of the disk is ahead of ours
        (100, SETTLE_TIME - SECOND, FileStatus.PROCESSING),  # only its time moved
    ],
)
def test_a_video_that_moved_between_two_looks_is_in_processing_while_it_is_young(
    size: int, age: timedelta, status: FileStatus
) -> None:
    first = look((), video())
    (file,) = look(first, video(size=size, age=age))

    assert (file.status, file.added_at) == (status, NOW)


def test_a_video_that_is_still_being_written_settles_when_it_stops_to_move() -> None:
    first = look((), video(size=1, age=timedelta()))
    later = NOW + timedelta(minutes=5)
    growing = look(first, video(size=2, age=SECOND, now=later), now=later)
    still = look(growing, video(size=3, age=timedelta(), now=later + SECOND), now=later + SECOND)
    settled = look(still, video(size=3, age=timedelta(), now=later + SECOND), now=later + 2 * SECOND)

    assert [files[0].status.value for files in (first, growing, still, settled)] == [
        "ready",
        "processing",
        "processing",
        "ready",
    ]
    assert still[0].processing_since == later
    assert settled[0].processing_since is None
    assert settled[0].added_at == NOW


def test_a_missing_video_that_comes_back_changed_is_ready() -> None:
    missing = a_file(1, path=NAME, status=FileStatus.MISSING, missing_since=NOW - days(1))
    (file,) = look((missing,), video(age=timedelta()))

    assert file.status is FileStatus.READY


def test_a_partial_download_below_a_folder_that_cannot_be_read_stays_as_it_was() -> None:
    downloading = look((), video(NAME + ".part"))

    assert look(downloading, unreadable=("Season 01",)) == downloading

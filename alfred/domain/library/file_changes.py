"""What one look at a show folder changes in the record of its files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.layout import CONTROL_SUFFIX, extension_of, whole_name_of
from alfred.domain.library.placement import same_reading
from alfred.domain.library.release import EpisodeFile, FileStatus

SETTLE_TIME = timedelta(seconds=60)
"""A video that changed between two looks, and so recently, is still being written."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class VideoFile(NamedTuple):
    """A video file, or a partial download of one, as a scan sees it.

    Attributes:
        path: relative to the show folder, with ``/``.
        size: bytes.
        mtime_ns: nanoseconds.
    """

    path: str
    size: int
    mtime_ns: int


def merge_files(
    recorded: Iterable[EpisodeFile],
    videos: Sequence[VideoFile],
    *,
    folder: str,
    unreadable: Collection[str],
    read_name: Callable[[str], EpisodeName],
    now: datetime,
) -> tuple[EpisodeFile, ...]:
    """Bring the record of a show folder up to date with what is there now.

    A file that is gone stays in the record as ``missing``; one below a folder that could not be read keeps
    the status it had, since only "not there" is missing. A file with another name but the size and time of
    one that is gone is that file renamed. A partial download is ``processing`` under its own path, and its record
    becomes that of the whole file once that is there; so is a video that is still being written.

    Args:
        recorded: what was known of this folder.
        videos: what is there.
        folder: the show folder, relative to the library root.
        unreadable: sub-folders, relative to the show folder, that could not be read; "" is the folder itself.
        read_name: reads a path relative to the show folder.
        now: aware, UTC.

    Returns:
        All files, sorted by path.
    """
    known = {file.path: file for file in recorded}
    videos, markers = _tell_apart(videos)
    present = {video.path for video in videos}
    gone = [file for path, file in known.items() if path not in present and not _is_below(path, unreadable)]
    finished = {whole: file for file in gone if (whole := whole_name_of(file.path)) in present and whole}
    renamed = _find_renamed(gone, [video for video in videos if video.path not in known])

    merged = []
    for video in videos:
        last_look = known.get(video.path)
        before = last_look or finished.get(video.path) or renamed.get(video.path)
        is_processing = _is_processing(video, last_look, markers=markers.get(video.path, ()), now=now)
        merged.append(_record(video, before, folder=folder, is_processing=is_processing, now=now, read=read_name))
    moved_on = {file.path for file in (*finished.values(), *renamed.values())}
    merged += [_mark_missing(file, folder, now) for file in gone if file.path not in moved_on]
    merged += [
        replace(file, folder=folder)
        for path, file in known.items()
        if path not in present and _is_below(path, unreadable)
    ]
    return tuple(sorted(merged, key=lambda file: file.path))


def is_unsettled(files: Iterable[EpisodeFile]) -> bool:
    """Say whether a folder has to be looked at again even where nothing in it moved, so that its files settle.

    A file that is named as a partial download never settles by time alone.
    """
    return any(file.status is FileStatus.PROCESSING and whole_name_of(file.path) is None for file in files)


def _tell_apart(videos: Sequence[VideoFile]) -> tuple[list[VideoFile], Mapping[str, set[str]]]:
    """Tell files that are recorded from those that only mark the video beside them as unfinished.

    Returns:
        The files to record, and the partial suffixes that stand beside each path.
    """
    listed = {video.path for video in videos}
    kept: list[VideoFile] = []
    markers: dict[str, set[str]] = defaultdict(set)
    for video in videos:
        whole, suffix = whole_name_of(video.path), extension_of(video.path)
        if whole in listed:
            markers[whole].add(suffix)
        elif suffix != CONTROL_SUFFIX:
            kept.append(video)
    return kept, markers


def _is_processing(
    video: VideoFile, last_look: EpisodeFile | None, *, markers: Collection[str], now: datetime
) -> bool:
    """Say whether a file is a partial download, or is still being written.

    A partial download beside a video is believed only while the video is young or empty: the video may be a place
    held for it, but it may as well be whole, and the partial one left over.
    """
    if whole_name_of(video.path) is not None or CONTROL_SUFFIX in markers:
        return True
    age = (now - _EPOCH) // _MICROSECOND * 1000 - video.mtime_ns
    is_young = age < SETTLE_TIME // _MICROSECOND * 1000
    if markers:
        return is_young or video.size == 0
    if last_look is None or last_look.status not in (FileStatus.READY, FileStatus.PROCESSING):
        return False
    return is_young and (last_look.size, last_look.mtime_ns) != (video.size, video.mtime_ns)


def _record(
    video: VideoFile,
    before: EpisodeFile | None,
    *,
    folder: str,
    is_processing: bool,
    now: datetime,
    read: Callable[[str], EpisodeName],
) -> EpisodeFile:
    name = read(whole_name_of(video.path) or video.path)
    # Under a name that says something else, the user made it another episode.
    keeps_episodes = before is not None and before.episode_ids and same_reading(before.name, name)
    return EpisodeFile(
        folder=folder,
        path=video.path,
        size=video.size,
        mtime_ns=video.mtime_ns,
        name=name,
        added_at=before.added_at if before else now,
        status=FileStatus.PROCESSING if is_processing else FileStatus.READY,
        processing_since=((before and before.processing_since) or now) if is_processing else None,
        episode_ids=before.episode_ids if before is not None and keeps_episodes else (),
    )


def _is_below(path: str, folders: Collection[str]) -> bool:
    return any(not folder or path.startswith(folder + "/") for folder in folders)


def _mark_missing(file: EpisodeFile, folder: str, now: datetime) -> EpisodeFile:
    if file.status is not FileStatus.READY:
        return replace(file, folder=folder)
    return replace(file, folder=folder, status=FileStatus.MISSING, missing_since=now)


def _find_renamed(gone: Sequence[EpisodeFile], new: Sequence[VideoFile]) -> Mapping[str, EpisodeFile]:
    """Pair new paths with vanished files of the same size and time, where that is beyond doubt."""
    gone_once = Counter((file.size, file.mtime_ns) for file in gone)
    new_once = Counter((video.size, video.mtime_ns) for video in new)
    by_stamp = {(file.size, file.mtime_ns): file for file in gone}
    return {
        video.path: by_stamp[stamp]
        for video in new
        if gone_once[stamp := (video.size, video.mtime_ns)] == 1 and new_once[stamp] == 1
    }

"""What one look at a show folder changes in the record of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.release import EpisodeFile, FileStatus


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A video file as a scan sees it.

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
    one that is gone is that file renamed.

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
    present = {video.path for video in videos}
    gone = [file for path, file in known.items() if path not in present and not _is_below(path, unreadable)]
    renamed = _find_renamed(gone, [video for video in videos if video.path not in known])

    merged = [
        EpisodeFile(
            folder=folder,
            path=video.path,
            size=video.size,
            mtime_ns=video.mtime_ns,
            name=read_name(video.path),
            added_at=before.added_at if (before := known.get(video.path) or renamed.get(video.path)) else now,
        )
        for video in videos
    ]
    moved_away = {file.path for file in renamed.values()}
    merged += [_mark_missing(file, folder, now) for file in gone if file.path not in moved_away]
    merged += [
        replace(file, folder=folder)
        for path, file in known.items()
        if path not in present and _is_below(path, unreadable)
    ]
    return tuple(sorted(merged, key=lambda file: file.path))


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

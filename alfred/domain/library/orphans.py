"""Orphans: files that were in processing for long, and of which nothing is there any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alfred.domain.library.layout import whole_name_of
from alfred.domain.library.release import EpisodeFile, FileStatus


def is_orphan(file: EpisodeFile, *, now: datetime, threshold: timedelta, is_gone: Callable[[str], bool]) -> bool:
    """Say whether a file has been in processing for longer than a threshold and is not there.

    Args:
        file: as it was recorded.
        now: aware, UTC.
        threshold: a file that has been in processing for just as long is not an orphan yet.
        is_gone: says of a path relative to the library root whether it is certainly not there. A download that
            became whole under its own name is no orphan: the next rescan settles it.
    """
    if file.status is not FileStatus.PROCESSING or now - _since(file) <= threshold:
        return False
    whole = whole_name_of(file.library_path)
    return is_gone(file.library_path) and (whole is None or is_gone(whole))


def as_failed(file: EpisodeFile) -> EpisodeFile:
    """Return an orphan's record as ``failed``, with a message that says since when it was in processing."""
    since = _since(file).astimezone(UTC)
    return replace(
        file,
        status=FileStatus.FAILED,
        status_message=f"in processing since {since:%Y-%m-%d %H:%M} UTC, and the file is not there any more",
        processing_since=None,
    )


def _since(file: EpisodeFile) -> datetime:
    return file.processing_since or file.added_at

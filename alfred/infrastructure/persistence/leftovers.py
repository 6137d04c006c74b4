"""Files that something left behind: half-written ones of our own, and those that were kept aside."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from alfred.application.ports.health import LeftoverFacts

ABANDONED_AFTER = timedelta(hours=1)
"""A younger file may still be written by somebody."""

_HALF_WRITTEN = re.compile(r"\.(?:release\.json|library\.json|README\.txt|[0-9a-f]{32}\.json)\.[a-z0-9_]{8}\.new")
_KEPT_ASIDE = re.compile(
    r"(?:release\.json|.+)\.corrupt-[0-9]{8}T[0-9]{6}Z(?:-[0-9]+)?|.+\.backup-(?:v[0-9]+|[0-9]{8}T[0-9]{6}Z)"
)


def find_leftovers(root: Path, places: Iterable[Path], *, now: datetime) -> LeftoverFacts:
    """Look for leftovers in folders that are Alfred's own.

    Args:
        root: the library root; what is below it is named relative to it.
        places: the folders; those that are not there or cannot be read are passed over.
        now: aware.
    """
    abandoned, kept = [], []
    for path in (path for place in dict.fromkeys(places) for path in _files_in(place)):
        if is_abandoned(path, now=now):
            abandoned.append(_name(root, path))
        elif _KEPT_ASIDE.fullmatch(path.name):
            kept.append(_name(root, path))
    return LeftoverFacts(abandoned=tuple(sorted(abandoned)), kept_aside=tuple(sorted(kept)))


def remove_abandoned(root: Path, names: Iterable[str], *, now: datetime) -> None:
    """Delete half-written files of our own; whatever is not one any more is left alone.

    Raises:
        OSError: one could not be deleted.
    """
    for path in (root / name for name in names):
        if is_abandoned(path, now=now):
            path.unlink(missing_ok=True)


def is_abandoned(path: Path, *, now: datetime) -> bool:
    """Say whether a file is one that we began to write, and that nobody has touched for an hour."""
    if not _HALF_WRITTEN.fullmatch(path.name):
        return False
    try:
        status = path.lstat()
    except OSError:
        return False
    age = now.timestamp() - status.st_mtime
    return stat.S_ISREG(status.st_mode) and age > ABANDONED_AFTER.total_seconds()


def _files_in(place: Path) -> Iterator[Path]:
    try:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:
        return
    yield from (place / name for name in names)


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

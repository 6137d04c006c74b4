"""Where things are: the library that is meant, its index and sidecars, this machine's own state."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alfred.application.exceptions import (
    NotALibrary,
    UsageError,
)
from alfred.infrastructure.persistence.dot_alfred.v2.index import (
    INDEX_NAME,
)
from alfred.infrastructure.persistence.marker import (
    FOLDER,
    root_is_online,
)
from alfred.settings import Settings, default_state_dir

if TYPE_CHECKING:  # what only some commands need is imported where it is used: queries start quickly
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars


def find_library(given: Path | None, settings: Settings, *, start: Path) -> Path:
    """Return the library root: the one given, else the setting, else the nearest marked parent of a folder.

    Raises:
        NotALibrary: none of the three.
    """
    if named := given or settings.library:
        return named
    for folder in (start, *start.parents):
        if root_is_online(folder):
            return folder
    raise NotALibrary(
        "no library here: give its root with --library or ALFRED_LIBRARY, or make one with 'alfred init ROOT'"
    )


def state_dir_of(settings: Settings) -> Path:
    """Return the folder of this machine's own state."""
    return settings.state_dir or default_state_dir()


def index_path(root: Path, settings: Settings) -> Path:
    """Return where the index of a library is."""
    return settings.index_url or root / FOLDER / INDEX_NAME


def sidecars_of(
    root: Path, library_id: str, settings: Settings, *, now: Callable[[], datetime]
) -> DotAlfredSidecars:
    """Return the sidecars of a library; this machine keeps those of folders that are read-only."""
    from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars

    fallback = state_dir_of(settings) / "sidecars" / library_id
    return DotAlfredSidecars(root, fallback=fallback, now=now)


def show_folder(given: Path, *, root: Path, start: Path, known: Collection[str]) -> str:
    """Return the show folder that a path means, relative to the root.

    Raises:
        UsageError: it means none.
    """
    places = [place for place in (start / given, root / given) if place.is_dir()]
    if not places:
        raise UsageError(f"{given}: there is no such folder, neither here nor in the library {root}")
    inside = [path for place in places if (path := _below(root, place)) is not None]
    for path in inside:
        if path in known:
            return path
    if not inside:
        raise UsageError(f"{given} is not in the library {root}")
    show = next((folder for folder in known if inside[0].startswith(f"{folder}/")), None)
    if show is not None:
        raise UsageError(f"{given} is inside the show folder '{show}': name that")
    raise UsageError(f"{given} is no show folder: it is the library itself, only groups shows, or is left out")


def _below(root: Path, place: Path) -> str | None:
    """Return a path relative to the root, whether or not links lead to either; None where it is not below."""
    for base, path in (
        (root.absolute(), Path(os.path.normpath(place.absolute()))),
        (root.resolve(), place.resolve()),
    ):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return None

"""The marker ``ROOT/.alfred/library.json``: it says that the root is there, and which library it is.

Plain ``json`` and not pydantic: every command reads the marker, and pydantic alone would take longer than the
rest of a query.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alfred.application.exceptions import (
    FormatTooNew,
    LibraryUnavailable,
    NotALibrary,
    ReadOnlyLibrary,
    RootOffline,
    WrongLibrary,
)
from alfred.infrastructure.persistence.files import write_whole

FOLDER = ".alfred"
NAME = "library.json"
FORMAT = 1

README = """\
This folder belongs to Alfred, which keeps the index of this TV library.

library.json     says that this folder is a library, and which one. Without it Alfred treats the
                 library as offline and changes nothing.
index.sqlite3    what TMDB lists, joined with what is on disk. Made anew from the show folders' own
                 .alfred/release.json files if it is lost.

Nothing here needs editing by hand.
"""


@dataclass(frozen=True, slots=True)
class LibraryMarker:
    """Who a library is.

    Attributes:
        library_id: a UUID, made once.
        name: for people; the root's name at first.
        created: ISO 8601, UTC.
    """

    library_id: str
    name: str
    created: str


def marker_path(root: Path) -> Path:
    """Return where the marker of a root is."""
    return root / FOLDER / NAME


def root_is_online(root: Path) -> bool:
    """Say whether root and marker are there; a mount point with stray entries has no marker."""
    try:
        return marker_path(root).is_file()
    except OSError:
        return False


def read_marker(root: Path) -> LibraryMarker:
    """Read the marker.

    Raises:
        RootOffline: the root is not there.
        NotALibrary: there is no marker.
        FormatTooNew: a newer Alfred wrote it.
        LibraryUnavailable: it cannot be read.
    """
    path = marker_path(root)
    try:
        return _parse(path, path.read_bytes())
    except FileNotFoundError:
        if root.is_dir():
            raise NotALibrary(
                f"{root} is not a library, or its disk is not mounted: there is no {FOLDER}/{NAME}; "
                f"mount it, or run 'alfred init {root}' once"
            ) from None
        raise RootOffline(f"{root} is not there: mount it, or give another library with --library") from None
    except NotADirectoryError:
        raise NotALibrary(f"{root} is not a folder: give the folder that holds your shows") from None
    except OSError as error:
        raise LibraryUnavailable(f"cannot read {path}: {error.strerror}") from error


def _parse(path: Path, content: bytes) -> LibraryMarker:
    damaged = LibraryUnavailable(
        f"{path} is damaged: bring it back from a backup, or delete it and run 'alfred init {path.parent.parent}'"
    )
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise damaged from None
    if not isinstance(body, dict) or type(body.get("format")) is not int or body["format"] < 1:
        raise damaged
    if body["format"] > FORMAT:
        raise FormatTooNew(
            f"{path} has format {body['format']} and this Alfred knows up to {FORMAT}: "
            "use the newer Alfred that wrote it"
        )
    values = [body.get(key) for key in ("library_id", "name", "created")]
    if not all(isinstance(value, str) for value in values) or not values[0]:
        raise damaged
    return LibraryMarker(*(str(value) for value in values))


def wrong_library(root: Path, *, marked: str, known: str) -> WrongLibrary:
    """Return the error for a root that holds another library than the index knows there, by their ids."""
    return WrongLibrary(
        f"{root} holds another library now (its marker says {marked}, the index knows {known} there): "
        "mount the right disk, or give this one an index of its own"
    )


def create_marker(root: Path, *, now: datetime, library_id: str | None = None) -> LibraryMarker:
    """Mark a folder as a library.

    Args:
        root: the folder.
        now: when; aware, UTC.
        library_id: who it was before, where something still knows; else it gets a new id.

    Raises:
        RootOffline: the folder is not there.
        ReadOnlyLibrary: it cannot be written to.
    """
    if not root.is_dir():
        raise RootOffline(f"{root} is not a folder: give the folder that holds your shows")
    marker = LibraryMarker(
        library_id=library_id or str(uuid.uuid4()),
        name=root.name or "TV",
        created=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    body = {
        "format": FORMAT,
        "library_id": marker.library_id,
        "name": marker.name,
        "created": marker.created,
    }
    try:
        (root / FOLDER).mkdir(exist_ok=True)
        write_whole(root / FOLDER / "README.txt", README.encode())
        write_whole(marker_path(root), json.dumps(body, indent=2).encode() + b"\n")
    except OSError as error:
        raise ReadOnlyLibrary(
            f"cannot mark {root} as a library: {error.strerror}; make it writable and try again"
        ) from error
    return marker

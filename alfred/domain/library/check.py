"""Where the two copies of what is known of a show differ: its sidecar, and the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from alfred.domain.library.release import EpisodeFile, SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId


class DifferenceKind(StrEnum):
    """How the copies differ."""

    SIDECAR_MISSING = "sidecar_missing"
    SIDECAR_DAMAGED = "sidecar_damaged"
    SIDECAR_TOO_NEW = "sidecar_too_new"
    SIDECAR_UNREADABLE = "sidecar_unreadable"
    ID_DIFFERS = "id_differs"
    USER_DIFFERS = "user_differs"
    FILE_DIFFERS = "file_differs"
    ONLY_IN_SIDECAR = "only_in_sidecar"
    ONLY_IN_INDEX = "only_in_index"
    FOLDER_UNKNOWN = "folder_unknown"
    FOLDER_GONE = "folder_gone"
    FOLDER_BACK = "folder_back"


OF_PRESENCE = frozenset({DifferenceKind.FOLDER_GONE, DifferenceKind.FOLDER_BACK})
"""Every rescan sees these, whatever the sidecars look like."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that sidecar and index do not agree on.

    Attributes:
        path: relative to the library root: a file where the difference is about one, else the show folder.
        folder: the show folder.
        sidecar: what the sidecar, or the disk, says; None where it says nothing.
        index: what the index says; None where it says nothing.
    """

    tmdb_id: TmdbId | None
    path: str
    folder: str
    kind: DifferenceKind
    sidecar: Mapping[str, object] | None = None
    index: Mapping[str, object] | None = None


def compare_copies(sidecar: SeriesRelease, index: SeriesRelease, *, folder: str) -> Iterator[Difference]:
    """Yield where the copies of one show folder differ.

    Args:
        sidecar: what the folder's sidecar says.
        index: what the index says of the show; files of its other folders are passed over.
        folder: the show folder.
    """
    if sidecar.tmdb_id != index.tmdb_id:
        ids = ({"tmdb_id": sidecar.tmdb_id.value}, {"tmdb_id": index.tmdb_id.value})
        yield Difference(index.tmdb_id, folder, folder, DifferenceKind.ID_DIFFERS, *ids)
        return
    if _said(sidecar.user) != _said(index.user):
        users = (_facets(sidecar.user), _facets(index.user))
        yield Difference(index.tmdb_id, folder, folder, DifferenceKind.USER_DIFFERS, *users)
    recorded = {file.path: file for file in index.files if file.folder == folder}
    written = {file.path: file for file in sidecar.files}
    for path in sorted(recorded.keys() | written.keys()):
        yield from _compare_file(index.tmdb_id, written.get(path), recorded.get(path))


def _compare_file(tmdb_id: TmdbId, sidecar: EpisodeFile | None, index: EpisodeFile | None) -> Iterator[Difference]:
    one = sidecar or index
    if one is None or sidecar == index:
        return
    if sidecar is None or index is None:
        kind = DifferenceKind.ONLY_IN_INDEX if sidecar is None else DifferenceKind.ONLY_IN_SIDECAR
        copies = tuple(None if copy is None else _brief(copy) for copy in (sidecar, index))
    else:
        kind = DifferenceKind.FILE_DIFFERS
        left, right = _facets(sidecar), _facets(index)
        unequal = [name for name in left if left[name] != right[name]]
        copies = tuple({name: copy[name] for name in unequal} for copy in (left, right))
    yield Difference(tmdb_id, one.library_path, one.folder, kind, *copies)


def _said(user: UserMetadata) -> tuple[tuple[str, ...], str | None]:
    """Return what the user said; when they said it makes no difference."""
    return user.tags, user.note or None


def _brief(file: EpisodeFile) -> Mapping[str, object]:
    return {"size": file.size, "status": file.status, "added_at": file.added_at}


def _facets(value: EpisodeFile | UserMetadata) -> Mapping[str, object]:
    """Return the fields by name, those of the episode's name among them."""
    facets: dict[str, object] = {}
    for field in fields(value):
        content = getattr(value, field.name)
        if field.name == "name":
            facets |= {part.name: getattr(content, part.name) for part in fields(content)}
        else:
            facets[field.name] = content
    return facets

"""The sidecar of a show folder, ``<show>/.alfred/release.json``, format 2.

The shape on disk is this module's alone; the rest of Alfred sees :class:`SeriesRelease`. The format has a
page of its own, ``docs/format/dot_alfred_v2.md``.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from alfred.application.exceptions import SidecarCorrupt, SidecarTooNew
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.release import EpisodeFile, FileStatus, SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import LARGEST_TMDB_ID, TmdbId

FORMAT = 2


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SidecarFile(_Model):
    """One episode file; its path is relative to the show folder, so that the folder can move."""

    path: Annotated[str, Field(min_length=1)]
    size: Annotated[int, Field(ge=0)]
    mtime_ns: int
    season: int | None = None
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    air_date: date | None = None
    decided_by: DecidedBy = DecidedBy.NOTHING
    status: FileStatus = FileStatus.READY
    status_message: str | None = None
    added_at: AwareDatetime
    missing_since: AwareDatetime | None = None
    processing_since: AwareDatetime | None = None
    episode_ids: tuple[int, ...] = ()


class SidecarUser(_Model):
    """What only the user knows."""

    tags: tuple[str, ...] = ()
    note: str | None = None
    changed_at: AwareDatetime | None = None


class SidecarShow(_Model):
    """The whole sidecar."""

    format: Literal[2] = 2
    tmdb_id: Annotated[int, Field(ge=1, le=LARGEST_TMDB_ID)]
    written_at: AwareDatetime | None = None
    user: SidecarUser = SidecarUser()
    files: tuple[SidecarFile, ...] = ()


class _Header(_Model):
    format: int


def parse_sidecar(content: bytes, *, folder: str) -> SeriesRelease:
    """Read a sidecar.

    Args:
        content: the file.
        folder: the show folder, relative to the library root.

    Raises:
        SidecarTooNew: a newer Alfred wrote it.
        SidecarCorrupt: it is not what Alfred writes.
    """
    try:
        header = _Header.model_validate_json(content)
        if header.format > FORMAT:
            raise SidecarTooNew(
                f"the sidecar has format {header.format} and this Alfred knows up to {FORMAT}: "
                "use the newer Alfred that wrote it"
            )
        sidecar = SidecarShow.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SidecarCorrupt(
            f"the sidecar is damaged ({where}: {first['msg']})", salvaged=salvage_user_metadata(content)
        ) from None
    return _to_domain(sidecar, folder, digest=_digest(folder, content))


def render_sidecar(release: SeriesRelease, *, folder: str, written_at: datetime) -> bytes:
    """Write the files of one folder as its sidecar."""
    user = release.user
    document = {
        "format": FORMAT,
        "tmdb_id": release.tmdb_id.value,
        "written_at": written_at,
        "user": {"tags": user.tags, "note": user.note, "changed_at": user.changed_at},
        "files": [_from_domain(file) for file in release.files if file.folder == folder],
    }
    return to_json(document, indent=1) + b"\n"


def salvage_user_metadata(content: bytes) -> UserMetadata:
    """Read tags and note out of a damaged sidecar as far as they can be made out."""
    text = content.decode("utf-8", errors="replace")
    tags = re.search(r'"tags"\s*:\s*(\[[^\[\]{}]{0,10000}\])', text)
    note = re.search(r'"note"\s*:\s*("(?:[^"\\]|\\.){0,10000}")', text)
    return UserMetadata(
        tags=_salvaged(f'{{"tags":{tags[1]}}}' if tags else "{}").tags,
        note=_salvaged(f'{{"note":{note[1]}}}' if note else "{}").note,
    )


def _salvaged(json_text: str) -> SidecarUser:
    try:
        return SidecarUser.model_validate_json(json_text)
    except ValidationError:
        return SidecarUser()


def _digest(folder: str, content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16, key=folder.encode()[-64:]).hexdigest()


def _to_domain(sidecar: SidecarShow, folder: str, *, digest: str) -> SeriesRelease:
    return SeriesRelease(
        tmdb_id=TmdbId(sidecar.tmdb_id),
        digest=digest,
        user=UserMetadata(
            tags=tuple(sorted(set(sidecar.user.tags))), note=sidecar.user.note, changed_at=sidecar.user.changed_at
        ),
        files=tuple(
            EpisodeFile(
                folder=folder,
                path=file.path,
                size=file.size,
                mtime_ns=file.mtime_ns,
                name=EpisodeName(
                    season=file.season,
                    episodes=file.episodes,
                    absolute=file.absolute,
                    air_date=file.air_date,
                    decided_by=file.decided_by,
                ),
                added_at=file.added_at,
                status=file.status,
                status_message=file.status_message,
                missing_since=file.missing_since,
                processing_since=file.processing_since,
                episode_ids=file.episode_ids,
            )
            for file in sidecar.files
        ),
    )


def _from_domain(file: EpisodeFile) -> dict[str, object]:
    """Return one file as it is written; plain values, since making models of a whole library takes long."""
    name = file.name
    return {
        "path": file.path,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "season": name.season,
        "episodes": name.episodes,
        "absolute": name.absolute,
        "air_date": name.air_date,
        "decided_by": name.decided_by,
        "status": file.status,
        "status_message": file.status_message,
        "added_at": file.added_at,
        "missing_since": file.missing_since,
        "processing_since": file.processing_since,
        "episode_ids": file.episode_ids,
    }

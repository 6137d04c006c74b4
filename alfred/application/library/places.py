"""What placing found goes to the sidecars, so that it outlives the index."""

from __future__ import annotations

import logging
from dataclasses import replace

from alfred.application.exceptions import SidecarUnreadable
from alfred.application.ports.index import PresenceIndex
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.placement import same_reading
from alfred.domain.library.release import EpisodeFile, SeriesRelease
from alfred.domain.shared.value_objects import TmdbId

log = logging.getLogger(__name__)


def remember_places(placed: SeriesRelease, *, index: PresenceIndex, sidecars: Sidecars) -> None:
    """Write the remembered episodes of a show's files to its sidecars.

    A sidecar that cannot be read or written now is left to the next rescan, which does the same.

    Args:
        placed: the files as the index has them.
        index: where the folders of the show are known.
        sidecars: the sidecars in them.
    """
    with index.exclusive():
        for folder in index.folders_of(placed.tmdb_id):
            known = {file.path: file for file in placed.files if file.folder == folder}
            try:
                stamp = _write(folder, placed.tmdb_id, known, sidecars)
            except (OSError, SidecarUnreadable) as error:
                log.debug("%s: the sidecar waits for the next rescan (%s)", folder, error)
                continue
            if stamp:
                index.note_sidecar(folder, stamp)


def _write(folder: str, tmdb_id: TmdbId, known: dict[str, EpisodeFile], sidecars: Sidecars) -> str:
    """Write one sidecar and return its stamp; "" where a rescan has to look at it."""
    recorded = sidecars.read(folder)
    if recorded is None or recorded.tmdb_id != tmdb_id:
        return ""
    files = tuple(_with_episodes(file, known.get(file.path)) for file in recorded.files)
    if files == recorded.files:
        return sidecars.stamp(folder)
    return sidecars.write(folder, replace(recorded, files=files))


def _with_episodes(file: EpisodeFile, known: EpisodeFile | None) -> EpisodeFile:
    if known is None or not same_reading(known.name, file.name):
        return file
    return replace(file, episode_ids=known.episode_ids)

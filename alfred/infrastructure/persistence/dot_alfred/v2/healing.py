"""What the sidecars alone say, for an index that has to be made anew."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator

from alfred.application.exceptions import SidecarUnreadable
from alfred.application.ports.folders import LibraryFolders
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.identification import title_of_folder
from alfred.domain.library.release import SeriesRelease, join_releases
from alfred.domain.shared.value_objects import TmdbId

log = logging.getLogger(__name__)


def presences_from_sidecars(folders: LibraryFolders, sidecars: Sidecars) -> Iterator[ShowPresence]:
    """Yield every show that has a sidecar, without a look at its files.

    The folders carry no signature, so that the next rescan looks at each of them. Sidecars that cannot be read
    are left out here; a rescan reports them.
    """
    found: dict[TmdbId, dict[str, SeriesRelease]] = defaultdict(dict)
    for folder in folders.list_show_folders().folders:
        try:
            release = sidecars.read(folder)
        except SidecarUnreadable as error:
            log.warning("%s: %s", folder, error)
            continue
        if release is not None:
            found[release.tmdb_id][folder] = release
    for tmdb_id, releases in found.items():
        path = next(iter(releases))
        yield ShowPresence(
            name=title_of_folder(path.rpartition("/")[2]).title,
            path=path,
            folders=tuple(
                KnownFolder(path=folder, tmdb_id=tmdb_id, signature="", sidecar="") for folder in releases
            ),
            release=join_releases(releases.values()),
        )

"""Sidecars in memory, by folder and by id."""

from __future__ import annotations

from pathlib import Path

from alfred.application.exceptions import SidecarTooNew, SidecarUnreadable
from alfred.domain.library.release import SeriesRelease, join_releases
from alfred.domain.shared.value_objects import TmdbId


class FakeSidecars:
    """Also serves as the releases of a sync."""

    def __init__(self, releases: dict[str, SeriesRelease] | None = None, *, root: Path = Path("/tv")) -> None:
        self.releases = dict(releases or {})
        self.unreadable: dict[str, SidecarUnreadable] = {}
        self.root = root
        self.online = True
        self.written: list[str] = []
        self._versions: dict[str, int] = {}

    def stamp(self, folder: str) -> str:
        if folder in self.unreadable:
            return f"unreadable: {self.unreadable[folder]}"
        if folder not in self.releases:
            return ""
        return f"version {self._versions.get(folder, 0)}"

    def read(self, folder: str) -> SeriesRelease | None:
        if folder in self.unreadable:
            raise self.unreadable[folder]
        return self.releases.get(folder)

    def write(self, folder: str, release: SeriesRelease) -> str:
        if isinstance(self.unreadable.get(folder), SidecarTooNew):
            raise self.unreadable[folder]
        self.unreadable.pop(folder, None)
        self.releases[folder] = release
        self._versions[folder] = self._versions.get(folder, 0) + 1
        self.written.append(folder)
        return self.stamp(folder)

    def root_is_online(self) -> bool:
        return self.online

    def load_by_tmdb_id(self, tmdb_id: TmdbId) -> tuple[SeriesRelease, Path] | None:
        found = {folder: one for folder, one in self.releases.items() if one.tmdb_id == tmdb_id}
        if not found or not self.online:
            return None
        return join_releases(found.values()), self.root / next(iter(found))

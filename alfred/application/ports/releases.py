"""What the use cases ask of the sidecars."""

from __future__ import annotations

from os import PathLike
from typing import Protocol, runtime_checkable

from alfred.domain.library.release import SeriesRelease
from alfred.domain.shared.value_objects import TmdbId

FoundRelease = tuple[SeriesRelease, PathLike[str] | str]
"""A release and its folder."""


class SeriesReleases(Protocol):
    """All that ``sync_show`` needs of the releases on disk."""

    def load_by_tmdb_id(self, tmdb_id: TmdbId, /) -> FoundRelease | None:
        """Return the release and its folder; None without a sidecar that can be read."""


@runtime_checkable
class WatchesRoot(Protocol):
    """Releases that can tell whether the library root is there at all."""

    def root_is_online(self) -> bool:
        """Say whether the root and its marker are there."""


@runtime_checkable
class RemembersPlaces(Protocol):
    """Releases that keep, beside each file, the provider's ids of its episodes."""

    def remember_places(self, placed: SeriesRelease, /) -> None:
        """Write down the episodes that the files of a show were placed on."""


class Sidecars(Protocol):
    """The sidecars, by show folder relative to the root."""

    def stamp(self, folder: str, /) -> str:
        """Return what changes when the sidecar's content does; "" where there is none."""

    def read(self, folder: str, /) -> SeriesRelease | None:
        """Return what the sidecar says; None where there is none.

        Raises:
            SidecarUnreadable: it is there and cannot be used.
        """

    def write(self, folder: str, release: SeriesRelease, /) -> str:
        """Write the sidecar whole, keep a damaged one aside, and return the new stamp.

        Raises:
            OSError: it cannot be written anywhere.
            SidecarUnreadable: a newer Alfred wrote the one that is there.
        """

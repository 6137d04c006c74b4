"""What a sync asks of a metadata provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from alfred.domain.tv_shows.candidate import FoundShows, ShowOutline, ShowSummary
from alfred.domain.tv_shows.show import TVShowInfo


class TVShowProvider(Protocol):
    """Knows shows by id."""

    def get_tv_show_info(self, tmdb_id: int) -> TVShowInfo:
        """Return the show with every listed season.

        Raises:
            ProviderError: the provider failed, or does not know the id.
        """


@runtime_checkable
class AsksForChanges(Protocol):
    """A provider that need not repeat what is known already."""

    def get_tv_show_info_if_changed(self, tmdb_id: int, etag: str, /) -> TVShowInfo | None:
        """Return the show, or None where it is as it was when it came with this ``etag``.

        Raises:
            ProviderError: the provider failed, or does not know the id.
        """


class ShowFinder(Protocol):
    """Finds shows whose id is not known yet; every method may raise ``ProviderError``."""

    def search_tv(self, title: str, /, *, first_air_year: int | None = None) -> Sequence[ShowSummary]:
        """Return the shows with such a name, the likeliest first."""

    def find_tv(self, source: str, external_id: str, /) -> FoundShows:
        """Return the shows with an id of another provider, ``imdb`` or ``tvdb``."""

    def get_outline(self, tmdb_id: int, /) -> ShowOutline:
        """Return all names of a show, and how many episodes its seasons have."""

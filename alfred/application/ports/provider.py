"""What a sync asks of a metadata provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alfred.domain.tv_shows.candidate import FoundShows, ShowOutline, ShowSummary
from alfred.domain.tv_shows.show import TVShowInfo


class TVShowProvider(Protocol):
    """Knows shows by id."""

    def get_tv_show_info(self, tmdb_id: int) -> TVShowInfo:
        """Return the show with every listed season.

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

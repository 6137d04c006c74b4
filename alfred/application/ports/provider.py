"""What a sync asks of a metadata provider."""

from __future__ import annotations

from typing import Protocol

from alfred.domain.tv_shows.show import TVShowInfo


class TVShowProvider(Protocol):
    """Knows shows by id."""

    def get_tv_show_info(self, tmdb_id: int) -> TVShowInfo:
        """Return the show with every listed season.

        Raises:
            ProviderError: the provider failed, or does not know the id.
        """

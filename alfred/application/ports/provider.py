"""What a sync asks of a metadata provider."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

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

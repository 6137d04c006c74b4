"""A provider that answers from memory."""

from __future__ import annotations

from alfred.application.exceptions import ProviderError
from alfred.domain.tv_shows.show import TVShowInfo


class FakeProvider:
    def __init__(self, *shows: TVShowInfo, failure: ProviderError | None = None) -> None:
        self.shows = {show.tmdb_id.value: show for show in shows}
        self.failure = failure
        self.asked: list[int] = []

    def get_tv_show_info(self, tmdb_id: int) -> TVShowInfo:
        self.asked.append(tmdb_id)
        if self.failure is not None:
            raise self.failure
        if tmdb_id not in self.shows:
            raise ProviderError("no such show", error_class="not_found", http_status=404, status_code=34)
        return self.shows[tmdb_id]

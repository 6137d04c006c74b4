"""A provider that is searched in memory."""

from __future__ import annotations

from alfred.application.exceptions import ProviderError
from alfred.domain.tv_shows.candidate import FoundShows, ShowOutline, ShowSummary


class FakeFinder:
    """Finds a show where its name begins with what is searched for."""

    def __init__(self, *shows: ShowSummary, outlines: tuple[ShowOutline, ...] = ()) -> None:
        self.shows = shows
        self.outlines = {outline.tmdb_id.value: outline for outline in outlines}
        self.found: dict[tuple[str, str], FoundShows] = {}
        self.failure: ProviderError | None = None
        self.asked: list[str] = []

    def search_tv(self, title: str, /, *, first_air_year: int | None = None) -> tuple[ShowSummary, ...]:
        self._ask(f"search {title} {first_air_year or ''}".strip())
        return tuple(
            show
            for show in self.shows
            if show.name.casefold().startswith(title.casefold())
            and (first_air_year is None or (show.first_air_date and show.first_air_date.year == first_air_year))
        )

    def find_tv(self, source: str, external_id: str, /) -> FoundShows:
        self._ask(f"find {source} {external_id}")
        return self.found.get((source, external_id), FoundShows())

    def get_outline(self, tmdb_id: int, /) -> ShowOutline:
        self._ask(f"outline {tmdb_id}")
        if tmdb_id not in self.outlines:
            raise ProviderError("no such show", error_class="not_found", http_status=404, status_code=34)
        return self.outlines[tmdb_id]

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure

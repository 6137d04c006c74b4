"""What the provider says of shows that a folder may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from alfred.domain.shared.value_objects import TmdbId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSummary:
    """One row of a search.

    Attributes:
        origin_countries: ISO 3166-1 codes, as ``US``.
    """

    tmdb_id: TmdbId
    name: str
    original_name: str = ""
    first_air_date: date | None = None
    origin_countries: tuple[str, ...] = ()
    overview: str = ""

    @property
    def url(self) -> str:
        """The page of the show, for people."""
        return f"https://www.themoviedb.org/tv/{self.tmdb_id}"


@dataclass(frozen=True, slots=True)
class FoundShows:
    """What an id of another provider leads to.

    Attributes:
        is_a_film_too: whether a film goes by the same id, so that one of the two is a mistake.
    """

    shows: tuple[ShowSummary, ...] = ()
    is_a_film_too: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOutline:
    """What a closer look adds to a row of a search.

    Attributes:
        other_names: alternative titles and the names in other languages.
        episode_counts: season number -> how many episodes it lists.
    """

    tmdb_id: TmdbId
    other_names: frozenset[str] = frozenset()
    episode_counts: Mapping[int, int] = field(default_factory=dict)
    first_air_date: date | None = None
    last_air_date: date | None = None

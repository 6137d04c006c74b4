"""A show as the provider lists it: facts, and nothing of what is on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from alfred.domain.shared.value_objects import TmdbId

PLACEHOLDER_STATUS = "unknown"
"""The status of an entry that has no facts yet; a provider's answer never carries it."""

UNSPECIFIED_STATUS = "Unspecified"
"""The status of a show whose facts give none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeInfo:
    """One episode as the provider lists it.

    Attributes:
        episode_id: the provider's id, which stays when the episode is renumbered.
        number: the episode number; seasons may start above 1, at 0, and have gaps.
        title: may be empty.
        air_date: None where the provider gives none.
        runtime: minutes.
        episode_type: ``standard``, ``finale``, ``mid_season``, or whatever the provider says.
    """

    episode_id: int
    number: int
    title: str
    air_date: date | None = None
    runtime: int | None = None
    episode_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonInfo:
    """One listed season.

    Attributes:
        season_id: the provider's id of the season.
        number: 0 for specials; otherwise any number, years included.
        episode_count: what the show's summary says, which may differ from the list.
        episodes: in the provider's order; None where the season could not be had, so that what was known of
            it before stays.
    """

    season_id: int | None
    number: int
    name: str
    air_date: date | None = None
    episode_count: int = 0
    episodes: tuple[EpisodeInfo, ...] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TVShowInfo:
    """One show with every listed season.

    Attributes:
        status: ``Returning Series``, ``Planned``, ``In Production``, ``Ended``, ``Canceled``, ``Pilot``, or
            whatever the provider says; :data:`UNSPECIFIED_STATUS` where it says nothing.
        show_type: ``Scripted``, ``Documentary``, ... or None.
        seasons: in the provider's order, each number once.
        etag: the provider's name for this edition of the facts, by which it can be asked whether there is another;
            None where it has none.
    """

    tmdb_id: TmdbId
    name: str
    status: str
    original_name: str = ""
    original_language: str | None = None
    show_type: str | None = None
    in_production: bool = False
    first_air_date: date | None = None
    last_air_date: date | None = None
    overview: str = ""
    poster_path: str | None = None
    imdb_id: str | None = None
    tvdb_id: int | None = None
    seasons: tuple[SeasonInfo, ...] = ()
    etag: str | None = field(default=None, compare=False)

    @property
    def unavailable_seasons(self) -> tuple[int, ...]:
        """Numbers of listed seasons whose episodes could not be had."""
        return tuple(season.number for season in self.seasons if season.episodes is None)

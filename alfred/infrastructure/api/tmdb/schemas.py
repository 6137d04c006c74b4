"""TMDB's answers as they travel: only what is read, everything else is skipped while parsing.

Each text and date may be null, empty or absent: answers from 2013 to 2026 differ in what they leave out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ImagesPayload(_Payload):
    """Where images are; the least that says that TMDB answered."""

    secure_base_url: str


class ConfigurationPayload(_Payload):
    """The body of ``/configuration``."""

    images: ImagesPayload


class ChangedShowPayload(_Payload):
    """One row of ``/tv/changes``."""

    id: int


class ChangesPayload(_Payload):
    """The body of ``/tv/changes``."""

    page: int
    results: tuple[ChangedShowPayload, ...]
    total_pages: int
    total_results: int


class EpisodePayload(_Payload):
    """One row of a season's ``episodes``; before 2015 rows came without an ``id``."""

    id: int | None = None
    episode_number: int
    name: str | None = None
    air_date: str | None = None
    runtime: int | None = None
    episode_type: str | None = None


class SeasonPayload(_Payload):
    """The body of ``/tv/{id}/season/{n}``, alone or appended to a show."""

    name: str | None = None
    air_date: str | None = None
    episodes: tuple[EpisodePayload, ...] | None = None


class SeasonSummaryPayload(_Payload):
    """One row of a show's ``seasons``."""

    id: int | None = None
    season_number: int
    name: str | None = None
    air_date: str | None = None
    episode_count: int | None = None


class ExternalIdsPayload(_Payload):
    """The appended ``external_ids``."""

    imdb_id: str | None = None
    tvdb_id: int | None = None


class SeasonsPayload(_Payload):
    """The body of ``/tv/{id}`` where only its appended seasons are of interest."""

    id: int

    @property
    def appended(self) -> dict[int, SeasonPayload]:
        """The seasons that came with it, by number."""
        found: dict[int, SeasonPayload] = {}
        for name, field in type(self).model_fields.items():
            season = getattr(self, name) if (field.alias or "").startswith("season/") else None
            if season is not None:
                found[int(str(field.alias).removeprefix("season/"))] = season
        return found


class SummaryPayload(_Payload):
    """One row of ``/search/tv``, or of the shows that ``/find`` gives."""

    id: int
    name: str | None = None
    original_name: str | None = None
    first_air_date: str | None = None
    origin_country: tuple[str, ...] | None = None
    overview: str | None = None


class SearchPayload(_Payload):
    """The body of ``/search/tv``."""

    results: tuple[SummaryPayload, ...]
    total_pages: int = 1


class FoundPayload(_Payload):
    """The body of ``/find/{id}``; further lists hold people and single episodes."""

    tv_results: tuple[SummaryPayload, ...]
    movie_results: tuple[_Payload, ...] = ()


class _TitlePayload(_Payload):
    title: str | None = None


class _TitlesPayload(_Payload):
    results: tuple[_TitlePayload, ...] = ()


class _TranslatedPayload(_Payload):
    name: str | None = None


class _TranslationPayload(_Payload):
    data: _TranslatedPayload = _TranslatedPayload()


class _TranslationsPayload(_Payload):
    translations: tuple[_TranslationPayload, ...] = ()


class OutlinePayload(_Payload):
    """The body of ``/tv/{id}`` as far as it helps to recognise a show."""

    id: int
    seasons: tuple[SeasonSummaryPayload, ...] = ()
    name: str | None = None
    original_name: str | None = None
    first_air_date: str | None = None
    last_air_date: str | None = None
    alternative_titles: _TitlesPayload = _TitlesPayload()
    translations: _TranslationsPayload = _TranslationsPayload()

    @property
    def names(self) -> frozenset[str]:
        """Every name that it goes by."""
        titles = [row.title for row in self.alternative_titles.results]
        translated = [row.data.name for row in self.translations.translations]
        return frozenset(name for name in (self.name, self.original_name, *titles, *translated) if name)


class ShowPayload(SeasonsPayload):
    """The body of ``/tv/{id}``."""

    seasons: tuple[SeasonSummaryPayload, ...]
    name: str | None = None
    original_name: str | None = None
    original_language: str | None = None
    status: str | None = None
    type: str | None = None
    in_production: bool | None = None
    first_air_date: str | None = None
    last_air_date: str | None = None
    overview: str | None = None
    poster_path: str | None = None
    external_ids: ExternalIdsPayload | None = None


@lru_cache(maxsize=32)
def show_with_seasons(numbers: tuple[int, ...]) -> type[ShowPayload]:
    """Return the model of a show with these seasons appended; made once for each set of numbers."""
    return create_model("ShowWithSeasons", __base__=ShowPayload, **_season_fields(numbers))


@lru_cache(maxsize=32)
def seasons_of_show(numbers: tuple[int, ...]) -> type[SeasonsPayload]:
    """Return the model of a show of which only these appended seasons are read."""
    return create_model("SeasonsOfShow", __base__=SeasonsPayload, **_season_fields(numbers))


def _season_fields(numbers: tuple[int, ...]) -> dict[str, Any]:
    return {
        f"season_at_{position}": (SeasonPayload | None, Field(default=None, alias=f"season/{number}"))
        for position, number in enumerate(numbers)
    }

"""From TMDB's shapes to the domain's, in one step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.candidate import ShowOutline, ShowSummary
from alfred.domain.tv_shows.show import (
    PLACEHOLDER_STATUS,
    UNSPECIFIED_STATUS,
    EpisodeInfo,
    SeasonInfo,
    TVShowInfo,
)
from alfred.infrastructure.api.tmdb.schemas import (
    EpisodePayload,
    ExternalIdsPayload,
    OutlinePayload,
    SeasonPayload,
    SeasonSummaryPayload,
    ShowPayload,
    SummaryPayload,
)

_LARGEST_EPISODE_NUMBER = 100_000


def show_from(payload: ShowPayload, seasons: Mapping[int, SeasonPayload]) -> TVShowInfo:
    """Return the show with each listed season once, in TMDB's order.

    Args:
        payload: the show.
        seasons: season bodies by number; a listed season that is not here keeps its summary only.

    Raises:
        ValueError: the id is not one.
    """
    external = payload.external_ids or ExternalIdsPayload()
    return TVShowInfo(
        tmdb_id=TmdbId(payload.id),
        name=name_of(payload),
        status=_status(payload.status),
        original_name=payload.original_name or "",
        original_language=_text(payload.original_language) or None,
        show_type=_text(payload.type) or None,
        in_production=bool(payload.in_production),
        first_air_date=_day(payload.first_air_date),
        last_air_date=_day(payload.last_air_date),
        overview=payload.overview or "",
        poster_path=_text(payload.poster_path) or None,
        imdb_id=_text(external.imdb_id) or None,
        tvdb_id=external.tvdb_id or None,
        seasons=tuple(
            _season(summary, seasons.get(number)) for number, summary in listed_seasons(payload).items()
        ),
    )


def summary_from(row: SummaryPayload) -> ShowSummary:
    """Return a row of a search as a candidate.

    Raises:
        ValueError: the id is not one.
    """
    return ShowSummary(
        tmdb_id=TmdbId(row.id),
        name=row.name or row.original_name or "",
        original_name=row.original_name or "",
        first_air_date=_day(row.first_air_date),
        origin_countries=row.origin_country or (),
        overview=row.overview or "",
    )


def outline_from(payload: OutlinePayload) -> ShowOutline:
    """Return what a closer look at a show tells.

    Raises:
        ValueError: the id is not one.
    """
    return ShowOutline(
        tmdb_id=TmdbId(payload.id),
        other_names=payload.names,
        episode_counts={row.season_number: row.episode_count or 0 for row in payload.seasons},
        first_air_date=_day(payload.first_air_date),
        last_air_date=_day(payload.last_air_date),
    )


def name_of(payload: ShowPayload) -> str:
    """Return the name, or the original name where the asked language has none; "" where there is neither."""
    return next((name for name in (payload.name, payload.original_name) if name and name.strip()), "")


def listed_seasons(payload: ShowPayload) -> dict[int, SeasonSummaryPayload]:
    """Return the listed seasons by number, in TMDB's order; the first of two with one number counts."""
    listed: dict[int, SeasonSummaryPayload] = {}
    for summary in payload.seasons:
        listed.setdefault(summary.season_number, summary)
    return listed


def _season(summary: SeasonSummaryPayload, body: SeasonPayload | None) -> SeasonInfo:
    number = summary.season_number
    body = body or SeasonPayload()
    return SeasonInfo(
        season_id=summary.id,
        number=number,
        name=summary.name or body.name or "",
        air_date=_day(summary.air_date) or _day(body.air_date),
        episode_count=summary.episode_count or 0,
        episodes=None if body.episodes is None else tuple(_episode(row, number) for row in body.episodes),
    )


def _episode(row: EpisodePayload, season_number: int) -> EpisodeInfo:
    """Map one episode; its own season and show numbers are not read, since they are sometimes another show's."""
    return EpisodeInfo(
        episode_id=_id_from_number(season_number, row.episode_number) if row.id is None else row.id,
        number=row.episode_number,
        title=row.name or "",
        air_date=_day(row.air_date),
        runtime=row.runtime,
        episode_type=_text(row.episode_type) or None,
    )


def _id_from_number(season_number: int, episode_number: int) -> int:
    """Return an id for a row without one, as in the oldest answers: negative, so that it is never TMDB's."""
    return -(season_number * _LARGEST_EPISODE_NUMBER + episode_number + 1)


def _status(status: str | None) -> str:
    text = _text(status)
    return UNSPECIFIED_STATUS if text in ("", PLACEHOLDER_STATUS) else text


def _text(value: str | None) -> str:
    """A code or a word of a vocabulary; names and titles are kept to the letter instead."""
    return (value or "").strip()


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value or "")
    except ValueError:
        return None

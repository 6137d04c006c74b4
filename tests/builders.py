"""Builders with defaults: a test mentions only what matters to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from alfred.domain.library.entry import EpisodeCounts, SyncRecord
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.release import EpisodeFile, FileStatus, SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.candidate import ShowSummary
from alfred.domain.tv_shows.show import EpisodeInfo, SeasonInfo, TVShowInfo
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import EntryMetadata, ShowIndexEntry

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SHOW_ID = TmdbId(501)
FOLDER = "The Lamplighters (2019) [tmdbid-501]"


def days(count: float) -> timedelta:
    return timedelta(days=count)


def an_episode(number: int = 1, *, season: int = 1, **changes: Any) -> EpisodeInfo:
    values: dict[str, Any] = {
        "episode_id": 10_000 + season * 100 + number,
        "number": number,
        "title": f"Title {season}.{number}",
        "air_date": date(2019, 1, 1) + timedelta(weeks=number),
    }
    return EpisodeInfo(**values | changes)


def a_season(number: int = 1, *, episodes: int = 3, **changes: Any) -> SeasonInfo:
    values: dict[str, Any] = {
        "season_id": 900 + number,
        "number": number,
        "name": f"Season {number}" if number else "Specials",
        "episode_count": episodes,
        "episodes": tuple(an_episode(at, season=number) for at in range(1, episodes + 1)),
    }
    return SeasonInfo(**values | changes)


def a_show(tmdb_id: TmdbId = SHOW_ID, **changes: Any) -> TVShowInfo:
    values: dict[str, Any] = {
        "tmdb_id": tmdb_id,
        "name": "The Lamplighters",
        "status": "Returning Series",
        "seasons": (a_season(),),
    }
    return TVShowInfo(**values | changes)


def a_candidate(tmdb_id: int = 1, name: str = "Harbour", year: int | None = 2011, **changes: Any) -> ShowSummary:
    values: dict[str, Any] = {
        "tmdb_id": TmdbId(tmdb_id),
        "name": name,
        "first_air_date": None if year is None else date(year, 3, 1),
    }
    return ShowSummary(**values | changes)


def a_file(episode: int = 1, *, season: int = 1, folder: str = FOLDER, **changes: Any) -> EpisodeFile:
    values: dict[str, Any] = {
        "folder": folder,
        "path": f"Season {season:02d}/Lamplighters S{season:02d}E{episode:02d}.mkv",
        "size": 700_000_000 + episode,
        "mtime_ns": 1_700_000_000_000_000_000 + episode,
        "name": EpisodeName(season=season, episodes=(episode,), decided_by=DecidedBy.SEASON_EPISODE),
        "added_at": NOW - days(30),
        "status": FileStatus.READY,
    }
    return EpisodeFile(**values | changes)


def a_release(*files: EpisodeFile, tmdb_id: TmdbId = SHOW_ID, **changes: Any) -> SeriesRelease:
    values: dict[str, Any] = {"tmdb_id": tmdb_id, "files": files, "user": UserMetadata()}
    return SeriesRelease(**values | changes)


def an_entry(
    tmdb_id: TmdbId = SHOW_ID, *, fetched_at: datetime | None = NOW, path: str = FOLDER, **changes: Any
) -> ShowIndexEntry:
    values: dict[str, Any] = {
        "tmdb_id": tmdb_id,
        "name": "The Lamplighters",
        "status": "unknown" if fetched_at is None else "Returning Series",
        "metadata": EntryMetadata(path=path, fetched_at=fetched_at, verified_at=fetched_at, added_at=NOW),
        "sync": SyncRecord(),
        "user": UserMetadata(),
        "episodes": EpisodeCounts(),
    }
    return ShowIndexEntry(**values | changes)

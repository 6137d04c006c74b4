"""An invented library of any size: show folders on disk, and shows with their files as values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.release import EpisodeFile, SeriesRelease
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.show import EpisodeInfo, SeasonInfo, TVShowInfo

FIRST_ID = 700_001
SEASONS = 5
EPISODES = 20
SLOTS = SEASONS * EPISODES
VIDEOS_A_SEASON_FOLDER = 9
FILES_A_SHOW_FOLDER = SEASONS * VIDEOS_A_SEASON_FOLDER + 5

_FIRST = ("Amber", "Brass", "Chalk", "Drift", "Ember", "Fallow", "Granite", "Heron", "Indigo", "Juniper", "Kelp")
_SECOND = ("Almanac", "Bureau", "Causeway", "Dockyard", "Estuary", "Foundry", "Gazette", "Hospice", "Inlet")
_ADDED_AT = datetime(2024, 1, 1, tzinfo=UTC)
_FIRST_AIR_DATE = date(2012, 1, 4)


def show_name(number: int) -> str:
    """Return the name of the show with this number, counted from 0; each is another."""
    first, second = _FIRST[number % len(_FIRST)], _SECOND[number // len(_FIRST) % len(_SECOND)]
    return f"{first} {second} {number}"


def folder_name(number: int) -> str:
    """Return the name of a show folder; both ways of writing an id occur."""
    tag = f"[tmdbid-{FIRST_ID + number}]" if number % 2 else f"{{tmdb-{FIRST_ID + number}}}"
    return f"{show_name(number)} ({1990 + number % 35}) {tag}"


def make_tree(root: Path, shows: int) -> int:
    """Make show folders of 45 sparse videos and 5 other files each, and return the number of files."""
    for number in range(shows):
        folder = root / folder_name(number)
        for season in range(1, SEASONS + 1):
            place = folder / f"Season {season:02d}"
            place.mkdir(parents=True)
            for episode in range(1, VIDEOS_A_SEASON_FOLDER + 1):
                add_video(place / _video_name(number, season, episode), size=600_000_000 + episode)
        for name in ("tvshow.nfo", "poster.jpg", "fanart.jpg", "banner.jpg", "notes.txt"):
            (folder / name).write_bytes(b"<tvshow/>\n")
    return shows * FILES_A_SHOW_FOLDER


def add_video(path: Path, *, size: int) -> None:
    """Make a sparse file, which takes no space."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644)
    os.truncate(descriptor, size)
    os.close(descriptor)


def _video_name(number: int, season: int, episode: int) -> str:
    name, carries = show_name(number), f"S{season:02d}E{episode:02d}"
    match number % 3:
        case 0:
            return f"{name} - {carries} - Chapter {episode}.mkv"
        case 1:
            return f"{name.replace(' ', '.')}.{carries}.1080p.WEB-DL.x264-GROUP.mkv"
        case _:
            return f"{name} {season}x{episode:02d} Chapter {episode}.mp4"


def a_show(number: int, *, edition: object = "", later_seasons_only: bool = False) -> TVShowInfo:
    """Return a show of 100 episodes that have all aired.

    Args:
        number: which show, counted from 0.
        edition: part of every title, so that another edition is another answer of the provider.
        later_seasons_only: put the edition into the titles of the last season alone.
    """
    return TVShowInfo(
        tmdb_id=TmdbId(FIRST_ID + number),
        name=show_name(number),
        status="Ended",
        overview="A show that nobody has made.",
        seasons=tuple(
            _season(number, season, edition if season == SEASONS or not later_seasons_only else "")
            for season in range(1, SEASONS + 1)
        ),
    )


def _season(number: int, season: int, edition: object) -> SeasonInfo:
    start = _FIRST_AIR_DATE + timedelta(days=365 * season + number % 28)
    return SeasonInfo(
        season_id=number * 10 + season,
        number=season,
        name=f"Season {season}",
        air_date=start,
        episode_count=EPISODES,
        episodes=tuple(
            EpisodeInfo(
                episode_id=number * 1000 + season * 100 + episode,
                number=episode,
                title=f"Chapter {episode} {edition}".rstrip(),
                air_date=start + timedelta(weeks=episode),
                runtime=45,
                episode_type="finale" if episode == EPISODES else "standard",
            )
            for episode in range(1, EPISODES + 1)
        ),
    )


def a_release(number: int, *, edition: int = 0) -> SeriesRelease:
    """Return the files of a show as its sidecar gives them: three slots of four have one.

    Args:
        number: which show, counted from 0.
        edition: changes size and time of every file.
    """
    folder = folder_name(number)
    files = tuple(
        EpisodeFile(
            folder=folder,
            path=f"Season {season:02d}/{_video_name(number, season, episode)}",
            size=600_000_000 + edition,
            mtime_ns=1_700_000_000_000_000_000 + edition,
            name=EpisodeName(season=season, episodes=(episode,), decided_by=DecidedBy.SEASON_EPISODE),
            added_at=_ADDED_AT,
        )
        for season in range(1, SEASONS + 1)
        for episode in range(1, EPISODES + 1)
        if (number + season * 7 + episode) % 4
    )
    return SeriesRelease(tmdb_id=TmdbId(FIRST_ID + number), files=files, digest=f"{number}-{edition}")


def with_other_overview(info: TVShowInfo, overview: str) -> TVShowInfo:
    """Return a show of which only the description is another."""
    return replace(info, overview=overview)


def slot_rows(info: TVShowInfo, release: SeriesRelease) -> list[tuple[object, ...]]:
    """Return the same show as rows of one plain table, a row a slot."""
    return list(_slot_rows(info, release.files))


def _slot_rows(info: TVShowInfo, files: Iterable[EpisodeFile]) -> Iterator[tuple[object, ...]]:
    on_disk = {(file.name.season, file.name.episodes[0]): file for file in files}
    for season in info.seasons:
        for episode in season.episodes or ():
            file = on_disk.get((season.number, episode.number))
            aired = episode.air_date.isoformat() if episode.air_date else None
            yield (
                info.tmdb_id.value,
                season.number,
                episode.number,
                aired,
                episode.title,
                file.path if file else None,
                file.size if file else None,
                file.mtime_ns if file else None,
            )

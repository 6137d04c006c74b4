"""Writes the invented shows: as a provider lists them, and as people keep them on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alfred.demo.invented import (
    CHEESE,
    KETTLE,
    LIBRARY,
    LIGHTHOUSE,
    MARMALADE,
    PUDDING,
    TRAIN,
    Episode,
    Season,
    Show,
    invented_shows,
)

__all__ = [
    "CHEESE",
    "FOLDERS",
    "KETTLE",
    "LIBRARY",
    "LIGHTHOUSE",
    "MARMALADE",
    "MISSING_ON_DISK",
    "PUDDING",
    "TRAIN",
    "write_library",
    "write_provider_folder",
]

Json = dict[str, Any]

FOLDERS: dict[int, str] = {
    LIGHTHOUSE: "The Lighthouse Inspectors (2014) {tmdb-9000001}",
    KETTLE: "Kettle & Crow",
    LIBRARY: "夜ふかし図書館 (2021) [tmdbid-9000003]",
    CHEESE: "The Great Cheese Chase [tmdbid-9000004]",
    MARMALADE: "A-F/Captain Marmalade (2016) [tmdbid-9000005]",
    PUDDING: "G-L/Inspector Pudding Suspects (2011) [tmdbid-9000006]",
    TRAIN: "Slow Train to Nowhere (2020)",
}
"""The show folder in the library, by show; ``tvshow.nfo`` tells the id of KETTLE, and nothing tells TRAIN's."""

MISSING_ON_DISK: dict[int, tuple[tuple[int, int], ...]] = {
    LIGHTHOUSE: ((0, 2), (1, 4), (2, 5)),
    KETTLE: ((2, 3),),
    CHEESE: ((3, 2),),
    PUDDING: ((2, 5),),
}
"""Season and number of each episode that has aired and that the library lacks, by show."""

_COPIED = datetime(2024, 3, 1, 20, 15, tzinfo=UTC).timestamp()
_SEASON_ID_BASE = 9_200_000
_EPISODE_ID_BASE = 9_300_000
_MOST_SEASONS = 10
_MOST_EPISODES = 100


def _numbered(pattern: str, *numbers: int) -> tuple[str, ...]:
    return tuple(pattern.format(number) for number in numbers)


_VIDEOS: dict[int, tuple[str, ...]] = {
    LIGHTHOUSE: (
        "Specials/The Lighthouse Inspectors - S00E01.mkv",
        *_numbered("Season 1/The Lighthouse Inspectors - S01E{:02}.mkv", 1, 2, 3, 5, 6),
        *_numbered("Season 2/the.lighthouse.inspectors.s02e{:02}.mp4", 1, 2, 3, 4),
    ),
    KETTLE: (
        *_numbered("Season 01/Kettle & Crow - 1x{:02}.mkv", 1, 2, 3, 4),
        *_numbered("Season 02/Kettle & Crow - S02E{:02}.mkv", 1, 2, 4),
    ),
    LIBRARY: _numbered("Season 01/夜ふかし図書館 - S01E{:02}.mkv", 1, 2, 3, 4, 5, 6),
    CHEESE: (
        *_numbered("Season 1/The Great Cheese Chase S01E{:02}.avi", 1, 2),
        *_numbered("Season 3/The Great Cheese Chase S03E{:02}.mkv", 1, 3),
        *_numbered("Season 2024/The Great Cheese Chase S2024E{:02}.mkv", 1, 2),
    ),
    MARMALADE: (
        "Season 01/Captain Marmalade - S01E01-E02.mkv",
        *_numbered("Season 01/Captain.Marmalade.S01E{:02}.1080p.WEB.mkv", 3, 4, 5),
    ),
    PUDDING: (
        *_numbered("Season 1/Inspector Pudding Suspects S01E{:02}.mkv", 1, 2, 3),
        *_numbered("Season 2/Inspector Pudding Suspects S02E{:02}.mkv", 4, 6),
    ),
    TRAIN: _numbered("Slow Train to Nowhere S01E{:02}.mkv", 1, 2, 3),
}
_BESIDE: dict[int, tuple[str, ...]] = {
    LIGHTHOUSE: (
        "poster.jpg",
        "season01-poster.jpg",
        ".DS_Store",
        "Season 1/The Lighthouse Inspectors - S01E01.en.srt",
        "Season 1/@eaDir/The Lighthouse Inspectors - S01E01.mkv/SYNOVIDEO_VIDEO_SCREENSHOT.jpg",
        "Extras/How We Counted the Stairs.mkv",
    ),
    MARMALADE: (
        "fanart.jpg",
        "Season 01/Captain Marmalade - S01E01-E02.en.srt",
        "Season 01/Sample/captain.marmalade.s01e03.sample.mkv",
        "Season 01/Captain.Marmalade.S01E03.1080p.WEB-sample.mkv",
        "Trailers/Captain Marmalade-trailer.mp4",
    ),
}
_BESIDE_THE_SHOWS = (".DS_Store", "@eaDir/Kettle & Crow@SynoEAStream")
_NFO = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<tvshow>
  <title>Kettle &amp; Crow</title>
  <uniqueid type="tvdb">99000002</uniqueid>
  <uniqueid type="tmdb" default="true">{KETTLE}</uniqueid>
</tvshow>
"""


def write_provider_folder(folder: Path, today: date) -> None:
    """Write what the provider lists, for the stand-in to serve.

    Args:
        folder: gets ``tv/<id>.json`` and ``tv/<id>/season_<n>.json``; made if it is not there.
        today: the day from which the dates of the show on the air are counted.
    """
    for place, show in enumerate(invented_shows(today)):
        seasons = [_season_body(show, place, nth, season) for nth, season in enumerate(show.seasons)]
        _write_json(folder / f"tv/{show.tmdb_id}.json", _show_body(show, seasons, today))
        for body in seasons:
            _write_json(folder / f"tv/{show.tmdb_id}/season_{body['season_number']}.json", body)


def write_library(root: Path) -> None:
    """Write a library of show folders as people have them.

    The files are sparse and a few kilobytes long. Among the episodes lie subtitles, artwork, a sample, extras, and
    what file managers and network storage leave behind; see :data:`MISSING_ON_DISK` for what is not there.

    Args:
        root: the folder that gets the show folders; made if it is not there.
    """
    videos = [f"{FOLDERS[show]}/{file}" for show, files in _VIDEOS.items() for file in files]
    for place, video in enumerate(videos):
        _write_sparse(root / video, size=4096 + 512 * place)
    beside = [f"{FOLDERS[show]}/{file}" for show, files in _BESIDE.items() for file in files]
    for file in (*beside, *_BESIDE_THE_SHOWS):
        _write_sparse(root / file, size=1024)
    (root / FOLDERS[KETTLE] / "tvshow.nfo").write_text(_NFO, encoding="utf-8")


def _show_body(show: Show, seasons: list[Json], today: date) -> Json:
    code, english, own = show.language
    country, country_name = show.country
    listed = [episode for season in seasons if season["season_number"] for episode in season["episodes"]]
    aired, coming = _around(listed, today)
    imdb_id, tvdb_id = show.external_ids or (None, None)
    return {
        "adult": False,
        "backdrop_path": None,
        "created_by": [],
        "episode_run_time": [],
        "first_air_date": min((episode["air_date"] for episode in listed if episode["air_date"]), default=""),
        "genres": [{"id": show.genre[0], "name": show.genre[1]}],
        "homepage": "",
        "id": show.tmdb_id,
        "in_production": show.status in ("Returning Series", "In Production"),
        "languages": [code],
        "last_air_date": aired and aired["air_date"],
        "last_episode_to_air": aired,
        "name": show.name,
        "next_episode_to_air": coming,
        "networks": [{"id": 9_000_000, "logo_path": None, "name": show.network, "origin_country": country}],
        "number_of_episodes": len(listed),
        "number_of_seasons": sum(season["season_number"] != 0 for season in seasons),
        "origin_country": [country],
        "original_language": code,
        "original_name": show.name,
        "overview": show.overview,
        "popularity": float(show.tmdb_id % 100),
        "poster_path": None,
        "production_companies": [],
        "production_countries": [{"iso_3166_1": country, "name": country_name}],
        "seasons": [_listed_season(season) for season in seasons],
        "softcore": False,
        "spoken_languages": [{"english_name": english, "iso_639_1": code, "name": own}],
        "status": show.status,
        "tagline": show.tagline,
        "type": show.show_type,
        "vote_average": 7.5,
        "vote_count": 42,
        "external_ids": {"imdb_id": imdb_id, "tvdb_id": tvdb_id},
    }


def _listed_season(season: Json) -> Json:
    """Return a season as the show's details list it."""
    kept = ("air_date", "id", "name", "overview", "poster_path", "season_number", "vote_average")
    return {**{key: season[key] for key in kept}, "episode_count": len(season["episodes"])}


def _season_body(show: Show, place: int, nth: int, season: Season) -> Json:
    season_id = _SEASON_ID_BASE + _MOST_SEASONS * place + nth
    episodes = [
        _episode_body(
            show, season, episode, _EPISODE_ID_BASE + (_MOST_SEASONS * place + nth) * _MOST_EPISODES + at
        )
        for at, episode in enumerate(season.episodes)
    ]
    return {
        "_id": f"{season_id:024x}",
        "air_date": min((episode["air_date"] for episode in episodes if episode["air_date"]), default=None),
        "episodes": episodes,
        "name": season.name,
        "networks": [],
        "overview": season.overview,
        "id": season_id,
        "poster_path": None,
        "season_number": season.number,
        "vote_average": 0.0,
    }


def _episode_body(show: Show, season: Season, episode: Episode, episode_id: int) -> Json:
    is_finale = season.number != 0 and episode is season.episodes[-1]
    return {
        "air_date": episode.air_date and episode.air_date.isoformat(),
        "episode_number": episode.number,
        "episode_type": "finale" if is_finale else "standard",
        "id": episode_id,
        "name": episode.title,
        "overview": "",
        "production_code": "",
        "runtime": episode.runtime,
        "season_number": season.number,
        "show_id": show.tmdb_id,
        "still_path": None,
        "vote_average": 0.0,
        "vote_count": 0,
        "crew": [],
        "guest_stars": [],
    }


def _around(episodes: list[Json], today: date) -> tuple[Json | None, Json | None]:
    """Return the last episode that has aired and the first that has not, as the details show them."""
    dated = sorted(
        (episode for episode in episodes if episode["air_date"]),
        key=lambda episode: (episode["air_date"], episode["episode_number"]),
    )
    aired = [episode for episode in dated if episode["air_date"] <= today.isoformat()]
    coming = dated[len(aired) :]
    return _brief(aired[-1:]), _brief(coming[:1])


def _brief(episodes: list[Json]) -> Json | None:
    briefs: Iterator[Json] = (
        {key: value for key, value in episode.items() if key not in ("crew", "guest_stars")}
        for episode in episodes
    )
    return next(briefs, None)


def _write_json(file: Path, body: Json) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_sparse(file: Path, *, size: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as handle:
        handle.truncate(size)
    os.utime(file, (_COPIED, _COPIED))  # a copy that was finished long ago

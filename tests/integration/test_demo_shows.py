"""The invented shows have the shape of real listings, and their library looks like one that people have."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from alfred.demo.shows import (
    CHEESE,
    FOLDERS,
    KETTLE,
    LIBRARY,
    LIGHTHOUSE,
    MARMALADE,
    MISSING_ON_DISK,
    PUDDING,
    TRAIN,
    write_library,
    write_provider_folder,
)
from alfred.demo.stand_in import StandIn

RECORDED = Path(__file__).resolve().parents[2] / "../shared/tmdb"
TODAY = date(2026, 5, 20)
ALL = (LIGHTHOUSE, KETTLE, LIBRARY, CHEESE, MARMALADE, PUDDING, TRAIN)

Json = dict[str, Any]


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    write_provider_folder(tmp_path / "tmdb", TODAY)
    return tmp_path / "tmdb"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_library(tmp_path / "TV")
    return tmp_path / "TV"


def read(file: Path) -> Json:
    body: Json = json.loads(file.read_text(encoding="utf-8"))
    return body


def details(provider: Path, tmdb_id: int) -> Json:
    return read(provider / f"tv/{tmdb_id}.json")


def seasons(provider: Path, tmdb_id: int) -> dict[int, list[Json]]:
    numbers = [season["season_number"] for season in details(provider, tmdb_id)["seasons"]]
    return {number: read(provider / f"tv/{tmdb_id}/season_{number}.json")["episodes"] for number in numbers}


def numbers(provider: Path, tmdb_id: int) -> dict[int, list[int]]:
    return {
        season: [episode["episode_number"] for episode in episodes]
        for season, episodes in seasons(provider, tmdb_id).items()
    }


def test_every_show_is_written_under_its_id(provider: Path) -> None:
    assert sorted(int(file.stem) for file in provider.glob("tv/*.json")) == sorted(ALL)


def test_ids_of_seasons_and_episodes_are_unique_and_stay_from_day_to_day(provider: Path, tmp_path: Path) -> None:
    def ids(folder: Path) -> list[int]:
        files = sorted(folder.glob("tv/*/season_*.json"))
        return [row["id"] for file in files for row in (read(file), *read(file)["episodes"])]

    write_provider_folder(tmp_path / "later", TODAY + timedelta(days=400))

    assert len(set(ids(provider))) == len(ids(provider)) > 50
    assert ids(provider) == ids(tmp_path / "later")


@pytest.mark.parametrize("tmdb_id", ALL)
def test_the_counts_of_the_details_agree_with_the_seasons(provider: Path, tmdb_id: int) -> None:
    show, listed = details(provider, tmdb_id), seasons(provider, tmdb_id)

    assert show["number_of_seasons"] == len(listed.keys() - {0})
    assert show["number_of_episodes"] == sum(len(episodes) for number, episodes in listed.items() if number)
    assert {s["season_number"]: s["episode_count"] for s in show["seasons"]} == {
        number: len(episodes) for number, episodes in listed.items()
    }
    assert all(episode["show_id"] == tmdb_id for episodes in listed.values() for episode in episodes)


def test_the_awkward_listings_are_there(provider: Path) -> None:
    assert numbers(provider, LIGHTHOUSE).keys() == {0, 1, 2}
    assert not details(provider, LIBRARY)["name"].isascii()
    assert numbers(provider, CHEESE).keys() == {1, 3, 2024}
    assert numbers(provider, PUDDING) == {1: [1, 2, 3], 2: [4, 5, 6]}
    assert [episode["air_date"] for episode in seasons(provider, TRAIN)[1]][-2:] == [None, None]
    first, second, *_ = seasons(provider, MARMALADE)[1]
    assert first["air_date"] == second["air_date"]


def test_the_running_show_has_aired_and_upcoming_episodes_around_today(provider: Path) -> None:
    show = details(provider, KETTLE)

    assert show["last_episode_to_air"]["air_date"] == "2026-05-17"
    assert show["last_air_date"] == "2026-05-17"
    assert show["next_episode_to_air"]["air_date"] == "2026-05-24"
    assert [episode["air_date"] > TODAY.isoformat() for episode in seasons(provider, KETTLE)[2]] == [
        *[False] * 4,
        *[True] * 2,
    ]
    assert (show["status"], show["in_production"]) == ("Returning Series", True)
    assert (show["seasons"][-1]["air_date"], show["seasons"][-1]["episode_count"]) == (None, 0)


def test_an_ended_show_has_no_next_episode(provider: Path) -> None:
    show = details(provider, LIGHTHOUSE)

    assert (show["status"], show["next_episode_to_air"], show["in_production"]) == ("Ended", None, False)
    assert show["last_air_date"] == "2015-03-29"


def test_the_bodies_have_every_key_of_recorded_ones(provider: Path) -> None:
    if not (RECORDED / "tv/1396.json").exists():
        pytest.skip("the recorded TMDB bodies are not beside the project")
    real, real_season = read(RECORDED / "tv/1396.json"), read(RECORDED / "tv/1396/season_1.json")
    made, made_season = details(provider, LIGHTHOUSE), read(provider / f"tv/{LIGHTHOUSE}/season_1.json")

    assert real.keys() <= made.keys()
    assert real["seasons"][0].keys() <= made["seasons"][0].keys()
    assert real["last_episode_to_air"].keys() <= made["last_episode_to_air"].keys()
    assert real_season.keys() <= made_season.keys()
    assert real_season["episodes"][0].keys() <= made_season["episodes"][0].keys()


def test_the_stand_in_serves_them(provider: Path) -> None:
    headers = {"Authorization": "Bearer any"}
    with StandIn(provider) as server:
        show = requests.get(f"{server.url}/tv/{CHEESE}?append_to_response=season/2024", headers=headers, timeout=5)
        found = requests.get(
            f"{server.url}/search/tv?query=slow+train+to+nowhere&first_air_date_year=2020",
            headers=headers,
            timeout=5,
        )

    assert len(show.json()["season/2024"]["episodes"]) == 2
    assert [row["id"] for row in found.json()["results"]] == [TRAIN]


# The library


def test_every_show_folder_is_there_and_says_its_id_in_one_way_or_not_at_all(root: Path) -> None:
    for tmdb_id, folder in FOLDERS.items():
        assert (root / folder).is_dir()
        tagged = re.search(r"\[tmdbid-(\d+)\]|\{tmdb-(\d+)\}", folder)
        assert (tagged is None) == (tmdb_id in (KETTLE, TRAIN))
        assert tagged is None or tmdb_id == int(tagged[1] or tagged[2])
    nfos = {file.parent.name: file.read_text(encoding="utf-8") for file in root.rglob("tvshow.nfo")}
    assert nfos.keys() == {"Kettle & Crow"}
    assert f'<uniqueid type="tmdb" default="true">{KETTLE}</uniqueid>' in nfos["Kettle & Crow"]


def episodes_on_disk(folder: Path) -> set[tuple[int, int]]:
    found = set()
    for file in folder.rglob("*"):
        inside = file.relative_to(folder).as_posix()
        name = re.search(r"[Ss](\d+)[Ee](\d+)(?:-E(\d+))?|(\d+)x(\d+)", file.name)
        if file.suffix not in {".mkv", ".mp4", ".avi"} or name is None or re.search("@eaDir|sample", inside):
            continue
        season, number = int(name[1] or name[4]), int(name[2] or name[5])
        found |= {(season, each) for each in range(number, int(name[3] or number) + 1)}
    return found


@pytest.mark.parametrize("tmdb_id", ALL)
def test_the_library_lacks_exactly_the_aired_episodes_that_it_says(
    provider: Path, root: Path, tmdb_id: int
) -> None:
    aired = {
        (season, episode["episode_number"])
        for season, episodes in seasons(provider, tmdb_id).items()
        for episode in episodes
        if episode["air_date"] and episode["air_date"] <= TODAY.isoformat()
    }

    on_disk = episodes_on_disk(root / FOLDERS[tmdb_id])

    assert on_disk <= aired
    assert aired - on_disk == set(MISSING_ON_DISK.get(tmdb_id, ()))


@pytest.mark.parametrize(
    "pattern",
    [
        "A-F/*/Season 01/*S01E01-E02.mkv",
        "*/Specials/*.mkv",
        "*/Extras/*.mkv",
        "A-F/*/Trailers/*-trailer.mp4",
        "A-F/*/*/Sample/*.mkv",
        "A-F/*/*/*-sample.mkv",
        "*/*/*.en.srt",
        "*/poster.jpg",
        "**/.DS_Store",
        "@eaDir/*",
        "*/*/@eaDir/*/*.jpg",
    ],
)
def test_among_the_episodes_lies_what_people_have_there(root: Path, pattern: str) -> None:
    assert list(root.glob(pattern))


def test_the_files_are_small_and_not_fresh(root: Path) -> None:
    files = [file.stat() for file in root.rglob("*") if file.is_file() and file.suffix != ".nfo"]

    assert all(0 < file.st_size < 64_000 for file in files)
    assert {file.st_mtime for file in files} == {1709324100.0}

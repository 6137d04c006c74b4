from __future__ import annotations

import re
from datetime import date
from types import ModuleType

import pytest

from alfred.domain.library import (
    absolute_numbers,
    air_dates,
    certainty,
    episode_names,
    name_titles,
    release_details,
    season_marks,
)
from alfred.domain.library.certainty import is_worth_asking
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.episode_names import read_episode_name
from alfred.domain.library.name_titles import read_title
from alfred.domain.library.release_details import read_release_details


@pytest.mark.parametrize(
    ("path", "season", "episodes"),
    [
        ("Lamplighters S02E05 & E06.mkv", 2, (5, 6)),
        ("Lamplighters S02E05, E06.mkv", 2, (5, 6)),
        ("Lamplighters S02E05 to E08.mkv", 2, (5, 6, 7, 8)),
        ("Lamplighters.S02E05.06.hdtv.mkv", 2, (5, 6)),
        ("Lamplighters - S02E05 - 2x06 - Fog.mkv", 2, (5, 6)),
        ("Lamplighters.S02E05.24.1080p.mkv", 2, (5,)),
        ("Lamplighters - S02E05 - 1x1.mkv", 2, (5,)),
        ("Lamplighters S02E05a.mkv", 2, (5,)),
        ("Lamplighters S02-E05.mkv", 2, (5,)),
        ("Lamplighters Staffel 2 Folge 5.mkv", 2, (5,)),
        ("Lamplighters Se.2 afl.5 en 6.mkv", 2, (5, 6)),
        ("Lamplighters Season 2, 5of8.mkv", 2, (5,)),
        ("Lamplighters - 2. Sezon - 5. Bölüm.mkv", 2, (5,)),
        ("Lamplighters [第2季] 第05集.mkv", 2, (5,)),
        ("Lamplighters SP03.mkv", 0, (3,)),
        ("Lamplighters - Special 3.mkv", 0, (3,)),
        ("Lamplighters (2019/S02E05/WEB-DL) GRP", 2, (5,)),
        ("2-05 - Fog.mkv", 2, (5,)),
        ("Lamplighters S02E05,06.mkv", 2, (5, 6)),
        ("Lamplighters T2E05.mkv", 2, (5,)),
        ("Lamplighters T02 E05.mkv", 2, (5,)),
        ("Lamplighters Series 2 Episode 5.mkv", 2, (5,)),
        ("Lamplighters Book 2 Chapter 5.mkv", 2, (5,)),
        ("Lamplighters Sæson 2 Afsnit 5.mkv", 2, (5,)),
        ("Lamplighters sezon 2 odc. 5.mkv", 2, (5,)),
        ("Lamplighters 2. série 5. díl.mkv", 2, (5,)),
        ("Lamplighters 시즌 2 5화.mkv", 2, (5,)),
        ("Lamplighters 第二季 第05集.mkv", 2, (5,)),
        ("Season 2/2-05 Fog.mkv", 2, (5,)),
        ("Season 2/2.05 Fog.mkv", 2, (5,)),
        ("Season 2/Lamplighters - 205 - Fog.mkv", 2, (5,)),
        ("Season 2/12 Lamps - 05.mkv", 2, (5,)),
        ("Season 2/12 Lamps.mkv", 2, (12,)),
        ("Season 2/12 Lamps - 720.mkv", 2, (12,)),
    ],
)
def test_further_ways_to_write_season_and_episode(path: str, season: int, episodes: tuple[int, ...]) -> None:
    reading = read_episode_name(path)

    assert (reading.season, reading.episodes) == (season, episodes)


@pytest.mark.parametrize(
    ("path", "season", "episodes"),
    [
        ("lamplighters.205.hdtv-grp.mkv", 2, (5,)),
        ("lamplighters.0205.720p.mkv", 2, (5,)),
        ("lamplighters.2009.205.hdtv.mkv", 2, (5,)),
        ("lamplighters.205.206.hdtv.mkv", 2, (5, 6)),
        ("lamplighters.20506.hdtv.mkv", 2, (5, 6)),
        ("grp-lamp-720p-205.mkv", 2, (5,)),
        ("Season 2/11.22.33.205.hdtv.mkv", 2, (5,)),
    ],
)
def test_digits_before_a_quality_are_season_and_episode(path: str, season: int, episodes: tuple[int, ...]) -> None:
    reading = read_episode_name(path)

    assert (reading.season, reading.episodes) == (season, episodes)
    assert reading.decided_by is DecidedBy.SEASON_DIGITS


@pytest.mark.parametrize(
    ("path", "episodes", "decided_by"),
    [
        ("Lamplighters.E07.720p.mkv", (7,), DecidedBy.EPISODE_ALONE),
        ("lamplighters-e07-e08-720p.mkv", (7, 8), DecidedBy.EPISODE_ALONE),
        ("240131 Lamplighters ep12.ts", (12,), DecidedBy.EPISODE_ALONE),
        ("Lamplighters Part 2.mkv", (2,), DecidedBy.PART),
        ("Lamplighters.Pt.III.720p.mkv", (3,), DecidedBy.PART),
        ("Lamplighters Part Two.mkv", (2,), DecidedBy.PART),
        ("Lamplighters Part 1 and Part 2.mkv", (1, 2), DecidedBy.PART),
        ("Lamplighters (2 of 6).mkv", (2,), DecidedBy.PART),
    ],
)
def test_an_episode_without_a_season_is_of_the_first(
    path: str, episodes: tuple[int, ...], decided_by: DecidedBy
) -> None:
    assert read_episode_name(path) == EpisodeName(1, episodes, decided_by=decided_by)


@pytest.mark.parametrize(
    ("path", "absolute"),
    [
        ("Lamplighters 04 vostfr [720p].mkv", (4,)),
        ("Lamplighters.13.HDTV.mkv", (13,)),
        ("Lamplighters 2018 06 720p.mkv", (6,)),
        ("Lamplighters-003 - Fog.mkv", (3,)),
        ("Lamplighters S21 999.mkv", (999,)),
        ("Lamplighters {07} Fog.mkv", (7,)),
        ("Lamplighters - 01-02-03 - Fog.mkv", (1, 2, 3)),
        ("[Group] Lamplighters 01 - 04 [Batch]", (1, 2, 3, 4)),
        ("[Group] Lamplighters 03-04 & 06-07 (1080p)", (3, 4, 6, 7)),
        ("Lamplighters 12. Bölüm 720p.mkv", (12,)),
        ("[組/Lamplighters][07][720p].mkv", (7,)),
        ("[Wick] Lamplighters - 05 & 06 [1080p].mkv", (5, 6)),
        ("[Wick] Lamplighters - 05+06 [1080p].mkv", (5, 6)),
        ("Lamplighters E05E06E08.mkv", (5, 6, 8)),
        ("Lamplighters 5화.mkv", (5,)),
    ],
)
def test_further_ways_to_write_a_number_that_runs_on(path: str, absolute: tuple[int, ...]) -> None:
    assert read_episode_name(path) == EpisodeName(absolute=absolute, decided_by=DecidedBy.ABSOLUTE)


@pytest.mark.parametrize(
    ("path", "season", "number"),
    [
        ("[Group] Lamplighters S2 - 07 [720p].mkv", 2, 7),
        ("[Group] Lamplighters 2nd Season - 07 [720p].mkv", 2, 7),
        ("Lamplighters S03 - EP07 [720p].mkv", 3, 7),
        ("[Group][Lamplighters S02][07][720p].mkv", 2, 7),
        ("Season 2/Lamplighters - 07 - Fog.mkv", 2, 7),
        ("Season 1/Lamplighters - 105 - Fog.mkv", 1, 105),
        ("Lamplighters Second Season - 05.mkv", 2, 5),
        ("Lamplighters 2ª Temporada - 05.mkv", 2, 5),
    ],
)
def test_where_groups_count_either_way_both_readings_are_kept(path: str, season: int, number: int) -> None:
    reading = read_episode_name(path)

    assert (reading.season, reading.episodes, reading.absolute) == (season, (number,), (number,))


@pytest.mark.parametrize(
    ("path", "absolute"),
    [
        ("Lamplighters - S02E05 - 031 - Fog.mkv", (31,)),
        ("[Group] Lamplighters S02E05 131.mkv", (131,)),
        ("[Group] Lamplighters - 31 - S02E05 - Fog.mkv", (31,)),
        ("[Group] Lamplighters - 31 (S02E05) (1080p).mkv", (31,)),
        ("Lamplighters 313-315 s16e03-05.mkv", (313, 314, 315)),
        ("Lamplighters.s16e03-05.313-315.mkv", (313, 314, 315)),
        ("Lamplighters s16e03-05.313-314.mkv", ()),
        ("Area 51 - S02E05.mkv", ()),
        ("Lamplighters - S02E05 - 100 Years.mkv", ()),
        ("Lamplighters - S02E05 - 1984 - Fog.mkv", ()),
    ],
)
def test_absolute_numbers_are_read_beside_season_and_episode(path: str, absolute: tuple[int, ...]) -> None:
    reading = read_episode_name(path)

    assert reading.absolute == absolute
    assert reading.season is not None


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("Lamplighters - 5 Mar 2024.mkv", date(2024, 3, 5)),
        ("Lamplighters - 5th March 2024.mkv", date(2024, 3, 5)),
        ("Lamplighters - March 5, 2024.mkv", date(2024, 3, 5)),
        ("Lamplighters.240305.720p.mkv", date(2024, 3, 5)),
        ("Lamplighters.2024x03.05.mkv", date(2024, 3, 5)),
        ("Lamplighters - S02E05 - Fog (2024-03-05).mkv", date(2024, 3, 5)),
    ],
)
def test_rarer_dates_are_read(path: str, day: date) -> None:
    assert read_episode_name(path).air_date == day


@pytest.mark.parametrize(
    "path",
    [
        "[Wick] Lamplighters - 07.5 [720p].mkv",
        "[Wick] Lamplighters - 07.5v2 [720p].mkv",
        "[Wick]_Lamplighters_-_26.5.1_(1080p)_[29AF1C23].mkv",
        "[Wick] Lamplighters - OVA 01 [720p].mkv",
        "[Wick] Lamplighters OVA - 01 [720p].mkv",
        "[Wick] Lamplighters OAD 2.mkv",
        "OVA/Lamplighters - 01.mkv",
        "OVAs/01 - Fog.mkv",
    ],
)
def test_what_is_counted_for_itself_is_none_of_the_episodes(path: str) -> None:
    reading = read_episode_name(path)

    assert not reading.is_found
    assert not is_worth_asking(path, reading)


def test_an_ova_that_says_which_episode_it_is_is_believed() -> None:
    assert read_episode_name("OVA/Lamplighters S00E03.mkv").episodes == (3,)
    assert read_episode_name("[Wick] Lamplighters - 14 OVA [720p].mkv").absolute == (14,)


def test_the_file_is_believed_where_its_folder_says_another_season() -> None:
    reading = read_episode_name("Season 1/Lamplighters S02E05.mkv")

    assert (reading.season, reading.folder_season) == (2, 1)
    assert read_episode_name("Season 2/Lamplighters S02E05.mkv").folder_season is None
    assert read_episode_name("Extras/Lamplighters S02E05.mkv").folder_season is None


@pytest.mark.parametrize(
    ("folder", "season"),
    [
        ("Staffel 2", 2),
        ("3.Staffel", 3),
        ("Saison 3", 3),
        ("Temporada 4", 4),
        ("SEIZOEN 5", 5),
        ("sæson 6", 6),
        ("시즌 7", 7),
        ("сезон 8", 8),
        ("Specials", 0),
        ("S09", 9),
    ],
)
def test_the_path_of_a_season_folder_is_a_season(folder: str, season: int) -> None:
    assert read_episode_name(f"Lamplighters/{folder}") == EpisodeName(season, decided_by=DecidedBy.SEASON)
    assert read_episode_name(f"Lamplighters/{folder}/04.mkv").season == season


def test_all_episodes_of_a_season_are_the_season() -> None:
    assert read_episode_name("Lamplighters S02E01-08 of 8") == EpisodeName(2, decided_by=DecidedBy.SEASON)


@pytest.mark.parametrize(
    "path",
    [
        "S01E01-E999.mkv",
        "Lamplighters E01-E999.mkv",
        "[Group] Lamplighters - 0001-1000 [720p].mkv",
        "S99999E99999.mkv",
    ],
)
def test_a_range_of_a_thousand_is_refused(path: str) -> None:
    assert not read_episode_name(path).is_found


@pytest.mark.parametrize(
    "path",
    [
        "Lamplighters S01E02.mkv",
        "Lamplighters.mkv",
        "Lamplighters (2019) 1080p x264 DDP5.1.mkv",
        "Lamplighters [1920x1080] [ABCDEF12].mkv",
        "Making Of.mkv",
        "e096aeb3c2c0483a96f5b32fc6d10ff0.mkv",
        "Vq6e1Aba3Uam7CjuE.mkv",
        "Season 3",
        "Lamplighters/Season 3",
        "x" * 300 + " 5.mkv",
        "",
    ],
)
def test_a_second_opinion_is_not_asked_for_where_there_is_nothing_to_know(path: str) -> None:
    assert not is_worth_asking(path, read_episode_name(path))


@pytest.mark.parametrize(
    "path",
    ["Lamplighters.05.Fog.mkv", "Lamplighters 2.mkv", "Lamplighters Season Two", "Lamplighters.S01-S03.mkv"],
)
def test_a_second_opinion_is_asked_for_where_a_number_is_left_over(path: str) -> None:
    assert is_worth_asking(path, read_episode_name(path))


def test_quality_languages_and_group_are_read_apart_from_the_numbers() -> None:
    scene = read_release_details("Lamplighters.S01E02.Part.2.PROPER.GERMAN.1080p.WEB-DL.DDP5.1.H.264-GRP.mkv")

    assert (scene.resolution, scene.source, scene.codec) == ("1080p", "WEB-DL", "H.264")
    assert (scene.languages, scene.release_group, scene.proper, scene.part) == (("de",), "GRP", 1, 2)

    anime = read_release_details("[Group] The German Lamp - 07v2 (BD 1920x1080 HEVC) [Dual Audio].mkv")

    assert (anime.resolution, anime.source, anime.codec) == ("1080p", "BluRay", "H.265")
    assert (anime.languages, anime.release_group, anime.version) == (
        ("multi",),
        "Group",
        2,
    ) or anime.languages == (
        "de",
        "multi",
    )


def test_a_title_keeps_its_words() -> None:
    plain = read_release_details("The English Web S01E02.mkv")

    assert (plain.languages, plain.source, plain.release_group, plain.proper) == ((), None, None, 0)


@pytest.mark.parametrize(
    ("path", "title", "year"),
    [
        ("Lamplighters (2019) - S01E02 - Fog.mkv", "Lamplighters", 2019),
        ("the.lamp.lighters.s01e02.720p.mkv", "the lamp lighters", None),
        ("[Group] Lamp Lighters - 07 [720p].mkv", "Lamp Lighters", None),
        ("Lamplighters 2024-03-05 Guest.mkv", "Lamplighters", None),
        ("Lamplighters (2019)/Season 1/02.mkv", "Lamplighters", 2019),
        ("S01E02.mkv", "", None),
    ],
)
def test_the_title_is_what_stands_before_the_numbering(path: str, title: str, year: int | None) -> None:
    found = read_title(path)

    assert (found.title, found.year) == (title, year)


MODULES = (absolute_numbers, air_dates, certainty, episode_names, name_titles, release_details, season_marks)


@pytest.mark.parametrize("module", MODULES)
def test_no_pattern_repeats_without_a_bound(module: ModuleType) -> None:
    for pattern in (value for value in vars(module).values() if isinstance(value, re.Pattern)):
        bare = re.sub(r"\[(?:\\.|[^\]\\])*\]|\\.", "", pattern.pattern)  # classes and escapes repeat nothing
        outside = re.sub(r"\{[0-9]+(?:,[0-9]+)?\}\+", "", bare)  # possessive: never tried in another way
        assert "*" not in outside, pattern.pattern
        assert not re.search(r"(?<!\()\+", outside.replace("(?:", "")), pattern.pattern

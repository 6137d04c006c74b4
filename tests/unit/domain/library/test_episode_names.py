from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.episode_names import read_episode_name


@pytest.mark.parametrize(
    ("path", "season", "episodes"),
    [
        ("Season 01/Breaking Point (2010) - S01E02 - Pilot.mkv", 1, (2,)),
        ("breaking.point.s01e02.1080p.web-dl.ddp5.1.h.264-grp.mkv", 1, (2,)),
        ("S01E02E03.mkv", 1, (2, 3)),
        ("S01E02-E05.mkv", 1, (2, 3, 4, 5)),
        ("S01E02-05 - Title.mkv", 1, (2, 3, 4, 5)),
        ("S01E02-E03-E05.mkv", 1, (2, 3, 5)),
        ("Show - S07E22 - S07E23 - Title.mkv", 7, (22, 23)),
        ("Show S02 E03.mkv", 2, (3,)),
        ("Show.S02.E03.E04.mkv", 2, (3, 4)),
        ("Show S2016E231.mp4", 2016, (231,)),
        ("Show - S01E02v2.mkv", 1, (2,)),
        ("Show.S00E01.Special.mkv", 0, (1,)),
        ("Specials/Show - S00E03 - Making Of.mkv", 0, (3,)),
        ("Season 2/Show - S01E02.mkv", 1, (2,)),
        ("Show Season 1 Episode 2 - Fly.mkv", 1, (2,)),
        ("Show Season 39 ep11.mp4", 39, (11,)),
        ("Show [HDTV 720p][Cap.408].avi", 4, (8,)),
    ],
)
def test_season_and_episode_are_read_where_both_are_written(
    path: str, season: int, episodes: tuple[int, ...]
) -> None:
    reading = read_episode_name(path)

    assert (reading.season, reading.episodes) == (season, episodes)
    assert reading.decided_by is DecidedBy.SEASON_EPISODE


@pytest.mark.parametrize(
    ("path", "season", "episodes"),
    [
        ("Show - 1x02 - Title.avi", 1, (2,)),
        ("Show - 01x02-04.avi", 1, (2, 3, 4)),
        ("2x04.2x05.avi", 2, (4, 5)),
        ("Show 02x03x04x15.avi", 2, (3, 4, 15)),
        ("24.3x15.avi", 3, (15,)),
        ("Looney Tunes 1940x01.mkv", 1940, (1,)),
        ("Show [DD5.1x264] 2x07.mkv", 2, (7,)),
    ],
)
def test_a_cross_between_season_and_episode_is_read(path: str, season: int, episodes: tuple[int, ...]) -> None:
    reading = read_episode_name(path)

    assert (reading.season, reading.episodes, reading.decided_by) == (season, episodes, DecidedBy.CROSS)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("The Daily Tonight - 2026-01-31 - Guest.mkv", date(2026, 1, 31)),
        ("the.late.programme.2026.01.31.720p.web.mkv", date(2026, 1, 31)),
        ("Season 2026/The Late Programme 2026 01 31 1080p.mkv", date(2026, 1, 31)),
        ("Show 20260131.mkv", date(2026, 1, 31)),
        ("Show - 31.01.2026.mkv", date(2026, 1, 31)),
        ("Show 2026.31.01.mkv", date(2026, 1, 31)),
        ("Show 04.28.2014 hdtv.mkv", date(2014, 4, 28)),
        ("Show (1955) - 1954-01-23 - Title.ts", date(1954, 1, 23)),
    ],
)
def test_an_air_date_is_read_and_gives_no_season(path: str, day: date) -> None:
    assert read_episode_name(path) == EpisodeName(air_date=day, decided_by=DecidedBy.AIR_DATE)


@pytest.mark.parametrize(
    "path",
    [
        "Show 2026-02-30.mkv",
        "Show 2026-00-10.mkv",
        "Show 03.04.2014.mkv",
        "Show 1950-10-14.mkv",
    ],
)
def test_what_is_no_day_or_could_be_two_is_no_air_date(path: str) -> None:
    assert read_episode_name(path).air_date is None


@pytest.mark.parametrize(
    ("path", "season", "episodes"),
    [
        ("Season 02/08.mkv", 2, (8,)),
        ("Season 02/08 - Better.mkv", 2, (8,)),
        ("Season 02/08. Better.mkv", 2, (8,)),
        ("Season 2/02-04.avi", 2, (2, 3, 4)),
        ("Season 2/203 - Better.mkv", 2, (3,)),
        ("Staffel 2/Folge 3.mkv", 2, (3,)),
        ("Saison 3/E04 - Fly.mkv", 3, (4,)),
        ("Temporada 1/Ep05.mkv", 1, (5,)),
        ("S01/Episode 6 - 94 Meetings.mkv", 1, (6,)),
        ("Specials/02 - Making Of.mkv", 0, (2,)),
        ("Season 1/Disc 2/07.mkv", 1, (7,)),
        ("Season 2/Show - 07 - Fly.mkv", 2, (7,)),
    ],
)
def test_the_season_folder_gives_the_season_of_a_bare_number(
    path: str, season: int, episodes: tuple[int, ...]
) -> None:
    reading = read_episode_name(path)

    assert (reading.season, reading.episodes, reading.decided_by) == (season, episodes, DecidedBy.FOLDER_NUMBER)


@pytest.mark.parametrize(
    ("path", "absolute"),
    [
        ("[Group] Title - 012 [1080p].mkv", (12,)),
        ("[Group] Title - 1071v2 (1080p) [A1B2C3D4].mkv", (1071,)),
        ("[Group]_Title_26-27_[F224EF26].avi", (26, 27)),
        ("[Group] 86 - Eighty Six - 09 (1080p).mkv", (9,)),
        ("[Group] Title (2014) - 018 (116) [1280x720].mkv", (18,)),
        ("[组][Title][2019][02][1080p].mkv", (2,)),
        ("Title - 031 - The Name.mkv", (31,)),
        ("Title EP06 720p x265.mp4", (6,)),
        ("012.mkv", (12,)),
    ],
)
def test_a_number_without_any_season_is_absolute_and_nothing_else(path: str, absolute: tuple[int, ...]) -> None:
    assert read_episode_name(path) == EpisodeName(absolute=absolute, decided_by=DecidedBy.ABSOLUTE)


def test_a_number_after_a_season_mark_is_kept_in_both_readings() -> None:
    reading = read_episode_name("[Group] Title S2 - 07 [720p].mkv")

    assert (reading.season, reading.episodes, reading.absolute) == (2, (7,), (7,))


def test_a_release_folder_speaks_for_a_file_that_says_nothing() -> None:
    reading = read_episode_name("Show.S02E19.720p.BluRay/ba27283b17c00d01193eacc02a8ba98eeb523a76.mkv")

    assert (reading.season, reading.episodes) == (2, (19,))


def test_a_season_without_an_episode_is_told_and_decides_nothing() -> None:
    assert read_episode_name("Show.S03.1080p.mkv") == EpisodeName(season=3)


@pytest.mark.parametrize(
    "path",
    [
        "Show 1080p x264 DDP5.1.mkv",
        "Show.2160p.H.264-GRP.mkv",
        "Show [1920x1080][x265].mkv",
        "Show (1920x800).mkv",
        "Show {tmdb-1001} (2019).mkv",
        "Show (2019).mkv",
        "185d86a343e39f3341e35c4dad3f9959.mkv",
        "Wall-E 2.mkv",
        "Season 1/1080p.mkv",
        "Season 1/Making Of.mkv",
        "Show S01E05-E02.mkv",
        "Show S01E01-E99.mkv",
        "Show S01E09-S02E01.mkv",
        "Show S99999E01.mkv",
        "Show S9999E01.mkv",
        "Season 1/05-02.mkv",
        "x" * 5000 + " S01E02.mkv",
        "",
        "/",
        ".mkv",
    ],
)
def test_what_is_not_certain_is_not_read(path: str) -> None:
    assert read_episode_name(path) == EpisodeName()


def test_a_bare_number_that_makes_no_range_belongs_to_the_title() -> None:
    assert read_episode_name("Show-S12E13-3_Acts.mkv").episodes == (13,)


names = st.one_of(
    st.text(),
    st.text(alphabet="sSeExX0123456789-_. []()/~&+第話"),
    st.lists(
        st.sampled_from(
            ["S01", "E02", "-", " - ", "1x", "x02", "2026", "Season 1/", "[", "]", "12", ".", "ep", ".mkv"]
        )
    ).map("".join),
)


@given(names)
def test_any_text_gives_a_reading_that_makes_sense(text: str) -> None:
    reading = read_episode_name(text)

    assert len(reading.episodes) <= 51
    assert list(reading.episodes) == sorted(set(reading.episodes))
    assert reading.season is None or 0 <= reading.season <= 2199


@pytest.mark.parametrize(
    "unit",
    [
        "s01e01",
        "1x1",
        "1x1  x1",
        "1x1x",
        "s1 ",
        "e1-",
        "[1]",
        " - 1",
        "- 01 ",
        "season 1 ",
        "S01E01 - ",
        "2026-",
        "第1",
        "[a] 12 ",
    ],
)
def test_the_longest_names_are_read_at_once(unit: str) -> None:
    started = time.perf_counter()

    for tail in ("", "z", "/z", "]z"):
        read_episode_name((unit * 4096)[:4090] + tail)

    assert time.perf_counter() - started < 1

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.library.layout import (
    is_extra_file,
    is_extras_folder,
    is_group_folder_name,
    is_left_out,
    is_video,
    plexignore_matches,
    plexignore_patterns,
    season_number_of_folder,
    whole_name_of,
)


@pytest.mark.parametrize("name", ["a.mkv", "A.MKV", "a.m2ts", "a.strm", "a.b.ts"])
def test_videos_are_known_by_their_extension(name: str) -> None:
    assert is_video(name)


@pytest.mark.parametrize("name", ["a.nfo", "mkv", ".mkv", "a.mkv.part", "a.srt", ""])
def test_other_files_are_no_videos(name: str) -> None:
    assert not is_video(name)


@pytest.mark.parametrize(
    "suffix", [".part", ".!qB", ".!ut", ".crdownload", ".tmp", ".partial", ".aria2", ".PART", ".!QB"]
)
def test_a_partial_download_is_to_become_a_video(suffix: str) -> None:
    assert whole_name_of(f"Season 1/a S01E01.mkv{suffix}") == "Season 1/a S01E01.mkv"


@pytest.mark.parametrize("name", ["", "a.mkv", "a.part", "a.nfo.part", ".part", "a.mkv.part2", "a.mkv.part.bak"])
def test_any_other_name_is_to_become_nothing(name: str) -> None:
    assert whole_name_of(name) is None


@pytest.mark.parametrize(
    "name",
    [
        ".alfred",
        "@eaDir",
        "@EADIR",
        "#recycle",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
        ".Trash-1000",
    ],
)
def test_hidden_and_system_names_are_left_out(name: str) -> None:
    assert is_left_out(name)


def test_a_show_is_not_left_out() -> None:
    assert not is_left_out("Lost (2004)")


@pytest.mark.parametrize(
    "name", ["Extras", "behind the scenes", "Behind-The-Scenes", "theme_music", "Other", "SAMPLES"]
)
def test_extras_folders_are_known_in_any_spelling(name: str) -> None:
    assert is_extras_folder(name)


@pytest.mark.parametrize("name", ["Specials", "Season 1", "Other Space", "Short"])
def test_specials_and_seasons_are_no_extras(name: str) -> None:
    assert not is_extras_folder(name)


@pytest.mark.parametrize(
    "name",
    [
        "Show-trailer.mkv",
        "S01E01-Sample.mkv",
        "x-behindthescenes.mp4",
        "sample.mkv",
        "a.sample.mkv",
        "Sample-a.mkv",
    ],
)
def test_extras_are_known_by_the_end_of_their_name(name: str) -> None:
    assert is_extra_file(name)


@pytest.mark.parametrize(
    "name", ["Trailer Park S01E01.mkv", "The Sampler S01E01.mkv", "short.mkv", "Show-shorter.mkv"]
)
def test_episodes_are_no_extras(name: str) -> None:
    assert not is_extra_file(name)


@pytest.mark.parametrize("name", ["A", "A-F", "a - f", "0-9", "#", "Я"])
def test_letters_group_shows(name: str) -> None:
    assert is_group_folder_name(name)


@pytest.mark.parametrize("name", ["", "24", "9-1-1", "ER", "Anime", "A-Team"])
def test_titles_group_nothing_by_name(name: str) -> None:
    assert not is_group_folder_name(name)


@pytest.mark.parametrize(
    ("name", "season"),
    [
        ("Season 1", 1),
        ("season01", 1),
        ("SEASON-06", 6),
        ("Season 7 (2016)", 7),
        ("Season 2009", 2009),
        ("S01", 1),
        ("S1", 1),
        ("2", 2),
        ("Staffel 2", 2),
        ("3.Staffel", 3),
        ("Saison 12 Français", 12),
        ("Temporada 1", 1),
        ("Stagione 4", 4),
        ("SÄSONG 1", 1),
        ("sa\u0308song 1", 1),
        ("Kausi 3", 3),
        ("СЕЗОН 1", 1),  # noqa: RUF001 - the Russian word
        ("시즌 1", 1),
        ("第3季", 3),
        ("1. évad", 1),
        ("Stargate SG-1 Season 1", 1),
        ("Show.S01.1080p.WEB-DL", 1),
        ("Season 00", 0),
        ("Specials", 0),
        ("specials", 0),
    ],
)
def test_season_folders_are_known_in_many_languages(name: str, season: int) -> None:
    assert season_number_of_folder(name) == season


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Extras",
        "Season",
        "Season (8)",
        "300 (2006)",
        "28 Days Later",
        "Episode 1 Season 2",
        "202401244070",
        "Show.S01E02",
        "S9999",
        "x" * 300,
    ],
)
def test_other_folders_are_no_seasons(name: str) -> None:
    assert season_number_of_folder(name) is None


@given(st.text())
def test_any_folder_name_is_a_season_or_not(name: str) -> None:
    season = season_number_of_folder(name)

    assert season is None or 0 <= season <= 2199


def test_plexignore_comments_and_blank_lines_name_nothing() -> None:
    assert plexignore_patterns("# mine\n\n *.avi \nBonus/*\n") == ("*.avi", "Bonus/*")


@pytest.mark.parametrize("path", ["old.AVI", "Season 1/old.avi", "Bonus", "Season 1/Bonus", "Season 2/raw 1.mkv"])
def test_plexignore_names_files_and_folders(path: str) -> None:
    assert plexignore_matches(("*.avi", "Bonus/*", "Season 2/raw*"), path)


@pytest.mark.parametrize("path", ["new.mkv", "Bonus 2", "Season 1/raw 1.mkv", "Season 1/Top"])
def test_plexignore_leaves_all_else(path: str) -> None:
    assert not plexignore_matches(("*.avi", "Bonus/*", "Season 2/raw*", "/Top"), path)

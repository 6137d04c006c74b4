from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.library.identification import (
    FolderTitle,
    title_of_folder,
    tmdb_id_in_folder_name,
    tmdb_id_in_nfo,
)
from alfred.domain.shared.value_objects import TmdbId


@pytest.mark.parametrize(
    "name",
    [
        "Breaking Bad (2008) [tmdbid-1396]",
        "Breaking Bad {tmdb-1396}",
        "(TMDB=1396) Breaking Bad",
        "Breaking [tmdbid=1396] Bad",
        "Breaking Bad [tvdb-81189] [tmdb-1396]",
        "Breaking Bad [tmdbid-1396] {tmdb-1396}",
    ],
)
def test_a_tag_gives_the_id_wherever_it_stands(name: str) -> None:
    assert tmdb_id_in_folder_name(name) == TmdbId(1396)


@pytest.mark.parametrize(
    "name",
    [
        "Breaking Bad (2008)",
        "Breaking Bad tmdb-1396",
        "Breaking Bad [tmdb-1396}",
        "Breaking Bad [tmdb-0]",
        "Breaking Bad [tmdb-99999999999]",
        "Breaking Bad [tmdb--1]",
        "Breaking Bad [tvdb-1396]",
        "Breaking Bad [tmdb-1396] [tmdb-1397]",
    ],
)
def test_what_is_no_clear_tag_gives_no_id(name: str) -> None:
    assert tmdb_id_in_folder_name(name) is None


@pytest.mark.parametrize(
    "text",
    [
        '<tvshow><uniqueid type="tmdb">1396</uniqueid></tvshow>',
        '<tvshow><uniqueid default="true" type="tmdb" > 1396 </uniqueid></tvshow>',
        "<tvshow><uniqueid type='TMDB'>1396</uniqueid></tvshow>",
        "<tvshow><tmdbid>1396</tmdbid></tvshow>",
        "<tvshow><title>Broken <& XML<tmdbid>1396</tmdbid>",
        '<tvshow><uniqueid type="tvdb">81189</uniqueid></tvshow>\nhttps://www.themoviedb.org/tv/1396-breaking-bad\n',
        "themoviedb.org/tv/1396\r\n",
        "<tvshow><actor><tmdbid>17419</tmdbid></actor><tmdbid>1396</tmdbid></tvshow>",
        "<tvshow><!-- <tmdbid>5</tmdbid> --><tmdbid>1396</tmdbid></tvshow>",
        "<tvshow><season>-1</season><episode>62</episode><tmdbid>1396</tmdbid></tvshow>",
    ],
)
def test_an_nfo_gives_the_id_of_the_show(text: str) -> None:
    assert tmdb_id_in_nfo(text) == TmdbId(1396)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<tvshow><uniqueid type='tvdb'>81189</uniqueid></tvshow>",
        "<tvshow><tmdbid></tmdbid></tvshow>",
        "<tvshow><tmdbid>0</tmdbid></tvshow>",
        "<tvshow><tmdbid>99999999999</tmdbid></tvshow>",
        "<tvshow><actor><name>A</name><tmdbid>17419</tmdbid></actor></tvshow>",
        "<episodedetails><uniqueid type='tmdb'>62085</uniqueid></episodedetails>",
        "<plot>see https://www.themoviedb.org/tv/1396</plot>",
        "https://www.themoviedb.org/movie/1396",
        "<tvshow><tmdbid>1</tmdbid><tmdbid>2</tmdbid></tvshow>",
        '<!DOCTYPE x [<!ENTITY a "1396">]><tvshow><tmdbid>&a;</tmdbid></tvshow>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><tmdbid>&a;</tmdbid>',
    ],
)
def test_an_nfo_without_a_clear_id_of_the_show_gives_none(text: str) -> None:
    assert tmdb_id_in_nfo(text) is None


@pytest.mark.parametrize(
    "unit", ["<actor ", "<uniqueid ", "<!--", " ", "themoviedb.org/tv/1", "<tmdbid>1", "<actor>", "a"]
)
def test_a_huge_nfo_is_searched_at_once(unit: str) -> None:
    started = time.perf_counter()

    tmdb_id_in_nfo(unit * (3_000_000 // len(unit)))

    assert time.perf_counter() - started < 5


@given(st.text())
def test_any_text_is_searched_without_an_error(text: str) -> None:
    tmdb_id_in_nfo(f"<tmdbid>{text}")
    tmdb_id_in_folder_name(f"[tmdb-{text}]")
    title_of_folder(text)


@pytest.mark.parametrize(
    ("name", "title", "year"),
    [
        ("Breaking Bad (2008) [tmdbid-1396]", "Breaking Bad", 2008),
        ("Breaking Bad {tmdb-1396}", "Breaking Bad", None),
        ("Breaking.Bad.2008", "Breaking Bad", 2008),
        ("1883 (2021)", "1883", 2021),
        ("1923", "1923", None),
        ("Doctor Who (1963-1989) [tvdbid-76107]", "Doctor Who", 1963),
        ("The Office (US) (2005)", "The Office (US)", 2005),
        ("Room 104", "Room 104", None),
        ("S.W.A.T. (2017)", "S W A T", 2017),
        ("[tmdbid-1396]", "[tmdbid-1396]", None),
    ],
)
def test_title_and_year_are_read_from_a_folder_name(name: str, title: str, year: int | None) -> None:
    assert title_of_folder(name) == FolderTitle(title, year)

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.library.identification import (
    FolderTitle,
    external_ids_in_folder_name,
    external_ids_in_nfo,
    readings_of_folder,
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
        ("S.W.A.T. (2017)", "S.W.A.T.", 2017),
        ("[tmdbid-1396]", "[tmdbid-1396]", None),
    ],
)
def test_title_and_year_are_read_from_a_folder_name(name: str, title: str, year: int | None) -> None:
    assert title_of_folder(name) == FolderTitle(title, year)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("Harbour (2011) {tvdb-81}", [("tvdb", "81")]),
        ("Harbour [tvdbid=81]", [("tvdb", "81")]),
        ("Harbour (imdb-tt0000007)", [("imdb", "tt0000007")]),
        ("Harbour [imdbid-TT0000007] {tvdb-81}", [("tvdb", "81"), ("imdb", "tt0000007")]),
        ("Harbour [tt0000007]", [("imdb", "tt0000007")]),
        ("Harbour {tvdb-81} [tvdb-82]", []),
        ("Harbour [imdb-81]", []),
        ("Harbour tvdb-81", []),
        ("Harbour {tvdb-81]", [("tvdb", "81")]),
    ],
)
def test_ids_of_other_providers_are_read_from_tags(name: str, ids: list[tuple[str, str]]) -> None:
    assert [(one.source, one.value) for one in external_ids_in_folder_name(name)] == ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('<tvshow><uniqueid type="tvdb" default="true">81</uniqueid></tvshow>', [("tvdb", "81")]),
        ("<uniqueid type='imdb'> tt0000007 </uniqueid>", [("imdb", "tt0000007")]),
        ("<tvdbid>81</tvdbid><imdb_id>tt0000007</imdb_id>", [("tvdb", "81"), ("imdb", "tt0000007")]),
        ("https://www.imdb.com/title/tt0000007/\n", [("imdb", "tt0000007")]),
        ("<actor><tvdbid>81</tvdbid></actor>", []),
        ("<!-- <tvdbid>81</tvdbid> -->", []),
        ("<tvdbid>81</tvdbid><tvdbid>82</tvdbid>", []),
        ('<uniqueid type="tmdb">81</uniqueid>', []),
        ('<uniqueid type="imdb">81</uniqueid>', []),
    ],
)
def test_ids_of_other_providers_are_read_from_an_nfo(text: str, ids: list[tuple[str, str]]) -> None:
    assert [(one.source, one.value) for one in external_ids_in_nfo(text)] == ids


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "1396"><!ENTITY c "&b;&b;&b;">]><tvshow><tmdbid>&b;</tmdbid></tvshow>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><tvshow><tmdbid>&b;</tmdbid></tvshow>',
        "\0" * 100_000,
        "PK\x03\x04\ufffd\ufffd" * 10_000,
        "{}",
    ],
)
def test_an_nfo_that_is_hostile_or_no_xml_says_nothing(text: str) -> None:
    assert tmdb_id_in_nfo(text) is None
    assert external_ids_in_nfo(text) == ()


@pytest.mark.parametrize("unit", ["<uniqueid ", "<uniqueid type=", "<imdb_id>", "imdb.com/title/tt12345 ", "<"])
def test_a_huge_nfo_is_searched_for_other_ids_at_once(unit: str) -> None:
    started = time.perf_counter()

    external_ids_in_nfo(unit * (3_000_000 // len(unit)))

    assert time.perf_counter() - started < 2.0


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("Harbour (2011)", [("Harbour", 2011, None)]),
        ("Harbour.2011.S01-S03.1080p.WEB-GRP", [("Harbour", 2011, None), ("Harbour 2011", None, None)]),
        ("Space 1999", [("Space", 1999, None), ("Space 1999", None, None)]),
        ("Harbour (US) (2011)", [("Harbour", 2011, "US"), ("Harbour (US)", 2011, None)]),
        ("Harbour UK", [("Harbour", None, "GB"), ("Harbour UK", None, None)]),
        ("The Rest of Us", [("The Rest of Us", None, None)]),
        ("[Group] Harbour (01-28) [1080p]", [("Harbour", None, None)]),
        ("K.E.L.P. (2017)", [("K.E.L.P.", 2017, None)]),
        ("1923 (2022)", [("1923", 2022, None)]),
        ("Harbour Season 2", [("Harbour", None, None)]),
        ("S01", [("S01", None, None)]),
        ("[2011]", [("[2011]", 2011, None)]),
    ],
)
def test_a_folder_name_is_read_as_titles_to_search_for(
    name: str, readings: list[tuple[str, int | None, str | None]]
) -> None:
    assert [(one.title, one.year, one.country) for one in readings_of_folder(name)] == readings


@given(st.text(max_size=255))
def test_any_folder_name_has_a_reading(name: str) -> None:
    external_ids_in_folder_name(name)
    assert readings_of_folder(name)

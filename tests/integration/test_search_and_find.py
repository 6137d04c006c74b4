"""Searching and finding shows over real sockets, against the stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.faults import Fault, OtherId, OtherShape
from alfred.demo.stand_in import StandIn
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.candidate import FoundShows
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.api.tmdb.client import LONGEST_SEARCH, TMDBAPIError, TMDBClient

V3_KEY = "0123456789abcdef0123456789abcdef"


class Observer:
    def __init__(self) -> None:
        self.request_types: list[str] = []

    def record(self, attempt: RequestAttempt, /) -> None:
        self.request_types.append(attempt.request_type)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tv").mkdir()
    (tmp_path / "find").mkdir()
    return tmp_path


@pytest.fixture
def tmdb(folder: Path) -> Iterator[StandIn]:
    with StandIn(folder) as server:
        yield server


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def client(tmdb: StandIn, observer: Observer) -> Iterator[TMDBClient]:
    with TMDBClient(V3_KEY, base_url=tmdb.url, observer=observer, sleep=lambda _: None) as client:
        yield client


def put(folder: Path, tmdb_id: int, **changes: Any) -> None:
    body = {
        "id": tmdb_id,
        "name": "Harbour",
        "original_name": "Hafen",
        "first_air_date": "2011-01-01",
        "origin_country": ["DE"],
        "overview": "Boats.",
        "status": "Ended",
        "seasons": [{"id": 1, "season_number": 1, "episode_count": 8}],
    }
    (folder / "tv" / f"{tmdb_id}.json").write_text(json.dumps(body | changes))


def test_a_search_gives_what_is_needed_to_choose(folder: Path, client: TMDBClient, observer: Observer) -> None:
    put(folder, 1)

    (show,) = client.search_tv("harbour")

    assert (show.tmdb_id, show.name, show.original_name) == (TmdbId(1), "Harbour", "Hafen")
    assert (show.first_air_date, show.origin_countries, show.overview) == (date(2011, 1, 1), ("DE",), "Boats.")
    assert show.url == "https://www.themoviedb.org/tv/1"
    assert observer.request_types == ["search"]


def test_a_search_with_a_year_finds_that_year_alone(folder: Path, client: TMDBClient, tmdb: StandIn) -> None:
    put(folder, 1)
    put(folder, 2, first_air_date="1987-05-01")

    assert [show.tmdb_id.value for show in client.search_tv("Harbour", first_air_year=1987)] == [2]
    assert dict(tmdb.requests[0].query)["first_air_date_year"] == "1987"


def test_a_search_without_a_year_reads_on_since_many_may_have_one_name(
    folder: Path, client: TMDBClient, tmdb: StandIn
) -> None:
    for number in range(1, 71):
        put(folder, number)

    assert len(client.search_tv("Harbour")) == 20 * LONGEST_SEARCH
    assert tmdb.total == LONGEST_SEARCH
    assert len(client.search_tv("Harbour", first_air_year=2011)) == 20
    assert tmdb.total == LONGEST_SEARCH + 1


@pytest.mark.parametrize("changes", [{"first_air_date": ""}, {"first_air_date": None, "overview": None}])
def test_a_row_may_lack_its_date(changes: dict[str, Any], folder: Path, client: TMDBClient) -> None:
    put(folder, 1, **changes)

    (show,) = client.search_tv("Harbour")

    assert show.first_air_date is None


def test_an_id_of_another_provider_finds_the_show(folder: Path, client: TMDBClient, observer: Observer) -> None:
    put(folder, 1, external_ids={"tvdb_id": 81})

    assert [show.tmdb_id.value for show in client.find_tv("tvdb", "81").shows] == [1]
    assert client.find_tv("imdb", "tt0000001") == FoundShows()
    assert observer.request_types == ["find", "find"]


def test_an_id_that_is_also_a_films_says_so(folder: Path, client: TMDBClient) -> None:
    row = {"id": 1, "name": "Harbour"}
    found = {"movie_results": [{"id": 9, "title": "Dock"}], "tv_results": [row]}
    (folder / "find" / "imdb_id_tt0000009.json").write_text(json.dumps(found))

    assert client.find_tv("imdb", "tt0000009").is_a_film_too


def test_an_outline_has_every_name_and_the_seasons(folder: Path, client: TMDBClient, observer: Observer) -> None:
    put(
        folder,
        1,
        alternative_titles={"results": [{"iso_3166_1": "FR", "title": "Le Port", "type": ""}]},
        translations={"translations": [{"iso_639_1": "it", "data": {"name": "Il porto"}}, {"data": {"name": ""}}]},
        last_air_date="2012-01-01",
    )

    outline = client.get_outline(1)

    assert outline.other_names == {"Harbour", "Hafen", "Le Port", "Il porto"}
    assert outline.episode_counts == {1: 8}
    assert (outline.first_air_date, outline.last_air_date) == (date(2011, 1, 1), date(2012, 1, 1))
    assert observer.request_types == ["details"]


@pytest.mark.parametrize("action", [OtherId(9), OtherShape([])])
def test_an_answer_that_is_none_is_refused(action: Any, folder: Path, client: TMDBClient, tmdb: StandIn) -> None:
    put(folder, 1)
    tmdb.faults.append(Fault(action))

    with pytest.raises(TMDBAPIError):
        client.get_outline(1)

"""Which requests a show takes, and what becomes of it when some of them fail."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from alfred.application.exceptions import UsageError
from alfred.infrastructure.api.tmdb.client import TMDBAPIError, TMDBClient, TVShowInfo

BASE = "https://api.themoviedb.org/3"


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


class FakeTMDB:
    """Answers ``/tv/{id}`` with the asked seasons, as far as the show has them."""

    def __init__(self, listed: Iterable[int], *, left_out: Iterable[int] = ()) -> None:
        self.listed = list(listed)
        self.left_out = set(left_out)
        self.fails_from = 10**6
        self.asked: list[list[str]] = []

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        append = parse_qs(urlsplit(str(request.url)).query)["append_to_response"][0].split(",")
        self.asked.append(append)
        if len(append) > 20:
            return 400, {}, json.dumps({"status_code": 27})
        if len(self.asked) > self.fails_from:
            return 500, {}, json.dumps({"status_code": 11})
        return 200, {}, json.dumps(self._body(append))

    def _body(self, append: Sequence[str]) -> dict[str, Any]:
        seasons = [{"id": 900 + n, "season_number": n, "name": f"Season {n}"} for n in self.listed]
        body: dict[str, Any] = {"id": 5, "name": "Five", "seasons": seasons}
        for number in set(self.listed) - self.left_out:
            if f"season/{number}" in append:
                episode = {"id": 1000 + number, "episode_number": 1, "name": f"Of {number}"}
                body[f"season/{number}"] = {"season_number": number, "episodes": [episode]}
        return body


def fetch(web: responses.RequestsMock, tmdb: FakeTMDB) -> TVShowInfo:
    web.add_callback(responses.GET, f"{BASE}/tv/5", callback=tmdb)
    return TMDBClient("v4.token", sleep=lambda _seconds: None).get_tv_show_info(5)


def fetched(show: TVShowInfo) -> list[int]:
    return [season.number for season in show.seasons if season.episodes]


def test_a_show_of_nineteen_seasons_takes_one_request_of_twenty_items(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB(range(19))

    show = fetch(web, tmdb)

    assert tmdb.asked == [["external_ids", *(f"season/{n}" for n in range(19))]]
    assert fetched(show) == list(range(19))


def test_the_language_is_asked_for(web: responses.RequestsMock) -> None:
    web.add_callback(responses.GET, f"{BASE}/tv/5", callback=FakeTMDB([1]))

    TMDBClient("v4.token", language="de-DE").get_tv_show_info(5)

    assert "language=de-DE" in str(web.calls[0].request.url)


def test_one_season_more_takes_a_second_request(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB(range(1, 20))

    show = fetch(web, tmdb)

    assert tmdb.asked[1:] == [["season/19"]]
    assert fetched(show) == list(range(1, 20))


def test_the_longest_show_known_takes_thirteen_requests(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB(range(1, 254))

    show = fetch(web, tmdb)

    assert len(tmdb.asked) == 13
    assert max(map(len, tmdb.asked)) == 20
    assert fetched(show) == list(range(1, 254))


def test_seasons_numbered_by_year_are_asked_for_as_listed(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB([0, 1, 26, 27, 2012, 2024])

    show = fetch(web, tmdb)

    assert tmdb.asked[1:] == [["season/26", "season/27", "season/2012", "season/2024"]]
    assert fetched(show) == [0, 1, 26, 27, 2012, 2024]


def test_seasons_keep_the_providers_order(web: responses.RequestsMock) -> None:
    assert fetched(fetch(web, FakeTMDB([3, 1, 30, 2]))) == [3, 1, 30, 2]


def test_a_number_listed_twice_counts_once(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB([1, 1, 40, 40])

    show = fetch(web, tmdb)

    assert tmdb.asked[1:] == [["season/40"]]
    assert fetched(show) == [1, 40]


def test_a_listed_season_left_out_of_the_answer_keeps_its_summary(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB([1, 2], left_out=[2])

    show = fetch(web, tmdb)

    assert len(tmdb.asked) == 1
    assert show.seasons[1].name == "Season 2"
    assert show.unavailable_seasons == (2,)


def test_a_later_season_left_out_keeps_its_summary_too(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB([1, 30, 31], left_out=[30])

    show = fetch(web, tmdb)

    assert len(tmdb.asked) == 2
    assert show.unavailable_seasons == (30,)


def test_a_failed_chunk_leaves_the_show_usable_and_ends_the_asking(
    web: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    tmdb = FakeTMDB(range(1, 80))
    tmdb.fails_from = 2

    with caplog.at_level(logging.WARNING):
        show = fetch(web, tmdb)

    assert len(tmdb.asked) == 2 + 4, "the third request is tried four times, and there is no other one"
    assert fetched(show) == list(range(1, 39))
    assert show.unavailable_seasons == tuple(range(39, 80))
    assert "show 5 comes without 41 of its seasons" in caplog.text


def test_a_failed_first_request_is_raised(web: responses.RequestsMock) -> None:
    tmdb = FakeTMDB([1])
    tmdb.fails_from = 0

    with pytest.raises(TMDBAPIError) as caught:
        fetch(web, tmdb)

    assert (caught.value.error_class, caught.value.http_status, caught.value.status_code) == (
        "http_5xx",
        500,
        11,
    )


def test_an_unknown_show_is_not_found(web: responses.RequestsMock) -> None:
    web.get(f"{BASE}/tv/5", status=404, json={"status_code": 34, "status_message": "The resource ..."})

    with pytest.raises(TMDBAPIError, match="TMDB has no show 5") as caught:
        TMDBClient("v4.token").get_tv_show_info(5)

    assert caught.value.error_class == "not_found"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "null",
        '"id"',
        '{"id": 6, "name": "Six", "seasons": []}',
        '{"id": 5, "seasons": []}',
        '{"id": 5, "name": null, "original_name": "  ", "seasons": []}',
        '{"id": 5, "name": "Five"}',
        '{"id": 5, "name": "Five", "seasons": null}',
        '{"id": 5, "name": "Five", "seasons": {"1": {}}}',
        '{"id": 5, "name": "Five", "seasons": [{"name": "no number"}]}',
        '{"id": 5, "name": "Five", "seasons": [], "season/1": "no season"}',
        '{"id": 5, "name": "Five", "seasons": []',
        "<!DOCTYPE html><html></html>",
        b'{"id": 5, "name": "\xff", "seasons": []}',
        '{"success": false, "status_code": 34}',
    ],
)
def test_a_body_that_is_not_the_show_is_a_parse_error(web: responses.RequestsMock, body: str | bytes) -> None:
    web.get(f"{BASE}/tv/5", body=body)

    with pytest.raises(TMDBAPIError) as caught:
        TMDBClient("v4.token").get_tv_show_info(5)

    assert caught.value.error_class == "parse_error"
    assert len(web.calls) == 1


def test_a_chunk_about_another_show_is_not_used(web: responses.RequestsMock) -> None:
    season = {"episodes": [{"id": 1, "episode_number": 1}]}
    web.get(f"{BASE}/tv/5", json={"id": 5, "name": "Five", "seasons": [{"season_number": 30}]})
    web.get(f"{BASE}/tv/5", json={"id": 6, "season/30": season})

    assert TMDBClient("v4.token").get_tv_show_info(5).unavailable_seasons == (30,)


@pytest.mark.parametrize("tmdb_id", [0, -1, 2**31, True])
def test_an_id_that_is_none_is_a_usage_error(web: responses.RequestsMock, tmdb_id: int) -> None:
    with pytest.raises(UsageError, match="TMDB id"):
        TMDBClient("v4.token").get_tv_show_info(tmdb_id)

    assert len(web.calls) == 0


def test_requests_are_counted_over_shows(web: responses.RequestsMock) -> None:
    web.add_callback(responses.GET, f"{BASE}/tv/5", callback=FakeTMDB([1, 30]))

    with TMDBClient("v4.token") as client:
        client.get_tv_show_info(5)
        client.get_tv_show_info(5)

        assert client.requests_sent == 4

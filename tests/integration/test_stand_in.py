"""The stand-in answers over real sockets as TMDB does, and fails when told to."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from alfred.demo.catalogue import repeated
from alfred.demo.faults import (
    Action,
    Challenge,
    Delay,
    Fault,
    Hang,
    NotUtf8,
    OtherId,
    OtherShape,
    Refuse,
    Reset,
    Truncate,
)
from alfred.demo.stand_in import StandIn

RECORDED = Path(__file__).resolve().parents[2] / "../shared/tmdb"
V3_KEY = "0123456789abcdef0123456789abcdef"
BEARER = {"Authorization": "Bearer a.read.token"}
TODAY = date(2026, 5, 20)

Json = dict[str, Any]


def show_body(tmdb_id: int, **changed: Any) -> Json:
    body: Json = {
        "adult": False,
        "backdrop_path": None,
        "first_air_date": "2014-03-02",
        "genres": [{"id": 35, "name": "Comedy"}],
        "id": tmdb_id,
        "name": f"Show {tmdb_id}",
        "origin_country": ["GB"],
        "original_language": "en",
        "original_name": f"Show {tmdb_id}",
        "overview": "",
        "popularity": 1.0,
        "poster_path": None,
        "seasons": [],
        "status": "Ended",
        "vote_average": 7.0,
        "vote_count": 3,
    }
    return body | changed


def season_body(number: int, *, air_date: str = "2014-03-02") -> Json:
    episode = {"id": 5000 + number, "episode_number": 1, "name": "Début", "air_date": air_date}
    return {"_id": "5f", "id": 900 + number, "season_number": number, "name": "", "episodes": [episode]}


class Folder:
    """Builds a folder to serve."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, relative: str, body: object) -> None:
        file = self.root / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(body), encoding="utf-8")

    def show(self, tmdb_id: int, *seasons: Json, **changed: Any) -> None:
        listed = [{"season_number": season["season_number"]} for season in seasons]
        self.write(f"tv/{tmdb_id}.json", show_body(tmdb_id, seasons=listed, **changed))
        for season in seasons:
            self.write(f"tv/{tmdb_id}/season_{season['season_number']}.json", season)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    built = Folder(tmp_path / "tmdb")
    built.show(7, season_body(0), season_body(1), season_body(2))
    return built


@pytest.fixture
def server(folder: Folder) -> Iterator[StandIn]:
    with StandIn(folder.root, today=lambda: TODAY) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.headers.update(BEARER)
        yield made


Get = Callable[..., requests.Response]


@pytest.fixture
def get(server: StandIn, session: requests.Session) -> Get:
    def fetch(path: str, **params: Any) -> requests.Response:
        return session.get(server.url + path, params=params, timeout=5)

    return fetch


def refusal(response: requests.Response) -> tuple[int, int]:
    body = response.json()
    assert body["success"] is False
    assert body["status_message"]
    return response.status_code, body["status_code"]


# Shows and seasons


def test_details_are_served_as_they_lie_in_the_folder(get: Get) -> None:
    response = get("/tv/7")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json;charset=utf-8"
    assert response.json() == show_body(7, seasons=[{"season_number": n} for n in (0, 1, 2)])


def test_recorded_appended_parts_are_dropped_unless_asked_for(folder: Folder, get: Get) -> None:
    folder.show(8, credits={"cast": []}, videos={"results": []}, external_ids={"imdb_id": "tt1"})

    assert get("/tv/8").json() == show_body(8)
    assert get("/tv/8", append_to_response="videos").json() == show_body(8, videos={"results": []})


def test_an_appended_season_is_the_season_without_its_id(get: Get) -> None:
    body = get("/tv/7", append_to_response="season/0,season/2").json()

    whole = season_body(2)
    del whole["id"]
    assert body["season/2"] == whole
    assert body["season/0"]["season_number"] == 0
    assert "season/1" not in body


@pytest.mark.parametrize("item", ["season/9", "zzz", "season/1/credits", "watch/providers", "name/../x"])
def test_an_item_that_does_not_exist_is_left_out(get: Get, item: str) -> None:
    response = get("/tv/7", append_to_response=f"season/1,{item}")

    assert response.status_code == 200
    assert set(response.json()) == {*show_body(7), "season/1"}


def test_twenty_items_are_answered_and_one_more_is_refused(get: Get) -> None:
    twenty = ",".join(f"season/{number}" for number in range(20))

    assert get("/tv/7", append_to_response=twenty).status_code == 200
    assert refusal(get("/tv/7", append_to_response=f"{twenty},season/20")) == (400, 27)


def test_a_season_is_served_with_its_id_and_without_recorded_appended_parts(folder: Folder, get: Get) -> None:
    folder.show(8, {**season_body(1), "credits": {"cast": []}})

    assert get("/tv/8/season/1").json() == season_body(1)
    assert get("/tv/8/season/1", append_to_response="credits").json()["credits"] == {"cast": []}


def test_a_season_the_details_do_not_list_is_not_found(folder: Folder, get: Get) -> None:
    folder.write("tv/7/season_3.json", season_body(3))

    assert refusal(get("/tv/7/season/3")) == (404, 34)
    assert "season/3" not in get("/tv/7", append_to_response="season/3").json()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tv/8", (404, 34)),
        ("/tv/7/season/9", (404, 34)),
        ("/tv/7/season/one", (404, 34)),
        ("/tv/8/external_ids", (404, 34)),
        ("/tv/seven", (404, 6)),
        ("/nothing/here", (404, 34)),
        ("/", (404, 34)),
    ],
)
def test_what_is_not_there_is_refused(get: Get, path: str, expected: tuple[int, int]) -> None:
    assert refusal(get(path)) == expected


def test_external_ids_come_from_the_details_or_are_null(folder: Folder, get: Get) -> None:
    folder.show(8, external_ids={"imdb_id": "tt0000008", "tvdb_id": 80})

    known, unknown = get("/tv/8/external_ids").json(), get("/tv/7/external_ids").json()

    assert (known["id"], known["imdb_id"], known["tvdb_id"], known["wikidata_id"]) == (8, "tt0000008", 80, None)
    assert (unknown["id"], unknown["imdb_id"], unknown["tvdb_id"]) == (7, None, None)
    del known["id"]
    assert get("/tv/8", append_to_response="external_ids").json()["external_ids"] == known


def test_an_alias_answers_with_the_recorded_body_under_the_id_asked_for(
    folder: Folder, session: requests.Session
) -> None:
    folder.show(8)
    with StandIn(folder.root, aliases=repeated(folder.root)) as server:
        bodies = [
            session.get(f"{server.url}/tv/{tmdb_id}?append_to_response=season/1", timeout=5)
            for tmdb_id in (7, 1_000)
        ]

    plain, aliased = (body.json() for body in bodies)
    assert aliased == {**plain, "id": 1_000}
    assert bodies[0].headers["ETag"] != bodies[1].headers["ETag"]


def test_changed_files_are_served_after_a_reload(folder: Folder, server: StandIn, get: Get) -> None:
    get("/tv/7")
    folder.show(7, name="Renamed")
    assert get("/tv/7").json()["name"] == "Show 7"

    server.reload()

    assert get("/tv/7").json()["name"] == "Renamed"


# Search, find, changes, configuration


def names(response: requests.Response) -> list[str]:
    return [row["name"] for row in response.json()["results"]]


def test_search_finds_by_either_name_without_case_accents_or_punctuation(folder: Folder, get: Get) -> None:
    folder.show(8, name="Café S.W.A.T.", original_name="夜ふかし図書館")

    assert names(get("/search/tv", query="cafe swat")) == ["Café S.W.A.T."]
    assert names(get("/search/tv", query="図書館")) == ["Café S.W.A.T."]
    assert names(get("/search/tv", query="café opera")) == []


def test_search_puts_the_exact_name_first_and_then_the_popular(folder: Folder, get: Get) -> None:
    folder.show(8, name="Trek Again", popularity=1.0)
    folder.show(9, name="Trek Forever", popularity=9.0)
    folder.show(10, name="Trek", popularity=0.1)

    assert names(get("/search/tv", query="trek")) == ["Trek", "Trek Forever", "Trek Again"]


def test_a_search_row_has_the_shape_of_a_list(get: Get) -> None:
    body = get("/search/tv", query="show").json()

    row = show_body(7)
    for key in ("genres", "seasons", "status"):
        del row[key]
    assert body == {"page": 1, "results": [{**row, "genre_ids": [35]}], "total_pages": 1, "total_results": 1}


def test_search_gives_twenty_a_page_and_nothing_past_the_end(folder: Folder, get: Get) -> None:
    for tmdb_id in range(100, 145):
        folder.show(tmdb_id, name=f"Serial {tmdb_id}")

    pages = [get("/search/tv", query="serial", page=page).json() for page in (1, 2, 3, 4)]

    assert [len(page["results"]) for page in pages] == [20, 20, 5, 0]
    assert {(page["total_pages"], page["total_results"]) for page in pages} == {(3, 45)}
    assert len({row["id"] for page in pages for row in page["results"]}) == 45


@pytest.mark.parametrize("page", ["0", "501", "-1", "two"])
@pytest.mark.parametrize("path", ["/search/tv", "/tv/changes"])
def test_a_page_out_of_range_is_refused(get: Get, path: str, page: str) -> None:
    assert refusal(get(path, query="show", page=page)) == (400, 22)
    assert get(path, query="show", page="500").status_code == 200


def test_the_first_year_is_exact_and_the_year_is_that_of_any_episode(folder: Folder, get: Get) -> None:
    folder.show(8, season_body(1, air_date="2016-01-01"), name="Long Runner", first_air_date="2014-03-02")

    def found(**params: Any) -> bool:
        return names(get("/search/tv", query="runner", **params)) == ["Long Runner"]

    assert found(first_air_date_year=2014)
    assert not found(first_air_date_year=2016)
    assert found(year=2014)
    assert found(year=2016)
    assert not found(year=2015)


def test_find_answers_from_a_recorded_body(folder: Folder, get: Get) -> None:
    recorded = {"movie_results": [{"id": 1}], "tv_results": []}
    folder.write("find/imdb_id_tt0000001.json", recorded)

    assert get("/find/tt0000001", external_source="imdb_id").json() == recorded


def test_find_answers_from_the_external_ids_of_served_shows(folder: Folder, get: Get) -> None:
    folder.show(8, external_ids={"imdb_id": "tt0000008", "tvdb_id": 80})

    found = [get("/find/tt0000008", external_source="imdb_id"), get("/find/80", external_source="tvdb_id")]

    for response in found:
        (row,) = response.json()["tv_results"]
        assert (row["id"], row["media_type"], row["genre_ids"]) == (8, "tv", [35])


@pytest.mark.parametrize("external_id", ["tt9", "None", "..%2Ftv%2F7"])
def test_find_answers_with_empty_lists_for_an_unknown_id(get: Get, external_id: str) -> None:
    body = get(f"/find/{external_id}", external_source="imdb_id").json()

    kinds = {"movie_results", "person_results", "tv_results", "tv_episode_results", "tv_season_results"}
    assert body == {kind: [] for kind in kinds}


def test_find_refuses_a_source_it_does_not_know(get: Get) -> None:
    assert refusal(get("/find/tt9", external_source="library_card")) == (422, 5)


def changed_ids(response: requests.Response) -> list[int]:
    return [row["id"] for row in response.json()["results"]]


def test_no_show_has_changed_until_it_is_said_so(get: Get) -> None:
    assert get("/tv/changes").json() == {"page": 1, "results": [], "total_pages": 0, "total_results": 0}


def test_changes_cover_the_last_day_or_the_days_asked_for_with_each_id_once(server: StandIn, get: Get) -> None:
    server.changed[TODAY] = [1, 2]
    server.changed[TODAY - timedelta(days=1)] = [2, 3]
    server.changed[TODAY - timedelta(days=5)] = [4]

    assert changed_ids(get("/tv/changes")) == [1, 2, 3]
    assert changed_ids(get("/tv/changes", start_date="2026-05-15", end_date="2026-05-15")) == [4]
    assert changed_ids(get("/tv/changes", start_date="2026-05-15 10:00:00")) == [1, 2, 3, 4]
    assert get("/tv/changes").json()["results"][0] == {"id": 1, "adult": False, "softcore": False}


def test_changes_give_a_hundred_a_page(server: StandIn, get: Get) -> None:
    server.changed[TODAY] = list(range(1, 251))

    pages = [get("/tv/changes", page=page) for page in (1, 2, 3, 4)]

    assert [len(changed_ids(page)) for page in pages] == [100, 100, 50, 0]
    assert pages[0].json()["total_pages"] == 3


def test_the_window_of_changes_may_be_fourteen_days_and_no_more(get: Get) -> None:
    assert get("/tv/changes", start_date="2026-05-06", end_date="2026-05-20").status_code == 200
    assert refusal(get("/tv/changes", start_date="2026-05-05", end_date="2026-05-20")) == (422, 20)


def test_a_date_of_another_form_is_refused(get: Get) -> None:
    assert refusal(get("/tv/changes", start_date="20 May")) == (400, 23)


def test_the_configuration_comes_from_the_folder_or_is_a_minimal_one(
    folder: Folder, server: StandIn, get: Get
) -> None:
    assert get("/configuration").json()["images"]["secure_base_url"].startswith("https://")

    folder.write("configuration.json", {"images": {}, "change_keys": []})
    server.reload()

    assert get("/configuration").json() == {"images": {}, "change_keys": []}


def test_an_error_body_in_the_folder_is_used(folder: Folder, get: Get) -> None:
    recorded = {"status_code": 34, "status_message": "As recorded.", "success": False}
    folder.write("errors/404-34.json", recorded)

    assert get("/tv/8").json() == recorded


def test_unknown_parameters_are_ignored(get: Get) -> None:
    assert get("/tv/7", language="ar", nonsense="1").json() == get("/tv/7").json()


def test_a_method_other_than_get_is_refused(server: StandIn, session: requests.Session) -> None:
    assert refusal(session.post(f"{server.url}/tv/7", json={"a": 1}, timeout=5)) == (405, 42)


# Tokens


@pytest.mark.parametrize(
    ("headers", "params"),
    [
        ({}, {}),
        ({"Authorization": "Bearer "}, {}),
        ({"Authorization": f"Bearer {V3_KEY}"}, {}),
        ({}, {"api_key": ""}),
        ({}, {"api_key": "not-hex"}),
        ({"Authorization": "Basic abc"}, {}),
    ],
)
def test_a_missing_or_malformed_token_is_refused(
    server: StandIn, headers: dict[str, str], params: dict[str, str]
) -> None:
    response = requests.get(f"{server.url}/tv/7", headers=headers, params=params, timeout=5)

    assert refusal(response) == (401, 7)
    assert response.headers["Cache-Control"] == "public, max-age=300"


def test_any_well_formed_token_is_accepted_by_default(server: StandIn) -> None:
    by_header = requests.get(f"{server.url}/tv/7", headers=BEARER, timeout=5)
    by_key = requests.get(f"{server.url}/tv/7", params={"api_key": V3_KEY}, timeout=5)

    assert (by_header.status_code, by_key.status_code) == (200, 200)


def test_only_the_tokens_given_are_accepted(folder: Folder) -> None:
    with StandIn(folder.root, tokens=["good.token", V3_KEY]) as server:

        def status(token: str | None = None, **params: str) -> int:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return requests.get(f"{server.url}/tv/7", headers=headers, params=params, timeout=5).status_code

        assert status("good.token") == 200
        assert status(api_key=V3_KEY) == 200
        assert status("other.token") == 401
        assert status(api_key=V3_KEY[::-1]) == 401
        assert status(api_key="good.token") == 401


# HTTP


def test_a_body_is_compressed_for_a_client_that_takes_gzip(server: StandIn, session: requests.Session) -> None:
    def fetch(encoding: str) -> tuple[str | None, bytes]:
        headers = {"Accept-Encoding": encoding}
        with session.get(f"{server.url}/tv/7", headers=headers, stream=True, timeout=5) as response:
            return response.headers.get("Content-Encoding"), response.raw.read(decode_content=False)

    plain, packed = fetch("identity"), fetch("gzip, deflate")

    assert (plain[0], packed[0]) == (None, "gzip")
    assert gzip.decompress(packed[1]) == plain[1]


def test_a_client_that_has_the_body_gets_304_without_one(server: StandIn, session: requests.Session) -> None:
    url = f"{server.url}/tv/7?append_to_response=season/1"
    first = session.get(url, timeout=5)
    etag = first.headers["ETag"]

    same = session.get(url, headers={"If-None-Match": etag}, timeout=5)
    other = session.get(url, headers={"If-None-Match": 'W/"0"'}, timeout=5)

    assert re.fullmatch(r'W/"[0-9a-f]{32}"', etag)
    assert re.fullmatch(r"public, max-age=\d+", first.headers["Cache-Control"])
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    assert other.status_code == 200


def test_one_connection_carries_many_requests(server: StandIn) -> None:
    address = server.url.removeprefix("http://").removesuffix("/3").split(":")
    request = b"GET /3/tv/7 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: %s\r\n\r\n"

    with socket.create_connection((address[0], int(address[1])), timeout=5) as connection:
        connection.sendall(request % b"keep-alive" * 2 + request % b"close")
        with connection.makefile("rb") as stream:
            answer = stream.read()

    assert answer.count(b"HTTP/1.1 200 OK") == 3


def test_latency_comes_before_each_answer(server: StandIn, get: Get) -> None:
    server.latency = 0.15
    started = time.monotonic()

    get("/tv/7")

    assert 0.15 <= time.monotonic() - started < 2


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_requests_beyond_the_limit_of_a_second_get_429(folder: Folder, session: requests.Session) -> None:
    clock = Clock()
    with StandIn(folder.root, rate_limit=3, retry_after=2, clock=clock) as server:

        def fetch() -> requests.Response:
            return session.get(f"{server.url}/tv/7", timeout=5)

        assert [fetch().status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = fetch()
        server.retry_after = None
        without = fetch()
        clock.now += 1

        assert refusal(refused) == (429, 25)
        assert refused.headers["Retry-After"] == "2"
        assert "Retry-After" not in without.headers
        assert fetch().status_code == 200


# Faults


def test_a_refusal_strikes_as_often_as_it_was_told_to(server: StandIn, get: Get) -> None:
    server.faults.append(Fault(Refuse(503, 9), times=2))

    assert [get("/tv/7").status_code for _ in range(3)] == [503, 503, 200]
    assert server.faults[0].hits == 2


def test_a_refusal_has_tmdbs_body_and_may_name_a_time(server: StandIn, get: Get) -> None:
    server.faults.append(Fault(Refuse(429, 25, retry_after=7)))

    response = get("/tv/7")

    assert refusal(response) == (429, 25)
    assert response.headers["Retry-After"] == "7"
    assert "ETag" not in response.headers


def test_a_rule_strikes_only_the_id_or_path_it_names(folder: Folder, server: StandIn, get: Get) -> None:
    folder.show(8)
    server.faults += [
        Fault(Refuse(500, 11), tmdb_id=8),
        Fault(Refuse(502, 43), path=lambda path: path == "/3/tv/7/season/1"),
    ]

    paths = ("/tv/7", "/tv/8", "/tv/8/external_ids", "/tv/7/season/1", "/tv/7/season/2")
    assert [get(path).status_code for path in paths] == [200, 500, 500, 502, 200]


def test_the_first_rule_that_strikes_decides_and_the_next_is_not_used_up(server: StandIn, get: Get) -> None:
    server.faults += [Fault(Refuse(500, 11), times=1), Fault(Refuse(503, 9), times=1)]

    assert [get("/tv/7").status_code for _ in range(3)] == [500, 503, 200]


def test_a_probability_strikes_the_same_requests_in_each_run(folder: Folder, session: requests.Session) -> None:
    def run(seed: int) -> list[int]:
        with StandIn(folder.root) as server:
            server.faults.append(Fault(Refuse(503, 9), probability=0.3, seed=seed))
            return [session.get(f"{server.url}/tv/7", timeout=5).status_code for _ in range(60)]

    assert run(1) == run(1) != run(2)
    assert 5 < run(1).count(503) < 35


def test_removing_the_rules_makes_the_server_well_again(server: StandIn, get: Get) -> None:
    server.faults.append(Fault(Refuse(503, 9)))
    assert get("/tv/7").status_code == 503

    server.faults.clear()

    assert get("/tv/7").status_code == 200


def test_a_hanging_request_runs_into_the_clients_timeout(server: StandIn, session: requests.Session) -> None:
    server.faults.append(Fault(Hang(), times=1))

    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(f"{server.url}/tv/7", timeout=0.2)
    assert server.requests[0].status is None
    assert session.get(f"{server.url}/tv/7", timeout=5).status_code == 200


def test_closing_the_server_ends_a_hanging_request(folder: Folder) -> None:
    with StandIn(folder.root) as server, ThreadPoolExecutor(1) as pool:
        server.faults.append(Fault(Hang()))
        waiting = pool.submit(requests.get, f"{server.url}/tv/7", headers=BEARER, timeout=30)
        while not server.requests:
            time.sleep(0.01)

        started = time.monotonic()
        server.close()

        assert isinstance(waiting.exception(timeout=5), requests.exceptions.ConnectionError)
        assert time.monotonic() - started < 2


def test_a_hang_may_end_with_a_closed_connection(server: StandIn, get: Get) -> None:
    server.faults.append(Fault(Hang(0.05)))

    with pytest.raises(requests.exceptions.ConnectionError, match="RemoteDisconnected"):
        get("/tv/7")


def test_a_delayed_answer_is_the_proper_one(server: StandIn, get: Get) -> None:
    server.faults.append(Fault(Delay(0.15)))
    started = time.monotonic()

    assert get("/tv/7").json()["id"] == 7
    assert time.monotonic() - started >= 0.15


def test_a_reset_reaches_the_client_as_one(server: StandIn, get: Get) -> None:
    server.faults.append(Fault(Reset()))

    with pytest.raises(requests.exceptions.ConnectionError, match="ConnectionResetError"):
        get("/tv/7")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_truncated_body_is_shorter_than_promised(
    server: StandIn, session: requests.Session, encoding: str
) -> None:
    server.faults.append(Fault(Truncate()))

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        session.get(f"{server.url}/tv/7", headers={"Accept-Encoding": encoding}, timeout=5)


@pytest.mark.parametrize("status", [200, 403])
def test_a_challenge_is_a_page_and_not_json(server: StandIn, get: Get, status: int) -> None:
    server.faults.append(Fault(Challenge(status)))

    response = get("/tv/7")

    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["cf-mitigated"] == "challenge"
    assert response.text.startswith("<!DOCTYPE html>")


def test_a_body_that_is_not_utf8_cannot_be_decoded(server: StandIn, get: Get) -> None:
    server.faults.append(Fault(NotUtf8()))

    response = get("/tv/7")

    assert response.status_code == 200
    with pytest.raises(UnicodeDecodeError):
        response.content.decode("utf-8")


@pytest.mark.parametrize("value", [[], {}, "text", None])
def test_json_of_another_shape_is_sent_as_it_is(server: StandIn, get: Get, value: object) -> None:
    server.faults.append(Fault(OtherShape(value)))

    response = get("/tv/7")

    assert response.status_code == 200
    assert response.json() == value


def test_a_body_for_another_id_differs_in_the_id(server: StandIn, get: Get) -> None:
    proper = get("/tv/7").json()
    server.faults.append(Fault(OtherId(8)))

    assert get("/tv/7").json() == {**proper, "id": 8}


@pytest.mark.parametrize(
    "action", [Truncate(), NotUtf8(), OtherId(8), Challenge(), OtherShape([]), Refuse(500, 11)]
)
def test_a_spoilt_answer_is_not_hidden_behind_304(
    server: StandIn, session: requests.Session, action: Action
) -> None:
    etag = session.get(f"{server.url}/tv/7", timeout=5).headers["ETag"]
    server.faults.append(Fault(action))
    headers = {"If-None-Match": etag}

    with session.get(f"{server.url}/tv/7", headers=headers, timeout=5, stream=True) as response:
        assert response.status_code != 304


# The record


def test_requests_are_on_record_with_what_they_asked_for(server: StandIn, get: Get) -> None:
    get("/tv/7", append_to_response="season/1,season/2", language="en-US")
    get("/tv/8")
    get("/search/tv", query="show")

    first, second, third = server.requests
    assert (first.method, first.path, first.tmdb_id, first.status) == ("GET", "/3/tv/7", 7, 200)
    assert first.items == ("season/1", "season/2")
    assert ("language", "en-US") in first.query
    assert (second.tmdb_id, second.status) == (8, 404)
    assert (third.tmdb_id, third.path) == (None, "/3/search/tv")
    assert first.at <= second.at <= third.at
    assert (server.counts, server.total) == ({7: 1, 8: 1}, 3)


def test_the_record_tells_how_the_token_came_but_not_the_token(server: StandIn, get: Get) -> None:
    get("/tv/7")
    requests.get(f"{server.url}/tv/7?api_key={V3_KEY}", timeout=5)
    requests.get(f"{server.url}/tv/7", timeout=5)

    assert [request.credential for request in server.requests] == ["bearer", "api_key", None]
    assert V3_KEY not in repr(server.requests)
    assert "a.read.token" not in repr(server.requests)


def test_a_long_run_may_keep_only_the_counts(folder: Folder, session: requests.Session) -> None:
    with StandIn(folder.root, keep_requests=False) as server:
        for _ in range(3):
            session.get(f"{server.url}/tv/7", timeout=5)

    assert (server.requests, server.counts[7], server.total) == ([], 3, 3)


def test_requests_from_many_threads_are_all_counted(server: StandIn) -> None:
    def fetch(_: int) -> int:
        return requests.get(f"{server.url}/tv/7", headers=BEARER, timeout=5).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(fetch, range(160))) == {200}

    assert len(server.requests) == server.counts[7] == server.total == 160


# Start and stop


def test_the_server_stops_with_connections_open_and_leaves_no_thread(folder: Folder) -> None:
    before = threading.active_count()
    with requests.Session() as session:
        with StandIn(folder.root) as server:
            url = server.url
            session.get(f"{url}/tv/7", headers=BEARER, timeout=5)
            started = time.monotonic()
        assert time.monotonic() - started < 2
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(f"{url}/tv/7", headers=BEARER, timeout=5)

    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.url


def test_clients_that_leave_make_no_noise(
    server: StandIn, session: requests.Session, capfd: pytest.CaptureFixture[str]
) -> None:
    server.faults += [Fault(Delay(0.2), times=3), Fault(Reset(), times=1), Fault(Truncate(), times=1)]
    for _ in range(3):
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(f"{server.url}/tv/7", timeout=0.05)
    for _ in range(2):
        with pytest.raises(requests.exceptions.RequestException):
            session.get(f"{server.url}/tv/7", timeout=5)
    server.close()

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_as_a_process_until_it_is_told_to_stop(folder: Folder, number: signal.Signals) -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "alfred.demo.stand_in",
        str(folder.root),
        "--rate",
        "1000",
        "--repeat",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        word, url = process.stdout.readline().split()
        body = requests.get(f"{url}/tv/123456", headers=BEARER, timeout=5).json()
        process.send_signal(number)

        assert process.wait(timeout=10) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")

    assert (word, body["id"]) == ("ready", 123456)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/3", url)


# Recorded bodies


@pytest.fixture
def recorded() -> Iterator[StandIn]:
    if not (RECORDED / "tv").is_dir():
        pytest.skip("the recorded TMDB bodies are not beside the project")
    with StandIn(RECORDED) as running:
        yield running


def test_every_recorded_show_is_served_without_parts_that_were_not_asked_for(
    recorded: StandIn, session: requests.Session
) -> None:
    for file in sorted((RECORDED / "tv").glob("*.json")):
        source = json.loads(file.read_bytes())
        numbers = [season["season_number"] for season in source["seasons"]][:20]
        items = ",".join(f"season/{number}" for number in numbers)
        served = session.get(f"{recorded.url}/tv/{file.stem}?append_to_response={items}", timeout=10).json()

        on_disk = {f"season/{n}" for n in numbers if (file.with_suffix("") / f"season_{n}.json").exists()}
        assert {key for key in served if "/" in key} == on_disk
        assert not set(served) & {"credits", "similar", "videos", "external_ids", "episode_groups"}
        assert all(served[key] == source[key] for key in served if "/" not in key)


def test_a_recorded_show_is_found_by_name_year_and_external_id(
    recorded: StandIn, session: requests.Session
) -> None:
    def fetch(path: str) -> Json:
        body: Json = session.get(recorded.url + path, timeout=10).json()
        return body

    assert fetch("/search/tv?query=breaking+bad&first_air_date_year=2008")["results"][0]["id"] == 1396
    assert fetch("/search/tv?query=breaking+bad&first_air_date_year=2009")["results"] == []
    assert fetch("/find/81189?external_source=tvdb_id")["tv_results"][0]["id"] == 1396
    assert fetch("/find/73244?external_source=tvdb_id")["tv_results"][0]["id"] == 2316

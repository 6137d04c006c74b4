"""Asking TMDB only for what is new, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.faults import Fault, Refuse
from alfred.demo.stand_in import StandIn
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.api.tmdb.client import TMDBAPIError, TMDBClient


class Shows:
    """The bodies that are served, and who hears of requests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attempts: list[RequestAttempt] = []

    def record(self, attempt: RequestAttempt, /) -> None:
        self.attempts.append(attempt)

    def put(self, tmdb_id: int, *seasons: int, name: str = "A show", missing: tuple[int, ...] = ()) -> None:
        listed = [{"season_number": number} for number in seasons]
        self._write(f"tv/{tmdb_id}.json", {"id": tmdb_id, "name": name, "seasons": listed})
        for number in set(seasons) - set(missing):
            episode = {"id": 50 + number, "episode_number": 1, "name": "One"}
            self._write(
                f"tv/{tmdb_id}/season_{number}.json",
                {"id": number, "season_number": number, "episodes": [episode]},
            )

    def _write(self, relative: str, body: Any) -> None:
        file = self.folder / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(body))


@pytest.fixture
def shows(tmp_path: Path) -> Shows:
    return Shows(tmp_path)


@pytest.fixture
def server(shows: Shows) -> Iterator[StandIn]:
    with StandIn(shows.folder) as running:
        yield running


@pytest.fixture
def client(server: StandIn, shows: Shows, monkeypatch: pytest.MonkeyPatch) -> Iterator[TMDBClient]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    with TMDBClient("a.token", base_url=server.url, observer=shows, sleep=lambda _seconds: None) as made:
        yield made


def etag_of(client: TMDBClient, tmdb_id: int) -> str:
    etag = client.get_tv_show_info(tmdb_id).etag
    assert etag is not None
    return etag


def test_a_show_that_is_as_it_was_comes_without_a_body(client: TMDBClient, server: StandIn, shows: Shows) -> None:
    shows.put(7, 0, 1, 2)
    etag = etag_of(client, 7)

    assert client.get_tv_show_info_if_changed(7, etag) is None
    assert [request.status for request in server.requests] == [200, 304]
    assert [(one.outcome, one.http_status, one.parse_ok) for one in shows.attempts] == [
        ("success", 200, True),
        ("success", 304, True),
    ]


def test_a_show_that_changed_comes_whole_with_a_new_etag(
    client: TMDBClient, server: StandIn, shows: Shows
) -> None:
    shows.put(7, 1)
    etag = etag_of(client, 7)
    shows.put(7, 1, 2, name="Another name")
    server.reload()

    info = client.get_tv_show_info_if_changed(7, etag)

    assert info is not None
    assert (info.name, len(info.seasons)) == ("Another name", 2)
    assert info.etag not in (None, etag)
    assert client.get_tv_show_info_if_changed(7, str(info.etag)) is None


def test_a_server_that_ignores_the_condition_is_understood_too(
    client: TMDBClient, server: StandIn, shows: Shows
) -> None:
    shows.put(7, 1)
    etag = etag_of(client, 7)

    info = client.get_tv_show_info_if_changed(7, 'W/"0123456789abcdef0123456789abcdef"')

    assert info == client.get_tv_show_info(7)
    assert info is not None
    assert info.etag == etag
    assert server.total == 3


def test_the_same_facts_are_equal_whatever_their_etag(client: TMDBClient, shows: Shows) -> None:
    shows.put(7, 1)
    first = client.get_tv_show_info(7)

    assert first.etag is not None
    assert first == client.get_tv_show_info_if_changed(7, '"old"')


def test_a_show_of_more_than_one_request_has_no_etag(client: TMDBClient, shows: Shows) -> None:
    shows.put(7, *range(1, 25))

    assert client.get_tv_show_info(7).etag is None
    assert client.requests_sent == 2


def test_a_show_that_came_incomplete_has_no_etag(client: TMDBClient, shows: Shows) -> None:
    shows.put(7, 1, 2, missing=(2,))

    info = client.get_tv_show_info(7)

    assert info.unavailable_seasons == (2,)
    assert info.etag is None


def test_a_condition_stays_with_its_request_when_it_is_repeated(
    client: TMDBClient, server: StandIn, shows: Shows
) -> None:
    shows.put(7, 1)
    etag = etag_of(client, 7)
    server.faults.append(Fault(Refuse(503, 9), times=2))

    assert client.get_tv_show_info_if_changed(7, etag) is None
    assert [request.status for request in server.requests] == [200, 503, 503, 304]


def test_errors_are_the_same_with_a_condition(client: TMDBClient, shows: Shows) -> None:
    shows.put(7, 1)
    with pytest.raises(TMDBAPIError) as caught:
        client.get_tv_show_info_if_changed(8, 'W/"0123456789abcdef0123456789abcdef"')

    assert caught.value.error_class == "not_found"


def test_304_without_a_condition_is_no_answer(client: TMDBClient, server: StandIn, shows: Shows) -> None:
    shows.put(7, 1)
    server.faults.append(Fault(Refuse(304, 0)))

    with pytest.raises(TMDBAPIError):
        client.get_tv_show_info(7)

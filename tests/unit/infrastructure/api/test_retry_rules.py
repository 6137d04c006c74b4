"""When a request is sent again, how long the door waits, and when it gives up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses

from alfred.application.exceptions import ProviderError, UsageError
from alfred.infrastructure.api.credentials import Credentials
from alfred.infrastructure.api.faults import Provider, retry_after_seconds
from alfred.infrastructure.api.http import (
    ProviderDoor,
    ProviderRequest,
    RequestAttempt,
    checked_base_url,
)

BASE_URL = "https://api.example.test/3"
URL = f"{BASE_URL}/tv/5"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PROVIDER = Provider(
    name="TMDB",
    host="api.example.test",
    token_setting="ALFRED_TMDB_TOKEN",  # noqa: S106  (the setting's name)
    base_url_setting="ALFRED_TMDB_BASE_URL",
    timeout_setting="ALFRED_TMDB_TIMEOUT_SECONDS",
)
REQUEST = ProviderRequest(request_type="details", path="/tv/5", subject="show 5")


class Attempts:
    def __init__(self) -> None:
        self.seen: list[RequestAttempt] = []

    def record(self, attempt: RequestAttempt, /) -> None:
        self.seen.append(attempt)


class Clock:
    """Moves a tenth of a second each time it is asked."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 0.1
        return self.seconds


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def make_door(slept: list[float] | None = None, **changes: Any) -> ProviderDoor:
    arguments: dict[str, Any] = {
        "base_url": BASE_URL,
        "credentials": Credentials("v4.token", "ALFRED_TMDB_TOKEN", "https://example.test/token"),
        "timeout_seconds": 10.0,
        "sleep": (slept if slept is not None else []).append,
        "uniform": lambda _low, high: high,
        "monotonic": Clock(),
        "now": lambda: NOW,
    }
    return ProviderDoor(PROVIDER, **{**arguments, **changes})


def read_json(body: bytes) -> Any:
    return json.loads(body)


def failure_of(door: ProviderDoor) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        door.fetch(REQUEST, read_json)
    return caught.value


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_refusal_is_asked_again(web: responses.RequestsMock, status: int) -> None:
    web.get(URL, status=status, json={"status_code": 9})
    web.get(URL, json={"id": 5})
    door = make_door()

    assert door.fetch(REQUEST, read_json) == {"id": 5}
    assert door.requests_sent == 2


@pytest.mark.parametrize("status", [202, 301, 400, 401, 403, 404, 405, 406, 418, 422, 501])
def test_a_refusal_that_stays_is_not_asked_again(web: responses.RequestsMock, status: int) -> None:
    web.get(URL, status=status, json={"status_code": 99})
    door = make_door()

    assert failure_of(door).http_status == status
    assert door.requests_sent == 1


def test_a_body_that_does_not_parse_is_not_asked_again(web: responses.RequestsMock) -> None:
    web.get(URL, body=b'{"id": 5')
    door = make_door()

    assert failure_of(door).error_class == "parse_error"
    assert door.requests_sent == 1


@pytest.mark.parametrize(
    "fault", [requests.ConnectionError("reset"), requests.ConnectTimeout(), requests.ReadTimeout()]
)
def test_a_connection_fault_is_asked_again(web: responses.RequestsMock, fault: Exception) -> None:
    web.get(URL, body=fault)
    web.get(URL, json={"id": 5})

    assert make_door().fetch(REQUEST, read_json) == {"id": 5}


def test_a_tls_fault_is_not_asked_again(web: responses.RequestsMock) -> None:
    web.get(URL, body=requests.exceptions.SSLError("certificate verify failed"))
    door = make_door()

    assert failure_of(door).error_class == "tls"
    assert door.requests_sent == 1


def test_the_fourth_attempt_is_the_last(web: responses.RequestsMock) -> None:
    web.get(URL, status=503)
    door = make_door()

    assert failure_of(door).error_class == "http_5xx"
    assert door.requests_sent == 4


def test_the_wait_doubles_when_the_provider_names_none(web: responses.RequestsMock) -> None:
    web.get(URL, status=503)
    slept: list[float] = []

    failure_of(make_door(slept))

    assert slept == [0.5, 1.0, 2.0]


def test_chance_takes_up_to_half_of_a_wait(web: responses.RequestsMock) -> None:
    web.get(URL, status=503)
    slept: list[float] = []

    failure_of(make_door(slept, uniform=lambda low, _high: low))

    assert slept == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(web: responses.RequestsMock, status: int) -> None:
    web.get(URL, status=status, headers={"Retry-After": "7"})
    web.get(URL, json={})
    slept: list[float] = []

    make_door(slept).fetch(REQUEST, read_json)

    assert slept == [7.0]


@pytest.mark.parametrize("header", ["0", "-5", "soon", "", "nan", "inf", "Fri, 01 Jan 2021 00:00:00 GMT"])
def test_a_retry_after_that_asks_for_nothing_leaves_the_own_wait(web: responses.RequestsMock, header: str) -> None:
    web.get(URL, status=429, headers={"Retry-After": header})
    web.get(URL, json={})
    slept: list[float] = []

    make_door(slept).fetch(REQUEST, read_json)

    assert slept == [0.5]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("61", 61.0), ("9" * 5000, 86_400.0), ("Sun, 01 Mar 2026 13:00:00 GMT", 3600.0)],
)
def test_a_retry_after_beyond_our_patience_ends_it_at_once(
    web: responses.RequestsMock, header: str, seconds: float
) -> None:
    web.get(URL, status=429, headers={"Retry-After": header})
    door = make_door()

    error = failure_of(door)

    assert (error.error_class, error.retry_after, door.requests_sent) == ("http_429", seconds, 1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("60", 60.0),
        (" 2 ", 2.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-1", None),
        ("1e3", None),
        ("²", None),  # a digit to str.isdigit, a number to nobody
        ("Infinity", None),
        ("tomorrow", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 9999 11:00:00 GMT", 86_400.0),
        ("Sun, 41 Mar 2026 11:00:00 GMT", None),
        ("Sun, 01 Mar 99999 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


def test_the_hook_runs_before_each_attempt(web: responses.RequestsMock) -> None:
    web.get(URL, status=503)
    calls: list[int] = []

    failure_of(make_door(before_request=lambda: calls.append(1)))

    assert len(calls) == 4


def test_a_hook_that_raises_keeps_the_request_from_being_sent(web: responses.RequestsMock) -> None:
    def refuse() -> None:
        raise ProviderError("TMDB is quarantined")

    attempts = Attempts()
    door = make_door(before_request=refuse, observer=attempts)

    assert str(failure_of(door)) == "TMDB is quarantined"
    assert (door.requests_sent, len(web.calls), attempts.seen) == (0, 0, [])


def test_every_attempt_is_reported(web: responses.RequestsMock) -> None:
    web.get(URL, status=429, json={"status_code": 25}, headers={"Retry-After": "3"})
    web.get(URL, body=requests.ConnectionError("reset"))
    web.get(URL, json={"id": 5})
    attempts = Attempts()

    make_door(observer=attempts).fetch(REQUEST, read_json)

    limited, broken, good = attempts.seen
    assert limited.error_class == "http_429"
    assert (limited.outcome, limited.http_status, limited.retry_after) == ("failure", 429, 3.0)
    assert (broken.outcome, broken.http_status, broken.error_class) == ("failure", None, "unknown")
    assert (good.outcome, good.http_status, good.error_class, good.parse_ok) == ("success", 200, None, True)
    assert (good.provider, good.request_type, good.started) == ("tmdb", "details", NOW)
    assert good.latency_ms > 0
    assert good.finished > NOW


def test_an_answer_that_cannot_be_read_is_reported_as_not_parsed(web: responses.RequestsMock) -> None:
    web.get(URL, body=b"<html>hello</html>")
    attempts = Attempts()

    failure_of(make_door(observer=attempts))

    assert [(a.error_class, a.http_status, a.parse_ok) for a in attempts.seen] == [("parse_error", 200, False)]


def test_a_proper_not_found_is_reported_as_a_success_of_the_connection(web: responses.RequestsMock) -> None:
    web.get(URL, status=404, json={"status_code": 34, "status_message": "Not here."})
    attempts = Attempts()

    failure_of(make_door(observer=attempts))

    assert [(a.outcome, a.http_status, a.error_class, a.parse_ok) for a in attempts.seen] == [
        ("success", 404, None, True)
    ]


def test_a_body_beyond_the_limit_is_refused(web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alfred.infrastructure.api.http.LARGEST_BODY", 1000)
    web.get(URL, body=b"[" + b"1," * 1000 + b"1]")

    assert failure_of(make_door()).error_class == "parse_error"


def test_an_answer_that_does_not_end_in_time_is_a_time_out(web: responses.RequestsMock) -> None:
    web.get(URL, json={"id": 5})
    door = make_door(timeout_seconds=0.01)

    assert str(failure_of(door)).startswith("TMDB was still sending after 0.03 s")


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_out_that_is_none_is_a_usage_error(seconds: float) -> None:
    with pytest.raises(UsageError, match="ALFRED_TMDB_TIMEOUT_SECONDS"):
        make_door(timeout_seconds=seconds)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example.test/3",
        "ftp://api.example.test",
        "https://",
        "https://host:port/3",
        "https://[::1/3",
        "https://user:secret@host/3",
        "https://host/3?api_key=secret",
    ],
)
def test_a_base_url_that_is_none_is_a_usage_error_that_does_not_repeat_it(base_url: str) -> None:
    with pytest.raises(UsageError, match="ALFRED_TMDB_BASE_URL") as caught:
        checked_base_url(base_url, "ALFRED_TMDB_BASE_URL")

    assert "secret" not in str(caught.value)


def test_a_base_url_loses_its_trailing_slash() -> None:
    assert checked_base_url("http://127.0.0.1:8765/3/", "X") == ("http://127.0.0.1:8765/3", "127.0.0.1")


def test_a_reader_that_refuses_makes_a_parse_error(web: responses.RequestsMock) -> None:
    def refuse(_body: bytes) -> None:
        raise ValueError("another show")

    web.get(URL, json={"id": 6})
    door = make_door()

    with pytest.raises(ProviderError) as caught:
        door.fetch(REQUEST, refuse)
    assert caught.value.error_class == "parse_error"

"""The token reaches the provider, and nobody else."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Iterator

import pytest
import requests
import responses

from alfred.application.exceptions import AlfredError, TokenMissing, UsageError
from alfred.infrastructure.api.credentials import Credentials
from alfred.infrastructure.api.tmdb.client import TMDBAPIError, TMDBClient

V3_KEY = "0123456789abcdef0123456789ABCDEF"
V4_TOKEN = "eyJhbGciOi.J9-secret_part.x=="  # noqa: S105  (invented)
URL = "https://api.themoviedb.org/3/tv/5"


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def make_client(token: str | None) -> TMDBClient:
    return TMDBClient(token, sleep=lambda _seconds: None)


def failure_of(client: TMDBClient) -> AlfredError:
    with pytest.raises(AlfredError) as caught:
        client.get_tv_show_info(5)
    return caught.value


def sent(web: responses.RequestsMock) -> requests.PreparedRequest:
    return web.calls[0].request


def test_a_v4_token_travels_in_a_header_and_not_in_the_url(web: responses.RequestsMock) -> None:
    web.get(URL, json={"id": 5, "name": "Five", "seasons": []})
    make_client(f" {V4_TOKEN}\n").get_tv_show_info(5)

    assert sent(web).headers["Authorization"] == f"Bearer {V4_TOKEN}"
    assert "secret" not in str(sent(web).url)


def test_a_v3_key_travels_in_the_query_beside_the_other_parameters(web: responses.RequestsMock) -> None:
    web.get(URL, json={"id": 5, "name": "Five", "seasons": []})
    make_client(V3_KEY).get_tv_show_info(5)

    assert f"api_key={V3_KEY}" in str(sent(web).url)
    assert "language=en-US" in str(sent(web).url)
    assert "Authorization" not in sent(web).headers


@pytest.mark.parametrize("token", [V3_KEY, V4_TOKEN])
def test_a_netrc_file_does_not_replace_the_token(
    web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setattr("requests.sessions.get_netrc_auth", lambda _url: ("me", "password"))
    web.get(URL, json={"id": 5, "name": "Five", "seasons": []})
    make_client(token).get_tv_show_info(5)

    assert "Basic" not in sent(web).headers.get("Authorization", "")


@pytest.mark.parametrize("token", [None, "", "  \n"])
def test_a_missing_token_is_said_when_a_request_is_due(web: responses.RequestsMock, token: str | None) -> None:
    client = make_client(token)

    error = failure_of(client)

    assert isinstance(error, TokenMissing)
    assert "ALFRED_TMDB_TOKEN" in str(error)
    assert "https://www.themoviedb.org/settings/api" in str(error)
    assert (len(web.calls), client.requests_sent) == (0, 0)


@pytest.mark.parametrize("token", ["secret\nX-Evil: 1", "secret\x00", "secret secret", "secret\u20ac", "sécret"])
def test_a_token_that_no_header_takes_is_a_usage_error_that_does_not_print_it(
    web: responses.RequestsMock, token: str
) -> None:
    error = failure_of(make_client(token))

    assert isinstance(error, UsageError)
    assert not isinstance(error, TokenMissing)
    assert "cret" not in str(error)
    assert len(web.calls) == 0


def test_a_redirect_is_not_followed(web: responses.RequestsMock) -> None:
    web.get(URL, status=302, headers={"Location": f"https://elsewhere.test/{V4_TOKEN}"})
    web.get(f"https://elsewhere.test/{V4_TOKEN}", json={})

    error = failure_of(make_client(V4_TOKEN))

    assert len(web.calls) == 1
    assert "ALFRED_TMDB_BASE_URL" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize("token", [V3_KEY, V4_TOKEN])
@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectionError,
        requests.exceptions.SSLError,
        requests.ReadTimeout,
        requests.exceptions.InvalidURL,
    ],
)
def test_no_error_shows_the_token(web: responses.RequestsMock, token: str, fault: type[Exception]) -> None:
    web.get(URL, body=fault(f"https://api.themoviedb.org/3/tv/5?api_key={token}"))

    error = failure_of(make_client(token))

    assert isinstance(error, TMDBAPIError)
    assert token not in "".join(traceback.format_exception(error))
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize("token", [V3_KEY, V4_TOKEN])
def test_a_provider_that_repeats_the_token_is_not_quoted(web: responses.RequestsMock, token: str) -> None:
    web.get(URL, status=422, json={"status_code": 5, "status_message": f"bad token {token} in ?api_key={token}"})

    error = failure_of(make_client(token))

    assert "bad token *** in ?api_key=***" in str(error)


@pytest.mark.parametrize("token", [V3_KEY, V4_TOKEN])
def test_nothing_that_holds_the_token_shows_it(token: str) -> None:
    client = make_client(token)
    credentials = Credentials(token, "SETTING", "page")

    shown = repr([client, client._door, credentials, credentials.authentication()])

    assert token not in shown
    assert token not in str(credentials)


def test_the_http_librarys_own_log_does_not_show_a_key(caplog: pytest.LogCaptureFixture) -> None:
    make_client(V3_KEY)
    path = f"/3/tv/5?language=en-US&api_key={V3_KEY}&page=1"
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("urllib3.connectionpool").debug(
            '%s://%s:%s "%s %s %s" %s %s', "https", "api.themoviedb.org", 443, "GET", path, "HTTP/1.1", 200, 9
        )
        logging.getLogger("urllib3.connectionpool").warning("Failed to parse headers (url=%s): %s", path, "x")
        logging.getLogger("urllib3.util.retry").debug("Incremented Retry for (url='%s'): %r", path, "x")

    assert V3_KEY not in caplog.text
    assert caplog.text.count("api_key=***") == 3
    assert "&page=1" in caplog.text


def test_a_log_record_without_a_key_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    make_client(V4_TOKEN)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("urllib3.connectionpool").debug("Starting new connection (%d)", 1)

    assert caplog.records[-1].args == (1,)


def test_an_error_survives_the_way_to_another_process() -> None:
    error = TMDBAPIError("TMDB is in trouble", error_class="http_5xx", http_status=503, retry_after=2.0)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (made here)

    assert (str(copy), copy.error_class, copy.retry_after) == ("TMDB is in trouble", "http_5xx", 2.0)


def test_an_error_can_be_made_of_a_message_alone() -> None:
    assert TMDBAPIError("no").error_class == "unknown"

"""The one request that asks whether TMDB answers and accepts the token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alfred.application.exceptions import TokenMissing, UsageError
from alfred.demo.stand_in import StandIn
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.api.tmdb.client import TMDBAPIError, TMDBClient

TOKEN = "a-token-for-the-stand-in"  # noqa: S105 - it opens nothing else
KEY = "0123456789abcdef0123456789abcdef"


class Attempts:
    def __init__(self) -> None:
        self.seen: list[RequestAttempt] = []

    def record(self, attempt: RequestAttempt) -> None:
        self.seen.append(attempt)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tv").mkdir()
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[StandIn]:
    with StandIn(folder, tokens=[TOKEN, KEY]) as server:
        yield server


def a_client(url: str, token: str | None, attempts: Attempts) -> TMDBClient:
    return TMDBClient(token, base_url=url, timeout_seconds=5, observer=attempts, sleep=_never)


def _never(_seconds: float) -> None:
    raise AssertionError("a probe is sent once, and nothing waits")


@pytest.mark.parametrize("token", [TOKEN, KEY])
def test_a_token_that_is_accepted(server: StandIn, token: str) -> None:
    attempts = Attempts()
    with a_client(server.url, token, attempts) as client:
        client.probe()

    (attempt,) = attempts.seen
    assert (attempt.request_type, attempt.outcome, attempt.http_status) == ("probe", "success", 200)


@pytest.mark.parametrize("token", ["another", "f" * 32])
def test_a_token_that_is_refused(server: StandIn, token: str) -> None:
    attempts = Attempts()
    with a_client(server.url, token, attempts) as client, pytest.raises(TMDBAPIError) as refused:
        client.probe()

    assert (refused.value.error_class, refused.value.http_status, len(attempts.seen)) == ("auth_error", 401, 1)
    assert token not in str(refused.value)


def test_something_else_answers(folder: Path) -> None:
    (folder / "configuration.json").write_text('{"hello": "world"}')
    with (
        StandIn(folder) as server,
        a_client(server.url, TOKEN, Attempts()) as client,
        pytest.raises(TMDBAPIError) as refused,
    ):
        client.probe()

    assert refused.value.error_class == "parse_error"


def test_too_many_requests_are_not_answered_by_another_one(server: StandIn) -> None:
    server.rate_limit = 0
    attempts = Attempts()
    with a_client(server.url, TOKEN, attempts) as client, pytest.raises(TMDBAPIError) as refused:
        client.probe()

    assert (refused.value.error_class, len(attempts.seen)) == ("http_429", 1)


def test_nobody_listens(server: StandIn) -> None:
    url = server.url
    server.close()
    attempts = Attempts()
    with a_client(url, TOKEN, attempts) as client, pytest.raises(TMDBAPIError) as refused:
        client.probe()

    assert (refused.value.error_class, len(attempts.seen)) == ("connection_refused", 1)


@pytest.mark.parametrize(("token", "error"), [(None, TokenMissing), ("two words", UsageError)])
def test_a_token_that_cannot_be_sent_is_not_sent(
    server: StandIn, token: str | None, error: type[Exception]
) -> None:
    with a_client(server.url, token, Attempts()) as client, pytest.raises(error):
        client.probe()

    assert server.total == 0

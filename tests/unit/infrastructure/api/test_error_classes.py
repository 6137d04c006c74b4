"""Which class an answer or a broken connection belongs to, and what people read about it."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
from datetime import UTC, datetime

import pytest
import requests
import urllib3.exceptions as urllib3_errors
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection

from alfred.infrastructure.api.faults import (
    Answer,
    Fault,
    Provider,
    fault_of_answer,
    fault_of_exception,
    printable,
)

PROVIDER = Provider(
    name="TMDB",
    host="api.themoviedb.org",
    token_setting="ALFRED_TMDB_TOKEN",  # noqa: S106  (the setting's name)
    base_url_setting="ALFRED_TMDB_BASE_URL",
    timeout_setting="ALFRED_TMDB_TIMEOUT_SECONDS",
)
CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
PAGE = b"<html><body>nginx</body></html>"


def tmdb_says(code: int, words: str = "No.") -> bytes:
    return json.dumps({"success": False, "status_code": code, "status_message": words}).encode()


def fault_of(status: int, body: bytes, headers: dict[str, str] | None = None) -> Fault | None:
    answer = Answer(status, CaseInsensitiveDict(headers or {}), body)
    return fault_of_answer(
        answer,
        PROVIDER,
        subject="show 5",
        hide=lambda text: text.replace("s3cret", "***"),
        now=datetime(2026, 3, 1, tzinfo=UTC),
    )


def broken(reason: Exception) -> requests.ConnectionError:
    """Wrap as requests does when no connection could be made."""
    return requests.ConnectionError(urllib3_errors.MaxRetryError(None, "/3/tv/5?api_key=s3cret", reason))  # type: ignore[arg-type]  # the pool is only kept


def no_connection(number: int) -> requests.ConnectionError:
    error = urllib3_errors.NewConnectionError(HTTPConnection("host"), "no")
    error.__cause__ = OSError(number, "no")
    return broken(error)


@pytest.mark.parametrize(
    ("status", "body", "error_class"),
    [
        (401, tmdb_says(7), "auth_error"),
        (401, tmdb_says(35), "auth_error"),
        (401, b"", "auth_error"),
        (403, tmdb_says(3), "auth_error"),
        (403, tmdb_says(10), "auth_error"),
        (400, tmdb_says(14), "auth_error"),
        (403, tmdb_says(45), "http_403"),
        (403, PAGE, "http_403"),
        (403, CHALLENGE, "cf_challenge"),
        (503, CHALLENGE, "cf_challenge"),
        (503, PAGE, "http_5xx"),
        (403, b'{"status_message": "Just a moment..."}', "http_403"),
        (404, tmdb_says(34), "not_found"),
        (404, tmdb_says(6), "not_found"),
        (404, tmdb_says(99), "unknown"),
        (404, PAGE, "unknown"),
        (404, b"", "unknown"),
        (404, b"[34]", "unknown"),
        (404, b'{"status_code": "34"}', "unknown"),
        (404, b'{"status_code": 34', "unknown"),
        (404, b"[" * 100_000, "unknown"),
        (404, b"\xff\xfe", "unknown"),
        (410, tmdb_says(34), "unknown"),
        (429, tmdb_says(25), "http_429"),
        (429, PAGE, "http_429"),
        (500, tmdb_says(11), "http_5xx"),
        (501, tmdb_says(2), "http_5xx"),
        (502, b"", "http_5xx"),
        (504, tmdb_says(24), "http_5xx"),
        (522, PAGE, "http_5xx"),
        (301, b"", "unknown"),
        (400, tmdb_says(27), "unknown"),
        (422, tmdb_says(20), "unknown"),
    ],
)
def test_an_answer_has_a_class(status: int, body: bytes, error_class: str) -> None:
    fault = fault_of(status, body)

    assert fault is not None
    assert (fault.error_class, fault.http_status) == (error_class, status)


@pytest.mark.parametrize("status", [200, 403, 503])
def test_the_mitigated_header_marks_a_challenge_at_any_status(status: int) -> None:
    fault = fault_of(status, PAGE, {"CF-Mitigated": "challenge"})

    assert fault is not None
    assert (fault.error_class, fault.can_retry) == ("cf_challenge", False)


def test_an_ok_answer_is_no_fault() -> None:
    assert fault_of(200, b"{}") is None


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, tmdb_says(7), "TMDB refused the token (401, code 7): check ALFRED_TMDB_TOKEN"),
        (404, tmdb_says(34), "TMDB has no show 5 (404, code 34): check the id"),
        (503, tmdb_says(46, "Maintenance."), "TMDB is in trouble (503, code 46: Maintenance.): try again later"),
        (
            429,
            tmdb_says(25),
            "TMDB wants fewer requests (429, code 25): wait a few minutes and try again",
        ),
        (
            404,
            PAGE,
            "api.themoviedb.org gave no answer about show 5 (404): check ALFRED_TMDB_BASE_URL",
        ),
    ],
)
def test_a_message_names_the_thing_and_the_next_step(status: int, body: bytes, message: str) -> None:
    fault = fault_of(status, body)

    assert fault is not None
    assert fault.message == message


def test_the_providers_words_are_cut_and_cleaned() -> None:
    fault = fault_of(500, tmdb_says(11, "\x1b[31mred\x00\r\nalfred: done s3cret " + "x" * 5000))

    assert fault is not None
    assert fault.message.isprintable()
    assert "alfred: done *** xxx" in fault.message
    assert len(fault.message) < 300


def test_words_that_fit_are_not_cut() -> None:
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 201) == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("error", "error_class", "can_retry"),
    [
        (
            broken(urllib3_errors.NameResolutionError("host", HTTPConnection("host"), socket.gaierror(-2, "x"))),
            "dns",
            True,
        ),
        (no_connection(errno.ECONNREFUSED), "connection_refused", True),
        (no_connection(errno.ETIMEDOUT), "timeout", True),
        (no_connection(errno.ENETUNREACH), "unknown", True),
        (no_connection(errno.EACCES), "unknown", True),
        (requests.ConnectTimeout(), "timeout", True),
        (requests.ReadTimeout(), "timeout", True),
        (urllib3_errors.ReadTimeoutError(None, "/", "slow"), "timeout", True),  # type: ignore[arg-type]  # the pool is only kept
        (requests.exceptions.SSLError("verify"), "tls", False),
        (urllib3_errors.SSLError(ssl.SSLCertVerificationError(1, "verify")), "tls", False),
        (urllib3_errors.SSLError(ssl.SSLEOFError(8, "EOF")), "tls", True),
        (urllib3_errors.ProtocolError("x", ConnectionResetError(errno.ECONNRESET, "x")), "unknown", True),
        (urllib3_errors.ProtocolError("x", http.client.IncompleteRead(b"", 9)), "parse_error", True),
        (urllib3_errors.IncompleteRead(1, 9), "parse_error", True),
        (
            requests.ConnectionError(urllib3_errors.ProtocolError("x", http.client.BadStatusLine("y"))),
            "unknown",
            True,
        ),
        (urllib3_errors.LocationParseError("s3cret"), "unknown", False),
        (requests.exceptions.InvalidURL("s3cret"), "unknown", False),
    ],
)
def test_a_broken_connection_has_a_class(error: Exception, error_class: str, *, can_retry: bool) -> None:
    fault = fault_of_exception(error, PROVIDER, 10.0)

    assert (fault.error_class, fault.can_retry) == (error_class, can_retry)
    assert "s3cret" not in fault.message


def test_a_time_out_names_the_setting() -> None:
    assert fault_of_exception(requests.ReadTimeout(), PROVIDER, 10.0).message == (
        "TMDB did not answer within 10 s: try again later, or raise ALFRED_TMDB_TIMEOUT_SECONDS"
    )


def test_a_proxy_that_refuses_is_named_as_a_proxy() -> None:
    refused = no_connection(errno.ECONNREFUSED)
    proxy = urllib3_errors.ProxyError("http://me:s3cret@proxy", refused)

    fault = fault_of_exception(requests.exceptions.ProxyError(proxy), PROVIDER, 10.0)

    assert fault.error_class == "connection_refused"
    assert fault.message.startswith("cannot reach api.themoviedb.org through the proxy: connection refused")


def test_errors_that_wrap_each_other_in_a_circle_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__context__ = second, first

    assert fault_of_exception(first, PROVIDER, 10.0).error_class == "unknown"

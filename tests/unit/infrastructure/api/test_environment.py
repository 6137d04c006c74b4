"""What the environment says of proxies and certificates holds for the provider's host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import responses

from alfred.infrastructure.api.tmdb.client import TMDBClient

PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def settings_of_a_request() -> Mapping[str, Any]:
    client = TMDBClient("a-token-of-no-use-to-anybody")
    with responses.RequestsMock() as web:
        web.get("https://api.themoviedb.org/3/tv/5", json={"id": 5, "name": "Five", "seasons": []})
        client.get_tv_show_info(5)
        settings: Mapping[str, Any] = web.calls[0].request.req_kwargs  # type: ignore[attr-defined]
    return settings


def test_without_a_word_no_proxy_is_used_and_certificates_are_checked() -> None:
    settings = settings_of_a_request()

    assert not settings["proxies"]
    assert settings["verify"] is True


def test_a_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)

    assert settings_of_a_request()["proxies"]["https"] == PROXY


@pytest.mark.parametrize("hosts", ["*", "api.themoviedb.org", ".themoviedb.org"])
def test_a_host_that_is_excepted_is_asked_without_the_proxy(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", hosts)

    assert not settings_of_a_request()["proxies"]


def test_another_certificate_authority_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/somewhere/authority.pem")

    assert settings_of_a_request()["verify"] == "/somewhere/authority.pem"

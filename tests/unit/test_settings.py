"""Settings from the environment; those from a file are tested with real files and processes."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from alfred.application.exceptions import UsageError
from alfred.settings import Settings, declarations, load_settings

NO_FILE = Path("/nowhere/at/all/settings.toml")


def load(**variables: str) -> Settings:
    return load_settings({f"ALFRED_{name.upper()}": value for name, value in variables.items()}, file=NO_FILE)


def refusal(**variables: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(**variables)
    return str(caught.value)


def test_without_anything_the_defaults_hold() -> None:
    settings = load()

    assert settings == Settings()
    assert (settings.tmdb_base_url, settings.tmdb_language) == ("https://api.themoviedb.org/3", "en-US")
    assert (settings.tmdb_cache_ttl_days, settings.tmdb_ttl_policy) == (7, "fixed")
    assert (settings.tmdb_requests_per_second, settings.tmdb_timeout_seconds) == (40, 10)
    assert (settings.workers, settings.orphan_age_minutes) == (8, 60)
    assert (settings.library, settings.tmdb_token, settings.index_url, settings.state_dir) == (None,) * 4


def test_every_setting_has_a_sentence_and_a_default_that_its_reader_takes() -> None:
    for name, (declaration, default) in declarations().items():
        assert declaration.sentence.endswith("."), name
        if isinstance(default, str | int | float):
            assert declaration.read(default) == default, name
    assert set(declarations()) == {item.name for item in fields(Settings)}


def test_variables_of_others_and_empty_ones_mean_nothing() -> None:
    assert load_settings({"WORKERS": "x", "ALFRED_WORKERS": "", "alfred_workers": "3"}, file=NO_FILE) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("tmdb_cache_ttl_days", "0", 0),
        ("tmdb_cache_ttl_days", "180", 180),
        ("tmdb_cache_ttl_days", " 14 ", 14),
        ("tmdb_ttl_policy", "adaptive", "adaptive"),
        ("tmdb_requests_per_second", "0.5", 0.5),
        ("tmdb_timeout_seconds", "0.3", 0.3),
        ("tmdb_base_url", "http://127.0.0.1:4711/3/", "http://127.0.0.1:4711/3"),
        ("tmdb_language", "de", "de"),
        ("tmdb_language", "pt-BR", "pt-BR"),
        ("tmdb_token", " padded ", "padded"),
        ("workers", "64", 64),
        ("library", "/media/tv shows", Path("/media/tv shows")),
        ("library", "~/tv", Path("~/tv").expanduser()),
        ("state_dir", "relative", Path("relative")),
        ("index_url", "sqlite:////var/lib/alfred/index.sqlite3", Path("/var/lib/alfred/index.sqlite3")),
        ("index_url", "sqlite:///~/index.sqlite3", Path("~/index.sqlite3").expanduser()),
        ("link_targets", os.pathsep.join(["/a", "", "/b c"]), (Path("/a"), Path("/b c"))),
    ],
)
def test_a_value_is_read_as_what_it_is(name: str, value: str, expected: object) -> None:
    assert getattr(load(**{name: value}), name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tmdb_cache_ttl_days", "181"),
        ("tmdb_cache_ttl_days", "-1"),
        ("tmdb_cache_ttl_days", "7.0"),
        ("tmdb_cache_ttl_days", "seven"),
        ("tmdb_ttl_policy", "FIXED"),
        ("tmdb_requests_per_second", "0"),
        ("tmdb_requests_per_second", "nan"),
        ("tmdb_requests_per_second", "inf"),
        ("tmdb_timeout_seconds", "601"),
        ("tmdb_base_url", "api.themoviedb.org/3"),
        ("tmdb_base_url", "file:///etc"),
        ("tmdb_base_url", "https://"),
        ("tmdb_base_url", "https://[broken/3"),
        ("tmdb_language", "EN"),
        ("tmdb_language", "en_US"),
        ("workers", "0"),
        ("workers", "65"),
        ("workers", "9" * 5000),
        ("orphan_age_minutes", "0"),
        ("index_url", "/var/lib/index.sqlite3"),
        ("index_url", "sqlite://"),
        ("index_url", "sqlite:///"),
        ("library", " "),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_is_expected(name: str, value: str) -> None:
    said = refusal(**{name: value})

    assert said.startswith(f"ALFRED_{name.upper()} must be ")
    assert repr(value) in said or name == "tmdb_base_url"
    assert "\n" not in said


@pytest.mark.parametrize(
    "url",
    ["https://host/3?api_key=hush-hush", "host?hush-hush", "https://h/#hush-hush"],
)
def test_an_address_is_not_repeated_since_keys_are_pasted_into_them(url: str) -> None:
    said = refusal(tmdb_base_url=url)

    assert "ALFRED_TMDB_BASE_URL" in said
    assert "hush-hush" not in said


def test_the_token_shows_nowhere() -> None:
    settings = load(tmdb_token="hush-hush")  # noqa: S106  (it opens nothing)

    assert settings.tmdb_token == "hush-hush"  # noqa: S105
    assert "hush-hush" not in repr(settings)
    assert "hush-hush" not in str(settings)

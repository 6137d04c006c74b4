"""Every setting: its name, its default, what it must be, and a sentence; environment over file over default.

A declared list and not a pydantic model, because every command reads the settings and a query must start
quickly; it also gives each refusal the name, the value and what was expected.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alfred.application.exceptions import UsageError

PREFIX = "ALFRED_"
FILE_NAME = "settings.toml"


class _Refused(ValueError):
    """Says what was expected."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a setting is: a sentence for the documentation, and how text becomes its value."""

    sentence: str
    read: Callable[[Any], Any]
    secret: bool = False


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Refused("some text")
    return value.strip()


def _path(value: Any) -> Path:
    return Path(_text(value)).expanduser()


def _number(kind: type[int | float], low: float, high: float, what: str) -> Callable[[Any], Any]:
    expected = f"{what} from {low:g} to {high:g}"

    def read(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _Refused(expected)
        try:
            number = kind(value)
        except (ValueError, OverflowError):
            raise _Refused(expected) from None
        if not low <= number <= high or (kind is int and isinstance(value, float) and value != number):
            raise _Refused(expected)
        return number

    return read


def _choice(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise _Refused(" or ".join(choices))
        return str(value)

    return read


def _url(value: Any) -> str:
    text = _text(value).rstrip("/")
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise _Refused("an http or https URL such as https://api.themoviedb.org/3")
    return text


def _language(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", text):
        raise _Refused("a language such as en-US or de")
    return text


def _index_url(value: Any) -> Path:
    text = _text(value)
    if not re.match("sqlite:///.", text):
        raise _Refused("sqlite:/// and a path, such as sqlite:////var/lib/alfred/index.sqlite3")
    return Path(text.removeprefix("sqlite:///")).expanduser()


def _paths(value: Any) -> tuple[Path, ...]:
    parts = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise _Refused(f"folders, as a list or with {os.pathsep} between them")
    return tuple(_path(part) for part in parts if part)


def _setting(sentence: str, read: Callable[[Any], Any], default: Any, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"setting": Declaration(sentence, read, secret)})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings with their values; the token never shows in the repr."""

    library: Path | None = _setting("The library root, where --library does not give one.", _path, None)
    tmdb_token: str | None = _setting(
        "A TMDB API read access token (v4), or an API key (v3, 32 hex digits).", _text, None, secret=True
    )
    tmdb_base_url: str = _setting("Where TMDB's API is.", _url, "https://api.themoviedb.org/3")
    tmdb_language: str = _setting("The language of names and titles.", _language, "en-US")
    tmdb_cache_ttl_days: int = _setting(
        "Whole days that TMDB's facts stay fresh; 0 asks every time.", _number(int, 0, 180, "a whole number"), 7
    )
    tmdb_ttl_policy: str = _setting(
        "Whether facts of every show stay fresh for that number (`fixed`), or as it fits the show (`adaptive`).",
        _choice("fixed", "adaptive"),
        "fixed",
    )
    tmdb_requests_per_second: float = _setting(
        "How many requests a second all of this machine may send together.",
        _number(float, 0.1, 1000, "a number"),
        40.0,
    )
    tmdb_timeout_seconds: float = _setting(
        "How long to wait for TMDB, for a connection and between two pieces of an answer.",
        _number(float, 0.01, 600, "a number of seconds"),
        10.0,
    )
    workers: int = _setting("How many shows a batch fetches at once.", _number(int, 1, 64, "a whole number"), 8)
    orphan_age_minutes: int = _setting(
        "How long work may be in `processing` before a cleanup looks at it.",
        _number(int, 1, 10_080, "a whole number"),
        60,
    )
    index_url: Path | None = _setting(
        "Where the index is: `sqlite:///` and a path; by default under the library root.", _index_url, None
    )
    state_dir: Path | None = _setting(
        "Where this machine keeps its own state; by default the platform's user state folder.", _path, None
    )
    link_targets: tuple[Path, ...] = _setting(
        "Folders outside the root that symbolic links in it may lead to.", _paths, ()
    )


def declarations() -> dict[str, tuple[Declaration, Any]]:
    """Return every setting's declaration and default by its name."""
    return {item.name: (item.metadata["setting"], item.default) for item in fields(Settings)}


def config_dir() -> Path:
    """Return the platform's folder for a user's settings."""
    from platformdirs import user_config_path  # noqa: PLC0415 - not every command needs it

    return user_config_path("alfred", appauthor=False)


def default_state_dir() -> Path:
    """Return the platform's folder for a user's state."""
    from platformdirs import user_state_path  # noqa: PLC0415 - not every command needs it

    return user_state_path("alfred", appauthor=False)


def load_settings(environment: Mapping[str, str] = os.environ, *, file: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        environment: variables; those that are empty count as not set.
        file: ``settings.toml``; by default the one in the platform's user config folder.

    Raises:
        UsageError: a setting is of the wrong kind, is not known, or the file cannot be read.
    """
    path = file or settings_file()
    given = _given(_read_file(path), path, environment)
    return Settings(**{name: _read(name, value, source) for name, (value, source) in given.items()})


def load_usable_settings(
    environment: Mapping[str, str] = os.environ, *, file: Path | None = None
) -> tuple[Settings, tuple[str, ...]]:
    """Read the settings as far as they can be used.

    Args:
        environment: as for :func:`load_settings`.
        file: likewise.

    Returns:
        The settings, with its default for each that is wrong, and one line on each that is.
    """
    path = file or settings_file()
    problems: list[str] = []
    content: dict[str, Any] = {}
    try:
        content = _parse_file(path)
        _refuse_unknown(path, content)
    except UsageError as error:
        problems.append(str(error))
    known = {name: value for name, value in content.items() if name in declarations()}
    values = {}
    for name, (value, source) in _given(known, path, environment).items():
        try:
            values[name] = _read(name, value, source)
        except UsageError as error:
            problems.append(str(error))
    return Settings(**values), tuple(problems)


def settings_file() -> Path:
    """Return where the platform keeps a user's settings of Alfred, whether or not there are any."""
    return config_dir() / FILE_NAME


def _given(content: Mapping[str, Any], path: Path, environment: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """Return each setting that is given, with where it comes from."""
    given = {name: (value, f"{name} in {path}") for name, value in content.items()}
    for name in declarations():
        variable = PREFIX + name.upper()
        if environment.get(variable):
            given[name] = (environment[variable], variable)
    return given


def _read(name: str, value: Any, source: str) -> Any:
    declaration = declarations()[name][0]
    try:
        return declaration.read(value)
    except _Refused as refused:
        shown = "what it holds" if declaration.secret else repr(_without_query(value))
        raise UsageError(f"{source} must be {refused}, not {shown}") from None


def _without_query(value: Any) -> Any:
    """Leave out what follows a ? or #, where people paste keys."""
    return re.split(r"[?#]", value)[0] if isinstance(value, str) else value


def _read_file(path: Path) -> dict[str, Any]:
    content = _parse_file(path)
    _refuse_unknown(path, content)
    return content


def _parse_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from None


def _refuse_unknown(path: Path, content: Mapping[str, Any]) -> None:
    known = declarations()
    if unknown := sorted(set(content) - set(known)):
        raise UsageError(
            f"{path} has a setting that Alfred does not know: {unknown[0]}; known are {', '.join(known)}"
        )

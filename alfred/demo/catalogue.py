"""TMDB's answers, computed from a folder of bodies.

::

    FOLDER/tv/<id>.json                     body of /tv/<id>; further keys are appended ones
    FOLDER/tv/<id>/season_<n>.json          body of /tv/<id>/season/<n>
    FOLDER/find/<source>_<external id>.json body of /find/<external id>?external_source=<source>
    FOLDER/errors/<http>-<code>.json        body of an error
    FOLDER/configuration.json

Only ``tv/`` has to be there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from alfred.demo.replies import Body, Tail

Json = dict[str, Any]
Query = Mapping[str, str]

MOST_APPENDED = 20
LAST_PAGE = 500
SEARCH_PAGE = 20
CHANGES_PAGE = 100
LONGEST_CHANGES_WINDOW = timedelta(days=14)

_APPENDABLE = frozenset(
    {
        "account_states",
        "aggregate_credits",
        "alternative_titles",
        "changes",
        "content_ratings",
        "credits",
        "episode_groups",
        "external_ids",
        "images",
        "keywords",
        "lists",
        "recommendations",
        "reviews",
        "screened_theatrically",
        "similar",
        "translations",
        "videos",
        "watch/providers",
    }
)
_EXTERNAL_IDS = (
    "imdb_id",
    "freebase_mid",
    "freebase_id",
    "tvdb_id",
    "tvrage_id",
    "wikidata_id",
    "facebook_id",
    "instagram_id",
    "twitter_id",
)
_EXTERNAL_SOURCES = frozenset(
    {
        "imdb_id",
        "tvdb_id",
        "facebook_id",
        "instagram_id",
        "tiktok_id",
        "twitter_id",
        "wikidata_id",
        "youtube_id",
    }
)
_FOUND_KINDS = ("movie_results", "person_results", "tv_results", "tv_episode_results", "tv_season_results")
_ROW_KEYS = (
    "adult",
    "backdrop_path",
    "id",
    "origin_country",
    "original_language",
    "original_name",
    "overview",
    "popularity",
    "poster_path",
    "first_air_date",
    "name",
    "vote_average",
    "vote_count",
    "softcore",
)
_MESSAGES = {
    6: "Invalid id: The pre-requisite id is invalid or not found.",
    7: "Invalid API key: You must be granted a valid key.",
    9: "Service offline: This service is temporarily offline, try again later.",
    11: "Internal error: Something went wrong, contact TMDB.",
    20: "Invalid date range: Should be a range no longer than 14 days.",
    22: "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer.",
    23: "Invalid date: Format needs to be YYYY-MM-DD.",
    24: "Your request to the backend server timed out. Try again.",
    25: "Your request count is over the allowed limit.",
    27: "Too many append to response objects: The maximum number of remote calls is 20.",
    34: "The resource you requested could not be found.",
    42: "This request method is not supported for this resource.",
    43: "Couldn't connect to the backend server.",
    46: "The API is undergoing maintenance. Try again later.",
}
_CONFIGURATION = {
    "images": {
        "base_url": "http://image.tmdb.org/t/p/",
        "secure_base_url": "https://image.tmdb.org/t/p/",
        "backdrop_sizes": ["w300", "w780", "w1280", "original"],
        "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
        "poster_sizes": ["w92", "w154", "w185", "w342", "w500", "w780", "original"],
        "profile_sizes": ["w45", "w185", "h632", "original"],
        "still_sizes": ["w92", "w185", "w300", "original"],
    },
    "change_keys": ["air_date", "episode", "name", "overview", "season"],
}


class Refused(Exception):
    """TMDB would answer with an error: an HTTP status and a status code."""

    def __init__(self, http: int, code: int) -> None:
        super().__init__(http, code)
        self.http = http
        self.code = code


NOT_FOUND = (404, 34)
BAD_ID = (404, 6)
BAD_PARAMETERS = (422, 5)
BAD_WINDOW = (422, 20)
BAD_PAGE = (400, 22)
BAD_DATE = (400, 23)
TOO_MANY_APPENDED = (400, 27)


def today_utc() -> date:
    """Return the day by which TMDB counts."""
    return datetime.now(UTC).date()


class Catalogue:
    """Answers requests as TMDB does, from the bodies in a folder.

    Args:
        folder: holds ``tv/`` and perhaps more, see the module.
        aliases: gives the id in the folder for an id that was asked for, so that one recorded show can
            answer under several ids.
        today: the day on which the window of ``/tv/changes`` ends by default.

    Attributes:
        changed: the ids that changed, by day, as ``/tv/changes`` lists them; at first none.
    """

    def __init__(
        self,
        folder: Path,
        *,
        aliases: Callable[[int], int] = int,
        today: Callable[[], date] = today_utc,
    ) -> None:
        self._folder = folder
        self._aliases = aliases
        self._today = today
        self.changed: dict[date, list[int]] = {}
        self.forget()

    def forget(self) -> None:
        """Drop what was read, so that files changed meanwhile are read again."""
        self._show_tail = lru_cache(maxsize=4096)(self._render_show)
        self._season_body = lru_cache(maxsize=4096)(self._render_season)
        self._served = lru_cache(maxsize=1)(self._read_served)
        self.error = lru_cache(maxsize=None)(self._render_error)

    def answer(self, path: str, query: Query) -> Body:
        """Return the body for a path below the base path.

        Args:
            path: as in ``/tv/1396/season/1``.
            query: the parameters; unknown ones are ignored.

        Raises:
            Refused: TMDB would answer with an error.
        """
        for pattern, method in self._routes:
            if match := pattern.fullmatch(path):
                return method(self, query, *match.groups())
        raise Refused(*NOT_FOUND)

    def _show(self, query: Query, show: str) -> Body:
        tmdb_id = _show_id(show)
        tail = self._show_tail(self._aliases(tmdb_id), appended(query))
        return Body(tail, head=b'{"id":%d' % tmdb_id)

    def _season(self, query: Query, show: str, number: str) -> Body:
        return self._season_body(self._aliases(_show_id(show)), _number(number), appended(query))

    def _external_ids(self, _query: Query, show: str) -> Body:
        tmdb_id = _show_id(show)
        return _body({"id": tmdb_id, **_external_ids_of(self._details(self._aliases(tmdb_id)))})

    def _search(self, query: Query) -> Body:
        page = _page(query)
        words = _plain(query.get("query", "")).split()
        found = [show for show in self._served() if show.matches(words)] if words else []
        for name, years in (("first_air_date_year", _first_year), ("year", self._years)):
            if wanted := query.get(name):
                found = [show for show in found if wanted in years(show)]
        found.sort(key=lambda show: show.rank(words))
        return _body(_paged([show.row for show in found], page, SEARCH_PAGE, least_pages=1))

    def _find(self, query: Query, external_id: str) -> Body:
        source = query.get("external_source")
        if source not in _EXTERNAL_SOURCES:
            raise Refused(*BAD_PARAMETERS)
        if re.fullmatch(r"[\w-]+", external_id):
            recorded = self._read(f"find/{source}_{external_id}.json")
            if recorded is not None:
                return _body(recorded)
        hits = [
            {**show.row, "media_type": "tv"}
            for show in self._served()
            if str(show.external_ids.get(source) or "") == external_id
        ]
        return _body({kind: hits if kind == "tv_results" else [] for kind in _FOUND_KINDS})

    def _changes(self, query: Query) -> Body:
        page = _page(query)
        end = _day(query, "end_date") or self._today()
        start = _day(query, "start_date") or end - timedelta(days=1)
        if end - start > LONGEST_CHANGES_WINDOW:
            raise Refused(*BAD_WINDOW)
        days = sorted((day for day in self.changed if start <= day <= end), reverse=True)
        ids = dict.fromkeys(tmdb_id for day in days for tmdb_id in self.changed[day])
        rows: list[Json] = [{"id": tmdb_id, "adult": False, "softcore": False} for tmdb_id in ids]
        return _body(_paged(rows, page, CHANGES_PAGE, least_pages=0))

    def _configuration(self, _query: Query) -> Body:
        return _body(self._read("configuration.json") or _CONFIGURATION)

    def _render_show(self, source_id: int, items: tuple[str, ...]) -> Tail:
        details = self._details(source_id)
        show = _main_part(details, items)
        for item in items:
            block = self._appended_block(source_id, details, item)
            if block is not None:
                show[item] = block
        show.pop("id", None)  # it stands in the head
        return Tail.of((b"," if show else b"") + _encode(show)[1:])

    def _appended_block(self, source_id: int, details: Json, item: str) -> Any:
        if item == "external_ids":
            return _external_ids_of(details)
        if match := re.fullmatch(r"season/(\d+)", item):
            season = self._listed_season(source_id, details, int(match[1]))
            return season and {key: value for key, value in _main_part(season, ()).items() if key != "id"}
        return details.get(item) if item in _APPENDABLE else None

    def _render_season(self, source_id: int, number: int, items: tuple[str, ...]) -> Body:
        season = self._listed_season(source_id, self._details(source_id), number)
        if season is None:
            raise Refused(*NOT_FOUND)
        return _body(_main_part(season, items))

    def _listed_season(self, source_id: int, details: Json, number: int) -> Json | None:
        if all(season["season_number"] != number for season in details.get("seasons", [])):
            return None
        return self._read(f"tv/{source_id}/season_{number}.json")

    def _details(self, source_id: int) -> Json:
        details = self._read(f"tv/{source_id}.json")
        if details is None:
            raise Refused(*NOT_FOUND)
        return details

    def _read_served(self) -> tuple[_Served, ...]:
        files = sorted(self._folder.glob("tv/*.json"))
        return tuple(_Served.of(json.loads(file.read_bytes())) for file in files if file.stem.isdigit())

    def _years(self, show: _Served) -> set[str]:
        files = self._folder.glob(f"tv/{show.row['id']}/season_*.json")
        bodies = [json.loads(file.read_bytes()) for file in files]
        return _first_year(show) | {
            (episode.get("air_date") or "")[:4] for body in bodies for episode in body.get("episodes", [])
        }

    def _render_error(self, http: int, code: int) -> Body:
        built = {"success": False, "status_code": code, "status_message": _MESSAGES.get(code, "Failed.")}
        return _body(self._read(f"errors/{http}-{code}.json") or built)

    def _read(self, relative: str) -> Json | None:
        try:
            content: Json = json.loads((self._folder / relative).read_bytes())
        except FileNotFoundError:
            return None
        return content

    _routes: ClassVar[tuple[tuple[re.Pattern[str], Callable[..., Body]], ...]] = (
        (re.compile(r"/tv/changes"), _changes),
        (re.compile(r"/tv/([^/]+)"), _show),
        (re.compile(r"/tv/([^/]+)/season/([^/]+)"), _season),
        (re.compile(r"/tv/([^/]+)/external_ids"), _external_ids),
        (re.compile(r"/search/tv"), _search),
        (re.compile(r"/find/([^/]+)"), _find),
        (re.compile(r"/configuration"), _configuration),
    )


@dataclass(frozen=True, slots=True)
class _Served:
    """A show as search and find see it."""

    row: Json
    names: tuple[str, ...]
    external_ids: Json

    @classmethod
    def of(cls, details: Json) -> _Served:
        row = {key: details[key] for key in _ROW_KEYS if key in details}
        row["genre_ids"] = [genre["id"] for genre in details.get("genres", [])]
        names = tuple(_plain(details.get(key) or "") for key in ("name", "original_name"))
        return cls(row, names, _external_ids_of(details))

    def matches(self, words: list[str]) -> bool:
        """Say whether every word is found in one of the names."""
        return any(all(word in name for word in words) for name in self.names)

    def rank(self, words: list[str]) -> tuple[bool, float, int]:
        """Sort the exact name first, then the popular shows."""
        return " ".join(words) not in self.names, -self.row.get("popularity", 0), self.row["id"]


def repeated(folder: Path) -> Callable[[int], int]:
    """Return aliases by which every id that the folder lacks is answered with one of its shows."""
    served = sorted(int(file.stem) for file in folder.glob("tv/*.json") if file.stem.isdigit())
    if not served:
        raise ValueError(f"{folder} holds no tv/<id>.json to serve")
    known = frozenset(served)
    return lambda tmdb_id: tmdb_id if tmdb_id in known else served[tmdb_id % len(served)]


def appended(query: Query) -> tuple[str, ...]:
    """Return the items of ``append_to_response``.

    Raises:
        Refused: there are too many of them.
    """
    items = tuple(filter(None, query.get("append_to_response", "").split(",")))
    if len(items) > MOST_APPENDED:
        raise Refused(*TOO_MANY_APPENDED)
    return items


def _main_part(body: Json, items: tuple[str, ...]) -> Json:
    return {key: value for key, value in body.items() if key not in _APPENDABLE or key in items}


def _external_ids_of(details: Json) -> Json:
    return {**dict.fromkeys(_EXTERNAL_IDS), **details.get("external_ids", {})}


def _show_id(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise Refused(*BAD_ID)
    return int(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise Refused(*NOT_FOUND)
    return int(text)


def _page(query: Query) -> int:
    text = query.get("page", "1")
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LAST_PAGE:
        raise Refused(*BAD_PAGE)
    return int(text)


def _day(query: Query, name: str) -> date | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])  # a time after the day is ignored
    except ValueError:
        raise Refused(*BAD_DATE) from None


def _paged(rows: list[Json], page: int, size: int, *, least_pages: int) -> Json:
    return {
        "page": page,
        "results": rows[(page - 1) * size : page * size],
        "total_pages": max(least_pages, -(-len(rows) // size)),
        "total_results": len(rows),
    }


def _first_year(show: _Served) -> set[str]:
    return {(show.row.get("first_air_date") or "")[:4]}


def _plain(name: str) -> str:
    """Return a name without case, accents and punctuation."""
    return " ".join("".join(_plain_letters(name)).split())


def _plain_letters(name: str) -> Iterator[str]:
    for letter in unicodedata.normalize("NFKD", name.casefold()):
        if letter.isalnum():
            yield letter
        elif letter not in ".'\N{RIGHT SINGLE QUOTATION MARK}" and not unicodedata.combining(letter):
            yield " "


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _body(value: Any) -> Body:
    return Body.of(_encode(value))

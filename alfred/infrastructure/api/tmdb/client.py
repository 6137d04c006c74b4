"""TMDB, asked for a show with all its seasons in as few requests as it allows."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from alfred.application.exceptions import ProviderError, UsageError
from alfred.application.ports.changes import ChangesPage
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.candidate import FoundShows, ShowOutline, ShowSummary
from alfred.domain.tv_shows.show import TVShowInfo
from alfred.infrastructure.api.credentials import Credentials
from alfred.infrastructure.api.faults import Provider
from alfred.infrastructure.api.http import (
    Edition,
    ProviderDoor,
    ProviderRequest,
    RequestObserver,
    checked_base_url,
)
from alfred.infrastructure.api.tmdb.mapping import listed_seasons, name_of, outline_from, show_from, summary_from
from alfred.infrastructure.api.tmdb.schemas import (
    ChangesPayload,
    ConfigurationPayload,
    FoundPayload,
    OutlinePayload,
    SearchPayload,
    SeasonPayload,
    SeasonsPayload,
    ShowPayload,
    seasons_of_show,
    show_with_seasons,
)

__all__ = ["TMDBAPIError", "TMDBClient", "TVShowInfo"]

BASE_URL: Final = "https://api.themoviedb.org/3"
TOKEN_PAGE: Final = "https://www.themoviedb.org/settings/api"  # noqa: S105  (a page, not a token)

LARGEST_APPEND: Final = 20
"""TMDB refuses a request with more items in ``append_to_response``."""

LONGEST_SEARCH: Final = 3
"""Pages of twenty shows."""

FIRST_SEASONS: Final = tuple(range(LARGEST_APPEND - 1))
"""Asked for unseen with the first request, beside the external ids: seasons that a show lacks are left out."""

_logger = logging.getLogger(__name__)


class TMDBAPIError(ProviderError):
    """TMDB failed, refused, does not know the id, or answered with something that is not an answer."""


class TMDBClient:
    """Knows TMDB's shows. Threads may share one.

    Args:
        token: v4 read token, or v3 key (32 hex digits); None or blank fails only when a request is due.
        base_url: where TMDB, or a stand-in, listens.
        language: of names and titles, as ``en-US``.
        timeout_seconds: to connect, and between two pieces of an answer.
        observer: hears of each request, retries included.
        before_request: called before each request; may wait, or raise to keep it from being sent.
        hold_back: called after each 429 with the seconds that TMDB asked everybody to wait, or None.
        sleep: takes seconds; waits between attempts.
        uniform: takes two bounds; the chance in those waits.
        monotonic: seconds; measures latency.
        now: aware, UTC.

    Raises:
        UsageError: the base URL or the time-out cannot be used.
    """

    def __init__(
        self,
        token: str | None,
        *,
        base_url: str = BASE_URL,
        language: str = "en-US",
        timeout_seconds: float = 10.0,
        observer: RequestObserver | None = None,
        before_request: Callable[[], None] | None = None,
        hold_back: Callable[[float | None], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        address, host = checked_base_url(base_url, "ALFRED_TMDB_BASE_URL")
        provider = _provider_at(host)
        self._language = language
        self._door = ProviderDoor(
            provider,
            base_url=address,
            credentials=Credentials(token, provider.token_setting, TOKEN_PAGE),
            timeout_seconds=timeout_seconds,
            error_type=TMDBAPIError,
            observer=observer,
            before_request=before_request,
            hold_back=hold_back,
            sleep=sleep,
            uniform=uniform,
            monotonic=monotonic,
            now=now,
        )

    def __repr__(self) -> str:
        return f"TMDBClient({self._door!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def requests_sent(self) -> int:
        """Requests so far, retries included."""
        return self._door.requests_sent

    def close(self) -> None:
        """Close idle connections."""
        self._door.close()

    def get_tv_show_info(self, tmdb_id: int) -> TVShowInfo:
        """Return the show with every listed season.

        A show of up to 19 seasons numbered from 0 takes one request. Where a further request fails, the show
        comes without the episodes of the seasons that were left (``episodes`` is None).

        Args:
            tmdb_id: as in ``themoviedb.org/tv/1396``.

        Raises:
            TMDBAPIError: there is no such show (``error_class`` is ``not_found``), or TMDB failed.
            TokenMissing: there is no token.
            UsageError: the id or the token cannot be used.
        """
        show_id = _checked_id(tmdb_id)
        return self._whole_show(
            self._door.fetch_edition(self._first_request(show_id), lambda body: _read_show(body, show_id))
        )

    def get_tv_show_info_if_changed(self, tmdb_id: int, etag: str) -> TVShowInfo | None:
        """Return the show, or None where TMDB says that it is as it was; the answer is then a few bytes long.

        Args:
            tmdb_id: as for :meth:`get_tv_show_info`.
            etag: the ``etag`` of what :meth:`get_tv_show_info` returned.

        Raises:
            TMDBAPIError, TokenMissing, UsageError: as for :meth:`get_tv_show_info`.
        """
        show_id = _checked_id(tmdb_id)
        request = replace(self._first_request(show_id), etag=etag)
        edition = self._door.fetch_if_changed(request, lambda body: _read_show(body, show_id))
        return None if edition is None else self._whole_show(edition)

    def _first_request(self, show_id: int) -> ProviderRequest:
        return self._request(show_id, ("external_ids", *_season_names(FIRST_SEASONS)))

    def _whole_show(self, edition: Edition[ShowPayload]) -> TVShowInfo:
        """Add the later seasons; a show that has some gets no etag: its first answer says nothing of them."""
        show = edition.value
        later = [number for number in listed_seasons(show) if number not in FIRST_SEASONS]
        info = show_from(show, show.appended | self._later_seasons(show.id, later))
        return info if later or info.unavailable_seasons else replace(info, etag=edition.etag)

    def get_tv_changes(self, first_day: date, last_day: date, *, page: int = 1) -> ChangesPage:
        """Return one page of the shows that changed.

        Args:
            first_day: UTC; TMDB takes windows of at most 14 days more than this one.
            last_day: likewise; included.
            page: 1 to 500.

        Raises:
            TMDBAPIError: TMDB failed, or the answer is not that page.
            TokenMissing: there is no token.
            UsageError: the token cannot be used.
        """
        request = ProviderRequest(
            request_type="changes",
            path="/tv/changes",
            subject=f"changes, page {page}",
            params={"start_date": first_day.isoformat(), "end_date": last_day.isoformat(), "page": str(page)},
        )
        return self._door.fetch(request, lambda body: _read_changes(body, page))

    def search_tv(self, title: str, *, first_air_year: int | None = None) -> tuple[ShowSummary, ...]:
        """Return the shows that TMDB finds by name, in its order, each once.

        Without a year many shows may have the same name, so up to three pages are read.

        Args:
            title: as people write it.
            first_air_year: of the first episode, to the year; None for any.

        Raises:
            TMDBAPIError: TMDB failed.
            TokenMissing: there is no token.
            UsageError: the token cannot be used.
        """
        found: dict[TmdbId, ShowSummary] = {}
        for page in range(1, (1 if first_air_year else LONGEST_SEARCH) + 1):
            body = self._search_page(title, first_air_year, page)
            found |= {show.tmdb_id: show for show in map(summary_from, body.results)}
            if page >= body.total_pages:
                break
        return tuple(found.values())

    def _search_page(self, title: str, year: int | None, page: int) -> SearchPayload:
        params = {"query": title, "language": self._language, "page": str(page)}
        if year is not None:
            params["first_air_date_year"] = str(year)
        request = ProviderRequest(
            request_type="search", path="/search/tv", subject=f"a show called {title!r}", params=params
        )
        return self._door.fetch(request, SearchPayload.model_validate_json)

    def find_tv(self, source: str, external_id: str) -> FoundShows:
        """Return the shows with an id of another provider; usually one or none.

        Args:
            source: ``imdb`` or ``tvdb``.
            external_id: as there: ``tt0903747``, ``81189``.

        Raises:
            TMDBAPIError: TMDB failed.
            TokenMissing: there is no token.
            UsageError: the token cannot be used.
        """
        request = ProviderRequest(
            request_type="find",
            path=f"/find/{quote(external_id, safe='')}",
            subject=f"the show with {source} id {external_id}",
            params={"external_source": f"{source}_id", "language": self._language},
        )
        found = self._door.fetch(request, FoundPayload.model_validate_json)
        return FoundShows(tuple(map(summary_from, found.tv_results)), is_a_film_too=bool(found.movie_results))

    def get_outline(self, tmdb_id: int) -> ShowOutline:
        """Return what helps to recognise a show: all its names, and how many episodes its seasons have.

        Raises:
            TMDBAPIError: there is no such show, or TMDB failed.
            TokenMissing: there is no token.
            UsageError: the id or the token cannot be used.
        """
        show_id = _checked_id(tmdb_id)
        request = self._request(show_id, ("alternative_titles", "translations"))
        return self._door.fetch(request, lambda body: _read_outline(body, show_id))

    def probe(self) -> None:
        """Ask once for what any token may read; returns when TMDB answered and accepted the token.

        Raises:
            TMDBAPIError: TMDB failed, refused, or what answered is not TMDB.
            TokenMissing: there is no token.
            UsageError: the token cannot be used.
        """
        request = ProviderRequest(request_type="probe", path="/configuration", subject="its configuration")
        self._door.fetch(request, ConfigurationPayload.model_validate_json, attempts=1)

    def _later_seasons(self, show_id: int, numbers: Sequence[int]) -> dict[int, SeasonPayload]:
        """Fetch seasons chunk by chunk; after a failed chunk the rest is not asked for."""
        seasons: dict[int, SeasonPayload] = {}
        for chunk in _chunks(numbers):
            try:
                seasons |= self._season_chunk(show_id, chunk)
            except TMDBAPIError as error:
                missing = len(numbers) - len(seasons)
                _logger.warning("show %d comes without %d of its seasons: %s", show_id, missing, error)
                break
        return seasons

    def _season_chunk(self, show_id: int, numbers: tuple[int, ...]) -> dict[int, SeasonPayload]:
        return self._door.fetch(
            self._request(show_id, _season_names(numbers), request_type="season"),
            lambda body: _read_seasons(body, show_id, numbers),
        )

    def _request(self, show_id: int, append: tuple[str, ...], *, request_type: str = "details") -> ProviderRequest:
        return ProviderRequest(
            request_type=request_type,
            path=f"/tv/{show_id}",
            subject=f"show {show_id}",
            params={"append_to_response": ",".join(append), "language": self._language},
        )


def _provider_at(host: str) -> Provider:
    return Provider(
        name="TMDB",
        host=host,
        token_setting="ALFRED_TMDB_TOKEN",  # noqa: S106  (the setting's name)
        base_url_setting="ALFRED_TMDB_BASE_URL",
        timeout_setting="ALFRED_TMDB_TIMEOUT_SECONDS",
    )


def _checked_id(tmdb_id: int) -> int:
    try:
        return TmdbId(tmdb_id).value
    except ValueError as error:
        raise UsageError(str(error)) from None


def _season_names(numbers: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"season/{number}" for number in numbers)


def _chunks(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for start in range(0, len(numbers), LARGEST_APPEND):
        yield tuple(numbers[start : start + LARGEST_APPEND])


def _read_show(body: bytes, show_id: int) -> ShowPayload:
    """Parse the first answer, and refuse one that is about another show or about nothing."""
    show = show_with_seasons(FIRST_SEASONS).model_validate_json(body)
    _refuse_other_show(show, show_id)
    if not name_of(show):
        raise ValueError("the show has no name")
    return show


def _read_outline(body: bytes, show_id: int) -> ShowOutline:
    payload = OutlinePayload.model_validate_json(body)
    if payload.id != show_id:
        raise ValueError(f"asked for show {show_id}, got show {payload.id}")
    return outline_from(payload)


def _read_seasons(body: bytes, show_id: int, numbers: tuple[int, ...]) -> dict[int, SeasonPayload]:
    show = seasons_of_show(numbers).model_validate_json(body)
    _refuse_other_show(show, show_id)
    return show.appended


def _read_changes(body: bytes, page: int) -> ChangesPage:
    changes = ChangesPayload.model_validate_json(body)
    if changes.page != page:
        raise ValueError(f"asked for page {page}, got page {changes.page}")
    return ChangesPage(
        ids=tuple(row.id for row in changes.results),
        total_pages=changes.total_pages,
        total_results=changes.total_results,
    )


def _refuse_other_show(show: SeasonsPayload, show_id: int) -> None:
    if show.id != show_id:
        raise ValueError(f"asked for show {show_id}, got show {show.id}")

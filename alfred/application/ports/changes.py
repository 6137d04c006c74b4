"""What the change feed asks of a provider, and what it tells a batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from alfred.domain.shared.value_objects import TmdbId


@dataclass(frozen=True, slots=True)
class FeedVerdict:
    """Which shows need no fetch, because the provider lists no change of them.

    Attributes:
        unchanged: these.
        requests: how many requests it took to know.
        note: a line for people where the feed was tried and was of no use; None otherwise.
    """

    unchanged: frozenset[TmdbId] = frozenset()
    requests: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """One page of the list of changed shows.

    Attributes:
        ids: the shows on this page, as the provider names them.
        total_pages: as the provider counts them; 0 where nothing changed.
        total_results: likewise, of all pages.
    """

    ids: tuple[int, ...]
    total_pages: int
    total_results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesReading:
    """All pages of the list.

    Attributes:
        first_day: with this day it begins, UTC.
        read_at: aware, UTC.
        ids: the shows that changed since.
    """

    first_day: date
    read_at: datetime
    ids: frozenset[int]


class ListsChanges(Protocol):
    """A provider that lists which shows changed."""

    @property
    def requests_sent(self) -> int:
        """Requests so far, retries included."""

    def get_tv_changes(self, first_day: date, last_day: date, /, *, page: int) -> ChangesPage:
        """Return one page of the shows that changed on these days, both included.

        Raises:
            ProviderError: the provider failed, or the page cannot be read.
        """


class RemembersChanges(Protocol):
    """Keeps the last reading for other batches."""

    def recall(self) -> ChangesReading | None:
        """Return the last reading; None where there is none."""

    def remember(self, reading: ChangesReading, /) -> None:
        """Keep a reading in place of the last one."""

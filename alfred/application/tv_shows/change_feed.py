"""Ask the provider which shows changed, where that takes fewer requests than asking for each show."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from alfred.application.exceptions import ProviderError
from alfred.application.ports.changes import (
    ChangesPage,
    ChangesReading,
    FeedVerdict,
    ListsChanges,
    RemembersChanges,
)
from alfred.application.ports.clock import system_clock
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.change_feed import (
    FEWEST_PAGES,
    REMEMBERED_FOR,
    FeedWindow,
    is_worth_reading,
    plan_window,
)

LAST_PAGE = 500
"""The provider refuses a higher number."""

log = logging.getLogger(__name__)


class _Unusable(Exception):
    """The list cannot stand for fetching; the text says why."""


class ChangeFeed:
    """Tells which shows need no fetch. Whatever is wrong with the list only means that they are fetched.

    Args:
        source: the provider.
        memory: keeps the last reading; None keeps none.
        now: aware, UTC.
    """

    def __init__(
        self,
        source: ListsChanges,
        *,
        memory: RemembersChanges | None = None,
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self._source = source
        self._memory = memory
        self._now = now

    def unchanged(self, candidates: Iterable[tuple[TmdbId, datetime]], budget: int | None = None) -> FeedVerdict:
        """Return which of some shows the provider lists no change of.

        Args:
            candidates: shows that would be fetched, each with the moment at which its facts were last known to be
                true.
            budget: how many requests this may take; None is without limit.
        """
        window = plan_window(candidates, now=self._now())
        if (reading := self._recall(window)) is not None:
            return FeedVerdict(_without_changes(window, reading))
        if not is_worth_reading(FEWEST_PAGES, len(window.shows)) or not _can_afford(FEWEST_PAGES, budget):
            return FeedVerdict()
        before = self._source.requests_sent
        note, unchanged = None, frozenset[TmdbId]()
        try:
            reading = self._read(window, budget)
        except (_Unusable, ProviderError) as reason:
            note = f"the list of changes was of no use: {reason}"
        else:
            unchanged = _without_changes(window, reading)
            if self._memory is not None:
                self._memory.remember(reading)
        return FeedVerdict(unchanged, self._source.requests_sent - before, note)

    def _recall(self, window: FeedWindow) -> ChangesReading | None:
        reading = self._memory.recall() if self._memory is not None and window.shows else None
        if reading is None or reading.first_day > window.first_day:
            return None
        is_recent = reading.read_at <= self._now() < reading.read_at + REMEMBERED_FOR
        return reading if is_recent else None

    def _read(self, window: FeedWindow, budget: int | None) -> ChangesReading:
        """Read every page, and more where the list grows meanwhile."""
        read_at, before = self._now(), self._source.requests_sent
        first = self._page(window, 1)
        _refuse_if_dear(first, len(window.shows), budget)
        ids, pages, number = set(first.ids), first.total_pages, 1
        while number < pages:
            number += 1
            if not _can_afford(self._source.requests_sent - before + 1, budget):
                raise _Unusable(f"it takes more than {budget} requests")
            page = self._page(window, number)
            if not page.ids and number <= first.total_pages:
                raise _Unusable(f"page {number} of {pages} is empty")
            ids.update(page.ids)
            pages = min(max(pages, page.total_pages), LAST_PAGE)
        if len(ids) < first.total_results:
            raise _Unusable(f"it holds {len(ids)} shows and speaks of {first.total_results}")
        log.info("%d shows changed since %s, says the provider", len(ids), window.first_day)
        return ChangesReading(first_day=window.first_day, read_at=read_at, ids=frozenset(ids))

    def _page(self, window: FeedWindow, number: int) -> ChangesPage:
        return self._source.get_tv_changes(window.first_day, window.last_day, page=number)


def _refuse_if_dear(first: ChangesPage, shows: int, budget: int | None) -> None:
    if not first.ids:
        raise _Unusable("it is empty, and some show changes every day")
    if first.total_pages > LAST_PAGE:
        raise _Unusable(f"it has {first.total_pages} pages, of which {LAST_PAGE} can be read")
    if not is_worth_reading(first.total_pages, shows):
        raise _Unusable(f"it has {first.total_pages} pages, for {shows} shows")
    if not _can_afford(first.total_pages, budget):
        raise _Unusable(f"it has {first.total_pages} pages, and {budget} requests are left")


def _can_afford(requests: int, budget: int | None) -> bool:
    return budget is None or requests <= budget


def _without_changes(window: FeedWindow, reading: ChangesReading) -> frozenset[TmdbId]:
    return frozenset(tmdb_id for tmdb_id in window.shows if tmdb_id.value not in reading.ids)

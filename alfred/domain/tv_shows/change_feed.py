"""When the provider's list of changed shows can stand for fetching, and when reading it pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from alfred.domain.shared.value_objects import TmdbId

REMEMBERED_FOR = timedelta(hours=1)
"""A reading of the list is good for other batches for so long."""

LARGEST_LAG = timedelta(hours=8) + REMEMBERED_FOR
"""What the provider says may be so old: its list stands in caches for 8 hours at most, details for 5."""

LONGEST_WINDOW = timedelta(days=14)
"""The provider lists changes for no more days than this, from the first to the last."""

FEWEST_PAGES = 18
"""No list of a single day that was seen since 2025 had fewer pages; the largest had 41."""

SHARE_UNCHANGED = 0.75
"""Of the shows whose facts are a week or two old; of 2,597 repeated answers 2,009 were the same."""


@dataclass(frozen=True, slots=True)
class FeedWindow:
    """What to ask the list for.

    Attributes:
        first_day, last_day: both included, UTC.
        shows: what is known to have been true on or after the first day, and can be compared with the list.
    """

    first_day: date
    last_day: date
    shows: frozenset[TmdbId]


def plan_window(candidates: Iterable[tuple[TmdbId, datetime]], *, now: datetime) -> FeedWindow:
    """Return the shortest window that covers all facts young enough for the list.

    Args:
        candidates: shows, each with the moment at which its facts were last known to be true; one of the future,
            which a wrong clock left, is not covered.
        now: aware, UTC.
    """
    today = now.astimezone(UTC).date()
    first_days = {
        tmdb_id: (known_true_at.astimezone(UTC) - LARGEST_LAG).date()
        for tmdb_id, known_true_at in candidates
        if known_true_at <= now
    }
    covered = {tmdb_id: day for tmdb_id, day in first_days.items() if today - day <= LONGEST_WINDOW}
    return FeedWindow(min(covered.values(), default=today), today, frozenset(covered))


def is_worth_reading(pages: int, shows: int) -> bool:
    """Say whether reading so many pages is likely to save more requests than it takes."""
    return pages < shows * SHARE_UNCHANGED

"""What a batch refresh asks of the index, of the provider's change feed, and of those who watch it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alfred.application.ports.changes import FeedVerdict
from alfred.application.ports.claims import Claims
from alfred.application.ports.index import WritesAnswers
from alfred.domain.library.refresh_plan import RefreshCandidate
from alfred.domain.shared.value_objects import TmdbId


class BatchIndex(WritesAnswers, Claims, Protocol):
    """The index, as one process's batch needs it; used by one thread alone."""

    def candidates(self, *, true_until: datetime, now: datetime) -> Iterator[RefreshCandidate]:
        """Yield entries as they are read: those without facts, then by age, the oldest first.

        Args:
            true_until: entries whose facts are known to be true after this moment may be left out, unless
                they are from the future, have reached the longest TTL, or failed since.
            now: aware, UTC.
        """

    def candidate(self, tmdb_id: TmdbId, /) -> RefreshCandidate | None:
        """Return one of them, or None."""

    def claim(self, tmdb_id: TmdbId, owner: str, now: datetime, /) -> bool:
        """Claim an entry, and say whether it is the owner's now; one that is held is never taken over."""

    def stamp_verified(self, tmdb_ids: Iterable[TmdbId], /, *, at: datetime) -> None:
        """Note that the provider has said of shows that nothing changed until a moment."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep every other writer out until the block ends; all of what it writes stays, or nothing."""


class ChangeFeed(Protocol):
    """The provider's list of what changed lately."""

    def unchanged(self, candidates: Iterable[tuple[TmdbId, datetime]], budget: int | None, /) -> FeedVerdict:
        """Say which shows did not change.

        Args:
            candidates: shows, each with the moment until which its facts are known to be true; the oldest first.
            budget: requests that may be spent at most; None is without limit.

        Raises:
            ProviderError: nothing is known, and every show has to be fetched.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshProgress:
    """How far a batch is.

    Attributes:
        selected: how many entries it was to take.
        running: how many are being fetched.
        requests: how many were sent, retries included.
        waiting: how many requests wait for their time, as the provider asked.
    """

    selected: int
    refreshed: int = 0
    unchanged: int = 0
    failed: int = 0
    skipped: int = 0
    running: int = 0
    requests: int = 0
    waiting: int = 0

    @property
    def done(self) -> int:
        """Entries that nothing more will be done about."""
        return self.refreshed + self.unchanged + self.failed + self.skipped

    @property
    def left(self) -> int:
        """Entries that are still to do."""
        return self.selected - self.done

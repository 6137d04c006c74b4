"""How an entry stands: two stored axes (presence, outcome of the last sync) and one derived state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import FactsAge, Outlook, TtlPolicy, due_at, is_stale
from alfred.domain.tv_shows.show import PLACEHOLDER_STATUS


class EntryState(StrEnum):
    """The state that people, filters and JSON see; the first that applies, in this order."""

    MISSING = "missing"
    PROCESSING = "processing"
    BROKEN = "broken"
    DELISTED = "delisted"
    PLACEHOLDER = "placeholder"
    STALE = "stale"
    FRESH = "fresh"


class Outcome(StrEnum):
    """How the last sync of an entry ended."""

    OK = "ok"
    FAILED = "failed"
    DELISTED = "delisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRecord:
    """What the last syncs of an entry came to.

    Attributes:
        outcome: None before the first sync.
        error_class: the class of the failure; None after a success.
        status_message: a sentence for people; after a success it may say what could not be had.
        attempts: failures in a row.
        retry_after: before this moment a batch leaves the entry alone.
        not_found_count: answers "not found" in a row.
        not_found_since: the first of them.
    """

    outcome: Outcome | None = None
    error_class: str | None = None
    status_message: str | None = None
    attempts: int = 0
    retry_after: datetime | None = None
    not_found_count: int = 0
    not_found_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class EpisodeCounts:
    """How many slots an entry has; specials count.

    Attributes:
        total: listed by the provider.
        aired: of these, with an air date that is not in the future.
        on_disk: of these, with a file that is ready; for a placeholder, episodes that the files carry.
    """

    total: int = 0
    aired: int = 0
    on_disk: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the state of an entry is derived from: the stored axes, and how old its facts are."""

    status: str
    fetched_at: datetime | None = None
    missing_since: datetime | None = None
    claimed_at: datetime | None = None
    sync: SyncRecord = SyncRecord()
    tmdb_id: TmdbId | None = None
    verified_at: datetime | None = None
    outlook: Outlook = field(default_factory=Outlook)

    @property
    def facts(self) -> FactsAge | None:
        """How old the facts are; None for a placeholder."""
        if self.status == PLACEHOLDER_STATUS or self.fetched_at is None:
            return None
        return FactsAge(
            tmdb_id=self.tmdb_id,
            status=self.status,
            fetched_at=self.fetched_at,
            verified_at=self.verified_at,
            outlook=self.outlook,
        )


def derive_state(
    standing: Standing, *, ttl_days: int, now: datetime, policy: TtlPolicy = TtlPolicy.FIXED
) -> EntryState:
    """Derive the one state of an entry."""
    if standing.missing_since is not None:
        return EntryState.MISSING
    if standing.claimed_at is not None:
        return EntryState.PROCESSING
    if standing.sync.outcome is Outcome.FAILED:
        return EntryState.BROKEN
    if standing.sync.outcome is Outcome.DELISTED:
        return EntryState.DELISTED
    facts = standing.facts
    if facts is None:
        return EntryState.PLACEHOLDER
    if is_stale(facts, ttl_days=ttl_days, policy=policy, now=now):
        return EntryState.STALE
    return EntryState.FRESH


@dataclass(frozen=True, slots=True)
class RefreshForecast:
    """Whether the next batch refresh takes an entry, why, and when it is due where that is known."""

    will_refresh: bool
    reason: EntryState
    next_refresh_at: datetime | None = None


def forecast_refresh(
    standing: Standing, *, ttl_days: int, now: datetime, policy: TtlPolicy = TtlPolicy.FIXED
) -> RefreshForecast:
    """Say whether the next batch refresh would take an entry."""
    state = derive_state(standing, ttl_days=ttl_days, policy=policy, now=now)
    due = due_at(standing.facts, ttl_days=ttl_days, policy=policy) if standing.facts else None
    match state:
        case EntryState.BROKEN:
            retry_after = standing.sync.retry_after
            return RefreshForecast(retry_after is None or retry_after <= now, state, retry_after)
        case EntryState.PLACEHOLDER | EntryState.STALE:
            return RefreshForecast(True, state, due)
        case EntryState.FRESH:
            return RefreshForecast(False, state, due)
        case _:
            return RefreshForecast(False, state)

"""When the facts of a show are worth asking for again, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alfred.domain.tv_shows.show import PLACEHOLDER_STATUS


class SyncReason(StrEnum):
    """Why a sync fetched, or did not."""

    NEW = "new"
    FORCED = "forced"
    PLACEHOLDER = "placeholder"
    STALE = "stale"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class SyncDecision:
    """Whether to fetch, and the reason that callers show."""

    refresh: bool
    reason: SyncReason


def decide_sync(
    *, status: str | None, fetched_at: datetime | None, ttl_days: int, now: datetime, force: bool = False
) -> SyncDecision:
    """Decide whether a show is fetched; the first rule that applies gives the reason.

    Args:
        status: the entry's status; None for a show that is not in the index yet.
        fetched_at: when its facts were fetched; None where there are none.
        ttl_days: whole days that facts stay fresh; 0 means never.
        now: aware, UTC.
        force: fetch whatever the age.
    """
    if force:
        return SyncDecision(True, SyncReason.FORCED)
    if status is None:
        return SyncDecision(True, SyncReason.NEW)
    if status == PLACEHOLDER_STATUS or fetched_at is None:
        return SyncDecision(True, SyncReason.PLACEHOLDER)
    if is_stale(fetched_at, ttl_days=ttl_days, now=now):
        return SyncDecision(True, SyncReason.STALE)
    return SyncDecision(False, SyncReason.FRESH)


def is_stale(fetched_at: datetime, *, ttl_days: int, now: datetime) -> bool:
    """Say whether facts are older than the TTL; facts from the future prove a wrong clock and are stale."""
    age = now - fetched_at
    return age < timedelta() or age.days >= ttl_days


def due_at(fetched_at: datetime, *, ttl_days: int) -> datetime:
    """Return the moment at which facts become stale."""
    return fetched_at + timedelta(days=ttl_days)

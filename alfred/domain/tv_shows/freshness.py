"""When the facts of a show are worth asking for again, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.show import PLACEHOLDER_STATUS

LONGEST_TTL = timedelta(days=180)
"""Facts are fetched again after this, whatever else holds: TMDB's terms allow six months."""

OVER = frozenset({"Ended", "Canceled"})
"""Statuses of shows of which little more is to come."""

STRETCH = 4
"""Facts of a show that is over stay fresh so many times as long."""

SHORT_TTL = timedelta(days=1)
"""How long facts stay fresh while there is news to come."""

AIRS_SOON = timedelta(days=2)
"""News is to come from so long before an episode airs until so long after."""

SPREAD = 0.1
"""So much of a TTL is taken off at most, more or less by the id, so that not everything is due at once."""

_MULTIPLIER, _MODULUS = 2_654_435_761, 2**32


class SyncReason(StrEnum):
    """Why a sync fetched, or did not."""

    NEW = "new"
    FORCED = "forced"
    PLACEHOLDER = "placeholder"
    STALE = "stale"
    FRESH = "fresh"


class TtlPolicy(StrEnum):
    """How the TTL of a show follows from the setting."""

    FIXED = "fixed"
    ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class SyncDecision:
    """Whether to fetch, and the reason that callers show."""

    refresh: bool
    reason: SyncReason


@dataclass(frozen=True, slots=True)
class Outlook:
    """What of its episodes bears on how soon a show is worth asking about.

    Attributes:
        air_dates: days on which episodes air, those to come at least.
        incomplete_from: from this day on an episode has aired that has no title or no date; None for never.
    """

    air_dates: tuple[date, ...] = ()
    incomplete_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsAge:
    """How old the facts of a show are, and what the adaptive policy looks at.

    Attributes:
        fetched_at: when they were fetched.
        verified_at: when they were last known to be true without being fetched; None for never.
    """

    tmdb_id: TmdbId | None
    status: str
    fetched_at: datetime
    verified_at: datetime | None = None
    outlook: Outlook = Outlook()

    @property
    def known_true_at(self) -> datetime:
        """When the facts were last known to be true."""
        return max(self.fetched_at, self.verified_at or self.fetched_at)


def decide_sync(
    *,
    status: str | None,
    fetched_at: datetime | None,
    ttl_days: int,
    now: datetime,
    force: bool = False,
    facts: FactsAge | None = None,
    policy: TtlPolicy = TtlPolicy.FIXED,
) -> SyncDecision:
    """Decide whether a show is fetched; the first rule that applies gives the reason.

    Args:
        status: the entry's status; None for a show that is not in the index yet.
        fetched_at: when its facts were fetched; None where there are none.
        ttl_days: whole days that facts stay fresh; 0 means never.
        now: aware, UTC.
        force: fetch whatever the age.
        facts: all that is known of their age; by default the time of the fetch alone.
        policy: how the TTL follows from ``ttl_days``.
    """
    if force:
        return SyncDecision(True, SyncReason.FORCED)
    if status is None:
        return SyncDecision(True, SyncReason.NEW)
    if status == PLACEHOLDER_STATUS or fetched_at is None:
        return SyncDecision(True, SyncReason.PLACEHOLDER)
    known = facts or FactsAge(tmdb_id=None, status=status, fetched_at=fetched_at)
    if is_stale(known, ttl_days=ttl_days, policy=policy, now=now):
        return SyncDecision(True, SyncReason.STALE)
    return SyncDecision(False, SyncReason.FRESH)


def is_stale(facts: FactsAge, *, ttl_days: int, policy: TtlPolicy = TtlPolicy.FIXED, now: datetime) -> bool:
    """Say whether facts are older than their TTL; facts from the future prove a wrong clock and are stale."""
    return facts.known_true_at > now or due_at(facts, ttl_days=ttl_days, policy=policy) <= now


def due_at(facts: FactsAge, *, ttl_days: int, policy: TtlPolicy = TtlPolicy.FIXED) -> datetime:
    """Return the moment at which facts become stale.

    It depends on nothing but the facts, so that what is due stays due until it is fetched or verified.
    """
    ttl = timedelta(days=ttl_days)
    if policy is TtlPolicy.FIXED:
        due = facts.known_true_at + ttl
        return due if facts.verified_at in (None, facts.fetched_at) else min(due, facts.fetched_at + LONGEST_TTL)
    share = 1 - SPREAD * _place_in_line(facts.tmdb_id)
    stretched = ttl * STRETCH if facts.status in OVER else ttl
    due = facts.known_true_at + stretched * share
    soon = facts.known_true_at + min(ttl, SHORT_TTL) * share
    news = (max(soon, starts) for starts, ends in _times_of_news(facts.outlook) if ends > soon)
    return min(due, *news, facts.fetched_at + LONGEST_TTL)


def shortest_ttl(ttl_days: int, policy: TtlPolicy) -> timedelta:
    """Return the shortest TTL that a policy gives to any show."""
    ttl = timedelta(days=ttl_days)
    return ttl if policy is TtlPolicy.FIXED else min(ttl, SHORT_TTL) * (1 - SPREAD)


def _times_of_news(outlook: Outlook) -> list[tuple[datetime, datetime]]:
    """Return from when until when a show is worth asking about every day."""
    times = [
        (_midnight(day) - AIRS_SOON, _midnight(day) + AIRS_SOON + timedelta(days=1)) for day in outlook.air_dates
    ]
    if outlook.incomplete_from is not None:
        times.append((_midnight(outlook.incomplete_from), datetime.max.replace(tzinfo=UTC)))
    return times


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _place_in_line(tmdb_id: TmdbId | None) -> float:
    """Return a number from 0 up to 1 that looks like chance and is the same for an id everywhere."""
    return 0.0 if tmdb_id is None else tmdb_id.value * _MULTIPLIER % _MODULUS / _MODULUS

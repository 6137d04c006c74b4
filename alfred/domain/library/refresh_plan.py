"""Which entries a batch refresh takes, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alfred.domain.library.entry import EntryState, Standing, derive_state, forecast_refresh
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import LONGEST_TTL, TtlPolicy, shortest_ttl
from alfred.domain.tv_shows.request_cost import requests_for
from alfred.domain.work.lease import Claim

NEVER_BY_FORCE = frozenset({EntryState.MISSING, EntryState.PROCESSING, EntryState.DELISTED})
"""Force concerns age and waiting times; these states are taken only when they are asked for by name."""


class RefreshReason(StrEnum):
    """Why a batch takes an entry."""

    PLACEHOLDER = "placeholder"
    STALE = "stale"
    BROKEN = "broken"
    FORCED = "forced"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCandidate:
    """What a batch needs to know of an entry.

    Attributes:
        claimed_by: the owner of a claim, as text; None where nobody holds it.
        later_seasons: see :func:`alfred.domain.tv_shows.request_cost.requests_for`.
        etag: the provider's name for the facts that are known; None where it gave none.
    """

    tmdb_id: TmdbId
    name: str
    path: str
    standing: Standing
    claimed_by: str | None = None
    later_seasons: int = 0
    etag: str | None = None

    @property
    def requests(self) -> int:
        """How many requests it would take."""
        return requests_for(self.later_seasons)

    @property
    def claim(self) -> Claim | None:
        """The claim on it; None where nobody holds it."""
        if self.standing.claimed_at is None:
            return None
        return Claim(self.tmdb_id, self.claimed_by or "", self.standing.claimed_at)

    @property
    def version(self) -> int:
        """A number that changes with every fetch and every failure, good within one process."""
        return hash((self.standing.fetched_at, self.standing.sync.attempts))

    def known_edition(self, *, now: datetime) -> str | None:
        """Return the etag to ask the provider with; None where the facts are to be fetched anew in any case."""
        facts = self.standing.facts
        is_good = facts is not None and timedelta() <= now - facts.fetched_at < LONGEST_TTL
        return self.etag if is_good else None

    def without_claim(self) -> RefreshCandidate:
        """Return it as it is for one who may take its claim over."""
        return replace(self, standing=replace(self.standing, claimed_at=None), claimed_by=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRule:
    """Which entries a batch takes.

    Attributes:
        states: exactly these; None for what is due: placeholders, stale ones, and broken ones whose waiting
            time is over.
        skipped: not these.
        force: whatever their age, and without waiting.
        ttl_days: whole days that facts stay fresh.
        policy: how the TTL of a show follows from that.
    """

    states: frozenset[EntryState] | None = None
    skipped: frozenset[EntryState] = frozenset()
    force: bool = False
    ttl_days: int
    policy: TtlPolicy = TtlPolicy.FIXED

    def __post_init__(self) -> None:
        if self.ttl_days < 0:
            raise ValueError(f"a TTL is a number of days from 0 up, not {self.ttl_days}")

    def state(self, standing: Standing, *, now: datetime) -> EntryState:
        """Return the state of an entry under this rule's TTL."""
        return derive_state(standing, ttl_days=self.ttl_days, policy=self.policy, now=now)

    def reason(self, standing: Standing, *, now: datetime) -> RefreshReason | None:
        """Say why an entry is taken; None where it is left alone."""
        state = self.state(standing, now=now)
        if state in self.skipped or (self.states is not None and state not in self.states):
            return None
        if self.force and (self.states is not None or state not in NEVER_BY_FORCE):
            return RefreshReason.FORCED
        forecast = forecast_refresh(standing, ttl_days=self.ttl_days, policy=self.policy, now=now)
        if forecast.will_refresh:
            return RefreshReason(forecast.reason.value)
        return None if self.states is None else RefreshReason.CHOSEN

    def newest_of_interest(self, now: datetime) -> datetime:
        """Return a moment; facts known to be true after it are not due, unless they failed since."""
        if self.states is not None or self.force:
            return now
        return now - shortest_ttl(self.ttl_days, self.policy)


def may_be_verified(candidate: RefreshCandidate, reason: RefreshReason, *, now: datetime) -> bool:
    """Say whether a provider's word that nothing changed is as good as a fetch.

    It is not for facts that came incomplete, that are from the future, or that are as old as they may become.
    """
    facts = candidate.standing.facts
    return (
        reason is RefreshReason.STALE
        and facts is not None
        and candidate.standing.sync.status_message is None
        and facts.known_true_at <= now
        and now - facts.fetched_at < LONGEST_TTL
    )

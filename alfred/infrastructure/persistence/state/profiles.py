"""Profiles of providers in the state file, and how their status changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alfred.application.exceptions import AlfredError
from alfred.domain.connectivity import ConnectivityProfile, ProbeClaim, ProviderStatus
from alfred.infrastructure.persistence.sqlite.codec import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.state.statements import (
    ADD_TRANSITION,
    FORGET_TRANSITIONS,
    LOAD_PROFILE,
    SAVE_PROFILE,
    TRANSITIONS,
)

TRANSITIONS_KEPT_FOR: Final = timedelta(days=90)

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a provider's status."""

    at: datetime
    status: ProviderStatus
    error_class: str | None


class SqliteProfiles:
    """Keeps profiles where every process of this machine sees them.

    Args:
        database: the state file; used by one thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, provider: str) -> ConnectivityProfile | None:
        """Return the profile; None where there is none yet."""
        row = self._database.one(LOAD_PROFILE, (provider,))
        return _from_row(row) if row else None

    def revise(
        self, provider: str, change: Callable[[ConnectivityProfile | None], ConnectivityProfile]
    ) -> ConnectivityProfile:
        """Replace a profile by what ``change`` makes of it; again, where another process was faster.

        Nothing is locked while ``change`` counts a long log.
        """
        while True:
            before = self.load(provider)
            after = change(before)
            with self._database.transaction():
                if self.load(provider) == before:
                    self._save(before, after)
                    return after

    def transitions(self, provider: str) -> list[Transition]:
        """Return how the status changed, the latest first."""
        rows = self._database.all(TRANSITIONS, (provider,))
        return [Transition(from_micros(at), ProviderStatus(status), error) for at, status, error in rows]

    def _save(self, before: ConnectivityProfile | None, after: ConnectivityProfile) -> None:
        if after == before:
            return
        self._database.execute(SAVE_PROFILE, _to_row(after))
        if before is None or before.status is not after.status:
            since = to_micros(after.status_since)
            self._database.execute(ADD_TRANSITION, (after.provider, since, after.status, after.error_class))
            oldest = to_micros(after.status_since - TRANSITIONS_KEPT_FOR)
            self._database.execute(FORGET_TRANSITIONS, (after.provider, oldest))


class ForgivingProfiles:
    """Goes on without a state file that cannot be used: profiles that nobody can keep hold nobody up.

    Args:
        opened: opens the profiles; called each time.
        on_trouble: told what went wrong.
    """

    def __init__(self, opened: Callable[[], SqliteProfiles], *, on_trouble: Callable[[AlfredError], None]) -> None:
        self._opened = opened
        self._on_trouble = on_trouble

    def load(self, provider: str) -> ConnectivityProfile | None:
        """Return the profile; None where there is none, or it cannot be read."""
        try:
            return self._opened().load(provider)
        except AlfredError as error:
            self._on_trouble(error)
            return None

    def revise(
        self, provider: str, change: Callable[[ConnectivityProfile | None], ConnectivityProfile]
    ) -> ConnectivityProfile:
        """Replace a profile by what ``change`` makes of it; where it cannot be kept, only return that."""
        try:
            return self._opened().revise(provider, change)
        except AlfredError as error:
            self._on_trouble(error)
            return change(None)


def _to_row(profile: ConnectivityProfile) -> Row:
    probe = profile.probe
    return (
        profile.provider,
        profile.status.value,
        to_micros(profile.status_since),
        to_micros(profile.last_checked_at),
        profile.error_class,
        profile.success_rate_1h,
        profile.success_rate_24h,
        profile.latency_p50_ms,
        profile.latency_p95_ms,
        profile.samples_1h,
        to_micros_or_none(profile.failing_since),
        to_micros_or_none(profile.recovered_at),
        None if profile.cooldown is None else profile.cooldown // _MICROSECOND,
        to_micros_or_none(profile.cooldown_until),
        probe.owner if probe else None,
        to_micros(probe.since) if probe else None,
        probe.token if probe else None,
    )


def _from_row(row: Row) -> ConnectivityProfile:
    (provider, status, since, checked, error, rate_1h, rate_24h, p50, p95, samples, *rest) = row
    failing_since, recovered_at, cooldown, cooldown_until, owner, probe_since, token = rest
    return ConnectivityProfile(
        provider=provider,
        status=ProviderStatus(status),
        status_since=from_micros(since),
        last_checked_at=from_micros(checked),
        error_class=error,
        success_rate_1h=rate_1h,
        success_rate_24h=rate_24h,
        latency_p50_ms=p50,
        latency_p95_ms=p95,
        samples_1h=samples,
        failing_since=from_micros_or_none(failing_since),
        recovered_at=from_micros_or_none(recovered_at),
        cooldown=None if cooldown is None else cooldown * _MICROSECOND,
        cooldown_until=from_micros_or_none(cooldown_until),
        probe=None if token is None else ProbeClaim(owner, from_micros(probe_since), token),
    )

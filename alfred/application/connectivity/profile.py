"""The rollup over the request log, provider by provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from alfred.application.ports.clock import system_clock
from alfred.application.ports.connectivity import ProviderProfiles, RequestLogTotals
from alfred.domain.connectivity import ConnectivityProfile, roll_up


def refresh_profiles(
    providers: Iterable[str],
    *,
    log: RequestLogTotals,
    profiles: ProviderProfiles,
    now: Callable[[], datetime] = system_clock,
) -> list[ConnectivityProfile]:
    """Bring the profile of every configured provider up to date, also of one that was never asked.

    Args:
        providers: lower case, ``tmdb``.
        log: the request log.
        profiles: where profiles are kept.
        now: the clock; aware, UTC.

    Returns:
        The profiles, in the order of the providers.
    """
    moment = now()
    return [_refresh(provider, log, profiles, moment) for provider in providers]


def _refresh(
    provider: str, log: RequestLogTotals, profiles: ProviderProfiles, moment: datetime
) -> ConnectivityProfile:
    def rolled_up(previous: ConnectivityProfile | None) -> ConnectivityProfile:
        recovered_at = previous.recovered_at if previous else None
        summary = log.summary(provider, now=moment, recovered_at=recovered_at)
        return roll_up(summary, previous, provider=provider, now=moment)

    return profiles.revise(provider, rolled_up)

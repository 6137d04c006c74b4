"""How well a provider can be reached from this machine, and what a probe changes about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

COOLDOWN: Final = timedelta(minutes=30)
"""How long a quarantine lasts before a probe is let through."""

LONGEST_COOLDOWN: Final = timedelta(hours=6)

COOLDOWN_GROWTH: Final = 2
"""What a failed probe multiplies the cool-down by."""


class ProviderStatus(StrEnum):
    """From best to worst."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class ProbeClaim:
    """A probe that is under way.

    Attributes:
        owner: the process that sends it, as :class:`alfred.domain.work.lease.Owner` writes it.
        since: when it was let through.
        token: tells it from other probes of the same process.
    """

    owner: str
    since: datetime
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectivityProfile:
    """One provider, as of the last rollup.

    Attributes:
        provider: lower case, ``tmdb``.
        status: see the decision on its rules.
        status_since: when the status became what it is.
        error_class: why it is not healthy; None where it is.
        success_rate_1h: from 0 to 1; None without samples.
        success_rate_24h: likewise.
        latency_p50_ms: of the last hour; None without samples.
        latency_p95_ms: likewise.
        samples_1h: how many samples the last hour has.
        last_checked_at: when the last rollup was.
        failing_since: since when it has been failing, or answering 429 in a burst, without a break; else None.
        recovered_at: when the last quarantine ended; what came before it is not held against the provider again.
        cooldown: how long a quarantine waits for its next probe; None outside a quarantine.
        cooldown_until: when that probe is due; None outside a quarantine.
        probe: the probe of the quarantine that is under way.
    """

    provider: str
    status: ProviderStatus
    status_since: datetime
    last_checked_at: datetime
    error_class: str | None = None
    success_rate_1h: float | None = None
    success_rate_24h: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    samples_1h: int = 0
    failing_since: datetime | None = None
    recovered_at: datetime | None = None
    cooldown: timedelta | None = None
    cooldown_until: datetime | None = None
    probe: ProbeClaim | None = None

    @property
    def is_quarantined(self) -> bool:
        """Whether nothing but a probe is to be sent."""
        return self.status is ProviderStatus.QUARANTINED

    @property
    def is_failing(self) -> bool:
        """Whether what the provider says of a single show proves nothing."""
        return self.status in (ProviderStatus.FAILING, ProviderStatus.QUARANTINED)

    def is_probe_due(self, now: datetime) -> bool:
        """Say whether the cool-down of a quarantine is over."""
        return self.is_quarantined and (self.cooldown_until is None or now >= self.cooldown_until)


def with_probe(profile: ConnectivityProfile, claim: ProbeClaim) -> ConnectivityProfile:
    """Note that a probe of a quarantine is under way."""
    return replace(profile, probe=claim)


def without_probe(profile: ConnectivityProfile, claim: ProbeClaim) -> ConnectivityProfile:
    """Note that a probe came to nothing: it was not sent, or was interrupted."""
    return replace(profile, probe=None) if profile.probe == claim else profile


def after_probe(
    profile: ConnectivityProfile, claim: ProbeClaim, *, succeeded: bool, now: datetime
) -> ConnectivityProfile:
    """Return the profile after the probe of a quarantine.

    A success ends the quarantine. A failure doubles the cool-down, if the probe was due; one that a person sent
    before that changes nothing, and neither does one that another probe has taken over from.

    Args:
        profile: as it is now; others may have changed it since the claim.
        claim: the probe.
        now: aware, UTC.
    """
    if not profile.is_quarantined:
        return without_probe(profile, claim)
    if succeeded:
        return replace(
            profile,
            status=ProviderStatus.DEGRADED,
            status_since=now,
            recovered_at=now,
            failing_since=None,
            cooldown=None,
            cooldown_until=None,
            probe=None,
        )
    if profile.probe != claim or not profile.is_probe_due(claim.since):
        return without_probe(profile, claim)
    cooldown = min((profile.cooldown or COOLDOWN) * COOLDOWN_GROWTH, LONGEST_COOLDOWN)
    return replace(profile, cooldown=cooldown, cooldown_until=now + cooldown, probe=None)

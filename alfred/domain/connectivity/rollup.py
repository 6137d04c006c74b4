"""The rules that turn counted samples into a profile: a pure function of samples, previous profile and now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from alfred.domain.connectivity.profile import COOLDOWN, ConnectivityProfile, ProviderStatus
from alfred.domain.connectivity.samples import HTTP_429, UNKNOWN, RequestSample, SampleSummary, Tally, summarise

HEALTHY_SUCCESS_RATE: Final = 0.98
FAILING_SUCCESS_RATE: Final = 0.90
HEALTHY_LATENCY_MS: Final = 1500.0

SAMPLES_FOR_LATENCY: Final = 5
"""Fewer say nothing about latency: it counts as 0."""

SAMPLES_FOR_P95: Final = 20
"""Fewer say nothing about the slowest ones: the median stands for them."""

DOMINANT_COUNT: Final = 5
DOMINANT_SHARE: Final = 0.20
FAILING_CLASSES: Final = frozenset({"auth_error", "cf_challenge", "tls", "dns"})
"""Dominant classes that no success rate makes up for."""

BURST_COUNT: Final = 10
BURST_SAMPLES: Final = 20
BURST_SHARE: Final = 0.30

QUARANTINE_AFTER: Final = timedelta(minutes=30)
QUARANTINE_CLASSES: Final = frozenset({"auth_error", "cf_challenge"})
"""Dominant classes that asking on makes worse, or at least no better."""


def roll_up_samples(
    samples: Iterable[RequestSample], previous: ConnectivityProfile | None, *, provider: str, now: datetime
) -> ConnectivityProfile:
    """Do what :func:`roll_up` does, from single samples."""
    recovered_at = previous.recovered_at if previous else None
    return roll_up(summarise(samples, now=now, recovered_at=recovered_at), previous, provider=provider, now=now)


def roll_up(
    summary: SampleSummary, previous: ConnectivityProfile | None, *, provider: str, now: datetime
) -> ConnectivityProfile:
    """Return a provider's profile.

    Args:
        summary: of the request log, counted from the ``recovered_at`` of the previous profile.
        previous: the last profile; None for a provider that has none yet.
        provider: lower case, ``tmdb``.
        now: aware, UTC.
    """
    base = base_status(summary.judged)
    dominant = dominant_class(summary.judged)
    burst = is_burst(summary.recent)
    failing_since = _failing_since(base, summary, previous, burst=burst, now=now)
    status = base
    stays = previous is not None and previous.is_quarantined
    if stays or (_has_lasted(failing_since, now) and (burst or dominant in QUARANTINE_CLASSES)):
        status = ProviderStatus.QUARANTINED
    cooldown, cooldown_until = _cooldown(status, previous, now)
    is_quarantined = status is ProviderStatus.QUARANTINED
    return ConnectivityProfile(
        provider=provider,
        status=status,
        status_since=_status_since(status, failing_since, previous, now),
        error_class=_error_class(status, dominant, previous, burst=burst),
        success_rate_1h=summary.hour.success_rate,
        success_rate_24h=summary.day.success_rate,
        latency_p50_ms=summary.hour.latency_p50_ms,
        latency_p95_ms=summary.hour.latency_p95_ms,
        samples_1h=summary.hour.samples,
        last_checked_at=now,
        failing_since=None if is_quarantined else failing_since,
        recovered_at=previous.recovered_at if previous and not is_quarantined else None,
        cooldown=cooldown,
        cooldown_until=cooldown_until,
        probe=previous.probe if previous and is_quarantined else None,
    )


def base_status(tally: Tally) -> ProviderStatus:
    """Return the status that the samples alone speak for; the first rule that applies."""
    rate = tally.success_rate
    if rate is None:
        return ProviderStatus.DEGRADED
    if rate >= HEALTHY_SUCCESS_RATE and effective_latency_ms(tally) <= HEALTHY_LATENCY_MS:
        return ProviderStatus.HEALTHY
    if rate < FAILING_SUCCESS_RATE or dominant_class(tally) in FAILING_CLASSES:
        return ProviderStatus.FAILING
    return ProviderStatus.DEGRADED


def effective_latency_ms(tally: Tally) -> float:
    """Return the latency that is judged: as much of it as so many samples can tell."""
    if tally.samples < SAMPLES_FOR_LATENCY:
        return 0.0
    latency = tally.latency_p50_ms if tally.samples < SAMPLES_FOR_P95 else tally.latency_p95_ms
    return latency or 0.0


def dominant_class(tally: Tally) -> str | None:
    """Return the most frequent error class, ties by name, where it is frequent enough to mean something."""
    if not tally.failures:
        return None
    name, count = min(tally.failures.items(), key=lambda item: (-item[1], item[0]))
    return name if count >= DOMINANT_COUNT and count / tally.samples >= DOMINANT_SHARE else None


def is_burst(recent: Tally) -> bool:
    """Say whether the provider answers 429 so often that asking on makes it worse."""
    refused = recent.failures.get(HTTP_429, 0)
    return refused >= BURST_COUNT or (recent.samples >= BURST_SAMPLES and refused / recent.samples >= BURST_SHARE)


def _failing_since(
    base: ProviderStatus,
    summary: SampleSummary,
    previous: ConnectivityProfile | None,
    *,
    burst: bool,
    now: datetime,
) -> datetime | None:
    """Return when the trouble began: kept over rollups, and begun anew after an hour without a failure.

    At the end of such an hour a rollup would have found nothing that fails; that none ran changes nothing.
    """
    if base is not ProviderStatus.FAILING and not burst:
        return None
    before = previous.failing_since if previous else None
    if before is None or before > now:
        return now
    in_this_hour = summary.first_failure is not None and before >= summary.first_failure
    return before if in_this_hour or not summary.had_quiet_hour else now


def _has_lasted(failing_since: datetime | None, now: datetime) -> bool:
    return failing_since is not None and now - failing_since >= QUARANTINE_AFTER


def _status_since(
    status: ProviderStatus, failing_since: datetime | None, previous: ConnectivityProfile | None, now: datetime
) -> datetime:
    if previous is None or previous.status is not status:
        return now
    since = min(previous.status_since, now)
    if status is ProviderStatus.FAILING and failing_since == now:
        return now  # it was not failing all the time: there was an hour without a failure
    return since


def _cooldown(
    status: ProviderStatus, previous: ConnectivityProfile | None, now: datetime
) -> tuple[timedelta | None, datetime | None]:
    """Return the cool-down and its end, which a clock that was set back must not move out of reach."""
    if status is not ProviderStatus.QUARANTINED:
        return None, None
    if previous is None or not previous.is_quarantined:
        return COOLDOWN, now + COOLDOWN
    cooldown = previous.cooldown or COOLDOWN
    latest = now + cooldown
    return cooldown, min(previous.cooldown_until or now, latest)


def _error_class(
    status: ProviderStatus, dominant: str | None, previous: ConnectivityProfile | None, *, burst: bool
) -> str | None:
    if status is ProviderStatus.HEALTHY:
        return None
    if dominant is not None:
        return dominant
    if burst:
        return HTTP_429
    return (previous.error_class if previous else None) or UNKNOWN

"""What the request log says about a provider: single samples, and the tallies that a profile is made of.

A tally made of samples here and one made by the database must be the same, so both use the functions below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

HOUR: Final = timedelta(hours=1)
"""What a status is judged by."""

DAY: Final = timedelta(hours=24)

BURST_WINDOW: Final = timedelta(minutes=10)

SUCCESS: Final = "success"
RATE_LIMITED: Final = "rate_limited"
"""Held back by our own limiter: says nothing about the provider, and counts nowhere."""

HTTP_429: Final = "http_429"
PARSE_ERROR: Final = "parse_error"
UNKNOWN: Final = "unknown"

P50: Final = 0.50
P95: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSample:
    """One row of the request log, as far as a profile needs it.

    Attributes:
        finished: aware, UTC.
        latency_ms: until the answer was whole, or was given up.
        outcome: ``success`` or ``failure``.
        error_class: None for a success.
        parse_ok: whether the answer was understood.
    """

    finished: datetime
    latency_ms: float
    outcome: str = SUCCESS
    error_class: str | None = None
    parse_ok: bool = True

    @property
    def is_success(self) -> bool:
        """Whether the connection did what it is for: an answer came, and it was one."""
        return self.outcome == SUCCESS and self.parse_ok

    @property
    def failure_class(self) -> str | None:
        """What went wrong; None for a success."""
        if self.is_success:
            return None
        return self.error_class or (PARSE_ERROR if self.outcome == SUCCESS else UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Samples of a span, counted.

    Attributes:
        failures: error class -> how often.
        latency_p50_ms: continuous percentile; None without samples.
        latency_p95_ms: likewise.
    """

    samples: int = 0
    successes: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None

    @property
    def success_rate(self) -> float | None:
        """From 0 to 1; None without samples."""
        return self.successes / self.samples if self.samples else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSummary:
    """All that a rollup needs to know of the log.

    Attributes:
        hour: the last hour.
        day: the last 24 hours, without classes and latencies.
        judged: of the last hour, what came after the last quarantine ended; mostly the same as ``hour``.
        recent: of the last ten minutes likewise, without latencies.
        first_failure: when the oldest failure of the last hour finished.
        failure_before: when the newest one of the hour before did.
    """

    hour: Tally = Tally()
    day: Tally = Tally()
    judged: Tally = Tally()
    recent: Tally = Tally()
    first_failure: datetime | None = None
    failure_before: datetime | None = None

    @property
    def had_quiet_hour(self) -> bool:
        """Whether a whole hour without a failure came just before the failures of the last hour."""
        if self.first_failure is None or self.failure_before is None:
            return True
        return self.first_failure - self.failure_before >= HOUR


@dataclass(frozen=True, slots=True)
class HourTally:
    """One of the last 24 hours, for people to look at.

    Attributes:
        start: of the hour, counted back from now.
    """

    start: datetime
    samples: int = 0
    successes: int = 0

    @property
    def success_rate(self) -> float | None:
        """From 0 to 1; None without samples."""
        return self.successes / self.samples if self.samples else None


def summarise(
    samples: Iterable[RequestSample], *, now: datetime, recovered_at: datetime | None = None
) -> SampleSummary:
    """Count samples, in any order.

    Args:
        now: aware, UTC; samples that finished later are of a wrong clock, and are left out.
        recovered_at: when the last quarantine ended; what came before it is not judged again.
    """
    counted = [one for one in samples if one.failure_class != RATE_LIMITED and one.finished <= now]
    day, hour = _after(counted, now - DAY), _after(counted, now - HOUR)
    judged = _after(hour, judged_from(recovered_at, now=now))
    failures = [one.finished for one in _after(counted, now - 2 * HOUR) if not one.is_success]
    return SampleSummary(
        hour=_tally(hour),
        day=Tally(samples=len(day), successes=sum(one.is_success for one in day)),
        judged=_tally(judged),
        recent=_tally(_after(judged, now - BURST_WINDOW), latencies=False),
        first_failure=min((at for at in failures if at > now - HOUR), default=None),
        failure_before=max((at for at in failures if at <= now - HOUR), default=None),
    )


def judged_from(recovered_at: datetime | None, *, now: datetime) -> datetime:
    """Return after which moment samples decide the status: an hour ago, or the end of the last quarantine."""
    start = now - HOUR
    return recovered_at if recovered_at is not None and start < recovered_at <= now else start


def percentile_place(count: int, fraction: float) -> tuple[int, float]:
    """Say where a continuous percentile lies among ``count`` sorted values.

    Args:
        count: at least 1.
        fraction: from 0 to 1.

    Returns:
        The place of the value below it, from 0, and how far it is from there towards the next one, below 1.
    """
    place = fraction * (count - 1)
    return int(place), place - int(place)


def between(low: float, high: float, share: float) -> float:
    """Return the value that lies a share of the way from one value to the next."""
    return low + (high - low) * share


def _after(samples: Sequence[RequestSample], moment: datetime) -> list[RequestSample]:
    return [one for one in samples if one.finished > moment]


def _tally(samples: Sequence[RequestSample], *, latencies: bool = True) -> Tally:
    in_order = sorted(one.latency_ms for one in samples) if latencies else []
    return Tally(
        samples=len(samples),
        successes=sum(one.is_success for one in samples),
        failures=Counter(one.failure_class for one in samples if one.failure_class is not None),
        latency_p50_ms=_percentile(in_order, P50),
        latency_p95_ms=_percentile(in_order, P95),
    )


def _percentile(in_order: Sequence[float], fraction: float) -> float | None:
    if not in_order:
        return None
    place, share = percentile_place(len(in_order), fraction)
    return between(in_order[place], in_order[min(place + 1, len(in_order) - 1)], share)

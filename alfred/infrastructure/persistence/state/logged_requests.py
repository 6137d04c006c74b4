"""What is in the request log: counted for a rollup, or listed for people."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alfred.domain.connectivity.samples import (
    BURST_WINDOW,
    DAY,
    HOUR,
    P50,
    P95,
    HourTally,
    SampleSummary,
    Tally,
    between,
    judged_from,
    percentile_place,
)
from alfred.infrastructure.persistence.sqlite.codec import from_micros, from_micros_or_none, to_micros
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.state.statements import (
    BY_CLASS,
    BY_HOUR,
    FASTEST,
    FIRST_FAILURE,
    LAST_FAILURE,
    LATEST,
    LATEST_FAILED,
    SLOWEST,
    TOTALS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One row of the log."""

    provider: str
    request_type: str
    started: datetime
    finished: datetime
    latency_ms: float
    outcome: str
    http_status: int | None
    error_class: str | None
    parse_ok: bool


class LoggedRequests:
    """Counts and lists what is in the log.

    Args:
        database: the state file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def summary(self, provider: str, *, now: datetime, recovered_at: datetime | None = None) -> SampleSummary:
        """Count a provider's samples, as :func:`alfred.domain.connectivity.summarise` does."""
        hour_ago, start = now - HOUR, judged_from(recovered_at, now=now)
        hour = self._tally(provider, hour_ago, now)
        judged = hour if start == hour_ago else self._tally(provider, start, now)
        recent_start = max(start, now - BURST_WINDOW)
        return SampleSummary(
            hour=hour,
            judged=judged,
            day=self._day(provider, now),
            recent=self._tally(provider, recent_start, now, latencies=False),
            first_failure=self._moment(FIRST_FAILURE, provider, hour_ago, now),
            failure_before=self._moment(LAST_FAILURE, provider, hour_ago - HOUR, hour_ago),
        )

    def hours(self, provider: str, *, now: datetime, count: int = 24) -> list[HourTally]:
        """Count the samples of each of the last hours, the oldest first."""
        start = now - count * HOUR
        values = (to_micros(start), HOUR // timedelta(microseconds=1), to_micros(start), to_micros(now), provider)
        found = {int(at): (samples, successes) for at, samples, successes in self._database.all(BY_HOUR, values)}
        return [HourTally(start + at * HOUR, *found.get(at, (0, 0))) for at in range(count)]

    def latest(
        self, *, failed: bool = False, since: datetime | None = None, limit: int | None = None
    ) -> Generator[LoggedRequest, None, None]:
        """Yield requests, the latest first.

        Args:
            failed: only those that failed or were held back.
            since: only those that finished at that moment or after it.
            limit: at most so many; None is all.
        """
        values = (to_micros(since) if since else 0, -1 if limit is None else limit)
        for row in self._database.stream(LATEST_FAILED if failed else LATEST, values):
            yield _request(row)

    def _day(self, provider: str, now: datetime) -> Tally:
        found = self._database.one(TOTALS, (to_micros(now - DAY), to_micros(now), provider)) or (0, 0)
        return Tally(samples=found[0], successes=found[1] or 0)

    def _tally(self, provider: str, after: datetime, until: datetime, *, latencies: bool = True) -> Tally:
        span = (to_micros(after), to_micros(until), provider)
        counts: dict[str | None, int] = dict(self._database.all(BY_CLASS, span))
        samples, successes = sum(counts.values()), counts.pop(None, 0)
        failures = {name: count for name, count in counts.items() if name is not None}
        tally = Tally(samples=samples, successes=successes, failures=failures)
        if not latencies or not samples:
            return tally
        p50, p95 = (self._percentile(span, samples, fraction) for fraction in (P50, P95))
        return replace(tally, latency_p50_ms=p50, latency_p95_ms=p95)

    def _percentile(self, span: Row, count: int, fraction: float) -> float:
        """Read only the rows on both sides of it, from the end that is nearer."""
        low, share = percentile_place(count, fraction)
        if 2 * low < count:
            rows = self._database.all(FASTEST, (*span, low))
        else:
            rows = self._database.all(SLOWEST, (*span, count - 2 - low))[::-1]
        return between(float(rows[0][0]), float(rows[-1][0]), share)

    def _moment(self, statement: str, provider: str, after: datetime, until: datetime) -> datetime | None:
        found = self._database.one(statement, (to_micros(after), to_micros(until), provider))
        return from_micros_or_none(found[0]) if found else None


def _request(row: Row) -> LoggedRequest:
    provider, request_type, started, finished, latency_ms, outcome, http_status, error_class, parse_ok = row
    return LoggedRequest(
        provider=provider,
        request_type=request_type,
        started=from_micros(started),
        finished=from_micros(finished),
        latency_ms=latency_ms,
        outcome=outcome,
        http_status=http_status,
        error_class=error_class,
        parse_ok=bool(parse_ok),
    )

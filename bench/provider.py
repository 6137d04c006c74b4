"""The provider's request log: a rollup over a full week of it, and what taking note of one request costs."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alfred.application.connectivity.profile import refresh_profiles
from alfred.domain.connectivity import RequestSample, summarise
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.persistence.sqlite.codec import to_micros
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.state.logged_requests import LoggedRequests
from alfred.infrastructure.persistence.state.profiles import SqliteProfiles
from alfred.infrastructure.persistence.state.request_log import RequestLog
from alfred.infrastructure.persistence.state.statements import INSERT
from alfred.infrastructure.persistence.state.store import open_state
from bench.measuring import Sample, seconds, take_turns
from bench.printing import note, table, times, verdict
from bench.workspace import Workspace

ROLLUP_MS_AT_MOST = 500.0
RECORD_US_AT_MOST = 50.0
SPAN = timedelta(days=7)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def run(workspace: Workspace) -> None:
    rows, rounds = workspace.size(1_000_000, 20_000), workspace.size(7, 2)
    folder = workspace.folder / "provider"
    with closing(open_state(folder, now=_now)) as state:
        _fill(state, rows)
        in_hour = LoggedRequests(state).summary("tmdb", now=NOW).hour.samples
        size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
        note(f"{rows:,} rows over {SPAN.days} days, {in_hour:,} of them in the last hour, {size:,.0f} MiB")
        samples = take_turns(
            {
                "rollup, by aggregates and an index": lambda: seconds(lambda: _roll_up(state)),
                "row by row, for comparison": lambda: seconds(lambda: _row_by_row(state)),
                "the last 24 hours, for the sparkline": lambda: seconds(
                    lambda: LoggedRequests(state).hours("tmdb", now=NOW)
                ),
            },
            rounds=rounds,
        )
    _print_reading(samples)
    _print_writing(workspace, folder, rounds)
    workspace.discard(folder)


def _print_reading(samples: dict[str, Sample]) -> None:
    rollup = next(iter(samples.values()))
    rows = [
        (
            name,
            sample.in_milliseconds(),
            times(sample.over(rollup)),
            verdict(sample.median * 1000, ROLLUP_MS_AT_MOST) if sample is rollup else "",
        )
        for name, sample in samples.items()
    ]
    table(("reading the log", "ms", "of a rollup", "goal"), rows)


def _print_writing(workspace: Workspace, folder: Path, rounds: int) -> None:
    count = workspace.size(20_000, 1_000)
    measured = take_turns({"record": lambda: _record(folder, count)}, rounds=rounds)["record"]
    micros = Sample(tuple(value * 1e6 for value in measured.values))
    table(
        (f"writing, {count:,} requests into that log", "us a request", "goal"),
        [("what a request waits for", micros.as_rate(), verdict(micros.median, RECORD_US_AT_MOST))],
    )


def _record(folder: Path, count: int) -> float:
    """Return the seconds that one call takes while the log is being written behind it."""
    log = RequestLog(folder, on_trouble=_fail, now=_now)
    attempt = RequestAttempt(
        provider="tmdb",
        request_type="details",
        started=NOW - SPAN / 2,
        latency_ms=80.0,
        outcome="success",
        http_status=200,
        error_class=None,
        parse_ok=True,
    )
    start = time.perf_counter()
    for _ in range(count):
        log.record(attempt)
    took = time.perf_counter() - start
    log.close()
    return took / count


def _fail(error: Exception) -> None:
    raise error


def _now() -> datetime:
    return NOW


def _roll_up(state: Database) -> None:
    refresh_profiles(["tmdb"], log=LoggedRequests(state), profiles=SqliteProfiles(state), now=_now)


def _row_by_row(state: Database) -> None:
    day_ago = to_micros(NOW - timedelta(days=1))
    rows = state.stream(
        "SELECT finished, latency_ms, outcome, error_class, parse_ok FROM request_log WHERE finished > ?",
        (day_ago,),
    )
    epoch = NOW - timedelta(microseconds=to_micros(NOW))
    summarise(
        (
            RequestSample(
                finished=epoch + timedelta(microseconds=finished),
                latency_ms=latency,
                outcome=outcome,
                error_class=error_class,
                parse_ok=bool(parse_ok),
            )
            for finished, latency, outcome, error_class, parse_ok in rows
        ),
        now=NOW,
    )


def _fill(state: Database, rows: int) -> None:
    with state.transaction():
        state.execute_many(INSERT, _rows(rows))


def _rows(rows: int) -> Iterator[Row]:
    """Yield a week of requests, a fifth of them in its last two hours, as a large first batch leaves them."""
    chance = random.Random(1)
    busy = rows // 5
    for number in range(rows):
        spread, place = (
            (SPAN, number / rows) if number < rows - busy else (timedelta(hours=2), (rows - number) / busy)
        )
        at = to_micros(NOW - spread * (1 - place if spread is SPAN else place))
        latency = chance.expovariate(1 / 80)
        failed = chance.random() < 0.03
        error = chance.choice(("timeout", "http_5xx", "http_429")) if failed else None
        outcome = "failure" if failed else "success"
        yield ("tmdb", "details", at, at + int(latency * 1000), latency, outcome, 200, error, int(not failed))

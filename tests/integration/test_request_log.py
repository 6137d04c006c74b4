"""The request log and the profiles in a real state file, with several threads and processes."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alfred.application.exceptions import AlfredError
from alfred.composition import Connectivity
from alfred.domain.connectivity import ConnectivityProfile, ProviderStatus, RequestSample, summarise
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.persistence.sqlite.database import Database
from alfred.infrastructure.persistence.state import request_log as writing
from alfred.infrastructure.persistence.state import statements
from alfred.infrastructure.persistence.state.logged_requests import LoggedRequests
from alfred.infrastructure.persistence.state.profiles import SqliteProfiles
from alfred.infrastructure.persistence.state.request_log import RequestLog
from alfred.infrastructure.persistence.state.store import open_state
from alfred.settings import Settings
from tests.builders import NOW
from tests.fakes.clock import FakeClock

PROJECT = Path(__file__).resolve().parents[2]


def an_attempt(*, finished: datetime = NOW, latency_ms: float = 100.0, **changes: object) -> RequestAttempt:
    values: dict[str, object] = {
        "provider": "tmdb",
        "request_type": "details",
        "started": finished - timedelta(milliseconds=latency_ms),
        "latency_ms": latency_ms,
        "outcome": "success",
        "http_status": 200,
        "error_class": None,
        "parse_ok": True,
    }
    return RequestAttempt(**values | changes)  # type: ignore[arg-type]  # a test names fields that there are


class Troubles(list[AlfredError]):
    """What a log complained of."""

    def __call__(self, error: AlfredError) -> None:
        self.append(error)


@pytest.fixture
def troubles() -> Troubles:
    return Troubles()


@pytest.fixture
def log(tmp_path: Path, troubles: Troubles) -> Iterator[RequestLog]:
    log = RequestLog(tmp_path / "state", on_trouble=troubles, now=FakeClock())
    yield log
    log.close()


def state_of(tmp_path: Path) -> Database:
    return open_state(tmp_path / "state", now=FakeClock())


def logged(tmp_path: Path, **options: object) -> list[tuple[str, str | None]]:
    with closing(state_of(tmp_path)) as state:
        found = LoggedRequests(state).latest(**options)  # type: ignore[arg-type]  # the options of the method
        return [(one.request_type, one.error_class) for one in found]


def count_of(tmp_path: Path) -> int:
    with closing(state_of(tmp_path)) as state:
        return int((state.one("SELECT COUNT(*) FROM request_log") or (0,))[0])


# --- writing


def test_a_request_is_written_with_all_its_fields(tmp_path: Path, log: RequestLog) -> None:
    log.record(an_attempt(http_status=429, error_class="http_429", outcome="failure", parse_ok=False))
    log.flush()

    with closing(state_of(tmp_path)) as state:
        (one,) = LoggedRequests(state).latest()
    assert (one.provider, one.request_type, one.latency_ms) == ("tmdb", "details", 100.0)
    assert (one.started, one.finished) == (NOW - timedelta(seconds=0.1), NOW)
    assert (one.outcome, one.http_status, one.error_class, one.parse_ok) == ("failure", 429, "http_429", False)


def test_a_request_is_written_within_a_second_without_being_asked(tmp_path: Path, log: RequestLog) -> None:
    log.record(an_attempt())

    time.sleep(1.0)
    assert count_of(tmp_path) == 1


def test_requests_are_written_together(tmp_path: Path, log: RequestLog) -> None:
    state_of(tmp_path).close()
    start = time.perf_counter()
    for _ in range(1000):
        log.record(an_attempt())
    took = time.perf_counter() - start
    log.flush()

    assert count_of(tmp_path) == 1000
    assert took < writing.FLUSH_SECONDS, "recording waits for nothing"


def test_a_flush_of_nothing_returns_at_once_and_makes_no_file(tmp_path: Path, log: RequestLog) -> None:
    log.flush()
    log.close()

    assert not (tmp_path / "state").exists()


def test_a_closed_log_begins_anew(tmp_path: Path, log: RequestLog) -> None:
    log.record(an_attempt())
    log.close()
    log.record(an_attempt())
    log.close()

    assert count_of(tmp_path) == 2


def test_threads_share_a_log(tmp_path: Path, log: RequestLog) -> None:
    def record_some() -> None:
        for _ in range(250):
            log.record(an_attempt())

    threads = [threading.Thread(target=record_some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    assert count_of(tmp_path) == 2000


WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.persistence.state.request_log import RequestLog

log = RequestLog(Path(sys.argv[1]), on_trouble=lambda error: print("trouble", error, flush=True))
for number in range(int(sys.argv[2])):
    log.record(RequestAttempt(provider="tmdb", request_type="details", started=datetime.now(UTC), latency_ms=1.0,
        outcome="success", http_status=200, error_class=None, parse_ok=True))
print("recorded", flush=True)
time.sleep(float(sys.argv[3]))
"""


def start_writer(tmp_path: Path, count: int, then_sleep: float = 0.0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "state"), str(count), str(then_sleep)],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_several_processes_write_to_one_file_and_lose_nothing_at_their_end(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path, 300) for _ in range(4)]
    said = [writer.communicate(timeout=60)[0] for writer in writers]

    assert said == ["recorded\n"] * 4
    assert count_of(tmp_path) == 1200


def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    writer = start_writer(tmp_path, 300, then_sleep=60)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "recorded\n"
    writer.send_signal(signal.SIGINT)
    writer.communicate(timeout=60)

    assert count_of(tmp_path) == 300


def test_a_kill_loses_the_last_second_at_most(tmp_path: Path) -> None:
    writer = start_writer(tmp_path, 300, then_sleep=60)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "recorded\n"
    time.sleep(1.0)
    writer.kill()
    writer.communicate(timeout=60)

    assert count_of(tmp_path) == 300


def test_what_the_limiter_held_back_is_written_too(tmp_path: Path, log: RequestLog) -> None:
    log.held_back("tmdb", "season", started=NOW - timedelta(seconds=2), finished=NOW)
    log.close()

    assert logged(tmp_path) == [("season", "rate_limited")]


def test_rows_are_kept_for_seven_days(tmp_path: Path, log: RequestLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TRIMMED_AT_ONCE", 2)
    monkeypatch.setattr(writing, "TRIM_SECONDS", 0.0)
    kept = [timedelta(), timedelta(days=6.99), timedelta(days=7), -timedelta(days=1)]
    gone = [timedelta(days=7.01), timedelta(days=70), timedelta(days=8), -timedelta(days=400)]
    for age in (*kept, *gone):
        log.record(an_attempt(finished=NOW - age))
        log.flush()
    log.record(an_attempt())
    log.close()

    with closing(state_of(tmp_path)) as state:
        ages = sorted(NOW - one.finished for one in LoggedRequests(state).latest())
    assert ages == sorted([*kept, timedelta()])


def test_a_busy_file_delays_rows_and_loses_none(
    tmp_path: Path, log: RequestLog, troubles: Troubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alfred.infrastructure.persistence.sqlite.database.BUSY_TIMEOUT_SECONDS", 0.05)
    with closing(state_of(tmp_path)) as other:
        with other.transaction():
            other.execute("DELETE FROM request_log")
            log.record(an_attempt())
            time.sleep(1.2)
        log.close()

    assert (count_of(tmp_path), troubles) == (1, [])


def test_a_state_folder_that_cannot_be_made_is_said_once(
    tmp_path: Path, log: RequestLog, troubles: Troubles
) -> None:
    (tmp_path / "state").write_text("a file")
    for _ in range(3):
        log.record(an_attempt())
        log.flush()
    log.close()

    assert len(troubles) == 1


def test_a_file_that_is_no_state_is_set_aside(
    tmp_path: Path, log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.sqlite3").write_bytes(b"no database" * 1000)
    with caplog.at_level(logging.WARNING, logger="alfred"):
        log.record(an_attempt())
        log.close()

    assert count_of(tmp_path) == 1
    assert "it is kept as" in caplog.text


# --- counting

CLASSES = ("auth_error", "http_429", "rate_limited", None)
SAMPLES = st.lists(
    st.builds(
        RequestSample,
        finished=st.integers(-120, 26 * 3600).map(lambda ago: NOW - timedelta(seconds=ago))
        | st.sampled_from([0, 10, 60, 120, 1440]).map(lambda ago: NOW - timedelta(minutes=ago)),
        latency_ms=st.floats(0, 20_000),
        outcome=st.sampled_from(["success", "failure"]),
        error_class=st.sampled_from(CLASSES),
        parse_ok=st.booleans(),
    ),
    max_size=60,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(samples=SAMPLES, recovered_ago=st.none() | st.integers(-100, 5000))
def test_the_database_counts_as_the_rules_do(
    tmp_path: Path, samples: list[RequestSample], recovered_ago: int | None
) -> None:
    recovered_at = None if recovered_ago is None else NOW - timedelta(seconds=recovered_ago)
    with closing(state_of(tmp_path)) as state:
        state.execute("DELETE FROM request_log")
        put(state, samples)
        state.execute("UPDATE request_log SET provider = 'another' WHERE id % 7 = 0")
        mine = [sample for number, sample in enumerate(samples, start=1) if number % 7]

        counted = LoggedRequests(state).summary("tmdb", now=NOW, recovered_at=recovered_at)

    assert counted == summarise(mine, now=NOW, recovered_at=recovered_at)


def put(state: Database, samples: list[RequestSample]) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    with state.transaction():
        for number, sample in enumerate(samples, start=1):
            at = (sample.finished - epoch) // timedelta(microseconds=1)
            state.execute(
                "INSERT INTO request_log VALUES (?, 'tmdb', 'details', ?, ?, ?, ?, NULL, ?, ?)",
                (number, at, at, sample.latency_ms, sample.outcome, sample.error_class, sample.parse_ok),
            )


@pytest.mark.parametrize(
    "name", ["BY_CLASS", "BY_HOUR", "TOTALS", "FASTEST", "SLOWEST", "FIRST_FAILURE", "LAST_FAILURE"]
)
def test_counting_reads_the_index_alone(tmp_path: Path, name: str) -> None:
    statement = getattr(statements, name)
    with closing(state_of(tmp_path)) as state:
        plan = state.all(f"EXPLAIN QUERY PLAN {statement}", [0] * statement.count("?"))

    assert any("SEARCH request_log USING COVERING INDEX request_log_by_time" in row[3] for row in plan), plan


def test_each_of_the_last_hours_is_counted(tmp_path: Path, log: RequestLog) -> None:
    log.record(an_attempt(finished=NOW))
    log.record(an_attempt(finished=NOW - timedelta(minutes=59), outcome="failure", error_class="dns"))
    log.record(an_attempt(finished=NOW - timedelta(minutes=60)))
    log.record(an_attempt(finished=NOW - timedelta(hours=24)))
    log.close()

    with closing(state_of(tmp_path)) as state:
        hours = LoggedRequests(state).hours("tmdb", now=NOW)

    assert [hour.start for hour in hours] == [NOW - timedelta(hours=back) for back in range(24, 0, -1)]
    assert [(hour.samples, hour.successes) for hour in hours[-2:]] == [(1, 1), (2, 1)]
    assert sum(hour.samples for hour in hours) == 3


def test_requests_are_listed_the_latest_first(tmp_path: Path, log: RequestLog) -> None:
    log.record(an_attempt(request_type="search", finished=NOW - timedelta(hours=2)))
    log.record(an_attempt(request_type="details", outcome="failure", error_class="dns"))
    log.record(an_attempt(request_type="season", finished=NOW - timedelta(hours=1)))
    log.close()

    assert logged(tmp_path) == [("details", "dns"), ("season", None), ("search", None)]
    assert logged(tmp_path, limit=1) == [("details", "dns")]
    assert logged(tmp_path, failed=True) == [("details", "dns")]
    assert logged(tmp_path, since=NOW - timedelta(hours=1)) == [("details", "dns"), ("season", None)]


# --- profiles


def a_profile(**changes: object) -> ConnectivityProfile:
    values: dict[str, object] = {
        "provider": "tmdb",
        "status": ProviderStatus.DEGRADED,
        "status_since": NOW,
        "last_checked_at": NOW,
    }
    return ConnectivityProfile(**values | changes)  # type: ignore[arg-type]  # a test names fields that there are


def always(profile: ConnectivityProfile) -> Callable[[object], ConnectivityProfile]:
    return lambda _before: profile


def test_a_profile_comes_back_as_it_was(tmp_path: Path) -> None:
    profile = a_profile(
        status=ProviderStatus.QUARANTINED,
        error_class="auth_error",
        success_rate_1h=0.25,
        success_rate_24h=0.5,
        latency_p50_ms=12.5,
        latency_p95_ms=99.0,
        samples_1h=7,
        failing_since=NOW,
        recovered_at=NOW,
        cooldown=timedelta(hours=2),
        cooldown_until=NOW + timedelta(hours=2),
    )
    with closing(state_of(tmp_path)) as state:
        assert SqliteProfiles(state).load("tmdb") is None
        SqliteProfiles(state).revise("tmdb", always(profile))
    with closing(state_of(tmp_path)) as state:
        assert SqliteProfiles(state).load("tmdb") == profile


def test_no_change_of_another_process_is_lost(tmp_path: Path) -> None:
    with closing(state_of(tmp_path)) as mine, closing(state_of(tmp_path)) as theirs:
        seen: list[int | None] = []

        def change(before: ConnectivityProfile | None) -> ConnectivityProfile:
            seen.append(before.samples_1h if before else None)
            if len(seen) == 1:
                SqliteProfiles(theirs).revise("tmdb", always(a_profile(samples_1h=5)))
            return a_profile(samples_1h=(before.samples_1h if before else 0) + 1)

        SqliteProfiles(mine).revise("tmdb", change)

        assert seen == [None, 5]
        assert SqliteProfiles(theirs).load("tmdb") == a_profile(samples_1h=6)


def test_changes_of_the_status_are_kept(tmp_path: Path) -> None:
    later = NOW + timedelta(minutes=5)
    with closing(state_of(tmp_path)) as state:
        profiles = SqliteProfiles(state)
        for status, since in (("degraded", NOW), ("degraded", NOW), ("failing", later), ("failing", later)):
            profiles.revise("tmdb", always(a_profile(status=ProviderStatus(status), status_since=since)))

        assert [(one.at, one.status.value) for one in profiles.transitions("tmdb")] == [
            (later, "failing"),
            (NOW, "degraded"),
        ]


# --- put together


def test_without_a_state_nothing_is_known_and_nobody_is_held_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a file").write_text("")
    sent: list[str] = []
    connectivity = Connectivity(
        Settings(state_dir=tmp_path / "a file" / "state"), probe=lambda: sent.append("probe")
    )
    with closing(connectivity), caplog.at_level(logging.WARNING, logger="alfred"):
        connectivity.request_log.record(an_attempt())
        assert connectivity.roll_up() is None
        connectivity.gate.admit()
        assert connectivity.gate.ask(lambda: "answer") == "answer"
        connectivity.gate.probe()

    assert (sent, len(caplog.records)) == (["probe"], 1)
    assert "requests to the provider are not logged" in caplog.text

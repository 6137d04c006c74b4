"""The rules, each threshold at, just under and just over; and the cases that a person would think of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alfred.domain.connectivity import (
    ConnectivityProfile,
    ProviderStatus,
    RequestSample,
    Tally,
    base_status,
    dominant_class,
    effective_latency_ms,
    is_burst,
    roll_up_samples,
)
from alfred.domain.connectivity.profile import COOLDOWN, LONGEST_COOLDOWN
from tests.builders import NOW

HEALTHY, DEGRADED = ProviderStatus.HEALTHY, ProviderStatus.DEGRADED
FAILING, QUARANTINED = ProviderStatus.FAILING, ProviderStatus.QUARANTINED


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


A_WHILE, JUST_NOW = minutes(20), minutes(5)


def some(
    count: int, error_class: str | None = None, *, ago: timedelta = A_WHILE, latency_ms: float = 100.0
) -> list[RequestSample]:
    outcome = "success" if error_class is None else "failure"
    sample = RequestSample(
        finished=NOW - ago,
        latency_ms=latency_ms,
        outcome=outcome,
        error_class=error_class,
        parse_ok=error_class is None,
    )
    return [sample] * count


def profile_of(
    *samples: Sequence[RequestSample], previous: ConnectivityProfile | None = None, now: datetime = NOW
) -> ConnectivityProfile:
    return roll_up_samples([one for part in samples for one in part], previous, provider="tmdb", now=now)


def a_profile(status: ProviderStatus, *, ago: timedelta = JUST_NOW, **changes: object) -> ConnectivityProfile:
    since = NOW - ago
    profile = ConnectivityProfile(
        provider="tmdb",
        status=status,
        status_since=since,
        last_checked_at=NOW - minutes(1),
        error_class=None if status is HEALTHY else "timeout",
        failing_since=since if status is FAILING else None,
        cooldown=COOLDOWN if status is QUARANTINED else None,
        cooldown_until=since + COOLDOWN if status is QUARANTINED else None,
    )
    return replace(profile, **changes)  # type: ignore[arg-type]  # a test names fields that there are


# --- windows


@pytest.mark.parametrize(
    ("ago", "samples_1h", "in_24h"),
    [
        (timedelta(), 1, True),
        (minutes(60) - timedelta(microseconds=1), 1, True),
        (minutes(60), 0, True),
        (timedelta(hours=24) - timedelta(microseconds=1), 0, True),
        (timedelta(hours=24), 0, False),
        (-timedelta(microseconds=1), 0, False),
    ],
)
def test_a_sample_counts_while_it_is_in_the_window(ago: timedelta, samples_1h: int, *, in_24h: bool) -> None:
    profile = profile_of(some(1, ago=ago))

    assert profile.samples_1h == samples_1h
    assert profile.success_rate_1h == (1.0 if samples_1h else None)
    assert profile.success_rate_24h == (1.0 if in_24h else None)


def test_what_our_own_limiter_held_back_counts_nowhere() -> None:
    profile = profile_of(some(30), some(5, "timeout"), some(10, "rate_limited"))

    assert (profile.samples_1h, profile.success_rate_1h, profile.success_rate_24h) == (35, 30 / 35, 30 / 35)
    assert profile.status is FAILING


def test_an_answer_that_was_not_understood_is_a_failure() -> None:
    garbled = RequestSample(finished=NOW, latency_ms=1, outcome="success", parse_ok=False)

    profile = profile_of([garbled] * 5)

    assert (profile.success_rate_1h, profile.error_class) == (0.0, "parse_error")


def test_a_failure_without_a_class_is_unknown() -> None:
    nameless = RequestSample(finished=NOW, latency_ms=1, outcome="failure", parse_ok=False)

    assert profile_of([nameless] * 5).error_class == "unknown"


def test_no_samples_mean_degraded() -> None:
    profile = profile_of()

    assert (profile.status, profile.status_since, profile.error_class) == (DEGRADED, NOW, "unknown")
    assert (profile.samples_1h, profile.success_rate_1h, profile.success_rate_24h) == (0, None, None)
    assert (profile.latency_p50_ms, profile.latency_p95_ms) == (None, None)


# --- the status that the samples speak for


@pytest.mark.parametrize(
    ("successes", "failures", "status"),
    [
        (1000, 0, HEALTHY),
        (981, 19, HEALTHY),
        (980, 20, HEALTHY),
        (979, 21, DEGRADED),
        (901, 99, DEGRADED),
        (900, 100, DEGRADED),
        (899, 101, FAILING),
        (0, 1000, FAILING),
        (49, 1, HEALTHY),
        (48, 1, DEGRADED),
        (9, 1, DEGRADED),
        (8, 1, FAILING),
        (0, 1, FAILING),
        (1, 0, HEALTHY),
    ],
)
def test_the_success_rate_decides(successes: int, failures: int, status: ProviderStatus) -> None:
    assert profile_of(some(successes), some(failures, "timeout")).status is status


@pytest.mark.parametrize(
    ("latency_ms", "status"), [(1499.0, HEALTHY), (1500.0, HEALTHY), (1500.001, DEGRADED), (60_000.0, DEGRADED)]
)
def test_the_latency_decides_between_healthy_and_degraded(latency_ms: float, status: ProviderStatus) -> None:
    assert profile_of(some(20, latency_ms=latency_ms)).status is status


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 0.0), (4, 0.0), (5, 50.0), (6, 50.0), (19, 50.0), (20, 95.0), (21, 95.0)]
)
def test_few_samples_tell_less_of_the_latency(count: int, expected: float) -> None:
    tally = Tally(samples=count, successes=count, latency_p50_ms=50.0, latency_p95_ms=95.0)

    assert effective_latency_ms(tally) == expected


@pytest.mark.parametrize(
    ("fast", "slow", "status"), [(0, 4, HEALTHY), (0, 5, DEGRADED), (10, 9, HEALTHY), (11, 9, DEGRADED)]
)
def test_four_slow_answers_prove_nothing_and_with_twenty_the_slowest_count(
    fast: int, slow: int, status: ProviderStatus
) -> None:
    assert profile_of(some(fast), some(slow, latency_ms=5000)).status is status


def test_percentiles_lie_between_the_samples() -> None:
    samples = [sample for latency in (10, 20, 30, 40) for sample in some(1, latency_ms=latency)]

    profile = profile_of(samples)

    assert profile.latency_p50_ms == 25.0
    assert profile.latency_p95_ms == pytest.approx(38.5)


@pytest.mark.parametrize(
    ("failures", "samples", "dominant"),
    [
        ({"timeout": 4}, 4, None),
        ({"timeout": 5}, 5, "timeout"),
        ({"timeout": 5}, 25, "timeout"),
        ({"timeout": 5}, 26, None),
        ({"timeout": 7}, 35, "timeout"),
        ({"timeout": 6}, 26, "timeout"),
        ({"timeout": 5, "dns": 5}, 10, "dns"),
        ({"timeout": 6, "dns": 5}, 11, "timeout"),
        ({}, 100, None),
        ({}, 0, None),
    ],
)
def test_the_dominant_class_counts_at_least_five_and_a_fifth(
    failures: dict[str, int], samples: int, dominant: str | None
) -> None:
    tally = Tally(samples=samples, successes=samples - sum(failures.values()), failures=failures)

    assert dominant_class(tally) == dominant


@pytest.mark.parametrize("error_class", ["auth_error", "cf_challenge", "tls", "dns"])
def test_some_classes_fail_a_provider_whatever_its_rate(error_class: str) -> None:
    """A fifth of failures is below 90 % anyway; the rule holds for itself, should a threshold ever move."""
    tally = Tally(samples=25, successes=24, failures={error_class: 5})

    assert base_status(tally) is FAILING
    assert base_status(replace(tally, failures={"timeout": 5})) is DEGRADED


@pytest.mark.parametrize(
    ("refused", "samples", "burst"),
    [
        (9, 10, False),
        (10, 10, True),
        (10, 4000, True),
        (11, 11, True),
        (5, 20, False),
        (6, 20, True),
        (7, 20, True),
        (6, 19, False),
        (6, 21, False),
        (9, 30, True),
        (0, 20, False),
    ],
)
def test_a_burst_is_ten_429s_or_thirty_percent_of_twenty(refused: int, samples: int, *, burst: bool) -> None:
    failures = {"http_429": refused} if refused else {}

    assert is_burst(Tally(samples=samples, successes=samples - refused, failures=failures)) is burst


@pytest.mark.parametrize(("ago", "burst"), [(minutes(9.99), True), (minutes(10), False)])
def test_a_burst_is_of_the_last_ten_minutes(ago: timedelta, *, burst: bool) -> None:
    profile = profile_of(some(4000), some(10, "http_429", ago=ago))

    assert (profile.failing_since is not None) is burst


# --- quarantine


@pytest.mark.parametrize(
    ("lasted", "status"), [(minutes(29.99), FAILING), (minutes(30), QUARANTINED), (minutes(31), QUARANTINED)]
)
@pytest.mark.parametrize("error_class", ["auth_error", "cf_challenge"])
def test_persistent_refusals_lead_to_quarantine(
    error_class: str, lasted: timedelta, status: ProviderStatus
) -> None:
    refused = some(10, error_class, ago=minutes(45)) + some(10, error_class, ago=minutes(1))

    profile = profile_of(refused, previous=a_profile(FAILING, ago=lasted))

    assert (profile.status, profile.error_class) == (status, error_class)
    assert profile.status_since == (NOW if status is QUARANTINED else NOW - lasted)
    assert profile.cooldown_until == (NOW + COOLDOWN if status is QUARANTINED else None)


@pytest.mark.parametrize("error_class", ["dns", "tls", "timeout", "http_5xx", "connection_refused", "http_403"])
def test_other_failures_do_not_however_long_they_last(error_class: str) -> None:
    profile = profile_of(some(50, error_class), previous=a_profile(FAILING, ago=timedelta(days=2)))

    assert profile.status is FAILING


def test_failing_with_a_burst_of_429_leads_to_quarantine() -> None:
    refused = some(5, "timeout", ago=minutes(45)) + some(10, "http_429", ago=minutes(1))

    profile = profile_of(refused, previous=a_profile(FAILING, ago=minutes(30)))

    assert (profile.status, profile.error_class) == (QUARANTINED, "http_429")


def test_a_burst_counts_although_the_rate_of_the_hour_hides_it() -> None:
    good, burst = some(4000, ago=minutes(40)), some(10, "http_429", ago=minutes(1))

    first = profile_of(good, burst)
    lasting = burst + some(10, "http_429", ago=minutes(31))
    later = profile_of(good, lasting, previous=replace(first, failing_since=NOW - minutes(30)))

    assert (first.status, first.failing_since) == (HEALTHY, NOW)
    assert (later.status, later.error_class) == (QUARANTINED, "http_429")


def test_failing_is_measured_from_when_it_began_although_the_rollup_runs_every_five_minutes() -> None:
    profile, statuses = None, []
    for at in range(0, 40, 5):
        now = NOW + minutes(at)
        samples = some(5, "auth_error", ago=minutes(10)) + some(5, "auth_error", ago=minutes(-at))
        profile = profile_of(samples, previous=profile, now=now)
        statuses.append((at, profile.status, profile.status_since))

    assert [status for _, status, _ in statuses] == [FAILING] * 6 + [QUARANTINED] * 2
    assert {since for _, status, since in statuses if status is FAILING} == {NOW}
    assert {since for _, status, since in statuses if status is QUARANTINED} == {NOW + minutes(30)}


def test_a_break_begins_the_measure_anew() -> None:
    failing = profile_of(some(10, "auth_error"), previous=a_profile(FAILING, ago=minutes(29)))
    well = profile_of(some(1000), previous=failing, now=NOW + minutes(1))
    again = profile_of(some(10, "auth_error"), previous=well, now=NOW + minutes(2))

    assert [one.status for one in (failing, well, again)] == [FAILING, HEALTHY, FAILING]
    assert again.failing_since == again.status_since == NOW + minutes(2)


def test_an_hour_without_a_failure_is_a_break_though_no_rollup_saw_it() -> None:
    """Yesterday's five refusals and today's five are not a day of refusals."""
    yesterday, today = some(5, "auth_error", ago=timedelta(days=1)), some(5, "auth_error", ago=minutes(1))

    profile = profile_of(yesterday, today, previous=a_profile(FAILING, ago=timedelta(days=1)))

    assert (profile.status, profile.status_since, profile.failing_since) == (FAILING, NOW, NOW)


@pytest.mark.parametrize(("gap", "status"), [(minutes(59), QUARANTINED), (minutes(60), FAILING)])
def test_shorter_pauses_are_none(gap: timedelta, status: ProviderStatus) -> None:
    samples = some(5, "auth_error", ago=minutes(2) + gap) + some(5, "auth_error", ago=minutes(2))

    assert profile_of(samples, previous=a_profile(FAILING, ago=minutes(2) + gap)).status is status


@pytest.mark.parametrize("samples", [[], some(1000), some(1000, "auth_error")])
def test_only_a_probe_leads_out_of_quarantine(samples: list[RequestSample]) -> None:
    quarantined = a_profile(QUARANTINED, ago=timedelta(hours=9))

    profile = profile_of(samples, previous=quarantined)

    assert (profile.status, profile.status_since) == (QUARANTINED, quarantined.status_since)
    assert profile.cooldown_until == quarantined.cooldown_until


def test_what_came_before_the_recovery_is_not_held_against_the_provider_again() -> None:
    recovered = a_profile(DEGRADED, ago=minutes(5), recovered_at=NOW - minutes(5))
    before = some(100, "auth_error", ago=minutes(6))

    nothing_yet = profile_of(before, previous=recovered)
    well = profile_of(before, some(1, ago=minutes(4)), previous=recovered)
    bad_again = profile_of(before, some(1, "timeout", ago=minutes(4)), previous=recovered)

    assert [one.status for one in (nothing_yet, well, bad_again)] == [DEGRADED, HEALTHY, FAILING]
    assert well.success_rate_1h == 1 / 101, "the figures tell what was"


def test_a_clock_that_was_set_back_does_not_keep_a_provider_in_quarantine_for_years() -> None:
    of_the_future = a_profile(QUARANTINED, ago=-timedelta(days=900), cooldown=LONGEST_COOLDOWN)

    profile = profile_of(previous=of_the_future)

    assert profile.status_since == NOW
    assert profile.cooldown_until == NOW + LONGEST_COOLDOWN


def test_a_clock_that_was_set_back_does_not_make_failing_longer() -> None:
    failing = a_profile(FAILING, ago=-timedelta(days=900))

    assert profile_of(some(10, "auth_error"), previous=failing).failing_since == NOW


# --- why


@pytest.mark.parametrize(
    ("samples", "before", "error_class"),
    [
        (some(100), "timeout", None),
        (some(5, "timeout"), "dns", "timeout"),
        (some(100) + some(10, "http_429", ago=minutes(1)), "dns", "http_429"),
        (some(4, "timeout"), "dns", "dns"),
        (some(4, "timeout"), None, "unknown"),
        ([], "dns", "dns"),
    ],
)
def test_the_class_of_a_profile(samples: list[RequestSample], before: str | None, error_class: str | None) -> None:
    assert profile_of(samples, previous=a_profile(DEGRADED, error_class=before)).error_class == error_class


def test_a_status_keeps_its_beginning() -> None:
    degraded = a_profile(DEGRADED, ago=timedelta(hours=3))

    profile = profile_of(previous=degraded)

    assert (profile.status_since, profile.last_checked_at) == (degraded.status_since, NOW)

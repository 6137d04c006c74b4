"""What holds for any samples."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from alfred.domain.connectivity import (
    BURST_SAMPLES,
    HEALTHY_LATENCY_MS,
    ConnectivityProfile,
    ProviderStatus,
    RequestSample,
    base_status,
    roll_up_samples,
    summarise,
)
from tests.builders import NOW

RANK = {status: rank for rank, status in enumerate(ProviderStatus)}
CLASSES = ("auth_error", "cf_challenge", "dns", "http_429", "http_5xx", "rate_limited", "timeout", None)

LATENCIES = st.floats(0, 20_000)
TIMES = st.integers(-60, 3 * 3600).map(lambda seconds: NOW - timedelta(seconds=seconds))
SUCCESSES = st.builds(RequestSample, finished=TIMES, latency_ms=LATENCIES)
FAILURES = st.builds(
    RequestSample,
    finished=TIMES,
    latency_ms=LATENCIES,
    outcome=st.sampled_from(["failure", "success"]),
    error_class=st.sampled_from(CLASSES),
    parse_ok=st.just(value=False),
)
RUNS = st.tuples(SUCCESSES | FAILURES, st.integers(1, 12)).map(lambda run: [run[0]] * run[1])
SAMPLES = st.lists(RUNS, max_size=8).map(lambda runs: [sample for run in runs for sample in run])


def roll_up_at(
    samples: list[RequestSample], previous: ConnectivityProfile | None, now: datetime
) -> ConnectivityProfile:
    return roll_up_samples(samples, previous, provider="tmdb", now=now)


@st.composite
def profiles(draw: st.DrawFn) -> ConnectivityProfile | None:
    """Draw a profile that earlier rollups can lead to."""
    profile = None
    for ago in sorted(draw(st.lists(st.integers(0, 120), max_size=3)), reverse=True):
        profile = roll_up_at(draw(SAMPLES), profile, NOW - timedelta(minutes=ago))
    return profile


@given(SAMPLES, profiles(), st.randoms(use_true_random=False))
def test_a_profile_is_a_function_of_samples_previous_profile_and_now(
    samples: list[RequestSample], previous: ConnectivityProfile | None, random: st.DataObject
) -> None:
    in_another_order = list(samples)
    random.shuffle(in_another_order)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    assert roll_up_at(samples, previous, NOW) == roll_up_at(in_another_order, previous, NOW)


@given(SAMPLES, SUCCESSES)
def test_a_success_never_turns_what_does_not_fail_into_failing(
    samples: list[RequestSample], success: RequestSample
) -> None:
    before = base_status(summarise(samples, now=NOW).judged)
    after = base_status(summarise([*samples, success], now=NOW).judged)

    assert after is not ProviderStatus.FAILING or before is ProviderStatus.FAILING


@given(SAMPLES, profiles(), SUCCESSES)
def test_a_success_never_makes_a_status_worse(
    samples: list[RequestSample], previous: ConnectivityProfile | None, success: RequestSample
) -> None:
    """Two minimum counts apart: the fifth or twentieth latency, or the twentieth sample of ten minutes, can make
    known what was there before and could not be told.
    """
    quick, one_more = [quickly(sample) for sample in samples], quickly(success)
    recent = summarise(quick, now=NOW, recovered_at=previous.recovered_at if previous else None).recent
    assume(recent.samples + 1 != BURST_SAMPLES)
    before, after = roll_up_at(quick, previous, NOW), roll_up_at([*quick, one_more], previous, NOW)

    assert RANK[after.status] <= RANK[before.status]


def quickly(sample: RequestSample) -> RequestSample:
    return replace(sample, latency_ms=min(sample.latency_ms, HEALTHY_LATENCY_MS))


@given(SAMPLES, profiles())
def test_figures_are_within_their_bounds(
    samples: list[RequestSample], previous: ConnectivityProfile | None
) -> None:
    profile = roll_up_at(samples, previous, NOW)

    for rate in (profile.success_rate_1h, profile.success_rate_24h):
        assert rate is None or 0 <= rate <= 1
    if profile.latency_p50_ms is not None and profile.latency_p95_ms is not None:
        assert 0 <= profile.latency_p50_ms <= profile.latency_p95_ms + 1e-9
    assert (profile.error_class is None) == (profile.status is ProviderStatus.HEALTHY)
    assert (profile.cooldown_until is None) == (profile.status is not ProviderStatus.QUARANTINED)
    assert profile.status_since <= NOW

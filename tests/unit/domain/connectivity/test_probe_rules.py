from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alfred.domain.connectivity import (
    ConnectivityProfile,
    ProbeClaim,
    ProviderStatus,
    after_probe,
    with_probe,
    without_probe,
)
from tests.builders import NOW

CLAIM = ProbeClaim("host:1:", NOW, "one")
OTHER = ProbeClaim("host:2:", NOW, "two")


def quarantined(cooldown: timedelta, *, due_in: timedelta = timedelta()) -> ConnectivityProfile:
    return ConnectivityProfile(
        provider="tmdb",
        status=ProviderStatus.QUARANTINED,
        status_since=NOW - timedelta(hours=1),
        last_checked_at=NOW,
        error_class="auth_error",
        cooldown=cooldown,
        cooldown_until=NOW + due_in,
    )


def test_a_probe_is_due_when_the_cooldown_is_over() -> None:
    profile = quarantined(timedelta(minutes=30))

    assert not profile.is_probe_due(NOW - timedelta(microseconds=1))
    assert profile.is_probe_due(NOW)
    assert not replace(profile, status=ProviderStatus.FAILING).is_probe_due(NOW)


def test_a_success_ends_the_quarantine() -> None:
    later = NOW + timedelta(seconds=2)

    profile = after_probe(with_probe(quarantined(timedelta(hours=4)), CLAIM), CLAIM, succeeded=True, now=later)

    assert (profile.status, profile.status_since, profile.recovered_at) == (ProviderStatus.DEGRADED, later, later)
    assert (profile.cooldown, profile.cooldown_until, profile.probe) == (None, None, None)
    assert profile.error_class == "auth_error"


@pytest.mark.parametrize(("before", "after"), [(0.5, 1), (1, 2), (2, 4), (3, 6), (4, 6), (6, 6)])
def test_a_failure_doubles_the_cooldown_up_to_six_hours(before: float, after: float) -> None:
    claimed = with_probe(quarantined(timedelta(hours=before)), CLAIM)

    profile = after_probe(claimed, CLAIM, succeeded=False, now=NOW)

    assert (profile.cooldown, profile.cooldown_until) == (timedelta(hours=after), NOW + timedelta(hours=after))
    assert (profile.status_since, profile.probe) == (claimed.status_since, None)


def test_a_probe_that_somebody_sent_too_early_costs_nothing_when_it_fails() -> None:
    early = with_probe(quarantined(timedelta(hours=1), due_in=timedelta(minutes=1)), CLAIM)

    profile = after_probe(early, CLAIM, succeeded=False, now=NOW + timedelta(minutes=2))

    assert profile == replace(early, probe=None)


def test_the_failure_of_a_probe_that_was_given_up_changes_nothing() -> None:
    taken_over = with_probe(quarantined(timedelta(hours=1)), OTHER)

    assert after_probe(taken_over, CLAIM, succeeded=False, now=NOW) == taken_over
    assert without_probe(taken_over, CLAIM) == taken_over


def test_its_success_is_a_success() -> None:
    taken_over = with_probe(quarantined(timedelta(hours=1)), OTHER)

    assert after_probe(taken_over, CLAIM, succeeded=True, now=NOW).status is ProviderStatus.DEGRADED


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_probe_that_ends_after_the_quarantine_changes_nothing(*, succeeded: bool) -> None:
    healthy = replace(quarantined(timedelta(hours=1)), status=ProviderStatus.HEALTHY, cooldown_until=None)

    assert after_probe(healthy, CLAIM, succeeded=succeeded, now=NOW) == healthy

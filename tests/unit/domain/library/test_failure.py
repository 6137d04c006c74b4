from __future__ import annotations

from datetime import timedelta

from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.failure import RETRY_STEPS, after_failure
from tests.builders import NOW, days


def fail(before: SyncRecord, **changes: object) -> SyncRecord:
    values: dict[str, object] = {"error_class": "timeout", "message": "slow", "has_facts": True, "now": NOW}
    return after_failure(before, **(values | changes))  # type: ignore[arg-type]


def test_each_failure_in_a_row_waits_longer_up_to_a_day() -> None:
    record, waits = SyncRecord(), []
    for _ in range(len(RETRY_STEPS) + 2):
        record = fail(record)
        assert record.retry_after is not None
        waits.append(record.retry_after - NOW)

    assert waits == [*RETRY_STEPS, RETRY_STEPS[-1], RETRY_STEPS[-1]]
    assert waits == sorted(waits)


def test_the_provider_may_ask_for_a_longer_wait_but_not_for_a_shorter_one() -> None:
    assert fail(SyncRecord(), retry_after=timedelta(hours=5)).retry_after == NOW + timedelta(hours=5)
    assert fail(SyncRecord(), retry_after=timedelta(seconds=1)).retry_after == NOW + RETRY_STEPS[0]


def test_not_found_proves_nothing_while_the_provider_fails_for_others_too() -> None:
    before = SyncRecord(not_found_count=5, not_found_since=NOW - days(30))

    record = fail(before, error_class="not_found", provider_failing=True)

    assert record.outcome is Outcome.FAILED


def test_three_not_founds_on_one_day_prove_nothing() -> None:
    before = SyncRecord(not_found_count=2, not_found_since=NOW - timedelta(hours=47))

    assert fail(before, error_class="not_found").outcome is Outcome.FAILED

from __future__ import annotations

from datetime import timedelta

import pytest

from alfred.domain.library.entry import (
    EntryState,
    Outcome,
    RefreshForecast,
    Standing,
    SyncRecord,
    derive_state,
    forecast_refresh,
)
from tests.builders import NOW, days

FAILED = SyncRecord(outcome=Outcome.FAILED, retry_after=NOW + timedelta(hours=1))
DELISTED = SyncRecord(outcome=Outcome.DELISTED)


def standing(**changes: object) -> Standing:
    values: dict[str, object] = {"status": "Ended", "fetched_at": NOW - days(1)}
    return Standing(**(values | changes))  # type: ignore[arg-type]  # a builder of keywords


STATES = [
    (standing(), EntryState.FRESH),
    (standing(fetched_at=NOW - days(7)), EntryState.STALE),
    (standing(fetched_at=NOW + days(1)), EntryState.STALE),
    (standing(status="unknown", fetched_at=None), EntryState.PLACEHOLDER),
    (standing(status="unknown", fetched_at=NOW), EntryState.PLACEHOLDER),
    (standing(sync=DELISTED, fetched_at=NOW - days(90)), EntryState.DELISTED),
    (standing(sync=DELISTED, status="unknown", fetched_at=None), EntryState.DELISTED),
    (standing(sync=FAILED, status="unknown", fetched_at=None), EntryState.BROKEN),
    (standing(sync=FAILED), EntryState.BROKEN),
    (standing(sync=FAILED, claimed_at=NOW), EntryState.PROCESSING),
    (standing(sync=FAILED, claimed_at=NOW, missing_since=NOW), EntryState.MISSING),
    (standing(sync=DELISTED, missing_since=NOW), EntryState.MISSING),
]


@pytest.mark.parametrize(("stands", "state"), STATES)
def test_the_first_rule_that_applies_gives_the_state(stands: Standing, state: EntryState) -> None:
    assert derive_state(stands, ttl_days=7, now=NOW) is state


FORECASTS = [
    (standing(), RefreshForecast(False, EntryState.FRESH, NOW + days(6))),
    (standing(fetched_at=NOW - days(8)), RefreshForecast(True, EntryState.STALE, NOW - days(1))),
    (standing(status="unknown", fetched_at=None), RefreshForecast(True, EntryState.PLACEHOLDER)),
    (standing(sync=FAILED), RefreshForecast(False, EntryState.BROKEN, FAILED.retry_after)),
    (
        standing(sync=SyncRecord(outcome=Outcome.FAILED, retry_after=NOW)),
        RefreshForecast(True, EntryState.BROKEN, NOW),
    ),
    (standing(sync=DELISTED), RefreshForecast(False, EntryState.DELISTED)),
    (standing(missing_since=NOW), RefreshForecast(False, EntryState.MISSING)),
    (standing(claimed_at=NOW), RefreshForecast(False, EntryState.PROCESSING)),
]


@pytest.mark.parametrize(("stands", "forecast"), FORECASTS)
def test_an_entry_can_tell_whether_the_next_refresh_takes_it(stands: Standing, forecast: RefreshForecast) -> None:
    assert forecast_refresh(stands, ttl_days=7, now=NOW) == forecast


def test_facts_are_due_at_the_very_moment_that_they_become_stale() -> None:
    due = forecast_refresh(standing(), ttl_days=7, now=NOW).next_refresh_at
    assert due is not None

    assert derive_state(standing(), ttl_days=7, now=due - timedelta(microseconds=1)) is EntryState.FRESH
    assert derive_state(standing(), ttl_days=7, now=due) is EntryState.STALE

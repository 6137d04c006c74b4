"""Which entries a batch takes, and that ``explain`` says the same of each."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from alfred.domain.library.entry import EntryState, Outcome, Standing, SyncRecord, forecast_refresh
from alfred.domain.library.refresh_plan import (
    RefreshCandidate,
    RefreshReason,
    RefreshRule,
    may_be_verified,
)
from alfred.domain.tv_shows.freshness import Outlook, TtlPolicy
from tests.builders import NOW, SHOW_ID, days

DUE = SyncRecord(outcome=Outcome.FAILED, error_class="timeout", attempts=1, retry_after=NOW)
WAITING = SyncRecord(outcome=Outcome.FAILED, error_class="timeout", attempts=1, retry_after=NOW + days(1))
OK = SyncRecord(outcome=Outcome.OK)


def standing(**changes: object) -> Standing:
    values: dict[str, object] = {"status": "Ended", "fetched_at": NOW - days(1), "sync": OK, "tmdb_id": SHOW_ID}
    return Standing(**(values | changes))  # type: ignore[arg-type]  # a builder of keywords


FRESH = standing()
STALE = standing(fetched_at=NOW - days(70))
PLACEHOLDER = standing(status="unknown", fetched_at=None, sync=SyncRecord())
BROKEN = standing(sync=DUE)
BROKEN_WAITING = standing(sync=WAITING)
MISSING = standing(missing_since=NOW - days(1), fetched_at=NOW - days(70))
DELISTED = standing(sync=SyncRecord(outcome=Outcome.DELISTED), fetched_at=NOW - days(70))
CLAIMED = standing(claimed_at=NOW, fetched_at=NOW - days(70))


def a_rule(**changes: object) -> RefreshRule:
    values: dict[str, object] = {"ttl_days": 7}
    return RefreshRule(**(values | changes))  # type: ignore[arg-type]  # a builder of keywords


def only(*states: EntryState) -> RefreshRule:
    return a_rule(states=frozenset(states))


R, S = RefreshReason, EntryState
CHOICES = [
    (a_rule(), FRESH, None),
    (a_rule(), STALE, R.STALE),
    (a_rule(), PLACEHOLDER, R.PLACEHOLDER),
    (a_rule(), BROKEN, R.BROKEN),
    (a_rule(), BROKEN_WAITING, None),
    (a_rule(), MISSING, None),
    (a_rule(), DELISTED, None),
    (a_rule(), CLAIMED, None),
    (a_rule(skipped=frozenset({S.STALE})), STALE, None),
    (a_rule(skipped=frozenset({S.STALE})), PLACEHOLDER, R.PLACEHOLDER),
    (a_rule(force=True), FRESH, R.FORCED),
    (a_rule(force=True), STALE, R.FORCED),
    (a_rule(force=True), BROKEN_WAITING, R.FORCED),
    (a_rule(force=True), MISSING, None),
    (a_rule(force=True), DELISTED, None),
    (a_rule(force=True), CLAIMED, None),
    (a_rule(force=True, skipped=frozenset({S.FRESH})), FRESH, None),
    (only(S.BROKEN), BROKEN, R.BROKEN),
    (only(S.BROKEN), BROKEN_WAITING, R.CHOSEN),
    (only(S.BROKEN), MISSING, None),
    (only(S.BROKEN), DELISTED, None),
    (only(S.BROKEN), STALE, None),
    (only(S.MISSING), MISSING, R.CHOSEN),
    (only(S.MISSING), BROKEN, None),
    (only(S.DELISTED), DELISTED, R.CHOSEN),
    (only(S.FRESH), FRESH, R.CHOSEN),
    (only(S.FRESH, S.STALE), STALE, R.STALE),
    (a_rule(states=frozenset({S.DELISTED}), force=True), DELISTED, R.FORCED),
    (a_rule(states=frozenset({S.STALE}), skipped=frozenset({S.STALE})), STALE, None),
]


@pytest.mark.parametrize(("rule", "stands", "reason"), CHOICES)
def test_a_rule_takes_an_entry_for_a_reason(
    rule: RefreshRule, stands: Standing, reason: RefreshReason | None
) -> None:
    assert rule.reason(stands, now=NOW) is reason


STATUSES = ["unknown", "Ended", "Returning Series"]
TIMES = [None, NOW - days(300), NOW - days(8), NOW - days(6.5), NOW - days(1), NOW, NOW + days(1)]
OUTLOOKS = [Outlook(), Outlook((NOW.date() + days(1),)), Outlook(incomplete_from=NOW.date())]
RECORDS = [SyncRecord(), OK, DUE, WAITING, SyncRecord(outcome=Outcome.DELISTED)]


@pytest.mark.parametrize("policy", TtlPolicy)
def test_what_explain_says_is_what_the_batch_does_of_every_entry(policy: TtlPolicy) -> None:
    rule = a_rule(policy=policy)
    for status, fetched_at, verified_at, outlook, record, missing, claimed in product(
        STATUSES, TIMES, TIMES, OUTLOOKS, RECORDS, [None, NOW], [None, NOW]
    ):
        stands = Standing(
            status=status,
            fetched_at=fetched_at,
            verified_at=verified_at,
            missing_since=missing,
            claimed_at=claimed,
            sync=record,
            outlook=outlook,
            tmdb_id=SHOW_ID,
        )
        said = forecast_refresh(stands, ttl_days=7, policy=policy, now=NOW)
        reason = rule.reason(stands, now=NOW)

        assert said.will_refresh == (reason is not None), stands
        assert reason is None or reason.value == said.reason.value, stands
        if not said.will_refresh and said.next_refresh_at is not None:
            due, before = said.next_refresh_at, said.next_refresh_at - timedelta(microseconds=1)
            assert rule.reason(stands, now=due) is not None, stands
            assert rule.reason(stands, now=max(before, NOW)) is None, stands


@pytest.mark.parametrize("stands", [FRESH, STALE, BROKEN, BROKEN_WAITING, standing(fetched_at=NOW + days(1))])
@pytest.mark.parametrize("policy", TtlPolicy)
def test_what_is_too_new_to_be_of_interest_is_never_due(stands: Standing, policy: TtlPolicy) -> None:
    rule = a_rule(policy=policy)
    newest = rule.newest_of_interest(NOW)

    if stands.fetched_at is not None and newest < stands.fetched_at <= NOW and stands.sync.outcome is Outcome.OK:
        assert rule.reason(stands, now=NOW) is None


def candidate(stands: Standing) -> RefreshCandidate:
    return RefreshCandidate(tmdb_id=SHOW_ID, name="", path="", standing=stands)


PARTLY = SyncRecord(outcome=Outcome.OK, status_message="episodes of season 20 could not be had")


@pytest.mark.parametrize(
    ("stands", "reason", "may"),
    [
        (STALE, R.STALE, True),
        (STALE, R.FORCED, False),
        (PLACEHOLDER, R.PLACEHOLDER, False),
        (BROKEN, R.BROKEN, False),
        (FRESH, R.CHOSEN, False),
        (standing(fetched_at=NOW - days(70), sync=PARTLY), R.STALE, False),
        (standing(fetched_at=NOW + days(1)), R.STALE, False),
        (standing(fetched_at=NOW - days(180), verified_at=NOW - days(9)), R.STALE, False),
    ],
)
def test_only_whole_stale_facts_may_be_verified_without_a_fetch(
    stands: Standing, reason: RefreshReason, may: bool
) -> None:
    assert may_be_verified(candidate(stands), reason, now=NOW) is may


def test_every_fetch_and_every_failure_makes_another_version() -> None:
    versions = {
        candidate(stands).version
        for stands in (
            PLACEHOLDER,
            FRESH,
            STALE,
            BROKEN,
            standing(sync=SyncRecord(outcome=Outcome.FAILED, attempts=2)),
        )
    }

    assert len(versions) == 5
    assert candidate(STALE).version == candidate(standing(fetched_at=NOW - days(70), claimed_at=NOW)).version

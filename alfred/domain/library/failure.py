"""What a failed sync does to an entry: never worse than "try again later", until it is proven."""

from __future__ import annotations

from datetime import datetime, timedelta

from alfred.domain.library.entry import Outcome, SyncRecord

NOT_FOUND = "not_found"
"""The error class of an answer that says the provider does not have the id."""

PROVIDER_WIDE = frozenset({"auth_error", "cf_challenge", "connection_refused", "dns", "rate_limited", "tls"})
"""Error classes that say nothing of the show that was asked for: the next one would meet them too."""

SIDECAR_FAILURE = "sidecar"
"""The error class of an entry whose sidecar cannot be used."""

DELISTED_AFTER_ANSWERS = 3
DELISTED_AFTER_SPAN = timedelta(days=2)
"""Providers have answered "not found" for whole libraries on a bad day: one such answer proves little."""

RETRY_NOT_FOUND_AFTER = timedelta(days=1)

RETRY_STEPS = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""How long a batch leaves an entry alone after the first, second, ... failure in a row."""


def after_failure(
    before: SyncRecord,
    *,
    error_class: str,
    message: str,
    has_facts: bool,
    now: datetime,
    retry_after: timedelta | None = None,
    provider_failing: bool = False,
) -> SyncRecord:
    """Return the record after one more failure.

    Args:
        before: the record until now.
        error_class: as in the request log, or :data:`NOT_FOUND`.
        message: one line for people.
        has_facts: whether the provider has ever answered for this entry.
        now: aware, UTC.
        retry_after: what the provider asked for; it counts where it is longer than our own step.
        provider_failing: while the provider fails for others too, "not found" proves nothing.
    """
    if error_class == NOT_FOUND:
        return _after_not_found(before, message, has_facts, now, provider_failing)
    attempts = before.attempts + 1
    step = RETRY_STEPS[min(attempts, len(RETRY_STEPS)) - 1]
    return SyncRecord(
        outcome=Outcome.FAILED,
        error_class=error_class,
        status_message=message,
        attempts=attempts,
        retry_after=now + max(step, retry_after or timedelta()),
    )


def _after_not_found(
    before: SyncRecord, message: str, has_facts: bool, now: datetime, provider_failing: bool
) -> SyncRecord:
    count = before.not_found_count + 1
    since = before.not_found_since or now
    proven = count >= DELISTED_AFTER_ANSWERS and now - since >= DELISTED_AFTER_SPAN and not provider_failing
    delisted = proven or not has_facts
    return SyncRecord(
        outcome=Outcome.DELISTED if delisted else Outcome.FAILED,
        error_class=NOT_FOUND,
        status_message=message,
        attempts=before.attempts + 1,
        retry_after=None if delisted else now + RETRY_NOT_FOUND_AFTER,
        not_found_count=count,
        not_found_since=since,
    )

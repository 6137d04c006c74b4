"""Claims that nobody works on any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from alfred.application.ports.claims import Claims, Processes
from alfred.domain.work.lease import Claim, Owner, is_abandoned


def is_given_up(claim: Claim, processes: Processes, *, now: datetime, threshold: timedelta) -> bool:
    """Say whether a claim is free for the next one: too old, or of a process that died on this machine."""
    return is_abandoned(
        claim.claimed_at,
        Owner.parse(claim.owner),
        now=now,
        threshold=threshold,
        this_host=processes.this_host(),
        is_alive=processes.is_alive,
    )


def release_claims(given_up: Iterable[Claim], claims: Claims) -> tuple[Claim, ...]:
    """Release claims that are still as they were looked at, inside the caller's transaction; return those."""
    held = set(claims.claims())  # by now a claim may be a younger one of the same owner
    return tuple(claim for claim in given_up if claim in held and claims.release(claim.tmdb_id, claim.owner))

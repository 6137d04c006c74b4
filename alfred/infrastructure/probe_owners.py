"""Who sends probes: processes of this machine."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from alfred.domain.connectivity import ProbeClaim
from alfred.domain.work.lease import Owner, is_abandoned
from alfred.infrastructure.processes import is_alive, this_host, this_process

LONGEST_PROBE: Final = timedelta(minutes=15)
"""A forced sync of a long show, with all its retries and waits, is done by then."""


class ProcessesOfThisMachine:
    """Tells probes of live processes from those that nobody waits for any more."""

    def this_one(self) -> str:
        """Return this process, as others can tell whether it is still alive."""
        return str(this_process())

    def has_given_up(self, claim: ProbeClaim, *, now: datetime) -> bool:
        """Say whether nobody is at a probe any more."""
        return is_abandoned(
            claim.since,
            Owner.parse(claim.owner),
            now=now,
            threshold=LONGEST_PROBE,
            this_host=this_host(),
            is_alive=is_alive,
        )

"""Leases: who holds an entry, and when a claim is abandoned, so that the next one may take it.

Pure: whether a process is alive is asked of whoever knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from alfred.domain.shared.value_objects import TmdbId

LARGEST_PID = 2**31 - 1

_OWNER = re.compile(r"(?P<host>[^:]+):(?P<pid>[0-9]{1,10}):(?P<started>.*)")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that holds claims.

    Attributes:
        host: the machine it runs on.
        pid: its process id there.
        started: what tells it from another process that got the same id later; "" where the system does not say.
    """

    host: str
    pid: int
    started: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.started}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what ``str(owner)`` wrote; None for anything else, of which nobody can say whether it is alive."""
        match = _OWNER.fullmatch(text)
        if match is None or not 0 < (pid := int(match["pid"])) <= LARGEST_PID:
            return None
        return cls(match["host"], pid, match["started"])


@dataclass(frozen=True, slots=True)
class Claim:
    """An entry that a batch holds.

    Attributes:
        owner: the text of an :class:`Owner`.
        claimed_at: since when.
    """

    tmdb_id: TmdbId
    owner: str
    claimed_at: datetime


def is_abandoned(
    claimed_at: datetime,
    owner: Owner | None,
    *,
    now: datetime,
    threshold: timedelta,
    this_host: str,
    is_alive: Callable[[Owner], bool],
) -> bool:
    """Say whether nobody works on a claim any more.

    Args:
        claimed_at: since when it is held; further in the future than the threshold, a clock was wrong, and it is
            abandoned as well.
        owner: who holds it; None where that cannot be read.
        now: aware, UTC.
        threshold: a claim that is older is abandoned, whoever holds it.
        this_host: only of an owner on this machine can its death be seen at once.
        is_alive: asks this machine.
    """
    if abs(now - claimed_at) > threshold:
        return True
    return owner is not None and owner.host == this_host and not is_alive(owner)

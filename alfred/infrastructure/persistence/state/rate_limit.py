"""The rate at which every thread and process of this machine may ask a provider: one row with the next free slot.

A request takes the next slot and waits for it. Slots are evenly spaced, so there is never a burst: not at the
start, not after a pause, not after a 429.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alfred.application.exceptions import AlfredError, ProviderError
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.state.store import STATE_NAME, open_state, open_state_in_memory

SHARE_USED: Final = 0.96
"""Of the allowed rate. What is left makes up for slots that are used late."""

LATEST_SECONDS: Final = 0.02
"""A slot that is used later than this is given up for another: a process that slept must not catch up in a burst.

Late slots crowd a second by at most this much of the rate, half of what :data:`SHARE_USED` leaves; the other half
is for the way to the provider.
"""

MOST_LATE_SLOTS: Final = 10
"""A machine too busy to be in time so often goes on with a late one, rather than never."""

PATIENCE_SECONDS: Final = 60.0
"""A provider that asked for a longer pause than this is not waited for."""

HOLD_SECONDS: Final = 1.0
"""The pause after a 429 that names none."""

_LONGEST_HOLD_SECONDS = 86_400.0
_LONGEST_QUEUE_SECONDS = 3_600.0
_MOST_SKEW_SECONDS = 15.0
_SECOND = 1_000_000

# A row is believed if it was not written in the future, as where a clock was set back, and if its slot is no
# further off than any queue. ?2 is the moment.
_BELIEVED = f"""(written_at <= ?2 + {int(_MOST_SKEW_SECONDS * _SECOND)}
    AND held_until <= ?2 + {int(_LONGEST_HOLD_SECONDS * _SECOND)}
    AND next_free <= MAX(held_until, ?2) + {int(_LONGEST_QUEUE_SECONDS * _SECOND)})"""

_TAKE = f"""
INSERT INTO rate_slot (provider, next_free, held_until, written_at) VALUES (?1, ?2 + ?3, 0, ?2)
ON CONFLICT (provider) DO UPDATE SET
    next_free = CASE WHEN {_BELIEVED} THEN MAX(next_free, ?2) ELSE ?2 END + ?3,
    held_until = CASE WHEN {_BELIEVED} THEN held_until ELSE 0 END,
    written_at = CASE WHEN {_BELIEVED} THEN MAX(written_at, ?2) ELSE ?2 END
WHERE held_until <= ?2 + {int(PATIENCE_SECONDS * _SECOND)} OR NOT {_BELIEVED}
RETURNING next_free - ?3
"""  # noqa: S608 - constants joined to constants

_HOLD = f"""
INSERT INTO rate_slot (provider, next_free, held_until, written_at) VALUES (?1, ?3, ?3, ?2)
ON CONFLICT (provider) DO UPDATE SET
    next_free = CASE WHEN {_BELIEVED} THEN MAX(next_free, ?3) ELSE ?3 END,
    held_until = CASE WHEN {_BELIEVED} THEN MAX(held_until, ?3) ELSE ?3 END,
    written_at = CASE WHEN {_BELIEVED} THEN MAX(written_at, ?2) ELSE ?2 END
"""  # noqa: S608 - constants joined to constants

_HELD = f"SELECT held_until FROM rate_slot WHERE provider = ?1 AND held_until > ?2 AND {_BELIEVED}"  # noqa: S608

log = logging.getLogger(__name__)


class RateLimit:
    """Lets requests to one provider go one after the other, at a rate that the whole machine shares.

    Threads may share one; processes share it through the state file. Where that file cannot be used the rate is
    kept by this process alone, and one warning says so.

    Args:
        state_dir: where the state file is; opened with the first request.
        provider: lower case, ``tmdb``.
        requests_per_second: what is allowed.
        clock: seconds since 1970; the same for all processes of the machine.
        sleep: takes seconds.
        on_trouble: told once why this process keeps to the rate by itself; by default a warning is logged.

    Raises:
        ValueError: the rate is not above 0.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        provider: str,
        requests_per_second: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        on_trouble: Callable[[AlfredError], None] | None = None,
    ) -> None:
        if not 0 < requests_per_second < float("inf"):
            raise ValueError(f"a rate is a number of requests a second above 0, not {requests_per_second:g}")
        self._state_dir = state_dir
        self._provider = provider
        self._gap = max(1, round(_SECOND / (SHARE_USED * requests_per_second)))
        self._clock = clock
        self._sleep = sleep
        self._on_trouble = on_trouble or self._say_alone
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._is_alone = False
        self._waits = 0
        self._micros_waited = 0

    @property
    def waits(self) -> int:
        """How many requests had to wait."""
        return self._waits

    @property
    def seconds_waited(self) -> float:
        """How long they waited in all; waits of several threads at once count each."""
        return self._micros_waited / _SECOND

    def wait_for_turn(self) -> None:
        """Return when the next request may go.

        Raises:
            ProviderError: the provider asked everybody to pause for longer than is waited for; ``error_class`` is
                ``rate_limited``, and no slot was used up.
        """
        start = self._now()
        lates = 0
        while lates < MOST_LATE_SLOTS:
            slot = self._take()
            if (ahead := slot - self._now()) > 0:
                self._sleep(ahead / _SECOND)
                if self._is_held(self._now()):
                    continue
            if abs(self._now() - slot) <= LATEST_SECONDS * _SECOND:
                break
            lates += 1
        self._count(start)

    def hold_back(self, seconds: float | None) -> None:
        """Let nobody ask for a while, because the provider said so.

        Args:
            seconds: from now; None where the provider named none.
        """
        now = self._now()
        wanted = HOLD_SECONDS if seconds is None else min(max(seconds, 0.0), _LONGEST_HOLD_SECONDS)
        self._ask(_HOLD, (self._provider, now, now + round(wanted * _SECOND)))

    def close(self) -> None:
        """Close the state file; it is opened again when it is needed."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None

    def _take(self) -> int:
        """Take the next free slot, and return its time."""
        now = self._now()
        if rows := self._ask(_TAKE, (self._provider, now, self._gap)):
            return int(rows[0][0])
        held = self._ask(_HELD, (self._provider, now))
        seconds = (held[0][0] - now) / _SECOND if held else HOLD_SECONDS
        raise ProviderError(
            f"{self._provider.upper()} asked for a pause, which lasts {seconds:.0f} s more: try again after that",
            error_class="rate_limited",
            retry_after=seconds,
        )

    def _is_held(self, now: int) -> bool:
        return bool(self._ask(_HELD, (self._provider, now)))

    def _ask(self, statement: str, values: Row) -> list[Row]:
        with self._lock:
            if not self._is_alone:
                try:
                    return self._opened().all(statement, values)
                except AlfredError as error:
                    self._go_alone(error)
            return self._opened().all(statement, values)

    def _opened(self) -> Database:
        if self._database is None:
            self._database = (
                open_state_in_memory()
                if self._is_alone
                else open_state(self._state_dir, now=self._wall, any_thread=True)
            )
        return self._database

    def _say_alone(self, error: AlfredError) -> None:
        log.warning(
            "%s cannot be used (%s): other processes do not share the rate limit of this one",
            self._state_dir / STATE_NAME,
            error.code,
        )

    def _go_alone(self, error: AlfredError) -> None:
        self._on_trouble(error)
        if self._database is not None:
            self._database.close()
        self._database, self._is_alone = None, True

    def _count(self, start: int) -> None:
        waited = self._now() - start
        if waited > LATEST_SECONDS * _SECOND:
            with self._lock:
                self._waits += 1
                self._micros_waited += waited

    def _now(self) -> int:
        return int(self._clock() * _SECOND)

    def _wall(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

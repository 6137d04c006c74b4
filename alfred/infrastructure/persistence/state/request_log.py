"""The outbound-request log, written behind the back of the requests."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from alfred.application.exceptions import AlfredError, IndexBusy
from alfred.application.ports.clock import system_clock
from alfred.domain.connectivity.samples import RATE_LIMITED
from alfred.infrastructure.persistence.sqlite.codec import to_micros
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.state.statements import INSERT, TRIM
from alfred.infrastructure.persistence.state.store import open_state

KEPT_FOR: Final = timedelta(days=7)

FLUSH_SECONDS: Final = 0.5
"""How long rows are gathered before they are written together; what a kill may cost."""

TRIM_SECONDS: Final = 600.0
"""How often a process that sends requests looks for rows that are too old."""

TRIMMED_AT_ONCE: Final = 2_000
"""Rows; others may want to write, so there is no long transaction."""

MOST_WAITING: Final = 20_000
"""Rows that wait while the file is busy; of more, the oldest are lost."""

CLOSING_SECONDS: Final = 15.0

log = logging.getLogger(__name__)


class Attempt(Protocol):
    """One request, as the door to a provider tells of it; see there for what each field means."""

    @property
    def provider(self) -> str:
        """Lower case, ``tmdb``."""
        ...

    @property
    def request_type(self) -> str:
        """What was asked for."""
        ...

    @property
    def started(self) -> datetime:
        """When it was sent."""
        ...

    @property
    def finished(self) -> datetime:
        """When it was over."""
        ...

    @property
    def latency_ms(self) -> float:
        """How long it took."""
        ...

    @property
    def outcome(self) -> str:
        """``success`` or ``failure``."""
        ...

    @property
    def http_status(self) -> int | None:
        """None where no answer came."""
        ...

    @property
    def error_class(self) -> str | None:
        """None for a success."""
        ...

    @property
    def parse_ok(self) -> bool:
        """Whether the answer was understood."""
        ...


class RequestLog:
    """Takes note of requests, and writes them a moment later from a thread of its own.

    Threads may share one; several processes write to the same file. A file that cannot be used never fails a
    request: it is said once, and nothing is logged any more.

    Args:
        state_dir: where the state file is.
        on_trouble: told once why there will be no log.
        now: the clock; aware, UTC.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        on_trouble: Callable[[AlfredError], None],
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self._state_dir = state_dir
        self._on_trouble = on_trouble
        self._now = now
        self._waiting: deque[Row] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._hurried = False
        self._is_writing = False
        self._is_off = False
        self._trim_at = 0.0

    def record(self, attempt: Attempt, /) -> None:
        """Take note of one request."""
        self._add(_row(attempt))

    def held_back(
        self, provider: str, request_type: str, *, started: datetime, finished: datetime | None = None
    ) -> None:
        """Take note of a request that our own limiter did not let go; it counts in no rate.

        Args:
            provider: lower case, ``tmdb``.
            request_type: as in the log.
            started: when it wanted to go.
            finished: when it was given up; by default at once.
        """
        finished = finished or started
        waited = (finished - started).total_seconds() * 1000
        times = (to_micros(started), to_micros(finished), waited)
        self._add((provider, request_type, *times, "failure", None, RATE_LIMITED, 0))

    def flush(self, *, within_seconds: float = CLOSING_SECONDS) -> None:
        """Return when everything is written that was taken note of, or after so many seconds."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            self._changed.wait_for(self._is_idle, timeout=within_seconds)
            self._hurried = False

    def close(self) -> None:
        """Write what is waiting, and stop; taking note of another request begins anew."""
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(CLOSING_SECONDS)
        with self._changed:
            self._thread, self._closing = None, False
        atexit.unregister(self.close)

    def _add(self, row: Row) -> None:
        with self._changed:
            if self._is_off:
                return
            self._waiting.append(row)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_until_closed, name="request-log", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            elif len(self._waiting) == 1:
                self._changed.notify_all()

    def _is_idle(self) -> bool:
        return not self._waiting and not self._is_writing

    def _write_until_closed(self) -> None:
        database: Database | None = None
        while rows := self._next_batch():
            try:
                database = database or open_state(self._state_dir, now=self._now)
                self._write(database, rows)
            except IndexBusy as error:
                self._put_back(rows, error)
            except AlfredError as error:
                self._turn_off(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, requests go on
                self._turn_off(AlfredError(str(error)))
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
        if database is not None:
            with suppress(AlfredError):
                database.close()

    def _next_batch(self) -> list[Row]:
        """Wait for rows, gather those that come with them, and take them; none when it is time to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            self._changed.wait_for(lambda: self._hurried or self._closing, timeout=FLUSH_SECONDS)
            rows = list(self._waiting)
            self._waiting.clear()
            self._is_writing = bool(rows)
            return rows

    def _write(self, database: Database, rows: list[Row]) -> None:
        with database.transaction():
            database.execute_many(INSERT, rows)
            if time.monotonic() >= self._trim_at:
                trimmed = _trim(database, self._now())
                self._trim_at = time.monotonic() + (TRIM_SECONDS if trimmed < TRIMMED_AT_ONCE else 0.0)

    def _put_back(self, rows: list[Row], error: AlfredError) -> None:
        with self._changed:
            if self._closing:
                self._on_trouble(error)
            else:
                self._waiting.extendleft(reversed(rows[: MOST_WAITING - len(self._waiting)]))

    def _turn_off(self, error: AlfredError) -> None:
        with self._changed:
            self._is_off = True
            self._waiting.clear()
        self._on_trouble(error)


def _row(attempt: Attempt) -> Row:
    return (
        attempt.provider,
        attempt.request_type,
        to_micros(attempt.started),
        to_micros(attempt.finished),
        attempt.latency_ms,
        attempt.outcome,
        attempt.http_status,
        attempt.error_class,
        int(attempt.parse_ok),
    )


def _trim(database: Database, now: datetime) -> int:
    """Delete some of the rows that are too old, or that a wrong clock put as far into the future."""
    too_old, too_new = to_micros(now - KEPT_FOR), to_micros(now + KEPT_FOR)
    return database.execute(TRIM, (too_old, too_new, TRIMMED_AT_ONCE))

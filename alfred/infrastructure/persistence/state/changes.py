"""The last reading of a provider's list of changes, for the other batches of this machine.

A batch that was interrupted, or one on another library, need not read the list again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Final

from alfred.application.exceptions import AlfredError
from alfred.application.ports.changes import ChangesReading
from alfred.infrastructure.persistence.sqlite.codec import from_micros, to_micros
from alfred.infrastructure.persistence.state.store import open_state

_RECALL: Final = "SELECT first_day, read_at, ids FROM change_list WHERE provider = ?"

_REMEMBER: Final = """
INSERT INTO change_list (provider, first_day, read_at, ids) VALUES (?, ?, ?, ?)
ON CONFLICT (provider) DO UPDATE SET first_day = excluded.first_day, read_at = excluded.read_at,
    ids = excluded.ids
"""

log = logging.getLogger(__name__)


class ChangeMemory:
    """Keeps one reading in the state file; a state file that cannot be used remembers nothing.

    Args:
        state_dir: where the state file is.
        provider: lower case, ``tmdb``.
        now: aware, UTC.
    """

    def __init__(self, state_dir: Path, *, provider: str, now: Callable[[], datetime]) -> None:
        self._state_dir = state_dir
        self._provider = provider
        self._now = now

    def recall(self) -> ChangesReading | None:
        """Return the last reading; None where there is none."""
        try:
            with closing(open_state(self._state_dir, now=self._now)) as state:
                row = state.one(_RECALL, (self._provider,))
        except AlfredError as error:
            log.info("no list of changes is remembered: %s", error)
            return None
        if row is None:
            return None
        first_day, read_at, ids = row
        return ChangesReading(
            first_day=date.fromisoformat(first_day),
            read_at=from_micros(read_at),
            ids=frozenset(map(int, ids.split(","))),
        )

    def remember(self, reading: ChangesReading) -> None:
        """Keep a reading in place of the last one."""
        ids = ",".join(map(str, sorted(reading.ids)))
        values = (self._provider, reading.first_day.isoformat(), to_micros(reading.read_at), ids)
        try:
            with closing(open_state(self._state_dir, now=self._now)) as state:
                state.execute(_REMEMBER, values)
        except AlfredError as error:
            log.info("the list of changes is not remembered: %s", error)

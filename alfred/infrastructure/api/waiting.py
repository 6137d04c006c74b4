"""Waiting that can be seen from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class CountedSleep:
    """Sleeps, and knows how many threads do.

    Args:
        sleep: takes seconds.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._count = 0

    @property
    def count(self) -> int:
        """How many threads are asleep now."""
        return self._count

    def __call__(self, seconds: float) -> None:
        """Sleep."""
        with self._lock:
            self._count += 1
        try:
            self._sleep(seconds)
        finally:
            with self._lock:
                self._count -= 1

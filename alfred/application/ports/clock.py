"""The one clock; every use case takes it as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def system_clock() -> datetime:
    """Return the time of this machine, aware, UTC; the default where a caller passes no clock."""
    return datetime.now(UTC)

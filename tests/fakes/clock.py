"""A clock that moves when it is told to."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.builders import NOW


class FakeClock:
    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)

"""What the connectivity profile rests on: the request log, and a place for profiles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from alfred.domain.connectivity import ConnectivityProfile, SampleSummary


class RequestLogTotals(Protocol):
    """Counts what the request log holds."""

    def summary(self, provider: str, *, now: datetime, recovered_at: datetime | None = None) -> SampleSummary:
        """Count a provider's samples, as :func:`alfred.domain.connectivity.summarise` does."""
        ...


class ProviderProfiles(Protocol):
    """Keeps one profile a provider, for all processes of this machine."""

    def load(self, provider: str) -> ConnectivityProfile | None:
        """Return the profile; None where there is none yet."""
        ...

    def revise(
        self, provider: str, change: Callable[[ConnectivityProfile | None], ConnectivityProfile]
    ) -> ConnectivityProfile:
        """Replace a profile by what ``change`` makes of it, so that no other process's change is lost.

        Args:
            provider: lower case, ``tmdb``.
            change: may be called several times, with what another process wrote in between.
        """
        ...

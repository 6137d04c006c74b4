"""Profiles and a log in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from alfred.domain.connectivity import ConnectivityProfile, ProbeClaim, RequestSample, SampleSummary, summarise


class FakeProfiles:
    def __init__(self) -> None:
        self.kept: dict[str, ConnectivityProfile] = {}

    def load(self, provider: str) -> ConnectivityProfile | None:
        return self.kept.get(provider)

    def revise(
        self, provider: str, change: Callable[[ConnectivityProfile | None], ConnectivityProfile]
    ) -> ConnectivityProfile:
        self.kept[provider] = change(self.load(provider))
        return self.kept[provider]


class FakeLog:
    def __init__(self) -> None:
        self.samples: list[RequestSample] = []

    def add(self, count: int, error_class: str | None = None, *, at: datetime) -> None:
        ok = error_class is None
        self.samples += [
            RequestSample(
                finished=at,
                latency_ms=100,
                outcome="success" if ok else "failure",
                error_class=error_class,
                parse_ok=ok,
            )
        ] * count

    def summary(self, provider: str, *, now: datetime, recovered_at: datetime | None = None) -> SampleSummary:
        samples = self.samples if provider == "tmdb" else []
        return summarise(samples, now=now, recovered_at=recovered_at)


class FakeOwners:
    def __init__(self, name: str = "one") -> None:
        self.name = name
        self.dead: set[str] = set()

    def this_one(self) -> str:
        return self.name

    def has_given_up(self, claim: ProbeClaim, *, now: datetime) -> bool:
        return claim.owner in self.dead

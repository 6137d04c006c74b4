"""Measuring fairly: contestants take turns round by round, and ratios are taken within a round."""

from __future__ import annotations

import gc
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

Contestant = Callable[[], float]
"""Does the work once and returns what was measured: seconds, or a rate."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of one contestant, a value a round."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value that half of the rounds did not exceed."""
        return statistics.median(self.values)

    def over(self, other: Self) -> float:
        """Return the median of the ratios to another contestant, round by round: load hits both alike."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True))

    def in_milliseconds(self) -> str:
        """Render seconds as milliseconds: median (smallest-largest)."""
        return self._rendered(1000.0)

    def in_seconds(self) -> str:
        """Render seconds: median (smallest-largest)."""
        return self._rendered(1.0)

    def as_rate(self) -> str:
        """Render a rate: median (smallest-largest)."""
        return self._rendered(1.0)

    def _rendered(self, scale: float) -> str:
        low, middle, high = (number(value * scale) for value in (min(self.values), self.median, max(self.values)))
        return f"{middle} ({low}-{high})"


def number(value: float) -> str:
    """Render a number with three digits that count."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f}"


def take_turns(contestants: Mapping[str, Contestant], *, rounds: int, warm_ups: int = 1) -> dict[str, Sample]:
    """Let each contestant do its work once a round, A B C A B C, and keep what they return.

    Args:
        contestants: by name.
        rounds: how many are kept.
        warm_ups: how many before them are not.
    """
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warm_ups + rounds):
        for name, contestant in contestants.items():
            value = contestant()
            if turn >= warm_ups:
                measured[name].append(value)
    return {name: Sample(tuple(values)) for name, values in measured.items()}


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes in this process, without pauses of the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    finally:
        gc.enable()


def process_seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return how long a whole process takes, its output thrown away.

    Raises:
        RuntimeError: it did not end with 0.
    """
    start = time.perf_counter()
    done = subprocess.run(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return took

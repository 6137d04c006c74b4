"""Prune: the only delete. It forgets entries that have been missing for long, and only those it named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alfred.domain.library.presence import KnownShow
from alfred.domain.shared.value_objects import TmdbId


class Prunable(Protocol):
    """What a prune needs of an index."""

    def known_shows(self) -> Mapping[TmdbId, KnownShow]:
        """Return where every entry is, and since when it is missing."""

    def forget(self, tmdb_ids: Sequence[TmdbId], /, *, missing_before: datetime) -> None:
        """Delete entries that have been missing since before a moment; any other is left alone."""


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What a prune would delete.

    Attributes:
        missing_before: entries missing since this moment or longer.
        shows: these entries.
    """

    missing_before: datetime
    shows: dict[TmdbId, KnownShow]


def plan_prune(
    index: Prunable, *, missing_for: timedelta, now: datetime, back: Collection[TmdbId] = ()
) -> PrunePlan:
    """Find the entries that have been missing for at least so long.

    Args:
        index: where entries are kept.
        missing_for: how long an entry must have been missing.
        now: aware, UTC.
        back: entries whose folder is there again though no rescan has said so yet; they are left alone.
    """
    limit = now - missing_for
    return PrunePlan(
        missing_before=limit,
        shows={
            tmdb_id: show
            for tmdb_id, show in sorted(index.known_shows().items())
            if show.missing_since is not None and show.missing_since <= limit and tmdb_id not in back
        },
    )


def carry_out(plan: PrunePlan, index: Prunable) -> None:
    """Delete what the plan names, except what has come back since."""
    index.forget(tuple(plan.shows), missing_before=plan.missing_before)

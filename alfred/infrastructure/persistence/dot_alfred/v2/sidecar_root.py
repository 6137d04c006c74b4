"""An entry of the library-level index, as readers see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from alfred.domain.library.entry import EpisodeCounts, Standing, SyncRecord
from alfred.domain.library.release import UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMetadata:
    """When and where.

    Attributes:
        path: the show folder, relative to the root, with ``/``.
        fetched_at: when the facts were fetched; None for a placeholder.
        verified_at: when they were last known to be true; not before ``fetched_at``.
        added_at: when the entry was made.
        outlook: what of its episodes bears on how soon it is worth asking about again.
        missing_since: when its folder was first not there; None while it is.
        claimed_at: since when a batch holds it.
        claimed_by: which one.
    """

    path: str
    fetched_at: datetime | None
    verified_at: datetime | None
    added_at: datetime
    missing_since: datetime | None = None
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    outlook: Outlook = field(default_factory=Outlook)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowIndexEntry:
    """One show of the library: what the provider said, where it is, how the last sync ended, what the user added.

    Attributes:
        status: as the provider gives it; ``unknown`` for a placeholder.
    """

    tmdb_id: TmdbId
    name: str
    status: str
    metadata: EntryMetadata
    sync: SyncRecord
    user: UserMetadata
    episodes: EpisodeCounts

    @property
    def standing(self) -> Standing:
        """What the state is derived from."""
        return Standing(
            status=self.status,
            fetched_at=self.metadata.fetched_at,
            missing_since=self.metadata.missing_since,
            claimed_at=self.metadata.claimed_at,
            sync=self.sync,
            tmdb_id=self.tmdb_id,
            verified_at=self.metadata.verified_at,
            outlook=self.metadata.outlook,
        )

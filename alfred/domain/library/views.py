"""What readers see of a show: its seasons, slots and files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alfred.domain.library.placement import SlotState
from alfred.domain.library.release import EpisodeFile
from alfred.domain.shared.value_objects import TmdbId


@dataclass(frozen=True, slots=True)
class SlotView:
    """One episode slot.

    Attributes:
        title: "" where the provider gives none, or for a placeholder.
    """

    number: int
    title: str
    air_date: date | None
    state: SlotState
    files: tuple[EpisodeFile, ...] = ()


@dataclass(frozen=True, slots=True)
class SeasonView:
    """One season with its slots, in the provider's order."""

    number: int
    name: str
    episodes: tuple[SlotView, ...]


@dataclass(frozen=True, slots=True)
class ShowView:
    """A show's seasons, and the files whose episode the provider does not list."""

    seasons: tuple[SeasonView, ...]
    unmatched_files: tuple[EpisodeFile, ...]


@dataclass(frozen=True, slots=True)
class WantedEpisode:
    """A slot that has aired and has no file."""

    tmdb_id: TmdbId
    name: str
    season: int
    episode: int
    title: str
    air_date: date
